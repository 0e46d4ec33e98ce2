"""The practice company's CRM: freeze the user that an integration runs as, end its sessions, its API keys, its webhooks.

Freezing stops sign-in only: sessions that are open go on until end_session, and a key reads on until disable_key.
Source: the sandbox's own API.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

from connectors.core import (
    Call,
    Connector,
    Foothold,
    Found,
    Held,
    Lost,
    NotAllowed,
    Params,
    Person,
    Rate,
    Reader,
    Rights,
    Shown,
    ShownAll,
    State,
    Tide,
    Unseen,
    UsedAt,
    UsedFrom,
    Volatile,
    account,
)


class UserFoothold(Foothold):
    """The user that the integration runs as."""

    user: str


class KeyFoothold(Foothold):
    """An API key that an integration has, by its public id."""

    key: str


class WebhookFoothold(Foothold):
    """A webhook by which an integration is told what happens."""

    webhook: str


practice_crm = Connector(
    "practice_crm",
    rate=Rate(2000, per_s=1, in_flight=50),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
    footholds={"user": UserFoothold, "key": KeyFoothold, "webhook": WebhookFoothold},
)


@practice_crm.credential(
    Rights("scopes", "the sandbox gives its keys what they may do", re.compile(r"crm(\.[a-z]+)+"), " ".join)
)
async def held(read: Reader) -> Held:
    """What our key may do, by its own word."""
    return Held("the key's own entry", frozenset(map(str, (await read.get("/me"))["may"])))


PAGE = 500
"""Things a page: the most that it gives."""


class User(Params):
    """One user, by login."""

    user: Person[str]


class UserSeen(State):
    """Whether the user can sign in."""

    frozen: bool
    version: Volatile[int]


class Session(Params):
    """One open session, by its public id (never the cookie)."""

    session: str


class SessionSeen(State):
    """Whether it is open, and from where it was opened."""

    alive: bool
    user: Volatile[Person[str]] = ""
    address: Volatile[UsedFrom[str]] = ""


class Key(Params):
    """One API key, by its public id (never the key itself)."""

    key: str


class KeySeen(State):
    """Whether it opens anything and what, and when and from where it last did."""

    enabled: bool
    scopes: ShownAll = ()
    version: Volatile[int] = 0
    owner: Volatile[Person[str]] = ""
    used_at: Volatile[UsedAt[str]] = ""
    used_from: Volatile[UsedFrom[str]] = ""


class Webhook(Params):
    """One webhook, by its id."""

    webhook: str


class WebhookSeen(State):
    """Whether it tells anything, what, and to where."""

    enabled: bool
    host: Shown = ""
    events: ShownAll = ()
    version: Volatile[int] = 0


def _user(item: Any) -> UserSeen:
    return UserSeen(frozen=item["frozen"], version=item["version"])


def _session(item: Any) -> SessionSeen:
    return SessionSeen(alive=item["alive"], user=item["user"], address=item["address"])


def _key(item: Any) -> KeySeen:
    return KeySeen(
        enabled=item["enabled"],
        scopes=tuple(sorted(item["scopes"])),
        version=item["version"],
        owner=item["owner"],
        used_at=item["used_at"],
        used_from=item["used_from"],
    )


def _webhook(item: Any) -> WebhookSeen:
    events = tuple(sorted(item["events"]))
    return WebhookSeen(enabled=item["enabled"], host=item["host"], events=events, version=item["version"])


@practice_crm.look(permission="crm.users.read")
async def user(read: Reader, p: User) -> UserSeen:
    """One user."""
    return _user(await read.get("/users/{user}", p))


@practice_crm.look(permission="crm.keys.read")
async def key(read: Reader, p: Key) -> KeySeen:
    """One API key."""
    return _key(await read.get("/keys/{key}", p))


@practice_crm.look(permission="crm.webhooks.read")
async def webhook(read: Reader, p: Webhook) -> WebhookSeen:
    """One webhook."""
    return _webhook(await read.get("/webhooks/{webhook}", p))


@practice_crm.look(permission="crm.sessions.read")
async def session(read: Reader, p: Session) -> SessionSeen:
    """One session."""
    return _session(await read.get("/sessions/{session}", p))


@practice_crm.find(of=session, permission="crm.sessions.read", control=user)
async def sessions(read: Reader, p: User) -> AsyncIterator[tuple[Session, SessionSeen]]:
    """Every open session of a user."""
    async for item in read.items("/users/{user}/sessions", p):
        yield Session(session=item["id"]), _session(item)


@practice_crm.survey(of=user, kind="user", permission="crm.users.read")
async def users(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every user that is no person, and the app that works as it."""
    async for item in read.items("/users", limit=PAGE, kind="service"):
        yield Found(
            params=User(user=item["user"]),
            seen=_user(item),
            title=item["user"],
            belongs_to=account("practice_idp", item["app"]),
        )


@practice_crm.survey(of=key, kind="key", permission="crm.keys.read")
async def keys(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every API key, on or off, the app that it was made for, and in whose name it reads."""
    async for item in read.items("/keys", limit=PAGE):
        seen = _key(item)
        yield Found(
            params=Key(key=item["id"]),
            seen=seen,
            title=item["name"],
            works_as=account("practice_crm", seen.owner),
            belongs_to=account("practice_idp", item["app"]),
            person=seen.owner,
            scopes=seen.scopes,
            created_at=item["created"],
            used_at=seen.used_at,
            used_from=seen.used_from,
        )


@practice_crm.survey(of=webhook, kind="webhook", permission="crm.webhooks.read")
async def webhooks(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every webhook, on or off, the app that it was made for, and the host that it tells."""
    async for item in read.items("/webhooks", limit=PAGE):
        seen = _webhook(item)
        yield Found(
            params=Webhook(webhook=item["id"]),
            seen=seen,
            title=item["name"],
            belongs_to=account("practice_idp", item["app"]),
            scopes=seen.events,
            hosts=(seen.host,),
            created_at=item["created"],
        )


@practice_crm.action(
    sees=session,
    layer="identity",
    does="ends-sessions",
    permission="crm.sessions.manage",
    settles_within_s=1,
    irreversible="its user signs in again",
)
def end_session(p: Session, seen: SessionSeen) -> Iterator[Call]:
    """End one open session. A user who is not frozen opens another: freeze_user first."""
    if seen.alive:
        yield Call.delete("/sessions/{session}", p)


@practice_crm.action(
    sees=user,
    layer="identity",
    does="blocks-reissue",
    stops="new",
    permission="crm.users.manage",
    settles_within_s=1,
    masks=(end_session,),
)
def freeze_user(p: User, seen: UserSeen) -> Iterator[Call]:
    """Stop a user from signing in. Open sessions survive: follow with end_session."""
    if not seen.frozen:
        yield Call.put("/users/{user}/frozen", p, json={"frozen": True})


@freeze_user.undo
def _(p: User, seen: UserSeen, before: UserSeen) -> Iterator[Call]:
    if not before.frozen and seen.frozen:
        yield Call.put("/users/{user}/frozen", p, json={"frozen": False})


@practice_crm.action(sees=key, layer="identity", does="kills-access", permission="crm.keys.manage", settles_within_s=1)
def disable_key(p: Key, seen: KeySeen) -> Iterator[Call]:
    """Switch an API key off. Its secret stays the same: who has a copy is back in once it is switched on again."""
    if seen.enabled:
        yield Call.put("/keys/{key}/enabled", p, json={"enabled": False})


@disable_key.undo
def _(p: Key, seen: KeySeen, before: KeySeen) -> Iterator[Call]:
    if before.enabled and not seen.enabled:
        yield Call.put("/keys/{key}/enabled", p, json={"enabled": True})


@practice_crm.action(
    sees=webhook, layer="application", does="closes-path", permission="crm.webhooks.manage", settles_within_s=1
)
def disable_webhook(p: Webhook, seen: WebhookSeen) -> Iterator[Call]:
    """Stop a webhook from telling anything. What it told before stays where it went."""
    if seen.enabled:
        yield Call.put("/webhooks/{webhook}/enabled", p, json={"enabled": False})


@disable_webhook.undo
def _(p: Webhook, seen: WebhookSeen, before: WebhookSeen) -> Iterator[Call]:
    if before.enabled and not seen.enabled:
        yield Call.put("/webhooks/{webhook}/enabled", p, json={"enabled": True})
