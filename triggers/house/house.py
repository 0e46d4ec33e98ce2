"""The house: plan, start, say, look on. One object for all ways in of one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from triggers.house import alone, opening, saying
from triggers.house.model import Asked, Became, Put, Refused, Shown, Started, What
from triggers.house.tail import Tail

if TYPE_CHECKING:
    from engine.recover import Wanted
    from flows.around import What as Phase
    from inventory.proof import How, Sayer
    from inventory.read import Inventory
    from journal.event import Event
    from journal.replay import Run
    from journal.rows import RunRow
    from journal.store import Journal
    from triggers.house.ours import Ours
    from triggers.house.work import RunWork


class Workers(Protocol):
    """Carries runs out in this process (`triggers.serve.workers`)."""

    async def begin(self, work: RunWork, phase: Phase) -> None:
        """Open a run and carry it out; where there is no room, leave it to whoever has."""


Herald = Callable[[str, str, Sequence[str], Sequence[str]], Awaitable[bool]]
"""Says something where responders are, once by its key: what it is of, lines, and the connections that it is about. Whether
it stands there, or must not."""


class House:
    """What every way in shares.

    Attributes:
        journal: the record. state: the state folder.
        sandbox: whether it is the practice company's: runs are drills.
        workers: who carries runs out here; None: whoever else sweeps the journal.
        draining: it ends; nothing new is taken.
        heralds: ways to say what no run says: of an alert that no plan could be made for.
        tell: hears sentences for the log of this process; no secret is in them.
    """

    def __init__(
        self, inventory: Inventory, journal: Journal, state: Path, *, sandbox: bool = False, ours: Ours | None = None,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:  # fmt: skip
        """Hold what all of it is about; nothing is opened or asked. `ours`: reads the inventory anew when it changes."""
        self.journal, self.state, self.sandbox, self.tell = journal, state, sandbox, tell
        self.workers: Workers | None = None
        self.draining = False
        self.heralds: list[Herald] = []
        self._inventory, self._ours = inventory, ours
        self._tail = Tail(journal)
        self._beside: set[asyncio.Task[Any]] = set()

    @property
    def inventory(self) -> Inventory:
        """What is ours, as it is configured now."""
        return self._ours.now() if self._ours is not None else self._inventory

    @property
    def wrong(self) -> str:
        """Why the configuration as it lies there now cannot be used; "" where it can."""
        return self._ours.wrong if self._ours is not None else ""

    def who(self, *, token: str = "", account: str = "", how: How = "token", os: str = "") -> Sayer | None:
        """Whoever a proof is of: their token, or an account that a way in has proven (`slack:T1/U2`); None: nobody's.

        `how`: what proved the account: `slack`, `passkey`, `totp`; it stands in the record. Roles are those of
        ringfence.yaml and no others. An account `person:ben` is ben himself, for what is kept by person (a passkey).
        """
        from inventory.proof import of_account, of_person, of_token

        inventory = self.inventory
        people = inventory.config.people
        if token:
            return of_token(people, inventory.resolve, token, os)
        kind, _, person = account.partition(":")
        return of_person(people, person, how, os) if kind == "person" else of_account(people, account, how, os)

    async def plan(self, asked: Asked) -> Shown:
        """Look, and say what would be done now. It is in the journal as a dry run; nothing is sent.

        Raises Refused, and the engine's NothingSeen where no look came through.
        """
        await self._open_for(asked.by, "plan")
        inventory = await asyncio.to_thread(lambda: self.inventory)
        run = await opening.planned(asked, inventory, self.journal, self.state, self.tell)
        return opening.scoped(run)

    async def start(self, asked: Asked, shown: Shown | str | None = None) -> Started:
        """Open the run and have it carried out: what can be undone begins at once.

        Where a plan was `shown` (it, or its scope hash), it is looked again first: another scope raises Differs, and
        nothing was done.
        Raises Refused; NothingSeen where a plan was shown and nothing can be looked at any more.
        """
        from journal.errors import Busy

        await self._open_for(asked.by, "start")
        if (busy := await asyncio.to_thread(self._at_it, asked)) is not None:
            return busy
        inventory = await asyncio.to_thread(self._ready)
        mode = "drill" if self.sandbox else "live"
        prepared = await asyncio.to_thread(opening.fitted, asked, mode, inventory, self.journal)
        if asked.by_alert and (why := alone.why_not(prepared)):
            await opening.hang_up(prepared)
            raise Refused(why, "not-by-itself")
        scope = shown.scope_hash if isinstance(shown, Shown) else shown or ""
        work = opening.new_work(prepared, self.journal, self.state, self.tell, url=await self._url(), scope=scope)
        try:
            await self._begin(work, "contain")
        except Busy as busy_:
            return Started("", busy=busy_.run)
        run = await self.run(work.run)
        return Started(run.id, run.incident, mode)

    async def say(
        self, run: str, what: What, sayer: Sayer | None, *, scope_hash: str = "", wall: str | None = None,
        shown: str = "", reason: str = "", about: str = "", code: str = "", glass: bool = False, hot: bool = False,
    ) -> Became:  # fmt: skip
        """Take in what a person says of a run. What does not count does nothing, is recorded, and says why.

        `shown`: digest of what they were shown. `about`: for attest, retry and tick, the step or effect; for note, its text
        is the `reason`. `code`: a sealed code as it was typed. `glass`, `hot`: open the wall alone, by these rules.
        Raises Refused, and the journal's sentences (IncidentClosed, NoKey, JournalFailed).
        """
        found = await self._mine(run)
        await asyncio.to_thread(self.journal.need_names, found.incident)
        word = saying.Word(run, what, sayer, scope_hash, wall, shown, reason, about, code.strip(), glass=glass, hot=hot)
        inventory = await asyncio.to_thread(lambda: self.inventory)
        if what in {"note", "stop", "attest", "retry", "tick"} and (why := _no_role(sayer)):
            return await saying.turned_away(word, self.journal, "no_role", why)
        became = await saying.take(word, self.journal, inventory)
        self._do_beside(self._carried_outside(run, inventory))
        if became.opened and (glass or hot):
            self._do_beside(self._told_of_glass(found, inventory))
        return became

    async def resume(self, run: str, by: Sayer) -> Started:
        """Go on with a run that was stopped, waits, or was let go. Raises Refused where it cannot."""
        await self._open_for(by, "resume", run)
        found = await self._mine(run)
        if not found.opened.get("text") or found.opened.get("mode") == "dry-run":
            raise Refused(f"Run {run} only looked: there is nothing to go on with.", "not-now")
        why = "taken over" if found.left else "resumed"
        work = await self.work_of(found, why=why, resting=True, beforehand=True)
        return await self._taken(work, found, "recover" if found.recovers else "contain")

    async def take(self, run: str) -> Started:
        """Take up at once a run that was let go: whoever has room would do so by itself. Asks for no authority."""
        self._still_open()
        found = await self._mine(run)
        if not found.left:
            raise Refused(f"Run {run} was not let go ({found.word}): there is nothing to take up.", "not-now")
        work = await self.work_of(found, why="taken over", resting=True, beforehand=True)
        return await self._taken(work, found, "recover" if found.recovers else "contain")

    async def recover(self, run: str, by: Sayer, *, leave: Sequence[str] = ()) -> Started:
        """Give back what a run switched off and was clean before; the recovery's own wall asks people."""
        from engine.recover import Wanted

        await self._open_for(by, "recover", run)
        found = await self._mine(run)
        if not found.opened.get("text") or found.opened.get("mode") == "dry-run":
            raise Refused(f"Run {run} only looked: there is nothing to give back.", "not-now")
        if found.word in {"running", "held", "contested"} or not found.planned or found.left:
            raise Refused(f"Run {run} is not through ({found.word}): resume it first.", "not-now")
        wanted = Wanted(by.by, leave=frozenset(leave))
        work = await self.work_of(found, why=wanted.why, resting=True, beforehand=False, wanted=wanted)
        return await self._taken(work, found, "recover")

    async def run(self, run: str) -> Run:
        """A run as the journal has it now. Raises Refused(`unknown-run`)."""
        from journal.replay import replay

        return replay(await self._events(run))

    async def runs(self) -> list[RunRow]:
        """All runs, newest first."""
        return await asyncio.to_thread(self.journal.runs)

    async def facts(self, run: str) -> dict[str, Any]:
        """What `ringfence status RUN --json` says."""
        from journal.replay import replay
        from reports.summary import summary

        events = await self._events(run)
        return summary(replay(events), events=events)

    async def asks(self, run: str, wall: str | None = None) -> Put | None:
        """The question of a wall (without one, the newest) as people are shown it; None: nothing is asked."""
        found = await self.run(run)
        inventory = await asyncio.to_thread(lambda: self.inventory)
        return await asyncio.to_thread(saying.asked, found, wall, self.journal, inventory)

    def changes(self, run: str) -> AsyncIterator[Run]:
        """The folded run: as it is, then each time that it moved. Ends once the run has ended for good, or we do.

        What is given is the same object again, filled further: read it before the next one is waited for.
        """
        return self._tail.changes(run)

    async def work_of(
        self, run: Run, *, why: str, resting: bool, beforehand: bool, wanted: Wanted | None = None
    ) -> RunWork:
        """The work of a run of ours that is taken up again: see `opening.old_work`."""
        inventory = await asyncio.to_thread(lambda: self.inventory)
        return opening.old_work(
            run, inventory, self.journal, self.state, self.tell, url=await self._url(), why=why, resting=resting,
            beforehand=beforehand, wanted=wanted,
        )  # fmt: skip

    def is_ours(self, run: Run) -> bool:
        """Whether a run was opened with this very configuration, and not on another company."""
        mode, config = run.opened.get("mode"), run.opened.get("config")
        return mode == "dry-run" or (config == str(self._inventory.path) and (mode == "drill") == self.sandbox)

    async def end(self, within_s: float = 2.0) -> None:
        """Let everybody go who looks on, and wait a moment for what is told and carried outside."""
        self._tail.end()
        if self._beside:
            await asyncio.wait(self._beside, timeout=within_s)

    def _ready(self) -> Inventory:
        return self._ours.now(contains=True) if self._ours is not None and self.sandbox else self.inventory

    async def _events(self, run: str) -> list[Event]:
        events = await asyncio.to_thread(self.journal.events, run)
        if not events:
            raise Refused(f"There is no run {run[:60]!a} in this journal.", "unknown-run")
        return events

    async def _mine(self, run: str) -> Run:
        found = await self.run(run)
        if not self.is_ours(found):
            raise Refused(
                f"Run {run} was opened with another configuration ({found.opened.get('config')}) than this service's:"
                " use the command line there.",
                "not-ours",
            )
        return found

    async def _open_for(self, by: Sayer, what: str, run: str = "") -> None:
        self._still_open()
        inventory = await asyncio.to_thread(lambda: self.inventory)
        if by.how == "alert" and what in {"plan", "start"}:
            return  # what it may start is judged when it is fitted: `alone`
        if (by.proven or (not self.sandbox and inventory.config.people)) and (why := _no_role(by)):
            await saying.not_theirs(self.journal, by.by, what, why, run)
            raise Refused(f"{why} Nothing was done.", "no-role")

    def _still_open(self) -> None:
        if self.draining:
            raise Refused("This service is ending and takes nothing new: ask again in a moment.", "not-now")

    def _at_it(self, asked: Asked) -> Started | None:
        """The run that is at an integration that is named here, where one is: told before anything is fitted."""
        named = {value for value in asked.inputs.values() if isinstance(value, str)} & set(self.inventory.integrations)
        row = next((row for row in self.journal.runs() if row.lock in named), None)
        return Started("", busy=row.run, incident=row.incident) if row is not None else None

    async def _begin(self, work: RunWork, phase: Phase) -> None:
        if self.workers is not None:
            await self.workers.begin(work, phase)
        else:
            await work.open()
            await work.leave()

    async def _taken(self, work: RunWork, found: Run, phase: Phase) -> Started:
        from engine.bound import NotBound
        from inventory.read import BadInventory
        from journal.errors import Held

        try:
            await self._begin(work, phase)
        except Held:
            return Started("", found.incident, busy=found.id)
        except (NotBound, BadInventory) as error:
            raise Refused(str(error), "not-fitting") from None
        return Started(found.id, found.incident, str(found.opened.get("mode", "")))

    async def _url(self) -> str:
        """Where the practice company is; "" for a live house."""
        if not self.sandbox:
            return ""
        from triggers.cli.company import running

        handshake = await asyncio.to_thread(running, self.state)
        return str(handshake["url"]) if handshake is not None else ""

    def _do_beside(self, doing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(doing)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _carried_outside(self, run: str, inventory: Inventory) -> None:
        """Carry the head of the run outside: nobody may be at the run to do so."""
        from triggers.cli.anchoring import anchorer

        anchors = anchorer(self.journal, inventory, self.tell, run)
        anchors.start()
        await anchors.end()

    async def _told_of_glass(self, run: Run, inventory: Inventory) -> None:
        from engine.telling import told

        if drafts := await told(inventory, run, "break-glass"):
            await self.journal.say(run.id, drafts)


def _no_role(sayer: Sayer | None) -> str:
    """Why somebody may not act on runs; "" where they may, or where nobody knows who they are."""
    if sayer is None or sayer.roles & opening.STARTERS:
        return ""
    if not sayer.person:
        return f"{sayer.by or 'Nobody by name'} has no role in the configuration: say who you are with your own token."
    return f"{sayer.name} is {' and '.join(sorted(sayer.roles))}: this is for responders, approvers and commanders."
