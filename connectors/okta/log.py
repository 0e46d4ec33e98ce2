"""The System Log: evidence, and when and from where a user or an app was last at work.

It keeps 90 days, and shows an event seconds to minutes after it. Filters compare ids, never names. `client.id` is the
OAuth client of a token request.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.core import Params, Person, Reader, Shown, State, Unseen, UsedAt, UsedFrom, Volatile
from connectors.okta.system import App, AppId, User, UserId, okta, pages, quoted, record_of

KEPT = timedelta(days=90)
PAGE = 1000
"""Events a page: the most that it gives."""
SIGN_INS = ("user.session.start", "user.authentication.sso")
"""A session that began, and one that was used to enter an app."""


class Event(Params):
    """One event, by its uuid."""

    event: str


class EventSeen(State):
    """What happened, by whom, from where."""

    type: Shown
    outcome: Shown
    at: Shown
    actor: Volatile[Shown] = ""
    client: Volatile[Shown] = ""
    address: Volatile[Shown] = ""


class UserLog(Params):
    """What one user did and had done to them. `since`: RFC 3339; "" is seven days."""

    user: UserId
    since: str = ""


class AppLog(Params):
    """What one app did and had done to it. `since`: RFC 3339; "" is seven days."""

    app: AppId
    since: str = ""


class SignInsSeen(State):
    """The last entry of a user's that the log has; "" for none in 90 days."""

    used_at: UsedAt[str] = ""
    used_from: UsedFrom[str] = ""
    login: Volatile[Person[str]] = ""


class UseSeen(State):
    """The last token that an app got, or tried to get; "" for none in 90 days."""

    used_at: UsedAt[str] = ""
    used_from: UsedFrom[str] = ""


def longest_ago() -> str:
    """The oldest time that the log is asked about. Given always: without it the log shows seven days."""
    return (datetime.now(UTC) - KEPT).strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def newest(read: Reader, *conditions: str, since: str = "") -> Any:
    """The newest event that fulfils all conditions; None where there is none, on no page: a first one may be empty.

    Asked without an end: by a clock of ours that is slow, what happened just now would not have happened.
    """
    found = pages(
        read,
        "/api/v1/logs",
        filter=" and ".join(conditions),
        since=since or longest_ago(),
        sortOrder="DESCENDING",
        limit=1,
    )
    async for item in found:
        return item
    return None


async def events(read: Reader, *conditions: str, since: str = "") -> AsyncIterator[Any]:
    """Every event that fulfils all conditions, oldest first. It ends now: a listing without an end polls for ever."""
    query: dict[str, Any] = {"since": since} if since else {}
    until = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    async for item in pages(
        read, "/api/v1/logs", filter=" and ".join(conditions), until=until, limit=PAGE, sortOrder="ASCENDING", **query
    ):
        yield item


def any_of(field: str, values: tuple[str, ...]) -> str:
    """A condition that a field is one of these."""
    return "(" + " or ".join(f"{field} eq {quoted(value)}" for value in values) + ")"


def address_of(item: Any) -> str:
    """From where; "" where the log has none."""
    return str((item.get("client") or {}).get("ipAddress") or "")


async def client_of(read: Reader, app: str) -> str:
    """The client id of an app; its own id where it is no OAuth client."""
    item = await read.get("/api/v1/apps/{app}", App(app=AppId(app)))
    client = ((item.get("credentials") or {}).get("oauthClient") or {}).get("client_id")
    return str(client or item["id"])


def _event(item: Any) -> EventSeen:
    actor = item.get("actor") or {}
    return EventSeen(
        type=item["eventType"],
        outcome=str((item.get("outcome") or {}).get("result") or ""),
        at=item["published"],
        actor=str(actor.get("alternateId") or actor.get("id") or ""),
        client=str((item.get("client") or {}).get("id") or ""),
        address=address_of(item),
    )


@okta.look(permission="okta.logs.read")
async def event(read: Reader, p: Event) -> EventSeen:
    """One event of the log."""
    if (item := await newest(read, f"uuid eq {quoted(p.event)}")) is None:
        raise Unseen(f"event {p.event}", "the log does not show it", "It is older than 90 days, or not there yet")
    return _event(item)


@okta.look(permission="okta.users.read okta.logs.read")
async def sign_ins(read: Reader, p: User) -> SignInsSeen:
    """When and from where a user last got in."""
    who = await record_of(read, p)
    wanted = (any_of("eventType", SIGN_INS), f"actor.id eq {quoted(who['id'])}", 'outcome.result eq "SUCCESS"')
    login = str((who.get("profile") or {}).get("login") or "")
    if (item := await newest(read, *wanted)) is None:
        return SignInsSeen(login=login)
    return SignInsSeen(used_at=item["published"], used_from=address_of(item), login=login)


@okta.look(permission="okta.apps.read okta.logs.read")
async def app_use(read: Reader, p: App) -> UseSeen:
    """When and from where an app last asked for a token."""
    client = await client_of(read, p.app)
    item = await newest(read, f"client.id eq {quoted(client)}", 'eventType sw "app.oauth2."')
    return UseSeen() if item is None else UseSeen(used_at=item["published"], used_from=address_of(item))


@okta.find(of=event, permission="okta.users.read okta.logs.read", control=sign_ins)
async def user_log(read: Reader, p: UserLog) -> AsyncIterator[tuple[Event, EventSeen]]:
    """What a user did, and what was done to them."""
    who = quoted((await record_of(read, User(user=p.user)))["id"])
    async for item in events(read, f"(actor.id eq {who} or target.id eq {who})", since=p.since):
        yield Event(event=item["uuid"]), _event(item)


@okta.find(of=event, permission="okta.apps.read okta.logs.read", control=app_use)
async def app_log(read: Reader, p: AppLog) -> AsyncIterator[tuple[Event, EventSeen]]:
    """What an app did, and what was done to it."""
    client, app = quoted(await client_of(read, p.app)), quoted(p.app)
    wanted = f"(client.id eq {client} or actor.id eq {client} or target.id eq {app})"
    async for item in events(read, wanted, since=p.since):
        yield Event(event=item["uuid"]), _event(item)
