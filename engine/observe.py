"""Looking: one thing, a given list, or a whole listing, as (target, params, state)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel

from connectors.core import Action, ConnectorError, Find, NoState, NotAllowed, Params, State, Unseen
from engine.bound import Bound, foothold_of
from engine.registry import item_of
from engine.state import Live
from engine.view import Link, View
from language import Doubt, Values

FRESH_S = 60.0
"""For so long what was seen may be acted on: design, "a look younger than a minute"."""
Item = TypeVar("Item")
R = TypeVar("R")


class InDoubt(Exception):
    """An expression had no answer: what it is about is unknown, not false."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One target as seen: `seen` None means gone. `missing`: the calls that its action wants now."""

    target: str
    params: Params
    seen: State | None
    missing: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    """A look at all of a step's targets. `after`: journal position at which it began; `at_s`: the loop's time then."""

    after: int
    sights: dict[str, Sight]
    requests: int = 1
    items: tuple[BaseModel, ...] = ()
    output: BaseModel | None = None
    at_s: float = 0.0


async def observe(live: Live, bound: Bound) -> Observation:
    """Look afresh at whatever the step is about. Raises a connector's error, or InDoubt."""
    at_s = asyncio.get_running_loop().time()
    return replace(await _observed(live, bound, live.run.n), at_s=at_s)


async def _observed(live: Live, bound: Bound, after: int) -> Observation:
    if bound.action is None:
        return await _read(live, bound, after)
    if bound.listed:
        return await _listed(live, bound, bound.action, after)
    if bound.given:
        return await _given(live, bound, bound.action, after)
    params = filled(live, bound)
    _place(live, bound, [params])
    seen = await _look(live, bound, bound.action, params)
    sight = _sight(live, bound, bound.action, params, seen)
    return Observation(after, {sight.target: sight})


def shown(view: View, seen: Observation) -> None:
    """Let expressions see what a find or a look saw."""
    view.value.output, view.found = seen.output, len(seen.items)
    view.value.items = list(seen.items)


def planned(live: Live, bound: Bound) -> Observation | None:
    """What the plan saw of a step a moment ago, once: the first round need not look at all of it again.

    Not of a step that works with what others saw or did since; a find that it lists by itself is no such thing.
    """
    seen = live.planned.pop(bound.id, None)
    if seen is None or asyncio.get_running_loop().time() - seen.at_s > FRESH_S:
        return None
    alone = set(bound.waits) <= {bound.source} and not bound.group and not bound.depends_on_run
    return seen if alone else None


async def holds(live: Live, bound: Bound, action: Action[Any, Any], sight: Sight) -> bool:
    """Whether a fresh look at this one target misses nothing any more."""
    try:
        seen = await _look(live, bound, action, sight.params)
    except ConnectorError:  # it may be seen in listings only: the next round lists
        return False
    return action.sees is not None and not _sight(live, bound, action, sight.params, seen).missing


def filled(live: Live, bound: Bound, item: object = None, values: Values | None = None) -> Params:
    """The step's parameters, from its `with:`. `values`: of this very round, where many items are filled in."""
    if bound.fixed is not None:
        asked = bound.action or bound.find or bound.look
        assert asked is not None
        moment = {bound.moment: _shut_at(live, bound)} if bound.moment else {}
        made: Params = asked.params.model_validate({**bound.fixed, **moment})
        return made
    params = bound.book.fill(bound.step.id, values or live.values(bound), item)
    if isinstance(params, Doubt):
        raise InDoubt(params.why)
    assert isinstance(params, Params)
    return params


def _shut_at(live: Live, part: Bound) -> datetime:
    """When all was seen shut that keeps alive what this part ends: what began before that is not good any more."""
    shut = [one for one in live.bound.values() if one.foothold == part.foothold and one.connection == part.connection
            and one.action is not None and part.action in one.action.masks]  # fmt: skip
    for one in shut:
        effects = live.run.of_step(one.id)
        if not effects or not all(effect.closed for effect in effects):
            raise InDoubt(f"{part.id} ends what began before {one.id} was done, and that is not done")
    if not shut:
        raise InDoubt(f"{part.id} ends what began before its foothold was shut, and no step shuts it")
    return max(datetime.fromisoformat(effect.settled_at) for one in shut for effect in live.run.of_step(one.id))


async def _read(live: Live, bound: Bound, after: int) -> Observation:
    params = filled(live, bound)
    _place(live, bound, [params])
    reader = live.links[bound.connection].reader
    if bound.look is not None:
        return Observation(after, {}, output=await bound.look(reader, params))
    assert bound.find is not None
    items = [item_of(bound.find, p, seen) async for p, seen in bound.find(reader, params)]
    return Observation(after, {}, items=tuple(items))


async def _listed(live: Live, bound: Bound, action: Action[Any, Any], after: int) -> Observation:
    find, selector, link = _selector(live, bound)
    _place(live, bound, [selector])
    before = link.wire.requests
    found = [(p, seen) async for p, seen in find(link.reader, selector)]
    items = [item_of(find, p, seen) for p, seen in found]
    live.views[bound.source or bound.id].value.items = items
    sights: dict[str, Sight] = {}
    same, values = action.sees is find.of, live.values(bound)
    for item, (p, seen) in zip(items, found, strict=True):
        if not _wanted(live, bound, item, values):
            continue
        params = _of_item(action, p) if bound.sweep is not None else filled(live, bound, item, values)
        direct = same and action.target(params) == action.target(p)
        state = seen if direct else await _look(live, bound, action, params)
        sight = _sight(live, bound, action, params, state)
        sights[sight.target] = sight
    return Observation(after, sights, link.wire.requests - before, tuple(items))


def _selector(live: Live, bound: Bound) -> tuple[Find[Any, Any], Params, Link]:
    """The find that lists a step's targets, what it is asked about, and over which connection."""
    if bound.sweep is not None:
        find, asked = bound.sweep
        made: Params = find.params.model_validate(dict(asked))
        return find, made, live.links[bound.connection]
    source = live.every[bound.source or ""]
    assert source.find is not None
    return source.find, filled(live, source), live.links[source.connection]


def _of_item(action: Action[Any, Any], found: Params) -> Params:
    """What a macro's sweep asks an action about: the very thing that was found."""
    made: Params = action.params.model_validate({name: getattr(found, name) for name in action.params.model_fields})
    return made


async def _given(live: Live, bound: Bound, action: Action[Any, Any], after: int) -> Observation:
    path = bound.book.selector(bound.step.id) or ()
    values = live.values(bound)
    items: Any = values.inputs
    for part in path[1:]:
        items = getattr(items, part)
    wanted = [filled(live, bound, item, values) for item in items if _wanted(live, bound, item, values)]
    _place(live, bound, wanted[:1])
    at_once = live.links[bound.connection].wire.connection.connector.rate.in_flight
    states = await side_by_side(at_once, wanted, lambda params: _look(live, bound, action, params))
    sights = {}
    for params, seen in zip(wanted, states, strict=True):
        sight = _sight(live, bound, action, params, seen)
        sights[sight.target] = sight
    return Observation(after, sights, len(wanted))


async def side_by_side(at_once: int, items: Sequence[Item], do: Callable[[Item], Awaitable[R]]) -> list[R]:
    """Do something with each item, so many at a time; give the results in order. After an error no other is begun."""
    results: dict[int, R] = {}
    todo = deque(enumerate(items))

    async def work() -> None:
        while todo:
            at, item = todo.popleft()
            try:
                results[at] = await do(item)
            except BaseException:
                todo.clear()
                raise

    await asyncio.gather(*(work() for _ in range(min(at_once, len(items)))))
    return [results[at] for at in range(len(items))]


def _wanted(live: Live, bound: Bound, item: object, values: Values) -> bool:
    """`where`: a doubt counts as true for what can be undone; what cannot is left out, and the step stays open."""
    if bound.step.where is None:
        return True
    answer = live.ask(bound, "where", item, values)
    if isinstance(answer, Doubt):
        if bound.kind == "cut":
            raise InDoubt(answer.why)
        return True
    return answer


def _place(live: Live, bound: Bound, params: list[Params]) -> None:
    """Find out which foothold the step works on, now that it is known what it is asked about."""
    view = live.views[bound.id]
    if view.foothold is None and live.integration is not None:
        entry = foothold_of(live.integration.footholds, bound.connection, params)
        view.foothold = entry.id if entry is not None else None


async def _look(live: Live, bound: Bound, action: Action[Any, Any], params: Params) -> State | None:
    """One look. Not found means gone only where this run saw it before: else it may be hidden from us."""
    if action.sees is None:
        return NoState()
    asked = action.sees.params(**{name: getattr(params, name) for name in action.sees.params.model_fields})
    try:
        seen: State = await action.sees(live.links[bound.connection].reader, asked)
    except Unseen as error:
        known = live.run.effects.get(f"{bound.id}/{action.target(params)}")
        if known is not None and (known.before is not None or known.after is not None):
            return None
        raise NotAllowed(
            error.tried, error.came_back, f"Never seen in this run: wrong name, or {action.sees.permission} is missing"
        ) from None
    return seen


def _sight(live: Live, bound: Bound, action: Action[Any, Any], params: Params, seen: State | None) -> Sight:
    target = action.target(params)
    me = f"{live.run.id}/{bound.id}/{target}"
    return Sight(target, params, seen, () if seen is None else action.missing(params, seen, me))
