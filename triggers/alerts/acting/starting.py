"""Starts a run though nobody asks for it: a place of the budget first, then the run, then the decision in the record."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.core import ConnectorError
from engine.bound import NotBound
from engine.plan.looking import NothingSeen
from inventory.read import BadInventory
from journal.clock import now, spelled
from journal.errors import IncidentClosed, JournalFailed
from journal.write.kill import at_point
from language.errors import BadInput, BadPlaybook
from triggers.alerts.acting.conditions import Why
from triggers.alerts.acting.wanted import Waits, Wanted
from triggers.alerts.inbox.deciding import Limits
from triggers.house import Refused

if TYPE_CHECKING:
    from triggers.alerts.acting.alarm import Alarm
    from triggers.alerts.acting.proposing import Proposer
    from triggers.alerts.inbox import Inbox
    from triggers.house import House

KNOWN = (Refused, NotBound, NothingSeen, BadInput, BadPlaybook, BadInventory, ConnectorError, IncidentClosed)
"""Errors whose text says why it cannot be."""
TOGETHER = timedelta(hours=24)
"""So long after an alert another one about the same integration, or of the same finding, belongs to its incident."""
_FULL = {
    "budget-source": "the runs that alerts of this way in may start in an hour are used up",
    "budget-all": "the runs that alerts may start in an hour are used up",
    "budget-integration": "the runs that alerts may start at this integration in a day are used up",
}


class Starter:
    """Starts."""

    def __init__(self, house: House, inbox: Inbox, proposer: Proposer, alarm: Alarm) -> None:
        """Hold them; nothing is begun."""
        self._house, self._inbox, self._proposer, self._alarm = house, inbox, proposer, alarm

    async def start(self, wanted: Wanted) -> None:
        """Start it, once, whatever happens meanwhile; where it cannot be, it is proposed, and people are paged."""
        rows, act = await self._inbox.rows(), wanted.act
        run = act.run if act.started_at is not None else wanted.run_id(self._house.journal.id, "start")
        full = await rows.reserve(act, run, wanted.integration, wanted.match.name, self._limits(wanted))
        if full == "lost":
            return
        if full:
            await self._proposer.propose(wanted, [Why(full, _FULL[full])], loud=True)
            return
        at_point("after", "alert-reserved")
        try:
            started, incident = await self._started(wanted, run)
        except KNOWN as error:
            if isinstance(error, Refused) and error.code == "not-now":
                raise Waits(str(error)) from None
            await self._proposer.propose(wanted, [Why("refused", str(error)[:600])], loud=True)
            return
        if started != run:
            why = [f"busy: run {started} is at it"]
            await rows.decide(
                act, "joined", why, wanted.said(), integration=wanted.integration, playbook=wanted.match.name, run=started,
                incident=incident, would=wanted.would, started_at=None,
            )  # fmt: skip
            await self._alarm.joined(wanted.row.name, wanted.integration, started)
            return
        await rows.decide(
            act, "started", [], wanted.said(), integration=wanted.integration, playbook=wanted.match.name, run=run,
            incident=incident, would=wanted.would,
        )  # fmt: skip
        self._alarm.started(wanted.row.name, wanted.integration, run)

    async def begun(self, wanted: Wanted) -> bool:
        """Whether its run was opened before, by a process that died over it: then it stands, whatever is so by now."""
        return wanted.act.started_at is not None and await self._there(wanted.act.run) is not None

    async def _started(self, wanted: Wanted, run: str) -> tuple[str, str]:
        """The run that is at it, ours or another's, and its incident."""
        if (there := await self._there(run)) is not None:
            return run, there
        incident = await self.incident_of(wanted)
        try:
            started = await self._house.start(wanted.asked(run, incident))
        except JournalFailed:
            if (there := await self._there(run)) is not None:
                return run, there  # another process began this very run meanwhile
            raise
        if started.busy:
            return started.busy, await self._there(started.busy) or ""
        return started.run, started.incident

    async def _there(self, run: str) -> str | None:
        """The incident of a run that there is."""
        events = await asyncio.to_thread(self._house.journal.events, run, names=False)
        return events[0].incident if events else None

    async def incident_of(self, wanted: Wanted) -> str:
        """The incident that it belongs to: of an earlier alert about the same integration or of the same finding."""
        rows = await self._inbox.rows()
        since = spelled(now() - TOGETHER)
        for incident in await rows.incidents(wanted.act, wanted.integration, since):
            if await asyncio.to_thread(self._house.journal.closed_at, incident) is None:
                return incident
        return ""

    @staticmethod
    def _limits(wanted: Wanted) -> Limits:
        alerts = wanted.inventory.config.alerts
        source = alerts.sources.get(wanted.row.name)  # it may be gone, over a run that was begun before
        return Limits(source.per_hour if source is not None else 0, alerts.per_hour, alerts.per_integration)
