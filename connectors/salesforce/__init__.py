"""Salesforce: apps and who is let in, their tokens, the users that they run as, and the login history.

No API for, so a manual step of a playbook: blocking a connected or external client app (Setup > Connected Apps OAuth Usage >
Block; `salesforce.try_canary` checks it), the login IP ranges of a profile or an app, and the rotation of a consumer secret.
"""

from connectors.salesforce.admission import admit_nobody
from connectors.salesforce.apps import AdmittedSeen, App, AppSeen, admitted, app
from connectors.salesforce.logins import Login, Logins, LoginSeen, find_logins, login, login_log
from connectors.salesforce.rights import held
from connectors.salesforce.system import SalesforceSettings, salesforce
from connectors.salesforce.tokens import (
    Canary,
    CanarySeen,
    Grant,
    GrantSeen,
    Token,
    TokenSeen,
    apps,
    grant,
    grants,
    revoke_token,
    token,
    tokens,
    try_canary,
)
from connectors.salesforce.users import (
    Session,
    SessionSeen,
    User,
    UserSeen,
    end_session,
    freeze_user,
    session,
    sessions,
    user,
    users,
)

__all__ = [
    "AdmittedSeen",
    "App",
    "AppSeen",
    "Canary",
    "CanarySeen",
    "Grant",
    "GrantSeen",
    "Login",
    "LoginSeen",
    "Logins",
    "SalesforceSettings",
    "Session",
    "SessionSeen",
    "Token",
    "TokenSeen",
    "User",
    "UserSeen",
    "admit_nobody",
    "admitted",
    "app",
    "apps",
    "end_session",
    "find_logins",
    "freeze_user",
    "grant",
    "grants",
    "held",
    "login",
    "login_log",
    "revoke_token",
    "salesforce",
    "session",
    "sessions",
    "token",
    "tokens",
    "try_canary",
    "user",
    "users",
]  # fmt: skip
