"""What a connector is made of: looks, finds and actions, declared with decorators on a `Connector`.

An action sends nothing. Given what is wanted and what is seen, it yields the calls that are missing; none means that
the goal holds. Hold or cut is declared by nobody: an action without an undo is a cut.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_type_hints

from connectors.core.call import Call
from connectors.core.configured import Foothold, Settings
from connectors.core.errors import UNREADABLE, unreadable
from connectors.core.exchange import Auth, Granting
from connectors.core.kinds import KINDS, needs_of
from connectors.core.model import Family, Grade, Layer, NoState, Params, State, key_of
from connectors.core.rights import Asking, Holding, Rights
from connectors.core.survey import Found, Lost, Survey, Tide
from connectors.core.told import Telling

if TYPE_CHECKING:
    from connectors.core.reader import Reader
    from connectors.core.wire import Connection, Reply

P = TypeVar("P", bound=Params)
S = TypeVar("S", bound=State)
Fn = TypeVar("Fn", bound=Callable[..., Any])
__all__ = [
    "KINDS", "Action", "Connector", "EffectId", "Find", "Foothold", "Look", "Rate", "Settings", "needs_of",
]  # fmt: skip
EffectId = str
"""`<run>/<step>/<target>`: what an action tags its creations with, so that the next look finds ours."""


@dataclass(frozen=True, eq=False)
class Look(Generic[P, S]):
    """A read of one thing's state.

    Attributes:
        grade: what its word is worth as proof; a look that uses a stolen credential and is turned away is `TRIED`.
        asks: the read-only POSTs that it may send, by path template.
        meaning: where a status means something else to this look than to its connector.
        identifies: the parameters that say which thing it is about.
    """

    name: str
    fn: Callable[[Reader, P], Awaitable[S]]
    params: type[P]
    state: type[S]
    permission: str
    grade: Grade
    asks: tuple[str, ...]
    meaning: Mapping[int, type[Exception]]
    identifies: tuple[str, ...]
    doc: str

    async def __call__(self, read: Reader, p: P) -> S:
        """What is seen of `p` now. An answer that lacks what the look needs is Unexpected."""
        try:
            seen: S = await read.allowed(self.asks, self.permission, self.meaning).look(self, p)
        except UNREADABLE as error:
            raise unreadable(self.name, error) from None
        return seen


@dataclass(frozen=True, eq=False)
class Find(Generic[P, S]):
    """A look at many: yields the very (params, state) pairs of its look; ending normally means that all pages came.

    Attributes:
        of: the look whose pairs it yields.
        control: a look that must succeed on the selector when a listing came out empty: proof that the credential
            can see there at all.
    """

    name: str
    of: Look[Any, S]
    fn: Callable[[Reader, P], AsyncIterator[tuple[Params, S]]]
    params: type[P]
    permission: str
    control: Look[Any, Any] | None
    doc: str

    async def __call__(self, read: Reader, p: P) -> AsyncIterator[tuple[Params, S]]:
        """Each thing that `p` selects; raises where a page did not come."""
        found = False
        limited = read.allowed((), self.permission)
        pairs = limited.pairs(self, p)
        while True:
            try:
                pair = await anext(pairs)
            except StopAsyncIteration:
                break
            except UNREADABLE as error:
                raise unreadable(self.name, error) from None
            found = True
            yield pair
        if not found and self.control is not None:
            shared = {name: getattr(p, name) for name in self.control.params.model_fields}
            await self.control(read, self.control.params(**shared))


@dataclass(eq=False)
class Action(Generic[P, S]):
    """A function from what is wanted and what is seen to the calls that are missing.

    Attributes:
        sees: the look that it decides by; None for what no look can prove (then `because` says why not).
        does: the families that it fulfils on its foothold.
        stops: what it stops: new access only ("new"), or live access as well ("live").
        settles_within_s: seconds within which the provider shows the effect of a 2xx.
        residual: what lives on after it, in words; `residual_s`: for how many seconds at most.
        irreversible: why it has no undo, and what it takes to get back.
        masks: actions whose targets its undo would revive; it is refused while one of them still yields calls.
        identifies: the parameters that say what it acts on: those of its look, or what is said for one without.
    """

    name: str
    fn: Callable[..., Iterator[Call]]
    params: type[P]
    state: type[S]
    sees: Look[Any, S] | None
    does: frozenset[Family]
    layer: Layer
    permission: str
    stops: Literal["new", "live", "nothing"]
    settles_within_s: float
    residual: str
    residual_s: int
    irreversible: str
    masks: tuple[Action[Any, Any], ...]
    because: str
    doc: str
    identifies: tuple[str, ...]
    back: Callable[..., Iterator[Call]] | None = None

    def missing(self, p: P, seen: S, me: EffectId) -> tuple[Call, ...]:
        """The calls that are missing now. None: the goal holds."""
        return tuple(self.fn(*(p, seen, me)[: self._takes]))

    @cached_property
    def _takes(self) -> int:
        return len(inspect.signature(self.fn).parameters)

    def missing_back(self, p: P, seen: S, before: S) -> tuple[Call, ...]:
        """The calls that are missing to get back to `before`. None: it is as it was."""
        if self.back is None:
            raise TypeError(f"{self.name} has no undo: {self.irreversible}")
        return tuple(self.back(p, seen, before))

    def undo(self, fn: Fn) -> Fn:
        """Declare the way back: `(p, seen, before)` yields what is missing to get there."""
        self.back = fn
        return fn

    @property
    def cuts(self) -> bool:
        """One-way: it stands below the wall. A message stops nothing and is neither hold nor cut."""
        return self.back is None and self.stops != "nothing"

    def target(self, p: Params) -> str:
        """The thing that it acts on, as a key inside a step."""
        return key_of(p, self.identifies)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in `per_s` seconds, and at most `in_flight` at once, over one connection.

    `write_gap_s`: writes go one at a time, and begin at least so many seconds apart; 0: as reads do.
    """

    calls: int
    per_s: float = 1.0
    in_flight: int = 50
    write_gap_s: float = 0.0


Endpoints = Callable[["Reader"], Awaitable[Mapping[str, str]]]
Carrier = Callable[["Connection", Mapping[str, Any]], Awaitable["Reply"]]
"""Carries one call's body once: raises NotSent where nothing left us, and NoAnswer where it may have had its effect."""


@dataclass(eq=False)
class Connector:
    """One system: how to talk to it, and what can be seen and done there.

    Attributes:
        rate: its limit for one credential.
        meaning: the error that each status means in a look's answer.
        auth: how our credential goes along: bearer token, basic (client id and secret), as the last part of the path
            (a chat webhook), or not at all; or exchanged for an access token, by which of the two grants.
        grant: the request for that token, out of the connection's settings and secret.
        footholds: kind -> the fields that name such a foothold here.
        told: reads what an answer says beyond its status; None: nothing does.
        headers: what goes along with each request: the version of its API.
        endpoints: reads the provider's metadata: name -> URL, for paths that start with `@name`.
        carrier: what carries its calls where that is not HTTP (e-mail, Apprise); such a system cannot be looked at.
        schemes: how the URL of a connection to it may begin.
        hosts: the settings that hold another base URL of the same system, for paths that start with `@setting/`.
        rights: how its permissions are written; None: in words alone. held: asks it which of them our credential has.
    """

    name: str
    rate: Rate
    meaning: Mapping[int, type[Exception]]
    auth: Auth = "bearer"
    settings: type[Settings] = Settings
    footholds: Mapping[str, type[Foothold]] = field(default_factory=dict)
    endpoints: Endpoints | None = None
    told: Telling | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    grant: Granting | None = None
    carrier: Carrier | None = None
    schemes: tuple[str, ...] = ("http", "https")
    hosts: tuple[str, ...] = ()
    rights: Rights | None = None
    held: Holding | None = None
    looks: dict[str, Look[Any, Any]] = field(default_factory=dict)
    finds: dict[str, Find[Any, Any]] = field(default_factory=dict)
    actions: dict[str, Action[Any, Any]] = field(default_factory=dict)
    surveys: dict[str, Survey[Any]] = field(default_factory=dict)

    def look(
        self,
        *,
        permission: str,
        grade: Grade = Grade.SEEN,
        asks: tuple[str, ...] = (),
        meaning: Mapping[int, type[Exception]] | None = None,
        identifies: tuple[str, ...] = (),
    ) -> Callable[[Callable[[Reader, P], Awaitable[S]]], Look[P, S]]:
        """Declare a look: an async function of (reader, params) that returns a state."""

        def declare(fn: Callable[[Reader, P], Awaitable[S]]) -> Look[P, S]:
            params, state = _types(fn)
            known_by = identifies or tuple(params.model_fields)
            made: Look[P, S] = Look(
                self._name(fn), fn, params, state, permission, grade, asks, meaning or {}, known_by, _doc(fn)
            )
            self.looks[made.name] = made
            return made

        return declare

    def find(
        self, *, of: Look[Any, S], permission: str, control: Look[Any, Any] | None = None
    ) -> Callable[[Callable[[Reader, P], AsyncIterator[tuple[Params, S]]]], Find[P, S]]:
        """Declare a find: an async generator of (params, state) over all pages."""

        def declare(fn: Callable[[Reader, P], AsyncIterator[tuple[Params, S]]]) -> Find[P, S]:
            params = get_type_hints(fn)[list(inspect.signature(fn).parameters)[1]]
            made: Find[P, S] = Find(self._name(fn), of, fn, params, permission, control, _doc(fn))
            self.finds[made.name] = made
            return made

        return declare

    def survey(
        self, *, of: Look[Any, S], kind: str, permission: str, part_of: str = ""
    ) -> Callable[[Callable[[Reader, Tide], AsyncIterator[Found | Lost]]], Survey[S]]:
        """Declare a survey: an async generator over all third-party things of a kind, or what changed of them."""

        def declare(fn: Callable[[Reader, Tide], AsyncIterator[Found | Lost]]) -> Survey[S]:
            made: Survey[S] = Survey(self._name(fn), of, kind, fn, permission, part_of, _doc(fn))
            self.surveys[made.name] = made
            return made

        return declare

    def action(
        self,
        *,
        sees: Look[Any, Any] | None,
        layer: Layer,
        permission: str,
        does: Family | tuple[Family, ...] = (),
        stops: Literal["new", "live", "nothing"] = "live",
        settles_within_s: float = 30,
        residual: str = "",
        residual_s: int = 0,
        irreversible: str = "",
        masks: tuple[Action[Any, Any], ...] = (),
        because: str = "",
        identifies: tuple[str, ...] = (),
    ) -> Callable[[Callable[..., Iterator[Call]]], Action[Any, Any]]:
        """Declare an action: a generator function of (params), (params, seen) or (params, seen, me)."""

        def declare(fn: Callable[..., Iterator[Call]]) -> Action[Any, Any]:
            families = frozenset({does} if isinstance(does, str) else does)
            state = NoState if sees is None else sees.state
            params = _types(fn)[0]
            known_by = identifies or (sees.identifies if sees is not None else tuple(params.model_fields))
            made: Action[Any, Any] = Action(
                self._name(fn), fn, params, state, sees, families, layer, permission, stops,
                settles_within_s, residual, residual_s, irreversible, masks, because, _doc(fn), known_by,
            )  # fmt: skip
            self.actions[made.name] = made
            return made

        return declare

    def credential(self, rights: Rights | None = None, *, asks: tuple[str, ...] = ()) -> Callable[[Asking], Holding]:
        """Declare how permissions are written, and an async function of a reader that asks which our credential has."""

        def declare(fn: Asking) -> Holding:
            self.rights, self.held = rights, Holding(fn, asks)
            return self.held

        return declare

    def _name(self, fn: Callable[..., Any]) -> str:
        return f"{self.name}.{fn.__name__}"


def _types(fn: Callable[..., Any]) -> tuple[Any, Any]:
    hints = get_type_hints(fn)
    names = list(inspect.signature(fn).parameters)
    first = 1 if names[0] in {"read", "reader", "_read"} else 0
    return hints[names[first]], hints.get("return")


def _doc(fn: Callable[..., Any]) -> str:
    return inspect.getdoc(fn) or ""
