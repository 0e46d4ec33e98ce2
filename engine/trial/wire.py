"""What stands under the real readers and senders in a case: no network, the case's own answers, faults included."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from connectors.core import Action, Call, Connection, Find, Look, Mark, Params, Reader, Secret, Sender, State, Wire
from connectors.core.model import key_of
from connectors.core.sender import Outcome
from connectors.core.wire import NoAnswer, NotSent, Reply
from engine.registry import registry
from engine.state import Live
from engine.trial.case import Told
from engine.trial.world import Faults, World, goal, hints_of
from journal.replay import Effect


@dataclass(frozen=True)
class Sent:
    """One call that left us: for which step, what it was, and what came back."""

    step: str
    line: str
    came: str
    back: bool


@dataclass
class Stage:
    """Everything that stands in for providers in one case."""

    told: Told
    world: World
    faults: Faults
    live: Live | None = None
    sent: list[Sent] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def open(self, connection: Connection, *, writes: bool) -> tuple[Reader, Sender | None, Wire]:
        """Open a connection: an `Opener`."""
        wire = _Wire(connection, writes=writes, stage=self)
        return _Reader(wire), _Sender(wire) if writes else None, wire

    def effect(self, me: str) -> Effect:
        """The effect that a call is of, as the journal has it: its intent stands there before the call leaves."""
        assert self.live is not None
        return self.live.run.effects[me.partition("/")[2]]

    def by_hand(self, step: str) -> None:
        """Let a person's work have its effect: what the case says is to be seen then."""
        for thing in self.world.by_hand.get(step, ()):
            self.world.things[(thing.look.name, thing.key)].state = thing.state

    def carry_out(self, call: Call, me: str) -> None:
        """Let a call have its effect: with the last of an effect's calls, what the action wanted is so."""
        assert self.live is not None
        effect = self.effect(me)
        action = registry().actions[effect.action]
        if action.sees is None or call.digest != effect.calls[-1]:
            return
        params = _params(self.live, action, effect.params)
        thing = self.world.things.get((action.sees.name, key_of(params, action.sees.identifies)))
        if thing is None or thing.state is None:
            return
        change = self.told.case.after.get(effect.step, self.told.case.after.get(action.name))
        if change == "gone" and not effect.back:
            thing.state = None
            return
        became = _became(action, params, thing.state, call, effect, change)
        if became is None:
            self.broken.append(
                f"{action.name}: what becomes of {effect.target} is not clear from its goal: say it under `after:`"
            )
            return
        thing.state = became


def _became(
    action: Action[Any, Any], params: Params, seen: State, call: Call, effect: Effect, change: Any
) -> State | None:
    hints = hints_of(call.body, params)
    if not effect.back:
        return goal(seen, hints, lambda state: not action.missing(params, state, effect.id), change)
    hidden = action.state.sealed_fields()
    clear = {name: value for name, value in (effect.before or {}).items() if name not in hidden}
    before = type(seen).model_validate(seen.model_dump() | clear)
    return goal(seen, [clear, *hints], lambda state: not action.missing_back(params, state, before), None)


def _params(live: Live, action: Action[Any, Any], recorded: Mapping[str, Any]) -> Params:
    """The parameters of an effect, from its record."""
    clear = dict(recorded)
    for name, info in action.params.model_fields.items():
        if info.annotation is Secret:
            clear[name] = live.secrets[str(recorded[name]).removeprefix("secret:")]
    made: Params = action.params.model_validate(clear)
    return made


@dataclass(frozen=True)
class _Asked:
    """What the request of this very moment is about."""

    names: frozenset[str]
    target: str
    call: Call | None = None
    me: str = ""
    there: bool = True


_asked: ContextVar[_Asked] = ContextVar("asked")


class _Reader(Reader):
    """The real reader, with its patience and its errors; what it shows is what the case holds."""

    def allowed(self, asks: tuple[str, ...], permission: str, meaning: Any = None) -> Reader:
        return _Reader(self._wire, asks=asks, permission=permission, meaning=meaning, patience_s=self.patience_s)

    async def look(self, look: Look[Any, Any], p: Any) -> State:
        stage = self._stage
        there = stage.world.look(look, p) is not None
        await self._touch(look.name, key_of(p, look.identifies), there=there)
        seen = stage.world.look(look, p)
        assert seen is not None, "it was there a moment ago, and only our own calls change it"
        return seen

    async def pairs(self, find: Find[Any, Any], p: Any) -> AsyncIterator[tuple[Params, State]]:
        await self._touch(find.name, "", there=True)
        for pair in self._stage.world.pairs(find, p):
            yield pair

    @property
    def _stage(self) -> Stage:
        assert isinstance(self._wire, _Wire)
        return self._wire.stage

    async def _touch(self, name: str, target: str, *, there: bool) -> None:
        """One request, so that limits, waiting and statuses are the real ones."""
        before = _asked.set(_Asked(self._stage_names(name), target, there=there))
        try:
            await self.get(f"/{name}")
        finally:
            _asked.reset(before)

    def _stage_names(self, name: str) -> frozenset[str]:
        connection = self._wire.connection
        live = self._stage.live
        steps = {bound.id for bound in (live.every.values() if live is not None else ()) if bound.step.uses == name}
        return frozenset({name, connection.name, connection.connector.name, *steps})


class _Sender(Sender):
    """The real sender; its wire learns which effect the call is of."""

    async def send(self, call: Call, marks: Any) -> Outcome:
        wire, me = self._wire, marks[Mark.ME]
        assert isinstance(wire, _Wire)
        effect = wire.stage.effect(me)
        names = frozenset({effect.step, effect.action, wire.connection.name, wire.connection.connector.name})
        before = _asked.set(_Asked(names, effect.target, call, me))
        try:
            outcome = await super().send(call, marks)
        finally:
            _asked.reset(before)
        wire.stage.sent.append(Sent(effect.step, str(call), outcome.came.value, effect.back))
        return outcome


class _Wire(Wire):
    """The real wire but for its lowest exchange: gate, lease and the refusal of writes are in force."""

    def __init__(self, connection: Connection, *, writes: bool, stage: Stage) -> None:
        super().__init__(connection, writes=writes)
        self.stage = stage

    async def _url(self, path: str) -> str:
        return f"{self.connection.url}/{path.lstrip('/@')}"

    async def _once(self, method: str, url: str, **sent: Any) -> Reply:
        del method, url, sent  # what is asked for is known without them
        asked = _asked.get()
        fault = self.stage.faults.next(asked.names, asked.target)
        writes = asked.call is not None
        if fault is not None and fault.answers == "no connection":
            raise NotSent("ClientConnectorError")
        if asked.call is not None and (fault is None or fault.does):
            self.stage.carry_out(asked.call, asked.me)
        if fault is not None and fault.status is None:
            raise NoAnswer("ServerDisconnectedError")
        if fault is not None:
            headers = {"retry-after": str(fault.wait_s)} if fault.wait_s is not None else {}
            return Reply(fault.status or 200, headers, {} if fault.false else {"error": "fault_of_the_case"})
        if not writes and not asked.there:
            return Reply(404, {}, {"error": "not_found"})
        return Reply(200, {}, {})
