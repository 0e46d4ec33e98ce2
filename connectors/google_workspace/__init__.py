"""Google Workspace (admin API), and Google's OAuth server for a token that we hold.

No API for, so a manual step of a playbook: blocking an app for everybody (Admin console > Security > Access and data control >
API controls > Manage third-party app access), domain-wide delegation (the same page > Manage domain-wide delegation), and
signing a user out of one device alone. Nothing here keeps a user from consenting again.
"""

from connectors.google_workspace import rights
from connectors.google_workspace.held import google_oauth
from connectors.google_workspace.passwords import app_passwords, delete_app_password, invalidate_backup_codes, keys
from connectors.google_workspace.reports import client_quiet, logins, token_events
from connectors.google_workspace.service import GoogleSettings, google_workspace
from connectors.google_workspace.tokens import clients, consents, grants, revoke_grant, user_grants
from connectors.google_workspace.users import sign_out, suspend_user, user

__all__ = [
    "GoogleSettings", "app_passwords", "client_quiet", "clients", "consents", "delete_app_password", "google_oauth", "google_workspace", "grants",
    "invalidate_backup_codes", "keys", "logins", "revoke_grant", "rights", "sign_out", "suspend_user", "token_events", "user", "user_grants",
]  # fmt: skip
