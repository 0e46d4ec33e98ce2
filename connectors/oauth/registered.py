"""What else a client's own registration allows (RFC 7592): narrow what it may ask for, and give it another secret.

Neither closes a client by itself: a narrowed one gets tokens for the rest, and a new secret ends no token. A server need
not issue a secret at an update (section 2.2 lets it, and forbids the client to choose one), so the old one is tried: what
proves a rotation is that the server turns it away. Trying it is a revocation of a token that never was, which any
authenticated client may ask for and which changes nothing (RFC 7009 section 2.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.core import Answer, Call, Grade, Impossible, NotAllowed, Reader, Sealed, Secret, State, Volatile
from connectors.oauth.server import REISSUE, Client, oauth, registered, update

NO_TOKEN = "ringfence-asks-whether-a-secret-is-taken"  # noqa: S105  no token: no server ever issued it
REVOCATION = "@revocation_endpoint"


async def refused(read: Reader, client: str, secret: Secret) -> bool:
    """Whether a server turns a client's secret away, and takes our own. The look that asks declares REVOCATION."""
    if not await read.client_refused(REVOCATION, client=client, secret=secret, form={"token": NO_TOKEN}):
        return False
    if await read.client_refused(
        REVOCATION, form={"token": NO_TOKEN}
    ):  # a server that turns everybody away says nothing
        todo = "Is our own client's secret right? Where it is the one that was replaced, configure the new one"
        raise NotAllowed(f"try the secret of client {client}", "it is turned away, and so is our own credential", todo)
    return True


class Scopes(Client):
    """One client, and the scopes that it may keep, each as the server writes it."""

    keep: tuple[str, ...]


class ScopesSeen(State):
    """What it may ask for, and the whole of its metadata for the next update."""

    scopes: tuple[str, ...]
    metadata: Volatile[Sealed[dict[str, Any]]]


class ClientSecret(Client):
    """One client, and the secret of it that others may know."""

    client_secret: Secret


class SecretSeen(State):
    """Whether the server takes that secret, and the whole of its metadata for the next update."""

    taken: bool
    metadata: Volatile[Sealed[dict[str, Any]]]


@oauth.look(permission="the client's registration token", identifies=("client",))
async def client_scopes(read: Reader, p: Client) -> ScopesSeen:
    """The scopes that one client may ask for; a server that names none there lets it ask for those of its own choice."""
    seen = await registered(read, p)
    return ScopesSeen(scopes=tuple(sorted(str(seen.get("scope") or "").split())), metadata=seen)


@oauth.look(permission="the client's registration token", identifies=("client",), asks=(REVOCATION,), grade=Grade.TRIED)
async def client_secret(read: Reader, p: ClientSecret) -> SecretSeen:
    """Whether one client's secret still opens anything: it is tried."""
    return SecretSeen(taken=not await refused(read, p.client, p.client_secret), metadata=await registered(read, p))


@oauth.action(
    sees=client_scopes,
    layer="application",
    does="closes-path",
    stops="new",
    permission="the client's registration token",
    settles_within_s=10,
    residual="a token goes on opening what it was issued for",
)
def restrict_scopes(p: Scopes, seen: ScopesSeen) -> Iterator[Call]:
    """Take from a client every scope but those that it may keep. It still gets tokens, for less."""
    left = [scope for scope in seen.scopes if scope in p.keep]
    if not left:
        came = "nothing would be left, and of a client without scopes a server chooses what it may ask for"
        raise Impossible(
            f"restrict client {p.client} to {', '.join(p.keep) or 'no scope'}", came, "oauth.restrict_client"
        )
    if len(left) < len(seen.scopes):
        yield _scoped(p, seen, left)


@restrict_scopes.undo
def _(p: Scopes, seen: ScopesSeen, before: ScopesSeen) -> Iterator[Call]:
    if seen.scopes != before.scopes:
        yield _scoped(p, seen, list(before.scopes))


def _scoped(p: Client, seen: ScopesSeen, scopes: list[str]) -> Call:
    wanted = {"scope": " ".join(scopes)}
    return update(p, seen.metadata | wanted, wanted)


@oauth.action(
    sees=client_secret,
    layer="identity",
    does="rotates",
    stops="new",
    permission="the client's registration token",
    settles_within_s=30,
    residual="tokens that were got by the old secret live on: revoke_token",
    irreversible="the server forgets the old secret; its next update issues another",
)
def renew_secret(p: ClientSecret, seen: SecretSeen) -> Iterator[Call]:
    """Have the server issue another secret of a client, where it does so at an update. It is sealed, and shown to nobody."""
    if not seen.taken:
        return
    named = {name: value for name, value in seen.metadata.items() if name != "client_secret"}
    call = update(p, named, {"client_secret": "left out, so that the server issues another"})
    answer = Answer("client_secret", replaces=p.client_secret, lost=REISSUE)
    yield Call(call.method, call.path, call.body, bearer=call.bearer, shown=call.shown, answers=(*call.answers, answer))
