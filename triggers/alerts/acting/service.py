"""Alerts, as one part of the service: acts on what is kept, and on what was left of before."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from engine.alert import Alert, Provenance
from journal.errors import JournalError
from journal.write.kill import at_point
from triggers.alerts.acting import seeing
from triggers.alerts.acting.acting import Actor
from triggers.alerts.inbox import Act, Inbox, Row, Rows, Sorted
from triggers.alerts.inbox.sealing import NO_INCIDENT

if TYPE_CHECKING:
    from triggers.alerts.trust.model import Verified
    from triggers.house import House

BATCH = 60
"""Deliveries that are read at a time: what a run writes meanwhile waits for no more than these."""
BESIDE_BYTES = 16 * 1024
"""Larger deliveries are read beside the event loop."""
OF_ONE = 100
"""Acts of one way in that are in memory at most; its further deliveries wait in the inbox, and keep no other's waiting."""
EVERY_S = 0.5
"""Seconds between two looks for deliveries that another process kept, or left."""
ASTRAY_EVERY_S, FORGET_EVERY_S = 30.0, 3600.0
AGAIN_S = 1.0


class Read(Protocol):
    """Reads a source's own form (`triggers.alerts.reading.read`). Raises NotAnAlert with a sentence."""

    def __call__(self, source: str, raw: bytes, headers: Mapping[str, str] = ..., *, provenance: Provenance) -> Any:
        """`alerts` and `ignored` of what was delivered."""


class AlertService:
    """What acts on alerts in this process.

    Attributes:
        inbox: where the door, the queue and the pollers keep what is delivered.
    """

    def __init__(self, house: House, *, read: Read | None = None) -> None:
        """Hold the house; nothing is opened. `read`: reads deliveries."""
        self._house, self._read = house, read or _reader()
        self.inbox = Inbox(house.journal)
        self.actor = Actor(house, self.inbox)
        self._task: asyncio.Task[None] | None = None
        self._acts: dict[int, asyncio.Task[None]] = {}
        self._of_row: dict[int, set[int]] = {}
        self._of_name: Counter[str] = Counter()
        self._beside: dict[str, asyncio.Task[None]] = {}
        self._in_reading: set[int] = set()
        self._due_s = {"others": 0.0, "astray": 0.0, "forget": 0.0}
        self._faltered = False

    async def start(self) -> None:
        """Compile what waits for alerts, and begin to act."""
        if self._house.inventory.config.alerts.sources:
            waits = await asyncio.to_thread(lambda: self.actor.library.ready(self._house.inventory))
            self._house.tell(f"Alerts: {waits} playbooks wait for them.")
        self._task = asyncio.create_task(self._keep_up())

    async def end(self) -> None:
        """Act on nothing more; what is not done is anybody's."""
        self.inbox.acting = False
        tasks = [task for task in (self._task, *self._beside.values(), *self._acts.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.actor.end()
        with contextlib.suppress(JournalError):
            if self.inbox.opened:
                await (await self.inbox.rows()).let_go()
        self.inbox.close()

    async def one(self, number: int) -> list[Act] | None:
        """Act on one delivery once more, now; what came of it, None where there is no such delivery that is free."""
        rows = await self.inbox.rows()
        row = await rows.again(number)
        if row is None:
            return None
        await self._take_in(rows, [row])
        await self._finished()
        return await rows.acts(inbox=number)

    async def payload(self, name: str, source: str, raw: bytes, verified: Verified) -> list[Act]:
        """Keep a payload and act on it, now and here; what came of it."""
        rows, self.inbox.acting = await self.inbox.rows(), True
        await self.inbox.keep(name, source, verified.replay, raw, verified)
        taken = self.inbox.take(1)
        await self._take_in(rows, taken)
        await self._finished()
        return [act for row in taken for act in await rows.acts(inbox=row.number)]

    async def _finished(self) -> None:
        while self._acts:
            await asyncio.wait(self._acts.values())

    async def _keep_up(self) -> None:
        told = ""
        while True:
            said = ""
            try:
                if self._house.inventory.config.alerts.sources:  # it may be read anew, with some or without
                    await self._run()
            except JournalError as error:
                said = f"Alerts are not acted on for now: {error}"
            except Exception as error:  # noqa: BLE001  a fault of ours must not end it
                said = f"Alerts: stopped at {type(error).__name__}, begins again."
            if said and said != told:
                self._house.tell(said)
            told = said
            await asyncio.sleep(AGAIN_S)

    async def _run(self) -> None:
        rows = await self.inbox.rows()
        self.inbox.acting = True
        while True:
            self.inbox.fresh.clear()
            full = {name for name, count in self._of_name.items() if count >= OF_ONE} | self._beside.keys()
            most = 1 if self._faltered else BATCH
            taken = self.inbox.take(most, full)
            if not taken or self._due("others", EVERY_S):  # also while something is always at hand, as in a flood
                self.inbox.put_back(await self._left_by_others(rows, full | self.inbox.laden), first=True)
                taken = taken or self.inbox.take(most, full)
            if taken:
                large = [row for row in taken if len(row.box) > BESIDE_BYTES]
                for name in {row.name for row in large}:
                    self._read_beside(rows, name, [row for row in large if row.name == name])
                await self._taken_in_or_put_back(rows, [row for row in taken if len(row.box) <= BESIDE_BYTES])
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):  # not wait_for: on 3.11 it can swallow a cancellation
                    await self.inbox.fresh.wait()

    def _read_beside(self, rows: Rows, name: str, large: Sequence[Row]) -> None:
        """Read large ones of a way in while others are acted on: one may be made to take seconds."""

        async def read() -> None:
            try:
                for row in large:
                    await self._taken_in_or_put_back(rows, [row])
            except JournalError as error:
                self._house.tell(f"Alerts of {name} are not acted on for now: {error}")
                await asyncio.sleep(AGAIN_S)
            except Exception as error:  # noqa: BLE001  a fault of ours must end no other's
                self._house.tell(f"Alerts of {name}: stopped at {type(error).__name__}, begins again.")
                await asyncio.sleep(AGAIN_S)
            finally:
                left = [row for row in large if row.number in self._in_reading]
                self.inbox.put_back(left, first=True)
                self._in_reading.difference_update(row.number for row in left)
                del self._beside[name]
                self.inbox.fresh.set()

        self._in_reading.update(row.number for row in large)
        self._beside[name] = asyncio.create_task(read())

    async def _taken_in_or_put_back(self, rows: Rows, taken: Sequence[Row]) -> None:
        """Where it fails they wait behind the others of their ways in, and are taken one by one: one may be why."""
        try:
            await self._take_in(rows, taken)
            self._faltered = False
        except Exception:
            self._faltered = True
            self.inbox.put_back([row for row in taken if row.number not in self._of_row])
            raise
        finally:
            self._in_reading.difference_update(row.number for row in taken)

    def _due(self, what: str, every_s: float) -> bool:
        """Whether it is time for it, which it is then not for a while."""
        now_s = asyncio.get_running_loop().time()
        if now_s < self._due_s[what]:
            return False
        self._due_s[what] = now_s + every_s
        return True

    async def _left_by_others(self, rows: Rows, full: set[str]) -> list[Row]:
        """What is nobody's, once in a while what is ours and went astray; old deliveries are forgotten."""
        if self._due("forget", FORGET_EVERY_S):
            await rows.forget()
        astray = self._due("astray", ASTRAY_EVERY_S)
        if not astray and not await rows.any_left():
            return []
        at_hand = self.inbox.waiting | self._in_reading | self._of_row.keys() if astray else None
        return await rows.claim(BATCH, but=full, at_hand=at_hand)

    async def _take_in(self, rows: Rows, taken: Sequence[Row]) -> None:
        """Read deliveries, count what they tell of, and begin to decide what is new."""
        read = [await self._read_one(rows, row) for row in taken]
        at_point("before", "alert-sifted")
        found = await rows.sift([one for one, _ in read])
        at_point("after", "alert-sifted")
        for row, (_, alerts) in zip(taken, read, strict=True):
            for act in found.get(row.number, ()):
                self._begin(row, act, alerts[act.place] if act.place < len(alerts) else None)

    async def _read_one(self, rows: Rows, row: Row) -> tuple[Sorted, Sequence[Alert]]:
        """Read one: a small one here, with a turn for everybody else behind it, for two threads take each other's time."""
        if len(row.box) > BESIDE_BYTES:
            return await asyncio.to_thread(self._sorted, rows, row)
        found = self._sorted(rows, row)
        await asyncio.sleep(0)
        return found

    def _sorted(self, rows: Rows, row: Row) -> tuple[Sorted, Sequence[Alert]]:
        """Read one delivery. Whatever is in it, and whatever reading does with it, it comes to an end."""
        about = {"name": row.name, "source": row.source, "incident": NO_INCIDENT}
        from triggers.alerts.reading import NotAnAlert

        try:
            headers, raw = rows.box.open(row.key, row.box)
            reading = self._read(row.source, raw, headers, provenance=Provenance.model_validate(row.provenance))
            alerts = tuple(reading.alerts)
            sightings = tuple(seeing.sighting(row, place, alert) for place, alert in enumerate(alerts))
        except Exception as error:  # noqa: BLE001  one body's fault must not keep the next one waiting
            # Any other error's text may carry a piece of the body.
            why = (
                seeing.text(error, 200) if isinstance(error, NotAnAlert) else f"a fault of ours: {type(error).__name__}"
            )
            return Sorted(row.number, word="unreadable", why=(why,), said=about), ()
        if not alerts:
            why_not = tuple(seeing.text(one, 200) for one in tuple(reading.ignored)[:20])
            return Sorted(row.number, word="ignored", why=why_not, said=about), ()
        return Sorted(row.number, sightings), alerts

    def _begin(self, row: Row, act: Act, alert: Alert | None) -> None:
        if act.number in self._acts:
            return
        self._of_name[row.name] += 1
        self._of_row.setdefault(row.number, set()).add(act.number)
        task = asyncio.create_task(self.actor.decide(row, act, alert))
        self._acts[act.number] = task
        task.add_done_callback(self._done(row, act))

    def _done(self, row: Row, act: Act) -> Callable[[asyncio.Task[None]], None]:
        def done(_task: asyncio.Task[None]) -> None:
            del self._acts[act.number]
            self._of_name[row.name] -= 1
            if self._of_name[row.name] == OF_ONE - 1:
                self.inbox.fresh.set()  # there is room for more of it
            acts = self._of_row[row.number]
            acts.discard(act.number)
            if not acts:
                del self._of_row[row.number]

        return done


def _reader() -> Read:
    from triggers.alerts.reading import read

    found: Read = read
    return found
