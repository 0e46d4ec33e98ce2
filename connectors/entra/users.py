"""Users: switch one off, and end every session that is older than a moment.

Switching off ends sign-in, refresh tokens and Entra's own sessions while it lasts, not the sessions that other apps keep
by themselves. A user that is synchronised from a directory of our own is switched on again from there: switch it off there
too (manual). A guest's sessions are ended by the guest's own organisation alone.
Source: learn.microsoft.com/graph/api/user-update, user-revokesigninsessions, entra users-revoke-access.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from connectors.core import Call, Impossible, Params, Person, Reader, Shown, State, Volatile
from connectors.entra.graph import LIVES_ON, TOKEN_LIVES_S, chosen, entra

SESSIONS_SETTLE_S = 900
"""Tokens are revoked some minutes after the answer."""


class User(Params):
    """One user, by object id or user principal name."""

    user: Person[str]


class UserSeen(State):
    """Whether the user may sign in. `synced`: a directory of our own has the last word. `number`: the object id."""

    enabled: bool
    synced: Volatile[bool] = False
    login: Volatile[Shown] = ""
    number: Volatile[Shown] = ""


class Sessions(User):
    """One user, and the moment before which no session may have begun."""

    older_than: datetime


class SessionsSeen(State):
    """From when on this user's sessions and refresh tokens are good. `external`: signs in at another organisation."""

    good_from: str
    external: Volatile[bool] = False


@entra.look(permission="User.Read.All")
async def user(read: Reader, p: User) -> UserSeen:
    """One user."""
    fields = ("id", "userPrincipalName", "accountEnabled", "onPremisesSyncEnabled")
    item = await read.get("/users/{user}", p, **chosen(*fields))
    return UserSeen(
        enabled=item["accountEnabled"],
        synced=item.get("onPremisesSyncEnabled") is True,
        login=str(item.get("userPrincipalName") or ""),
        number=item["id"],
    )


@entra.look(permission="User.Read.All")
async def sessions(read: Reader, p: User) -> SessionsSeen:
    """From when on a user's sessions are good: whatever is older is refused."""
    item = await read.get("/users/{user}", p, **chosen("id", "userPrincipalName", "signInSessionsValidFromDateTime"))
    return SessionsSeen(
        good_from=str(item.get("signInSessionsValidFromDateTime") or ""),
        external="#EXT#" in str(item.get("userPrincipalName") or ""),
    )


def _before(said: str, moment: datetime) -> bool:
    """Whether Graph's time lies before a moment. One that is missing does: nothing was ever ended."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return not said or datetime.fromisoformat(said) < aware


@entra.action(
    sees=sessions,
    layer="identity",
    does=("ends-sessions", "kills-refresh"),
    stops="new",
    permission="User.RevokeSessions.All",
    settles_within_s=SESSIONS_SETTLE_S,
    residual=LIVES_ON,
    residual_s=TOKEN_LIVES_S,
    irreversible="the user signs in again",
)
def end_sessions(p: Sessions, seen: SessionsSeen) -> Iterator[Call]:
    """End every session and refresh token of a user that began before a moment. Give the one at which the way in was shut."""
    if not _before(seen.good_from, p.older_than):
        return
    if seen.external:
        raise Impossible(
            f"end the sessions of {p.user}",
            "this user signs in at another organisation, and only that one ends its sessions",
            "Use entra.disable_user, and tell the other organisation",
        )
    yield Call.post("/users/{user}/revokeSignInSessions", p)


@entra.action(
    sees=user,
    layer="identity",
    does=("blocks-reissue", "ends-sessions"),
    stops="new",
    permission="User.EnableDisableAccount.All",
    settles_within_s=60,
    residual=LIVES_ON,
    residual_s=TOKEN_LIVES_S,
    masks=(end_sessions,),
)
def disable_user(p: User, seen: UserSeen) -> Iterator[Call]:
    """Stop a user from signing in and from refreshing tokens. An administrator is beyond this permission alone."""
    if seen.enabled:
        yield Call.patch("/users/{user}", p, json={"accountEnabled": False})


@disable_user.undo
def _(p: User, seen: UserSeen, before: UserSeen) -> Iterator[Call]:
    if before.enabled and not seen.enabled:
        yield Call.patch("/users/{user}", p, json={"accountEnabled": True})
