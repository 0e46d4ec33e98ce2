"""Slack as its administrators have it (Enterprise): apps, people, tokens, and the audit log.

No API for, so a manual step of a playbook: legacy integrations without an app (my.slack.com/apps/manage), replacing an app's
client secret or signing secret (api.slack.com/apps), and the primary owner, whose sessions nobody else resets. A token that
leaked and that we do not hold is ended by uninstalling its app.
"""

from connectors.slack_admin.apps import (
    App,
    AppSeen,
    InstalledSeen,
    app,
    apps,
    installation,
    restrict_app,
    uninstall_app,
)
from connectors.slack_admin.audit import (
    AppSince,
    Entry,
    EntrySeen,
    UserSince,
    app_entries,
    audit_entry,
    audit_reach,
    user_entries,
)
from connectors.slack_admin.rights import held
from connectors.slack_admin.tokens import Token, TokenSeen, revoke_token, token
from connectors.slack_admin.users import (
    AccountSeen,
    Membership,
    MembershipSeen,
    Session,
    SessionSeen,
    SessionsSeen,
    User,
    Users,
    UsersSeen,
    account,
    deactivate_user,
    membership,
    open_sessions,
    remove_user,
    reset_many,
    reset_sessions,
    session,
    sessions,
    signed_in,
)
from connectors.slack_admin.web import (
    AppFoothold,
    SlackSettings,
    TokenFoothold,
    UserFoothold,
    slack_admin,
    told,
)

__all__ = [
    "AccountSeen", "App", "AppFoothold", "AppSeen", "AppSince", "Entry", "EntrySeen", "InstalledSeen", "Membership",
    "MembershipSeen", "Session", "SessionSeen", "SessionsSeen", "SlackSettings", "Token", "TokenFoothold", "TokenSeen",
    "User", "UserFoothold", "UserSince", "Users", "UsersSeen", "account", "app", "app_entries", "apps", "audit_entry",
    "audit_reach", "deactivate_user", "held", "installation", "membership", "open_sessions", "remove_user", "reset_many",
    "reset_sessions", "restrict_app", "revoke_token", "session", "sessions", "signed_in", "slack_admin", "token", "told", "uninstall_app", "user_entries",
]  # fmt: skip
