"""How Slack is talked to: the Web API's one address, its own words for what went wrong, pages, workspaces.

Every Web API method is called by GET or POST alike ("RPC-style methods that use HTTP GET and POST interchangeably",
api.slack.com/scim), so looks go by GET and whatever changes something by POST. What fails is answered 200 with
`{"ok": false, "error": word}`; the word says which error it is. The SCIM and the audit log API
live at another host and answer with statuses of their own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from connectors.core import (
    Busy,
    Connector,
    Foothold,
    Impossible,
    NotAllowed,
    Rate,
    Reader,
    Secret,
    Settings,
    Told,
    Unexpected,
    Unseen,
)
from connectors.core.links import items_of
from connectors.core.waits import asked_wait_s

AppId = Annotated[str, Field(pattern=r"^A[A-Z0-9]{1,39}$")]
"""An app's id, never its name: names are chosen by whoever makes an app."""
UserId = Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{1,39}$")]
"""A person's or bot's id."""
TeamId = Annotated[str, Field(pattern=r"^T[A-Z0-9]{1,39}$")]
"""A workspace's id."""

DEAD = frozenset({"account_inactive", "token_expired", "token_revoked"})
"""This token is dead."""
TURNED_AWAY = frozenset({"invalid_auth", "not_authed"})
"""It is no token here, or is not taken from the address that we call from (docs.slack.dev, auth.test)."""
MISSING = frozenset({
    "app_not_found", "channel_not_found", "enterprise_not_found", "no_resolution_found", "session_not_found",
    "team_not_found", "user_not_found", "user_not_visible", "users_not_found",
})  # fmt: skip
"""There is no such thing, or none that we may see."""
DONE = frozenset({"already_deactivated", "user_already_deleted", "user_already_team_member", "user_not_in_team"})
"""A write found things so already: a look decides, as after a 404."""
BUSY = frozenset({"rate_limited", "ratelimited"})
TROUBLE = frozenset({
    "deactivation_failed", "fatal_error", "internal_error", "org_login_required", "request_timeout",
    "service_unavailable", "team_added_to_org",
})  # fmt: skip
"""Slack failed, or moves the workspace just now; of a write some part may have had its effect."""
REFUSED = frozenset({
    "access_denied", "accesslimited", "admin_unauthorized", "app_management_app_not_installed_on_org",
    "can_not_uninstall", "cannot_reset_bot", "cannot_reset_primary_owner", "ekm_access_denied",
    "enterprise_is_restricted", "feature_not_enabled", "missing_scope", "must_revoke_access", "no_permission",
    "not_allowed_token_type", "not_an_admin", "not_an_enterprise", "permission_denied", "restricted_action",
    "session_reset_not_allowed", "team_access_not_granted", "team_not_authorized", "two_factor_setup_required",
    "user_is_bot",
})  # fmt: skip
"""Our token lacks a scope, is of another kind, its owner is no admin of it all, or the plan has not this API."""
_MEANT: tuple[tuple[frozenset[str], Told], ...] = (
    (DEAD | TURNED_AWAY | REFUSED, Told(kind=NotAllowed)),
    (MISSING | DONE, Told(kind=Unseen, look=True)),
    (TROUBLE, Told(kind=Busy, wait_s=2.0)),
)
"""The words' own plain form is what people see of them (core.reader.reason)."""


def told(status: int, headers: Mapping[str, str], body: Any) -> Told:
    """What an answer says beyond its status: a 200 whose body says `ok: false` is the error that its word names.

    A word that stands in no list here is Unexpected: a person must look.
    """
    if not 200 <= status < 300 or not isinstance(body, dict) or body.get("ok") is not False:
        return Told()
    word = body.get("error")
    if word in BUSY:
        return Told(kind=Busy, wait_s=asked_wait_s(headers, default_s=30.0))
    return next((meant for words, meant in _MEANT if word in words), Told(kind=Unexpected))


class SlackSettings(Settings):
    """The organisation, which of its workspaces count (none named: all of them), and where its other two APIs are.

    `scim` and `audit` are base URLs: https://api.slack.com/scim/v2 and https://api.slack.com/audit/v1. One token goes to
    all three: where these are not given it needs neither `admin` for SCIM nor `auditlogs:read`.
    """

    enterprise: Annotated[str, Field(pattern=r"^E[A-Z0-9]{1,39}$")]
    workspaces: tuple[TeamId, ...] = ()
    scim: str | None = None
    audit: str | None = None


class AppFoothold(Foothold):
    """An app that is installed, by its id."""

    app: AppId


class UserFoothold(Foothold):
    """A person, or an account that works for the integration, by its id."""

    user: UserId


class TokenFoothold(Foothold):
    """A token that leaked and that we hold as well: Slack ends a token by that token alone."""

    token: Secret


slack_admin = Connector(
    "slack_admin",
    # Tier 2 methods take 20 a minute and tier 3 ones 50, each method by itself; 429 says the rest
    rate=Rate(50, per_s=60, in_flight=4),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
    settings=SlackSettings,
    footholds={"app": AppFoothold, "user": UserFoothold, "token": TokenFoothold},
    told=told,
    hosts=("scim", "audit"),
)

PAGE = 1000
"""Things a page: the most that the admin listings give."""


async def pages(read: Reader, path: str, field: str, **query: Any) -> AsyncIterator[Any]:
    """Each item of all pages of a listing with cursors; Unexpected where the listing comes back to where it was."""
    cursor, been = "", set[str]()
    while True:
        page = await read.get(path, cursor=cursor, **query)
        for item in items_of(page[field]):
            yield item
        cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            return
        if cursor in been:
            raise Unexpected(path, "a cursor that it gave before", "A person must look: the listing never ends")
        been.add(cursor)


async def workspaces(read: Reader) -> tuple[str, ...]:
    """The workspaces that count: those of the settings, else all. Impossible where there is none."""
    named: tuple[str, ...] = read.settings.workspaces
    if named:
        return named
    found = [str(team["id"]) async for team in pages(read, "/admin.teams.list", "teams", limit=100)]
    if not found:
        raise Impossible("admin.teams.list", "it lists no workspace", "Name them in the connection: workspaces")
    return tuple(found)
