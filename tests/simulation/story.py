"""One seed's story: the company, its attacker, the people, and every process of ours, until the last word is spoken."""

import asyncio
import contextvars
from dataclasses import dataclass, replace

from engine.contain import contain
from engine.opening import Order, prepare, reopen
from engine.plan import NothingSeen
from engine.recover import Wanted, recover
from journal.clock import clock
from journal.errors import JournalError, LeaseLost
from journal.event import Draft
from journal.proof.verify import verify_url
from journal.replay import replay
from tests.simulation import ours
from tests.simulation.disk import Dies, Disk
from tests.simulation.loop import Loop, Process, Stuck, TheirClock
from tests.simulation.net import Net
from tests.simulation.weather import draw
from tests.simulation.world import Attacker, World
from triggers.cli.work import RESTS

LIMIT_S = 300.0
"""Seconds after the weather has calmed within which a story must have ended."""
LOOKS_ON_S = 12.0
"""For so long the attacker goes on trying after the last word."""
STOP_S = 4.0
"""Seconds within which a stop is heard by a process that is not frozen, on a disk that is not slow."""
ENDS = frozenset({"contained", "nothing-found"})


class Desk:
    """A person at the wall: answers late, or no, or is not there."""

    attended = False

    def __init__(self, story, process):
        self._story, self._process = story, process

    async def ask(self, wall, role, shown):
        w, d = self._story.weather, self._story.people
        draw_, wait_s = d.random(), d.uniform(*w.approve_after)
        self._story.trace(f"{self._process} asks {wall}")
        if draw_ < w.nobody and self._story.loop.time() < w.calm_at:
            return "nobody", "", ""
        await asyncio.sleep(wait_s)
        answer = "no" if d.random() < w.no and self._story.loop.time() < w.calm_at else "yes"
        return answer, f"person:{role}", "by voice"

    def changed(self, run):
        pass

    def say(self, line):
        self._story.said.append(line)


@dataclass
class Ended:
    """How a process of ours ended."""

    process: Process
    run: str
    word: str
    error: BaseException | None = None


class Story:
    """The story of one seed. `run()` tells it; the oracle reads it afterwards."""

    def __init__(self, seed):
        self.weather = draw(seed)
        self.lines = []
        self.loop = Loop()
        self._people_here = contextvars.copy_context()
        for context in (self._people_here, self.loop.outside):
            context.run(clock.set, TheirClock(self.loop, 0.0))
        self.people = self.weather.dice("people")
        self.fates = self.weather.dice("fates")
        self.disk = self._people_here.run(Disk, self.weather, self.loop, self.trace)
        self.world = World(self.weather, self.loop, self.trace)
        self.attacker = Attacker(self.world, self.loop, self.trace)
        self.net = Net(self.world, self.loop, self.trace)
        self.processes = []
        self.ended = []
        self.said = []
        self.runs = []
        self.wrong = []
        self.contained_at = None
        self.open_at_word = []
        self.recovering_at = None
        self.stopped = []
        self.freezes = 0
        self.fences = {}
        self._intents = 0
        self._woken = []
        self.disk.listeners.append(self._hears)
        self._event_crashes = [c for c in self.weather.crashes if c[0].endswith("_event")]

    def trace(self, line):
        self.lines.append(f"{self.loop.time():9.4f} {line}")

    def _hears(self, event):
        """A word became durable: what is truly open at this very instant?"""
        if event.type == "opened":
            self.runs.append(event.run)
        if event.type == "intended":
            self._sleep_at_intent(event)
        if event.type == "planned":
            self.world.known_shut |= {row["id"] for row in event.body["steps"] if row["held"]}
        if event.type == "worded" and event.body["word"] == "contained":
            if self.contained_at is None:
                self.contained_at = self.loop.time()
            for what in self.world.open_footholds():
                self.wrong.append(f"promise 1: {event.run} says contained (event {event.n}) and {what}")
            self.attacker.try_all()

    # processes

    def _spawn(self, name, coro_of):
        process = Process(self.loop, f"{name}.{len(self.processes) + 1}", self.weather.off_s if self.processes else 0.0)
        self.processes.append(process)
        self.trace(f"{process} begins")
        process.mourners.append(self._verify_at)
        process.start(coro_of(process))
        return process

    def _verify_at(self, process):
        """The record is whole at the very moment of a death."""
        self.loop.later(0, lambda: self.wrong.extend(f"record: {broken}" for broken in verify_url(self.disk.url)))

    def _kill_of(self, process):
        if not self._event_crashes or self.loop.time() > self.weather.calm_at:
            return None
        kind, count = self._event_crashes.pop(0)
        return Dies(kind.removesuffix("_event"), count, process)

    async def _carry(self, process, run, opening, doing):
        """One process from its opening to its end, as the command line carries a run."""
        journal = self.disk.journal(self._kill_of(process))
        live, word, failure = None, "", None
        try:
            live = await opening(journal)
            self.fences[process.name] = (live.run.id, live.lease.fence)
            run = live.run.id
            try:
                word = await doing(live)
                await live.finish(Draft("ended", {"word": word}), unlock=word not in RESTS)
            except NothingSeen as error:
                word = "refused"
                await live.finish(Draft("worded", {"word": "refused", "footholds": {}, "why": str(error)}), unlock=True)
            finally:
                await live.hang_up()
        except JournalError as error:
            failure = error
        except Exception as error:
            failure = error
            self.wrong.append(f"a fault of ours: {process} ended with {type(error).__name__}: {error}")
        if live is not None and failure is None:
            self._compare(live)
        if live is not None and failure is not None:
            await self._stale(journal, live, process)
        journal.close()
        self.ended.append(Ended(process, run, word, failure))
        self.trace(f"{process} ends: {run} {word} {type(failure).__name__ if failure else ''}")

    def _compare(self, live):
        recorded = replay(self.disk.reader.events(live.run.id)[: live.run.n])
        if recorded != live.run:
            self.wrong.append(f"replay: the state of {live.run.id} is not what its events fold to")

    async def _stale(self, journal, live, process):
        """Whoever lost its lease tries to write all the same: it must be refused."""
        fence = self.disk.fence_of(live.run.id)
        if live.lease is None or fence == live.lease.fence:
            return
        try:
            await journal.append(live.lease, [Draft("noted", {"text": "stale"})])
        except LeaseLost:
            return
        except JournalError:
            return
        self.wrong.append(f"fence: {process} wrote to {live.run.id} under fence {live.lease.fence}, it is at {fence}")

    def order(self, name):
        """`ringfence contain`: a new run."""
        run = f"R-{self.weather.seed}-{len(self.processes) + 1}"

        async def around(step, doing):
            await doing()

        def coro(process):
            order = Order(ours.playbook(), ours.PLAYBOOK.name, {"integration": "drift"}, "live", "person:a", "stolen")

            async def opening(journal):
                prepared = replace(prepare(ours.inventory(), order, opener=self.net.opener(process)), run=run)
                return await prepared.begin(journal, Desk(self, process))

            return self._carry(process, run, opening, lambda live: contain(live, around))

        return self._spawn(name, coro)

    def resume(self, run, wanted=None):
        """`ringfence resume`, or `recover` where it is wanted or was begun."""

        async def around(step, doing):
            await doing()

        def coro(process):
            state = replay(self.disk.reader.events(run))
            why = wanted.why if wanted is not None else state.leased_why if state.recovers else "resumed"

            async def opening(journal):
                return await reopen(
                    journal, ours.inventory(), run, Desk(self, process), why=why, opener=self.net.opener(process)
                )

            async def doing(live):
                recovers = wanted is not None or live.run.recovers
                return await (recover(live, around, wanted) if recovers else contain(live, around))

            return self._carry(process, run, opening, doing)

        return self._spawn("recover" if wanted else "resume", coro)

    # what happens by itself

    def _alive(self):
        return [process for process in self.processes if not process.over]

    def _plan_misfortunes(self):
        w = self.weather
        for kind, at in w.crashes:
            if kind == "any":
                self.loop.later(at, self._kill_any)
        for at, for_s in w.freezes:
            self.loop.later(at, self._freeze_any, for_s)
        for at, by_s in w.jumps:
            self.loop.later(at, self._jump_any, by_s)

    def _kill_any(self):
        if (alive := self._alive()) and self.loop.time() < self.weather.calm_at:
            process = self.fates.choice(alive)
            self.trace(f"{process} is killed")
            process.kill()

    def _freeze_any(self, for_s):
        alive = [process for process in self._alive() if not process.frozen]
        if alive:
            process = self.fates.choice(alive)
            self._freeze(process, for_s)

    def _freeze(self, process, for_s):
        self.trace(f"{process} is frozen for {for_s}")
        process.freeze()
        self.freezes += 1
        self._woken.append(self.loop.time() + for_s)
        self.loop.later(for_s, self._thaw, process)

    def _sleep_at_intent(self, event):
        self._intents += 1
        for count, for_s in self.weather.sleeps:
            process = next((p for p in self._alive() if self.fences.get(p.name) == (event.run, event.fence)), None)
            if count == self._intents and process is not None and not process.frozen:
                self._freeze(process, for_s)

    def _thaw(self, process):
        self.trace(f"{process} wakes")
        process.thaw()

    def _jump_any(self, by_s):
        if alive := self._alive():
            process = self.fates.choice(alive)
            process.clock.off_s += by_s
            self.trace(f"the wall clock of {process} jumps by {by_s}")

    # the people, and what watches over the runs

    async def _tell(self):
        w, d = self.weather, self.people
        self.attacker.start()
        self._plan_misfortunes()
        await asyncio.sleep(d.uniform(0.5, 3))
        self.order("contain")
        if w.doubles:
            await asyncio.sleep(d.choice((0.0, 0.01, 0.4)))
            self.order("contain")
        if w.stop_at:
            self.loop.later(w.stop_at, self._stop)
        if (run := await self._until_word()) is None:
            return
        await asyncio.sleep(LOOKS_ON_S)
        self._no_success_since_the_word()
        if w.recovers and self._state(run).word == "contained":
            await self._recover(run)

    def _state(self, run):
        return replay(self.disk.reader.events(run))

    def _stop(self):
        for row in self.disk.reader.runs():
            if row.alive and self.loop.time() < self.weather.calm_at:
                self.trace(f"a person stops {row.run}")
                fence = self.disk.fence_of(row.run)
                if self.disk.stop(row.run):
                    until = max([self.loop.time(), *self._woken]) + STOP_S
                    self.stopped.append((self.loop.time(), row.run, fence, until))

    async def _until_word(self):
        """Resume what lapsed, go on with what rests, begin anew what ended badly; The run that came to a good word."""
        d = self.people
        while self.loop.time() < self.weather.calm_at + LIMIT_S:
            await asyncio.sleep(d.uniform(0.8, 2.8))
            try:
                rows = self.disk.reader.runs()
            except JournalError:
                continue
            if good := [row.run for row in rows if self._good(row)]:
                return good[0]
            self._nudge(rows)
        self.wrong.append(f"liveness: no good word by second {self.loop.time():.0f}: {self._words()}")
        return None

    def _good(self, row):
        return row.latest == "ended" and self._state(row.run).word in ENDS and row.owner is None

    def _nudge(self, rows):
        working = [p for p in self._alive() if not p.frozen]
        locked = [row for row in rows if row.lock is not None]
        for row in locked:
            if row.owner is not None and not row.alive or row.owner is None and self.people.random() < 0.5:
                self._resume_once_or_twice(row.run)
        if not locked and not working:
            self.order("contain")

    def _resume_once_or_twice(self, run):
        self.resume(run)
        if self.weather.doubles:
            self.resume(run)

    def _no_success_since_the_word(self):
        after = [s for s in self.attacker.successes if self.contained_at is not None and s.at >= self.contained_at]
        for success in after[:3]:
            self.wrong.append(
                f"promise 1: the attacker {success.what} at {success.at:.2f}, {success.at - self.contained_at:.2f} s after the word"
            )

    async def _recover(self, run):
        """Next day: secrets are rotated, and what was clean is given back."""
        self.world.rotated = True
        self.recovering_at = self.loop.time()
        ends = self.loop.time() + LIMIT_S
        self.resume(run, Wanted("person:b", yes=True))
        while self.loop.time() < ends:
            await asyncio.sleep(2.0)
            try:
                rows = {row.run: row for row in self.disk.reader.runs()}
            except JournalError:
                continue
            row, state = rows[run], self._state(run)
            if row.owner is not None and not row.alive:
                self.resume(run)
            elif row.owner is None and not self._alive():
                if state.word == "recovered":
                    self._given_back()
                    return
                self.resume(run, Wanted("person:b", yes=True))
        self.wrong.append(f"liveness: not recovered by second {self.loop.time():.0f}: {self._words()}")

    def _given_back(self):
        """Promise 5: what was clean is as it was, and what was shut before anybody came is not opened."""
        for name, was, now in zip(
            ("client", "user", "path"), self.world.before, self.world.settings_to_come(), strict=True
        ):
            if was != now and name not in self.world.untold:
                self.wrong.append(f"promise 5: after the recovery the {name} is {now}; it was {was}")

    def _words(self):
        return {run: [e.body["word"] for e in self._state(run).words] for run in self.runs}

    def people_say(self, judge):
        """Judge it, by the people's clock."""
        try:
            return self._people_here.run(judge, self)
        except Exception as error:
            return [*self.wrong, f"the record does not read in the end: {type(error).__name__} {error}"]

    def run(self):
        """Tell it from its beginning to its end."""
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self.loop.create_task(self._tell(), context=self._people_here))
        except Stuck as stuck:
            self.wrong.append(f"stuck at second {self.loop.time():.2f}: {stuck}")
        except Exception as error:
            self.wrong.append(
                f"the record does not read at second {self.loop.time():.2f}: {type(error).__name__} {error}"
            )
        return self

    def end(self):
        """Leave nothing behind that could act later."""
        self.loop.end()
        self.disk.end()
        asyncio.set_event_loop(None)
