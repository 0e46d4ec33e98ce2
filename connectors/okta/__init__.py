"""Okta: users and sessions, apps with their tokens, scopes and secrets, API tokens, zones, identity providers, hooks, log.

No API for, so a manual step of a playbook: rotating the secret of an event hook or an inline
hook at its receiver; asking who used an API token; ending the sessions of the apps that Okta signs people in to (that is
each app's own business); switching off a user whom a directory masters.

The credential needs the scopes of what it is used for and an admin role beside them: a custom role over a resource set
without the admins, as far as the actions allow; API tokens, identity providers and zones take a role that manages them.
"""

from connectors.okta import (
    api_tokens,
    apps,
    canary,
    credentials,
    federation,
    grants,
    log,
    rights,
    sessions,
    users,
    zones,
)
from connectors.okta.system import AppId, OktaSettings, UserId, okta

__all__ = [
    "AppId", "OktaSettings", "UserId", "api_tokens", "apps", "canary", "credentials", "federation", "grants", "log",
    "okta", "rights", "sessions", "users", "zones",
]  # fmt: skip
