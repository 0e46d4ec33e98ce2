"""A system whose surveys list what a test says is there: whole, or as a feed of changes, and failing where it is told to."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.core import (
    Connector,
    Foothold,
    Found,
    Lost,
    NotAllowed,
    Params,
    Rate,
    Reader,
    State,
    Survey,
    Tide,
    Unseen,
    Volatile,
)  # fmt: skip
from inventory.discovery.listing import Way


class AppFoothold(Foothold):
    app: str


class App(Params):
    app: str


class AppSeen(State):
    enabled: bool
    version: Volatile[int] = 0


class Grant(Params):
    grant: str


class GrantSeen(State):
    active: bool


@dataclass
class There:
    """What is there: apps by name, grants as a feed: (seq, grant, app, person, scopes, active)."""

    apps: dict[str, dict[str, object]] = field(default_factory=dict)
    feed: list[tuple[int, str, str, str, tuple[str, ...], bool]] = field(default_factory=list)
    page: int = 500
    fails_after: int | None = None
    """The request from which on it refuses."""
    requests: int = 0
    last: int = 0

    def put(
        self, grant: str, app: str, person: str, scopes: tuple[str, ...] = ("read",), *, active: bool = True
    ) -> None:
        self.last += 1
        self.feed = [one for one in self.feed if one[1] != grant]
        self.feed.append((self.last, grant, app, person, scopes, active))

    def ask(self) -> None:
        self.requests += 1
        if self.fails_after is not None and self.requests > self.fails_after:
            raise NotAllowed("GET /grants", "403", "Our credential there needs: grants.read")


class Wire:
    def __init__(self, there: There) -> None:
        self.there = there

    @property
    def requests(self) -> int:
        return self.there.requests


class FakeReader:
    url = "http://house.test"

    def allowed(self, *_):
        return self


def house(there: There, name: str = "house", *, feeds: bool = True) -> Way:
    """A connection to it."""
    system = Connector("house", rate=Rate(100), meaning={404: Unseen}, footholds={"app": AppFoothold})

    @system.look(permission="apps.read")
    async def app(read: Reader, p: App) -> AppSeen:
        """One app."""
        raise AssertionError("a survey needs no look")

    @system.look(permission="grants.read")
    async def grant(read: Reader, p: Grant) -> GrantSeen:
        """One grant."""
        raise AssertionError("a survey needs no look")

    @system.survey(of=app, kind="app", permission="apps.read")
    async def apps(read: Reader, tide: Tide):
        """Every app."""
        there.ask()
        for key, more in list(there.apps.items()):
            fields = dict(more)
            seen = AppSeen(enabled=bool(fields.pop("enabled", True)), version=there.requests)
            yield Found(params=App(app=key), seen=seen, **fields)

    @system.survey(of=grant, kind="grant", part_of="app", permission="grants.read")
    async def grants(read: Reader, tide: Tide):
        """Every grant, or what changed of them."""
        at = int(tide.since or 0) if feeds else 0
        tide.changes = bool(at)
        while True:
            there.ask()
            page = [one for one in there.feed if one[0] > at][: there.page]
            for _, key, of, person, scopes, active in page:
                params = Grant(grant=key)
                if active:
                    seen = GrantSeen(active=True)
                    yield Found(params=params, seen=seen, part_of=of, person=person, scopes=scopes)
                elif at or not feeds:
                    yield Lost(params=params)
            if len(page) < there.page:
                break
            at = page[-1][0]
        tide.mark = str(there.last) if feeds else ""

    assert isinstance(grants, Survey)
    return Way(name, system, FakeReader(), Wire(there))
