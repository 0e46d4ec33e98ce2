# ruff: noqa: INP001  the folder is a second place of the package `connectors`, see benchmarks/__init__.py
"""A connector like any other, to the benchmark's server: look at a token, list those that live, revoke one.

Its rate is no limit, so that what is measured is the engine and the journal; 50 requests are in flight at most.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from connectors.core import Call, Connector, NotAllowed, Params, Rate, Reader, State, Unseen

bench = Connector(
    "bench", rate=Rate(1_000_000, per_s=1, in_flight=50), meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen}
)


class Everything(Params):
    """All that there is."""


class Token(Params):
    """One token."""

    token: str


class TokenSeen(State):
    """Whether it still opens anything."""

    active: bool


@bench.look(permission="tokens.read")
async def token(read: Reader, p: Token) -> TokenSeen:
    """One token."""
    seen = await read.get("/tokens/{token}", p)
    return TokenSeen(active=seen["active"])


@bench.find(of=token, permission="tokens.read")
async def tokens(read: Reader, _p: Everything) -> AsyncIterator[tuple[Token, TokenSeen]]:
    """Every token that lives."""
    after = ""
    while True:
        page = await read.get("/tokens", after=after)
        for item in page["items"]:
            yield Token(token=item["token"]), TokenSeen(active=item["active"])
        if not (after := page["next"]):
            return


@bench.action(
    sees=token, layer="identity", does="kills-access", permission="tokens.manage", settles_within_s=1,
    irreversible="its owner consents again",
)  # fmt: skip
def revoke_token(p: Token, seen: TokenSeen) -> Iterator[Call]:
    """End one token."""
    if seen.active:
        yield Call.post("/tokens/{token}/revoke", p, json={"reason": "contained"})
