"""One run as this process carries it out: opened once, brought to an end or let go, always with that in the journal."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from journal.replay import RESTS

if TYPE_CHECKING:
    from engine.past import Past
    from engine.recover import Wanted
    from engine.state import Around, Desk, Live
    from engine.telling import Give
    from inventory.read import Inventory
    from journal import Journal
    from journal.replay import Run

    class Seat(Desk, Protocol):
        """The desk of a run, and what is drawn there from its beginning to its end."""

        def start(self, run: Run) -> None:
            """Begin to draw."""

        def end(self) -> None:
            """Take the drawing away."""


EXIT = {
    "contained": 0, "recovered": 0, "dry-run": 0, "planned": 0, "waiting": 3, "objected": 3, "expired": 3,
    "held": 0, "closing": 0, "stopped": 130,
}  # fmt: skip
"""What a command says of a word by its exit code; 2 for every other."""


class LetGo(Exception):
    """The run was let go: it rests, and whoever has room goes on with it."""


@dataclass
class RunWork:
    """A run on its way, as flows know it (`flows.around.Work`).

    Attributes:
        opening: opens the run or takes it up again, once, when the work begins or `open` is called.
        state: the state folder, for evidence and reports.
        wanted: the recovery that was ordered now; None goes on with the one before.
        sandbox_url: where the practice company is; "" in a live run.
        inventory: where heads of the record are carried, and who signs them.
        past: what was there before the attacker, for a recovery.
        over: it came to its end or its rest, whatever stands round it and is not through yet.
    """

    run: str
    journal: Journal
    desk: Seat
    opening: Callable[[], Awaitable[Live]]
    state: Path
    wanted: Wanted | None = None
    sandbox_url: str = ""
    inventory: Inventory | None = None
    live: Live | None = None
    report: Path | None = None
    calls: dict[str, Any] = field(default_factory=dict)
    past: Past | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self) -> Live:
        """Open it, or take it up, now; once."""
        if self.live is None:
            self.live = await self.opening()
        return self.live

    async def contain(self, around: Around) -> str:
        """Contain; the run's word."""
        from engine.contain import contain

        return await self._carry(lambda live: contain(live, around))

    async def recover(self, around: Around) -> str:
        """Recover; the run's word."""
        from engine.recover import recover

        return await self._carry(lambda live: recover(live, around, self.wanted))

    async def plan(self, word: str) -> str:
        """Look, journal the plan, and end with `word` (planned, dry-run)."""
        from engine.plan import plan
        from journal.event import Draft

        async def only(live: Live) -> str:
            live.planned = await plan(live)
            await live.note(Draft("worded", {"word": word, "footholds": {}, "why": "looked only; nothing was sent"}))
            return word

        return await self._carry(only)

    def let_go(self) -> None:
        """End the round that is in flight, start nothing new, and leave the run to whoever goes on with it."""
        if self.live is not None:
            self.live.break_off(LetGo())
            self.live.moved.set()

    async def leave(self, why: str = "opened; nobody here had room for it") -> None:
        """Leave a run that is open and that this process is not at: another goes on with it, or this one later.

        Who ordered a recovery that was not begun is recorded first: whoever goes on with it must know.
        """
        assert self.live is not None
        ordered = self.wanted is not None and "recover" not in self.live.run.orders
        try:
            drafts = [_ordered(self.wanted)] if ordered and self.wanted is not None else []
            await self.live.finish(*drafts, _left(why), unlock=False)
        finally:
            await self.live.hang_up()

    def heard(self, _live: Live) -> AbstractContextManager[None]:
        """What listens to this process's own signals while the run is carried out: nothing does."""
        return contextlib.nullcontext()

    def _give(self) -> Give | None:
        """What makes links for whoever is told that this run waits for them."""
        from triggers.page.giving import giver

        assert self.inventory is not None
        return giver(self.journal, self.inventory, self.state, sandbox=bool(self.sandbox_url))

    async def _carry(self, doing: Callable[[Live], Awaitable[str]]) -> str:
        from engine.plan import NothingSeen
        from engine.telling import Teller
        from journal.event import Draft
        from triggers.cli.anchoring import anchorer

        live = await self.open()
        anchors = anchorer(self.journal, self.inventory, self.desk.say, live.run.id)
        anchors.start()
        live.past = self.past
        live.keeper = partial(keep_evidence, self.state, live.run.id)
        teller = Teller(self.inventory, live.note, self._give()) if self.inventory is not None else None
        live.tell = teller.word if teller is not None else live.tell
        self.desk.say(f"Run {live.run.id}, incident {live.run.incident}, {live.run.opened['mode'].upper()}")
        self.desk.start(live.run)
        try:
            with self.heard(live):
                word = await doing(live)
            if teller is not None:
                await teller.end()  # bounded by each channel's own time; who was told belongs into the record
            await self._ended(live, word)
        except LetGo:
            await live.finish(_left("its process ends; another goes on"), unlock=False)
            word = live.run.word
        except NothingSeen as error:
            refused = Draft("worded", {"word": "refused", "footholds": {}, "why": str(error)})
            await live.finish(refused, unlock=True)
            raise
        finally:
            self.desk.end()
            await live.hang_up()
            await anchors.end()
        self.over.set()
        return word

    async def _ended(self, live: Live, word: str) -> None:
        from journal.event import Draft

        body: dict[str, Any] = {"word": word}
        if self.sandbox_url:
            self.calls = body["attacker"] = await asyncio.to_thread(self._attacker, live)
        await live.finish(Draft("ended", body), unlock=word not in RESTS)
        from reports.after_action import write

        events = self.journal.events(live.run.id)
        page = self.state / "reports" / f"{live.run.id}.html"
        try:
            self.report = await asyncio.to_thread(write, live.run, events, page, key=self.key)
        except Exception as error:  # noqa: BLE001  # the word is true without its page: it must be told all the same
            self.desk.say(f"The page {page} could not be written ({type(error).__name__}). The journal has the record.")

    @property
    def key(self) -> str:
        """The id of the key that signs heads, for people to compare; "" where there is none."""
        from journal import NoKey
        from triggers.cli.place import open_signer

        try:
            return open_signer(self.inventory).id
        except NoKey:
            return ""

    def _attacker(self, live: Live) -> dict[str, int]:
        from triggers.cli.company import attacker_calls
        from triggers.cli.place import Refused

        try:
            asked = attacker_calls(self.sandbox_url, live.run.opened_at)
            word_at = live.run.words[-1].at if live.run.words else live.run.at
            after = attacker_calls(self.sandbox_url, word_at)
        except Refused:
            return {}
        return {
            "after_command": asked["successes"], "after_word": after["successes"],
            "refused_after": asked["attempts"] - asked["successes"],
        }  # fmt: skip


def _ordered(wanted: Wanted) -> Any:
    from journal.event import Draft, Private

    by = Private(wanted.by)
    return Draft("ordered", {"phase": "recover", "by": by, "yes": wanted.yes, "leave": sorted(wanted.leave)})


def _left(why: str) -> Any:
    from engine.visits import LEFT
    from journal.event import Draft

    return Draft(LEFT, {"why": why})


def keep_evidence(state: Path, run: str, name: str, data: bytes) -> str:
    """Keep evidence of a run in the state folder, readable by its owner and writable by nobody; give the file."""
    folder = state / "evidence" / run
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / name
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as kept:
        kept.write(data)
        kept.flush()
        os.fsync(kept.fileno())
    return f"evidence/{run}/{name}"
