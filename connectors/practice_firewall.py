"""The practice company's firewall: let only known addresses through to a path. Ends no connection that is open.

Source: the sandbox's own API.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal

from connectors.core import (
    Call,
    Connector,
    Foothold,
    Found,
    Held,
    Lost,
    NotAllowed,
    Params,
    Rate,
    Reader,
    Rights,
    State,
    Tide,
    Unseen,
    Volatile,
    account,
)


class PathFoothold(Foothold):
    """A network path by which the integration comes in."""

    path: str


practice_firewall = Connector(
    "practice_firewall",
    rate=Rate(200, per_s=1, in_flight=10),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
    footholds={"path": PathFoothold},
)


@practice_firewall.credential(
    Rights("scopes", "the sandbox gives its keys what they may do", re.compile(r"firewall(\.[a-z]+)+"), " ".join)
)
async def held(read: Reader) -> Held:
    """What our key may do, by its own word."""
    return Held("the key's own entry", frozenset(map(str, (await read.get("/me"))["may"])))


PAGE = 500
"""Paths a page: the most that it gives."""


class Path(Params):
    """One path, by its name at the firewall."""

    path: str


class AllowList(Path):
    """A path, and the addresses that may use it."""

    addresses: tuple[str, ...]


class PathSeen(State):
    """Who may use it: anybody, or only the addresses of its list."""

    mode: Literal["any", "only"]
    addresses: tuple[str, ...]
    version: Volatile[int]


def _seen(item: Any) -> PathSeen:
    return PathSeen(mode=item["mode"], addresses=tuple(sorted(item["addresses"])), version=item["version"])


@practice_firewall.look(permission="firewall.read")
async def path(read: Reader, p: Path) -> PathSeen:
    """One path's rule."""
    return _seen(await read.get("/paths/{path}", p))


@practice_firewall.survey(of=path, kind="path", permission="firewall.read")
async def paths(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every path that comes in from outside, and the app that it was opened for."""
    async for item in read.items("/paths", limit=PAGE):
        seen = _seen(item)
        yield Found(
            params=Path(path=item["path"]),
            seen=seen,
            belongs_to=account("practice_idp", item["for"]),
            hosts=seen.addresses,
        )


@practice_firewall.action(
    sees=path, layer="network", does="closes-path", permission="firewall.manage", settles_within_s=1
)
def allow_only(p: AllowList, seen: PathSeen) -> Iterator[Call]:
    """Let only these addresses through. Whoever speaks from one of them stays: cut the tokens too."""
    wanted = tuple(sorted(set(p.addresses)))
    if seen.mode != "only" or set(seen.addresses) != set(wanted):
        yield Call.put("/paths/{path}", p, json={"mode": "only", "addresses": list(wanted)})


@allow_only.undo
def _(p: AllowList, seen: PathSeen, before: PathSeen) -> Iterator[Call]:
    if (seen.mode, set(seen.addresses)) != (before.mode, set(before.addresses)):
        yield Call.put("/paths/{path}", p, json={"mode": before.mode, "addresses": list(before.addresses)})
