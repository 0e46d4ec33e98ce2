"""What a server's operator may change of a client, where the setting `clients_at` says where its clients are listed.

Ory Hydra's administration API: `PATCH /admin/clients/{id}` takes a JSON Patch (RFC 6902) and answers with the client
(ory.com/docs/hydra/reference/api, patchOAuth2Client). A new secret is ours to choose there, so its answer is not needed.

Token exchange (RFC 8693): a token that was got for another one does not die with it, so a client that may exchange goes
on where the token it started from is dead. These clients are found by their grant type, and lose it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from connectors.core import Call, Grade, Params, Reader, Secret, State, UrlPath, Volatile
from connectors.oauth.listing import Listed, of_client, operators, operators_pages
from connectors.oauth.registered import REVOCATION, refused
from connectors.oauth.server import oauth

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105  a grant type (RFC 8693 section 2.1)
AT = "the operator's listing of clients (clients_at)"
WRITES = "the operator's administration of clients (clients_at)"


class GrantTypesSeen(State):
    """The ways in which it gets tokens, and where it is listed."""

    grant_types: tuple[str, ...]
    at: Volatile[UrlPath]


class May(Params):
    """Clients that may use a way to get tokens: token exchange, where nothing else is said."""

    grant_type: str = TOKEN_EXCHANGE


class MaySeen(State):
    """Whether clients can be seen at all."""

    shown: bool


class Withdrawn(Listed):
    """One client, and the way to get tokens that it loses."""

    grant_type: str = TOKEN_EXCHANGE


class OldSecret(Listed):
    """One client, and the secret of it that others may know."""

    client_secret: Secret


class NewSecret(OldSecret):
    """The secret in its place."""

    new_secret: Secret


class OldSecretSeen(State):
    """Whether the server takes it, and where the client is listed."""

    taken: bool
    at: Volatile[UrlPath]


class _One(Params):
    at: UrlPath
    one: str


def _patch(at: str, client: str, field: str, value: object) -> Call:
    """Set one field of a client. A JSON Patch `add` replaces what is there (RFC 6902 section 4.1)."""
    return Call.patch(
        "/{+at}/{one}", _One(at=at, one=client), json=[{"op": "add", "path": f"/{field}", "value": value}]
    )


def _ways(item: object) -> tuple[str, ...]:
    """RFC 7591 section 2: a client that names no grant type has this one."""
    said = item.get("grant_types") if isinstance(item, dict) else None
    return tuple(sorted(map(str, said))) if isinstance(said, list) else ("authorization_code",)


@oauth.look(permission=AT)
async def grant_types(read: Reader, p: Listed) -> GrantTypesSeen:
    """The ways in which one client gets tokens, as the operator lists them."""
    where = operators(read, "clients_at", f"client {p.client}", p.client)
    return GrantTypesSeen(grant_types=_ways(of_client(await read.get("/{+at}/{one}", where), p)), at=where.at)


@oauth.look(permission=AT)
async def our_client(read: Reader, p: May) -> MaySeen:
    """Our own client in the operator's listing: it is there, or the listing shows our credential nothing."""
    del p
    ours = read.settings.client_id
    where = operators(read, "clients_at", f"our client {ours}", ours)
    return MaySeen(shown=(await read.get("/{+at}/{one}", where))["client_id"] == ours)


@oauth.find(of=grant_types, permission=AT, control=our_client)
async def clients_that_may(read: Reader, p: May) -> AsyncIterator[tuple[Listed, GrantTypesSeen]]:
    """Every client that may get tokens in one way: those that may exchange one token for another, if not said otherwise."""
    where = operators(read, "clients_at", "clients")
    async for item in operators_pages(read, where):
        if p.grant_type in _ways(item):
            yield Listed(client=item["client_id"]), GrantTypesSeen(grant_types=_ways(item), at=where.at)


@oauth.action(
    sees=grant_types,
    layer="application",
    does="closes-path",
    stops="new",
    permission=WRITES,
    settles_within_s=10,
    residual="a token that was got so lives on until it is revoked or expires",
)
def withdraw_grant(p: Withdrawn, seen: GrantTypesSeen) -> Iterator[Call]:
    """Take from a client one way to get tokens: token exchange, where nothing else is said. Its other ways stay."""
    if p.grant_type in seen.grant_types:
        yield _patch(seen.at, p.client, "grant_types", [one for one in seen.grant_types if one != p.grant_type])


@withdraw_grant.undo
def _(p: Withdrawn, seen: GrantTypesSeen, before: GrantTypesSeen) -> Iterator[Call]:
    if p.grant_type in before.grant_types and p.grant_type not in seen.grant_types:
        yield _patch(seen.at, p.client, "grant_types", sorted({*seen.grant_types, p.grant_type}))


@oauth.look(permission=AT, identifies=("client",), asks=(REVOCATION,), grade=Grade.TRIED)
async def old_secret(read: Reader, p: OldSecret) -> OldSecretSeen:
    """Whether one client's secret still opens anything: it is tried."""
    where = operators(read, "clients_at", f"client {p.client}", p.client)
    return OldSecretSeen(taken=not await refused(read, p.client, p.client_secret), at=where.at)


@oauth.action(
    sees=old_secret,
    layer="identity",
    does="rotates",
    stops="new",
    permission=WRITES,
    settles_within_s=30,
    residual="tokens that were got by the old secret live on: revoke_token",
    irreversible="the old secret is known to others; another new one can be set",
)
def set_secret(p: NewSecret, seen: OldSecretSeen) -> Iterator[Call]:
    """Give a client another secret, one of our choice. Whoever runs it must get it, and gets no token until then."""
    if seen.taken:
        yield _patch(seen.at, p.client, "client_secret", p.new_secret)
