"""Microsoft Entra ID, by Graph: apps and their service principals, consents, credentials, users, conditional access.

No API for, so a manual step of a playbook: a user that a directory of our own switches on again (switch it off there), Azure role
assignments and the hosts of managed identities (Azure Resource Manager, another API), the secret that a vendor holds of
its multi-tenant app in its own tenant (only the vendor changes it), and whom a vendor's app may serve in other tenants.
Deleting a registration or a service principal is left out: switching it off is enough, and can be undone.
"""

from connectors.entra import access, apps, canary, consents, credentials, logs, rights, surveys, users
from connectors.entra.graph import EntraSettings, entra

__all__ = [
    "EntraSettings", "access", "apps", "canary", "consents", "credentials", "entra", "logs", "rights", "surveys", "users",
]  # fmt: skip
