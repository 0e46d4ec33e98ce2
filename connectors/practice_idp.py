"""The practice company's identity provider: switch an OAuth client off, end its tokens one by one, list who consented.

Does not end what a live access token already opened elsewhere, nor sign users out: see practice_crm.end_session.
Source: the sandbox's own API (`python -m sandbox --help`).
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
    People,
    Person,
    Rate,
    Reader,
    Rights,
    ShownAll,
    State,
    Tide,
    Unseen,
    UsedAt,
    UsedFrom,
    Volatile,
    account,
)


class ClientFoothold(Foothold):
    """An OAuth client that a vendor holds."""

    client: str


practice_idp = Connector(
    "practice_idp",
    rate=Rate(2000, per_s=1, in_flight=50),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen, 410: Unseen},
    footholds={"client": ClientFoothold},
)


@practice_idp.credential(
    Rights("scopes", "the sandbox gives its keys what they may do", re.compile(r"idp(\.[a-z]+)+"), " ".join)
)
async def held(read: Reader) -> Held:
    """What our key may do, by its own word."""
    return Held("the key's own entry", frozenset(map(str, (await read.get("/me"))["may"])))


PAGE = 500
"""Things a page: the most that it gives."""


class Client(Params):
    """One OAuth client, by its client id."""

    client: str


class ClientSeen(State):
    """Whether it may get tokens, for what and back to where, and for how many people it does."""

    enabled: bool
    version: Volatile[int]
    name: Volatile[str]
    users: Volatile[People[int]]
    scopes: ShownAll = ()
    hosts: ShownAll = ()


class Grant(Params):
    """One person's consent to one client, by the provider's id of it."""

    grant: str


class GrantSeen(State):
    """Whether it stands, for what, and when and from where it was last used."""

    active: bool
    scopes: ShownAll = ()
    client: Volatile[str] = ""
    user: Volatile[Person[str]] = ""
    used_at: Volatile[UsedAt[str]] = ""
    used_from: Volatile[UsedFrom[str]] = ""


class Token(Params):
    """One issued token, by the provider's id of it (never the token itself)."""

    token: str


class TokenSeen(State):
    """Whether it opens anything, and when and from where it last did."""

    active: bool
    kind: Volatile[str] = ""
    user: Volatile[Person[str]] = ""
    used_at: Volatile[UsedAt[str]] = ""
    used_from: Volatile[UsedFrom[str]] = ""


def _seen(item: dict[str, object]) -> TokenSeen:
    known = {name: str(item.get(name) or "") for name in ("kind", "user", "used_at", "used_from")}
    return TokenSeen(active=item["active"] is True, **known)


def _client(item: Any) -> ClientSeen:
    return ClientSeen(
        enabled=item["enabled"],
        version=item["version"],
        name=item["name"],
        users=item["users"],
        scopes=tuple(sorted(item["scopes"])),
        hosts=tuple(sorted(item["hosts"])),
    )


def _grant(item: Any) -> GrantSeen:
    known = {name: str(item[name]) for name in ("client", "user", "used_at", "used_from")}
    return GrantSeen(active=item["active"], scopes=tuple(sorted(item["scopes"])), **known)


@practice_idp.look(permission="idp.clients.read")
async def client(read: Reader, p: Client) -> ClientSeen:
    """An OAuth client."""
    return _client(await read.get("/clients/{client}", p))


@practice_idp.look(permission="idp.grants.read")
async def grant(read: Reader, p: Grant) -> GrantSeen:
    """One person's consent."""
    return _grant(await read.get("/grants/{grant}", p))


@practice_idp.look(permission="idp.tokens.read")
async def token(read: Reader, p: Token) -> TokenSeen:
    """One token."""
    return _seen(await read.get("/tokens/{token}", p))


@practice_idp.find(of=token, permission="idp.tokens.read", control=client)
async def tokens(read: Reader, p: Client) -> AsyncIterator[tuple[Token, TokenSeen]]:
    """Every live token of a client, access and refresh."""
    async for item in read.items("/clients/{client}/tokens", p):
        yield Token(token=item["id"]), _seen(item)


@practice_idp.survey(of=client, kind="client", permission="idp.clients.read")
async def clients(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every OAuth client, on or off, and whom it runs as in the CRM."""
    async for item in read.items("/clients", limit=PAGE):
        seen = _client(item)
        yield Found(
            params=Client(client=item["client"]),
            seen=seen,
            title=seen.name,
            publisher=item["publisher"],
            works_as=account("practice_crm", item["run_as"]),
            people=seen.users,
            scopes=seen.scopes,
            hosts=seen.hosts,
            created_at=item["created"],
        )


@practice_idp.survey(of=grant, kind="grant", permission="idp.grants.read", part_of="client")
async def grants(read: Reader, tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every consent that stands; the next time what was given, renewed or taken back. Its use alone is no change."""
    try:
        page = await read.get("/grants", after=tide.since, limit=PAGE)
        tide.changes = tide.since != ""
    except Unseen:
        if not tide.since:
            raise
        page = await read.get("/grants", limit=PAGE)  # 410: the feed began anew since, and our mark is of the old one
    tide.mark = page["mark"]  # where it began: what changes while we list is listed again the next time, and not missed
    while True:
        for item in page["items"]:
            params, seen = Grant(grant=item["id"]), _grant(item)
            if seen.active:
                yield Found(
                    params=params,
                    seen=seen,
                    part_of=seen.client,
                    person=seen.user,
                    scopes=seen.scopes,
                    created_at=item["created"],
                    used_at=seen.used_at,
                    used_from=seen.used_from,
                )
            elif tide.changes:
                yield Lost(params=params)
        if not (after := page["next"]):
            return
        page = await read.get("/grants", after=after, limit=PAGE)


@practice_idp.action(
    sees=token,
    layer="identity",
    does=("kills-refresh", "kills-access"),
    permission="idp.tokens.manage",
    settles_within_s=1,
    irreversible="its owner signs in and consents again",
)
def revoke_token(p: Token, seen: TokenSeen) -> Iterator[Call]:
    """End one token. A client that is still on gets another: disable_client first."""
    if seen.active:
        yield Call.post("/tokens/{token}/revoke", p)


@practice_idp.action(
    sees=client,
    layer="application",
    does="blocks-reissue",
    stops="new",
    permission="idp.clients.manage",
    settles_within_s=1,
    masks=(revoke_token,),
)
def disable_client(p: Client, seen: ClientSeen) -> Iterator[Call]:
    """Stop a client from getting tokens. Live tokens go on working: follow with revoke_token."""
    if seen.enabled:
        yield Call.put("/clients/{client}/enabled", p, json={"enabled": False})


@disable_client.undo
def _(p: Client, seen: ClientSeen, before: ClientSeen) -> Iterator[Call]:
    if before.enabled and not seen.enabled:
        yield Call.put("/clients/{client}/enabled", p, json={"enabled": True})
