"""One alert of which something may come: exactly one decision, in the record before anybody hears of it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.freezing import Freeze, frozen_by
from journal.clock import now
from journal.errors import JournalError
from journal.event import JOURNAL, Event
from triggers.alerts.acting import echo, seeing
from triggers.alerts.acting.alarm import Alarm
from triggers.alerts.acting.conditions import Case, Why, against
from triggers.alerts.acting.library import Library, Match
from triggers.alerts.acting.proposing import Proposer
from triggers.alerts.acting.resolving import inputs_of, is_for, the_integration
from triggers.alerts.acting.starting import Starter
from triggers.alerts.acting.wanted import Waits, Wanted
from triggers.alerts.inbox.sealing import NO_INCIDENT

if TYPE_CHECKING:
    from engine.alert import Alert
    from inventory.read import Inventory
    from journal.store import Journal
    from triggers.alerts.inbox import Act, Inbox, Row
    from triggers.house import House

AT_ONCE = 4
"""Alerts of one way in that are decided side by side."""
FAULTS = 3
AGAIN_S = 1.0


class Actor:
    """Decides.

    Attributes:
        library: the playbooks that wait for alerts.
    """

    def __init__(self, house: House, inbox: Inbox) -> None:
        """Hold both; nothing is read."""
        self._house, self._inbox = house, inbox
        self.library = Library()
        self._freezes = _Freezes(house.journal)
        self._at_once: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
        self._alarm = Alarm(house, inbox)
        self._proposer = Proposer(house, inbox, self._alarm)
        self._starter = Starter(house, inbox, self._proposer, self._alarm)

    async def end(self) -> None:
        """Wait a moment for what is being told."""
        await self._alarm.end()

    async def decide(self, row: Row, act: Act, alert: Alert | None) -> None:
        """Decide what comes of it, and do that. A fault of ours is tried again, and in the end told: nothing is dropped."""
        faults, told = 0, ""
        async with self._at_once[row.name]:
            while True:
                try:
                    await self._decided(row, act, alert)
                except (JournalError, Waits) as error:  # it may be away for a while: the act stays ours, and open
                    if str(error) != told:
                        self._house.tell(f"Alert {row.number} of {row.name} waits: {error}")
                    told = str(error)
                except Exception as error:  # noqa: BLE001  one alert's fault ends no other's
                    faults += 1
                    self._house.tell(f"Alert {row.number} of {row.name}: a fault of ours ({type(error).__name__}).")
                    if faults == FAULTS:
                        await self._failed(row, act, alert, type(error).__name__)
                        return
                else:
                    return
                await asyncio.sleep(AGAIN_S)

    async def _decided(self, row: Row, act: Act, alert: Alert | None) -> None:
        rows = await self._inbox.rows()
        if alert is None:
            about = {"name": row.name, "source": row.source, "incident": NO_INCIDENT}
            await rows.decide(act, "unreadable", ["it is not read as it was before"], about)
            return
        inventory, ours, matches = await asyncio.to_thread(self._looked, row, alert)
        if ours:
            call = await asyncio.to_thread(
                lambda: echo.echo_of(alert, ours, echo.recent_runs(self._house.journal, now()))
            )
            if call:
                run, _, effect = call.partition(" ")
                why = [f"echo: it tells of what {run} did itself ({seeing.text(effect, 200)})"]
                await rows.decide(act, "echo", why, seeing.said(row, alert), run=run)
                return
            await self._alarm.our_credential(row, act, alert, ours, inventory)
        if not matches:
            if not ours:
                await rows.decide(
                    act, "dismissed", ["no-playbook: none waits for such an alert"], seeing.said(row, alert)
                )
            else:
                why = [
                    f"ours: {', '.join(map(_short, sorted(ours)))} is a credential of our own, and no call of ours fits"
                ]
                await rows.decide(act, "our-credential", why, seeing.said(row, alert))
            return
        wanted = self._wanted(row, act, alert, matches, inventory)
        whys = await self._against(wanted, bool(ours))
        await self._done(wanted, whys)

    def _looked(self, row: Row, alert: Alert) -> tuple[Inventory, dict[str, frozenset[str]], list[Match]]:
        """What is ours, which credentials of ours it names, and the playbooks that it is meant for. Blocks."""
        inventory = self._house.inventory
        waiting = self.library.matches(row.name, row.source, alert, inventory)
        matches = [match for match in waiting if is_for(match, inventory)]
        return inventory, echo.ours_in(alert, inventory), matches

    def _wanted(
        self, row: Row, act: Act, alert: Alert, matches: Sequence[Match], inventory: Inventory
    ) -> Wanted:  # fmt: skip
        """The first of the playbooks whose integration is known for sure, else the first; the others are named."""
        found = []
        for match in matches:
            given, doubt = inputs_of(match, inventory)
            integration = "" if doubt else the_integration(match, given)
            found.append(Wanted(row, act, alert, match, given, integration, doubt, inventory))
        best = next((one for one in found if one.integration and not one.match.doubt), found[0])
        best.also = tuple(one.match.name for one in found if one is not best)
        return best

    async def _against(self, wanted: Wanted, ours: bool) -> list[Why]:
        at = datetime.fromisoformat(wanted.row.at)
        freeze = await asyncio.to_thread(self._freezes.now)
        case = Case(
            wanted.row.name,
            wanted.alert,
            wanted.match,
            wanted.integration,
            wanted.doubt,
            wanted.inventory,
            freeze,
            at,
            ours,
        )
        return await asyncio.to_thread(against, case)

    async def _done(self, wanted: Wanted, whys: list[Why]) -> None:
        alerts = wanted.inventory.config.alerts
        name = wanted.row.name
        if name in alerts.sources and alerts.auto_of(name) == "shadow":
            wanted.would = "propose" if whys else "start"
            if not whys:
                whys = [Why("shadow", f"alerts of {name} are in shadow: it would have started by itself")]
        if whys and not await self._starter.begun(wanted):
            await self._proposer.propose(wanted, whys)
        else:
            await self._starter.start(wanted)

    async def _failed(self, row: Row, act: Act, alert: Alert | None, fault: str) -> None:
        about: dict[str, Any] = (
            seeing.said(row, alert) if alert is not None else {"name": row.name, "incident": NO_INCIDENT}
        )
        rows = await self._inbox.rows()
        if await rows.decide(act, "failed", [f"fault: {fault}, a fault of ours"], about):
            self._alarm.tell(
                "failed",
                f"Ringfence: alert {row.number} of {row.name} could not be acted on ({fault}). Look at it: ringfence alert replay --row {row.number}",
            )


class _Freezes:
    """Whether automation is frozen: the journal's own chain is read on, never anew."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self._n = journal, 0
        self._last: Event | None = None

    def now(self) -> Freeze | None:
        """The freeze that is on. Blocks."""
        for event in self._journal.events(JOURNAL, self._n, names=False):
            self._n = max(self._n, event.n)
            # Several read side by side, and who read less may come last.
            if event.type == "frozen" and (self._last is None or event.n > self._last.n):
                self._last = event
        return frozen_by([self._last], now()) if self._last is not None else None


def _short(one: str) -> str:
    return seeing.text(one, 80)
