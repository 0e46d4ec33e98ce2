"""Sessions: end all of a user's, tokens with them. Okta lists none, so what proves it is its log.

`DELETE /users/{id}/sessions` ends the sessions at Okta itself and, as it is asked here, every OAuth token of the user.
What it leaves: sessions of web and native apps that Okta only signed in, and JWT access tokens of custom authorization
servers wherever a service checks them by itself, until they expire.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

from connectors.core import Call, Grade, Params, Person, Reader, State, UsedAt, UsedFrom, Volatile
from connectors.okta.log import PAGE as EVENTS
from connectors.okta.log import SIGN_INS, address_of, any_of, longest_ago, newest
from connectors.okta.system import DAY_S, User, UserId, okta, pages, quoted, record_of

CLEARED = 'eventType eq "user.session.clear"'
WORKED = 'outcome.result eq "SUCCESS"'
PAGE = 200


class Idp(Params):
    """One foreign identity provider, by its id here."""

    idp: str


class IdpSeen(State):
    """Whether its word lets anybody in."""

    active: bool
    kind: Volatile[str] = ""
    name: Volatile[str] = ""


class SessionsSeen(State):
    """Whether the log shows that all were ended, and nothing that began or was used since."""

    all_ended: bool
    ended_at: Volatile[str] = ""
    used_at: Volatile[UsedAt[str]] = ""
    used_from: Volatile[UsedFrom[str]] = ""
    login: Volatile[Person[str]] = ""
    id: Volatile[str] = ""


def _seen(cleared_at: str, use: Any, id_: str, login: str) -> SessionsSeen:
    used_at = "" if use is None else use["published"]
    return SessionsSeen(
        all_ended=bool(cleared_at)
        and used_at < cleared_at,  # both RFC 3339 in UTC to the millisecond: text sorts as time
        ended_at=cleared_at,
        used_at=used_at,
        used_from="" if use is None else address_of(use),
        login=login,
        id=id_,
    )


@okta.look(permission="okta.users.read okta.logs.read", grade=Grade.QUIET)
async def sessions(read: Reader, p: User) -> SessionsSeen:
    """A user's sessions, by the log: ended, when the newest sign-in is older than the newest end of all."""
    who = await record_of(read, p)
    one = quoted(who["id"])
    cleared = await newest(read, CLEARED, f"target.id eq {one}", WORKED)
    use = await newest(read, any_of("eventType", SIGN_INS), f"actor.id eq {one}", WORKED)
    login = str((who.get("profile") or {}).get("login") or "")
    return _seen("" if cleared is None else cleared["published"], use, who["id"], login)


@okta.look(permission="okta.idps.read")
async def idp(read: Reader, p: Idp) -> IdpSeen:
    """One foreign identity provider."""
    return idp_seen(await read.get("/api/v1/idps/{idp}", p))


def idp_seen(item: Any) -> IdpSeen:
    """What counts of an identity provider's record."""
    return IdpSeen(
        active=item["status"] == "ACTIVE", kind=str(item.get("type") or ""), name=str(item.get("name") or "")
    )


@okta.find(of=sessions, permission="okta.idps.read okta.logs.read", control=idp)
async def idp_users(read: Reader, p: Idp) -> AsyncIterator[tuple[User, SessionsSeen]]:
    """Everybody who is linked to an identity provider, and whether their sessions were ended.

    The log is read once for all of them, and sign-ins only from the first end of one on: before it nobody's is over.
    """
    linked = {str(item["id"]): _login(item) async for item in pages(read, "/api/v1/idps/{idp}/users", p, limit=PAGE)}
    cleared = await _last(read, CLEARED, WORKED, of=linked, since=longest_ago())
    uses: dict[str, Any] = {}
    if cleared:
        began = min(item["published"] for item in cleared.values())
        uses = await _last(read, any_of("eventType", SIGN_INS), WORKED, of=linked, since=began)
    for one, login in linked.items():
        ended = cleared.get(one)
        yield User(user=UserId(one)), _seen("" if ended is None else ended["published"], uses.get(one), one, login)


def _login(item: Any) -> str:
    profile = item.get("profile") or {}
    return str(profile.get("login") or profile.get("email") or item["id"])


async def _last(read: Reader, *wanted: str, of: Mapping[str, str], since: str) -> dict[str, Any]:
    """Of each user the last such event. An end names them as its target, a sign-in as its actor.

    Newest first, as that listing ends by itself: one that ends now, by a clock of ours that is slow, lacks the newest.
    """
    found: dict[str, Any] = {}
    asked = {"filter": " and ".join(wanted), "since": since, "sortOrder": "DESCENDING", "limit": EVENTS}
    async for item in pages(read, "/api/v1/logs", **asked):
        for one in _whose(item):
            if one in of:
                found.setdefault(one, item)
    return found


def _whose(item: Any) -> Iterable[str]:
    if item["eventType"] in SIGN_INS:
        return (str((item.get("actor") or {}).get("id") or ""),)
    return (str(target.get("id") or "") for target in item.get("target") or ())


@okta.action(
    sees=sessions,
    layer="identity",
    does="ends-sessions",
    permission="okta.users.manage",
    settles_within_s=180,  # the log lags, up to minutes
    residual="sessions of web and native apps that Okta signed in go on by those apps' own rule; an access token that a "
    "service checks by itself until it expires: an hour, or up to a day where an authorization server's policy says so",
    residual_s=DAY_S,
    irreversible="the user signs in again, and apps ask for consent again",
)
def end_sessions(p: User, seen: SessionsSeen) -> Iterator[Call]:
    """End all of a user's sessions and OAuth tokens, and forget their devices. Who can sign in does: suspend_user first."""
    if not seen.all_ended:
        by_id = User(user=UserId(seen.id or p.user))
        yield Call.delete("/api/v1/users/{user}/sessions?oauthTokens=true&forgetDevices=true", by_id)
