"""The practice company's identity provider: switch an OAuth client off, end its tokens one by one.

Does not end what a live access token already opened elsewhere, nor sign users out: see practice_crm.end_session.
Source: the sandbox's own API (`python -m sandbox --help`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from connectors.core import (
    Call,
    Connector,
    Foothold,
    NotAllowed,
    Params,
    People,
    Person,
    Rate,
    Reader,
    State,
    Unseen,
    UsedAt,
    UsedFrom,
    Volatile,
)


class ClientFoothold(Foothold):
    """An OAuth client that a vendor holds."""

    client: str


practice_idp = Connector(
    "practice_idp",
    rate=Rate(2000, per_s=1, in_flight=50),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
    footholds={"client": ClientFoothold},
)


class Client(Params):
    """One OAuth client, by its client id."""

    client: str


class ClientSeen(State):
    """Whether it may get tokens, and for how many people it does."""

    enabled: bool
    version: Volatile[int]
    name: Volatile[str]
    users: Volatile[People[int]]


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


@practice_idp.look(permission="idp.clients.read")
async def client(read: Reader, p: Client) -> ClientSeen:
    """An OAuth client."""
    seen = await read.get("/clients/{client}", p)
    return ClientSeen(enabled=seen["enabled"], version=seen["version"], name=seen["name"], users=seen["users"])


@practice_idp.look(permission="idp.tokens.read")
async def token(read: Reader, p: Token) -> TokenSeen:
    """One token."""
    return _seen(await read.get("/tokens/{token}", p))


@practice_idp.find(of=token, permission="idp.tokens.read", control=client)
async def tokens(read: Reader, p: Client) -> AsyncIterator[tuple[Token, TokenSeen]]:
    """Every live token of a client, access and refresh."""
    after = ""
    while True:
        page = await read.get("/clients/{client}/tokens", p, after=after)
        for item in page["items"]:
            yield Token(token=item["id"]), _seen(item)
        if not (after := page["next"]):
            return


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
