"""A run that is being carried out: its journal position, its steps as they stand, and its open connections."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import BaseModel

from connectors.core import Answer, Secret
from engine import seeing
from engine.bound import Bound
from engine.found import Aside
from engine.judge import Standing, Verdict, judge
from engine.past import Past
from engine.plan_file import Allowed
from engine.view import Link, View
from inventory.integrations.model import Integration
from inventory.model import Config
from journal.canonical import sound
from journal.clock import at, now
from journal.errors import NoKey
from journal.event import Draft
from journal.replay import Run, catch_up
from journal.seal.keys import Seal
from journal.store import Journal
from journal.write.lease import Lease
from language import Asked, Checked, Doubt, Values

if TYPE_CHECKING:
    from engine.observe import Observation

AT_ONCE = 500
"""Events of one append: the first of many calls need not wait until the intents of all are durable."""
Needs = Mapping[str, frozenset[Any]]
Answered = Literal["yes", "no", "nobody"]


class Desk(Protocol):
    """Who the run talks to: the terminal, a page, nobody. `attended`: somebody sits there and can act meanwhile."""

    attended: bool

    async def ask(self, wall: str, role: str, shown: str) -> tuple[Answered, str, str]:
        """Put a question about what `shown` says: (answer, by whom, how)."""

    def changed(self, run: Run) -> None:
        """Something happened that may be worth drawing."""

    def say(self, line: str) -> None:
        """One sentence that a responder should read."""


@dataclass(frozen=True, slots=True)
class Note:
    """Events that a loop of the run wants journaled, and where it waits for that."""

    drafts: Sequence[Draft]
    sealed: Sequence[Seal]
    done: asyncio.Future[None]


@dataclass
class Live:
    """Everything that the loops of one run share."""

    journal: Journal
    lease: Lease | None
    run: Run
    checked: Checked
    every: Mapping[str, Bound]
    """All steps that are carried out, of all phases; `bound` are those of contain."""
    inputs: BaseModel
    integration: Integration | None
    needs: Needs
    links: Mapping[str, Link]
    secrets: dict[str, Secret]
    desk: Desk
    views: dict[str, View]
    since: datetime
    config: Config | None = None
    aside: Aside = field(default_factory=dict)
    """Footholds that were found and that no step may touch: how each counts, and why. `integration` lacks them."""
    allowed: Allowed | None = None
    """What a plan file that is carried out lets it send; None: no file, so the approved scope alone."""
    bound: Mapping[str, Bound] = field(init=False)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    hold_open: asyncio.Event = field(default_factory=asyncio.Event)
    """What can be undone may begin: at once, unless the integration is critical or a guardrail asks first."""
    wall_open: asyncio.Event = field(default_factory=asyncio.Event)
    judged: asyncio.Event = field(default_factory=asyncio.Event)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    parked: str = ""
    """The word under which the run is to rest, as it waits for people; "" while it goes on."""
    hold_only: bool = False
    """Only what can be undone was ordered: once that is held, the run rests."""
    rested_s: float = 0.0
    """When all that needs no person first came to rest, by the loop's clock; 0: not yet."""
    yes_scope: str = ""
    """The scope, or its first letters, that was approved beforehand; "" for whatever is printed."""
    tell: Callable[[Run, str], None] = lambda _run, _word: None
    """Lets whoever is to hear of a word hear of it, beside the run."""
    past: Past | None = None
    """What was there before the attacker, for recovery; None: nobody has kept that."""
    keeper: Callable[[str, bytes], str] | None = None
    """Keeps evidence under a name, where it cannot be changed unnoticed; gives where. None: nobody keeps it."""
    attended: bool = False
    """Somebody sits before this process: it waits for people while it lives."""
    stopped_by: str = ""
    broken: BaseException | None = None
    taken_s: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    heard: int = 0
    """Id of the newest wish that was heard, or was there before this process took the run up."""
    planned: dict[str, Observation] = field(default_factory=dict)
    """What the plan of this process saw of each step: its first round may act on it."""
    _written_s: dict[int, float] = field(default_factory=dict)
    _notes: deque[Note] = field(default_factory=deque)
    _writing: asyncio.Future[None] | None = None

    def __post_init__(self) -> None:
        """Tell the steps of contain from those that come after it."""
        self.bound = {name: bound for name, bound in self.every.items() if bound.phase == "contain"}

    async def note(self, *drafts: Draft, sealed: Sequence[Seal] = ()) -> None:
        """Journal events; returns when they are durable and folded into `run`. Not undone by a cancellation."""
        assert self.lease is not None, "opened for looking only"
        loop = asyncio.get_running_loop()
        parts = [drafts[at : at + AT_ONCE] for at in range(0, len(drafts), AT_ONCE)]
        notes = [Note(part, () if at else sealed, loop.create_future()) for at, part in enumerate(parts)]
        self._notes.extend(notes)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._write())
        if len(notes) == 1:
            await notes[0].done
        else:
            await asyncio.gather(*(note.done for note in notes))

    async def _write(self) -> None:
        """Whatever is noted while one append is on its way goes into the next one: an append costs more than an event."""
        while self._notes:
            group = [self._notes.popleft()]
            count = len(group[0].drafts)
            while self._notes and count + len(self._notes[0].drafts) <= AT_ONCE:
                group.append(self._notes.popleft())
                count += len(group[-1].drafts)
            await self._append(group)

    async def _append(self, group: Sequence[Note]) -> None:
        assert self.lease is not None
        error: Exception | None = None
        try:
            drafts = [Draft(draft.type, sound(draft.body)) for note in group for draft in note.drafts]
            sealed = [value for note in group for value in note.sealed]
            events = await self.journal.append(self.lease, drafts, sealed=sealed)
            self._written_s.update(dict.fromkeys((event.n for event in events), asyncio.get_running_loop().time()))
            if events[0].n > self.run.n + 1:  # people said something between, from another process
                events = await asyncio.to_thread(self.journal.events, self.run.id, self.run.n)
            catch_up(self.run, events)
        except (ValueError, TypeError, NoKey) as refused:  # before anything was written: tell the one who is the cause
            if len(group) > 1:
                for note in group:
                    await self._append([note])
                return
            error = refused
        except Exception as failed:  # noqa: BLE001  # told to all who wait for it
            error = failed
        else:
            self.moved.set()
            self.desk.changed(self.run)
        for note in group:
            if not note.done.done():  # else its caller was cancelled
                note.done.set_result(None) if error is None else note.done.set_exception(error)

    def elapsed_s(self, n: int, at: str = "") -> float:
        """Seconds since the event at place `n`. By this process's own clock: the wall's may be set by hours meanwhile.

        Of another process's event it is known only that it was before we took the run up. `at` is its time by the
        wall: where that says more it counts, so it serves what may come too soon, never what must have passed.
        """
        now_s = asyncio.get_running_loop().time()
        if n in self._written_s:
            return now_s - self._written_s[n]
        by_wall_s = (now() - datetime.fromisoformat(at)).total_seconds() if at else 0.0
        return max(now_s - self.taken_s, by_wall_s)

    def values(self, bound: Bound | None = None) -> Values:
        """What expressions see now: those of the playbook, or of the sub-playbook that a step stands in."""
        return seeing.values(self, bound)

    def ask(self, bound: Bound, key: Asked, item: object = None, values: Values | None = None) -> bool | Doubt:
        """Answer a condition of a step; what has none is never held up by it: a macro's part has none."""
        if bound.fixed is not None or bound.sweep is not None:
            return True
        return bound.book.ask(bound.step.id, key, values or self.values(bound), item)

    def standings(self) -> list[Standing]:
        """How each step stands, as the judge wants it."""
        found = []
        for name, bound in self.bound.items():
            if bound.kind == "group":
                continue
            view = self.views[name]
            state, why = view.state, view.why
            if state == "closed" and self.stale(name):
                state, why = "unknown", "listed before its block had settled"
            if state == "closed" and bound.given and bound.kills and not bound.step.given_is_all:
                state, why = "unknown", "nobody says that the given list is complete (given_is_all)"
            empty = bound.many and bound.action is not None and state == "closed" and view.found == 0
            empty = empty and not bound.step.may_be_empty
            until = self.residual_until(name) if state == "closed" else ""
            found.append(Standing(name, view.foothold, bound.does, state, why, empty, until))
        return found

    def residual_s(self, step: str) -> float:
        """For how many seconds more something that this step ended lives on; 0: nothing does.

        By this process's own clock where it proved the end itself. What another process proved goes by the record's
        times: only they survive it.
        """
        action = self.every[step].action
        if action is None or not action.residual_s:
            return 0.0
        ended = [effect for effect in self.run.of_step(step) if effect.closed]
        ages = [
            self.elapsed_s(effect.n) if effect.n in self._written_s
            else (now() - datetime.fromisoformat(effect.settled_at)).total_seconds()
            for effect in ended
        ]  # fmt: skip
        return max((action.residual_s - age for age in ages), default=0.0)

    def residual_until(self, step: str) -> str:
        """The same as a time of the record; "" where nothing lives on."""
        left_s = self.residual_s(step)
        return at(int((now().timestamp() + left_s) * 1_000_000)) if left_s > 0 else ""

    def stale(self, step: str) -> bool:
        """Its newest listing began before the newest settled block of its foothold: a token may have slipped in."""
        listing = self.run.listings.get(step)
        return listing is not None and listing.after < self.block_settled_at(self.views[step].foothold)

    def block_settled_at(self, foothold: str | None) -> int:
        """Journal position of the newest settled block of a foothold; 0 without one."""
        blocks = {
            name for name, bound in self.bound.items()
            if bound.action is not None and "blocks-reissue" in bound.does and foothold is not None and self.views[name].foothold == foothold
        }  # fmt: skip
        return max((effect.n for effect in self.run.effects.values() if effect.step in blocks), default=0)

    def verdict(self) -> Verdict:
        """The word as things stand."""
        return judge(self.needs, self.standings(), self.aside)

    async def until(self, event: asyncio.Event, timeout_s: float | None = None) -> bool:
        """Wait for an event; False when the run is over first, or the time is up."""
        waiters = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self.over.wait())]
        try:
            await asyncio.wait(waiters, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
        return event.is_set() and not self.over.is_set()

    def may_send(self) -> bool:
        """Nothing new is started once the run is over, or while its lease is not sure for the longest request."""
        return not self.over.is_set() and self.lease is not None and self.lease.good(margin_s=10)

    async def finish(self, *drafts: Draft, unlock: bool) -> None:
        """Journal the last events and let the run rest."""
        if self.lease is not None:
            if drafts:
                await self.note(*drafts)
            await self.journal.release(self.lease, unlock=unlock)

    async def hang_up(self) -> None:
        """Close the connections."""
        for link in self.links.values():
            await link.wire.close()

    def break_off(self, error: BaseException) -> None:
        """The journal cannot be written, or the run is somebody else's now: nobody may go on."""
        self.broken = self.broken or error
        self.over.set()

    async def keep_secret(self, answer: Answer, secret: Secret) -> None:
        """Seal a secret that a read rotated, before anything else is done with it."""
        body = {"field": answer.field, "replaces": answer.replaces.fingerprint, "fingerprint": secret.fingerprint}
        await self.note(Draft("rotated", body), sealed=[seal_of(secret)])
        self.secrets[secret.fingerprint] = secret


def seal_of(secret: Secret) -> Seal:
    """A secret as the journal seals it, under its fingerprint."""
    return Seal(f"secret/{secret.fingerprint}", secret.reveal().encode())


Step = Callable[[], Awaitable[None]]
Around = Callable[[str, Step], Awaitable[None]]
