"""Microsoft Entra ID, by Graph: apps and their service principals, consents, credentials, users, conditional access.

No API for, so a manual step: removing a certificate that stands beside a SAML signing key (Certificates & secrets in the
admin center), a user that a directory of our own switches on again (switch it off there), Azure role assignments and
managed identities' hosts (Azure Resource Manager, another API), and the vendor's own secret of its multi-tenant app.
Deleting a registration or a service principal is left out: switching it off is enough, and can be undone.
"""

from connectors.entra import access, apps, canary, consents, credentials, logs, surveys, users
from connectors.entra.graph import EntraSettings, entra

__all__ = [
    "EntraSettings", "access", "apps", "canary", "consents", "credentials", "entra", "logs", "surveys", "users",
]  # fmt: skip
