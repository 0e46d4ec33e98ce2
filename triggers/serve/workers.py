"""Warm workers: runs carried out side by side in this process, and what nobody owns taken up within a fraction of a second.

Which runs those are, and when, are the supervisor's rules (`engine.supervise`). A run of another configuration, or of
another company, is carried on in a process of its own: production and practice never meet in one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.supervise import REFUSED, Did, GaveUp, Supervisor, Taken
from journal.errors import Held, JournalError, LeaseLost, Rested
from triggers.cli.supervise import in_a_process, paging, sandbox_gone, sentence
from triggers.house.work import EXIT

if TYPE_CHECKING:
    from flows.around import What as Phase
    from flows.launch import Outcome
    from journal.replay import Run
    from triggers.house import House
    from triggers.house.work import RunWork

EVERY_S = 0.2
"""Seconds between two looks for runs that nobody owns."""
FAULT = 2
RETRY_S = 1.0


class Workers:
    """Carries out at most `at_once` runs at a time.

    Attributes:
        supervisor: what it has under way is `at_it`.
        lapsed: how many runs were taken up whose process had gone.
    """

    def __init__(self, house: House, *, at_once: int, tell: Callable[[str], None], config: Path | None) -> None:
        """Take nothing up yet."""
        self._house, self._tell = house, tell
        self._works: dict[str, tuple[RunWork, Phase]] = {}
        self._over = asyncio.Event()
        self._elsewhere = {how: in_a_process(house.journal, config, how) for how in ("--gone", "--visit")}
        self._shown_on: set[asyncio.Task[Outcome]] = set()
        self._beside_us: set[asyncio.Task[None]] = set()
        self.lapsed = 0
        self.supervisor = Supervisor(
            house.journal, self._gone, self._did, visit=self._rests, page=paging(config, house.journal), at_once=at_once
        )

    async def run(self) -> None:
        """Sweep until `drain`."""
        await self.supervisor.run(self._over, EVERY_S)

    async def begin(self, work: RunWork, phase: Phase) -> None:
        """Open a run and carry it out beside; where there is no room, leave it to whoever has."""
        await work.open()
        while (other := self.supervisor.at_it.get(work.run)) is not None:
            await asyncio.wait({other})  # a sweep wanted it at the same moment, and finds that it is ours
        if self._over.is_set() or not self.supervisor.room:
            await work.leave()
            return
        self._works[work.run] = (work, phase)
        self.supervisor.at_it[work.run] = asyncio.create_task(self._beside(work, phase))

    async def drain(self, within_s: float) -> list[str]:
        """Take nothing more, let the rounds in flight end and the runs go; give those that did not come to it in time.

        A recovery is not broken off midway: it goes on to its end, or is taken up once this process is gone.
        """
        self._over.set()
        for work, phase in [*self._works.values()]:
            if phase == "contain":
                work.let_go()
        tasks = [self.supervisor.at_it[run] for run in self._works if run in self.supervisor.at_it]
        if tasks:
            await asyncio.wait(tasks, timeout=within_s)
        left = [run for run in self._works if run in self.supervisor.at_it]
        for task in self.supervisor.at_it.values():
            if task not in tasks:
                task.cancel()  # its own process goes on with it
        return left

    async def _beside(self, work: RunWork, phase: Phase) -> None:
        try:
            code, said = await self._carried(work, phase)
            assert work.live is not None
            self._did(Did(work.run, "went", work.live.run.word, said, code))
        finally:
            del self.supervisor.at_it[work.run]

    async def _carried(self, work: RunWork, phase: Phase) -> Taken:
        """Carry it out, with Prefect beside where there is one; how that ended. Whatever it raises is that run's own."""
        from connectors.core import ConnectorError
        from engine.bound import NotBound
        from engine.plan import NothingSeen
        from flows import launch
        from inventory.read import BadInventory

        self._works[work.run] = (work, phase)
        carrying = asyncio.create_task(
            launch.carry_out(
                work, phase, state=self._house.state, live=True, tell=lambda line: self._tell(f"Run {work.run}: {line}")
            )
        )
        try:
            word = await self._word(work, carrying)
        except (Held, Rested) as error:
            return Taken(REFUSED, str(error))
        except LeaseLost as error:
            return Taken(FAULT, str(error))
        except (NotBound, BadInventory, ConnectorError, NothingSeen, JournalError) as error:
            self._let_fall(work)
            return Taken(REFUSED, str(error))
        except Exception as error:  # noqa: BLE001  # a fault in one run must not end the care for the others
            from triggers.cli.main import write_down

            self._let_fall(work)
            where = await asyncio.to_thread(write_down, error)
            return Taken(FAULT, f"{type(error).__name__}: a fault of ours; {where}")
        finally:
            self._works.pop(work.run, None)
        return Taken(EXIT.get(word, FAULT))

    def _let_fall(self, work: RunWork) -> None:
        """Let a run rest that broke here: this process lives on and would renew its lease for ever, and nobody is at it."""
        if work.live is not None and not work.over.is_set():
            task = asyncio.create_task(self._fallen(work))
            self._beside_us.add(task)
            task.add_done_callback(self._beside_us.discard)

    async def _fallen(self, work: RunWork) -> None:
        while True:
            try:
                await work.leave("it broke in its process")
            except LeaseLost:
                return
            except JournalError:  # it may be full or away: until it is back nobody can take the run
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def _word(self, work: RunWork, carrying: asyncio.Task[Outcome]) -> str:
        """The run's word once it has it: to show Prefect the end of it may take seconds more, and nobody waits for that."""
        over = asyncio.create_task(work.over.wait())
        try:
            await asyncio.wait({over, carrying}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
        if carrying.done() or work.live is None:
            return (await carrying).word
        self._shown_on.add(carrying)
        carrying.add_done_callback(self._shown_on.discard)
        return work.live.run.word

    async def _gone(self, run_id: str) -> Taken:
        """Take up a run whose process is gone."""
        self.lapsed += 1
        run = await self._house.run(run_id)
        if not self._house.is_ours(run):
            return await self._elsewhere["--gone"](run_id)
        return await self._again(run, why="taken over", resting=False, beforehand=True)

    async def _rests(self, run_id: str) -> Taken:
        """Visit a run that rests: it was let go, people have answered, or what it holds is to be looked at."""
        run = await self._house.run(run_id)
        if not self._house.is_ours(run):
            return await self._elsewhere["--visit"](run_id)
        why = "taken over" if run.left else "visit"
        return await self._again(run, why=why, resting=True, beforehand=run.left)

    async def _again(self, run: Run, *, why: str, resting: bool, beforehand: bool) -> Taken:
        if (gone := await asyncio.to_thread(sandbox_gone, run.opened)) is not None:
            raise GaveUp(gone)
        work = await self._house.work_of(run, why=why, resting=resting, beforehand=beforehand)
        return await self._carried(work, "recover" if run.recovers else "contain")

    def _did(self, did: Did) -> None:
        self._tell(sentence(did))
