"""Proposes a run: looks, and shows the plan where responders are. A person starts it, or nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from journal.replay import replay
from journal.write.kill import at_point
from triggers.alerts.acting.conditions import LOUD, Why
from triggers.alerts.acting.wanted import Waits, Wanted
from triggers.house import Refused

if TYPE_CHECKING:
    from triggers.alerts.acting.alarm import Alarm
    from triggers.alerts.inbox import Inbox
    from triggers.house import House

PLANS = 3
"""Plans of one act at most: a process may have died over each."""


class Proposer:
    """Proposes."""

    def __init__(self, house: House, inbox: Inbox, alarm: Alarm) -> None:
        """Hold them; nothing is looked at."""
        self._house, self._inbox, self._alarm = house, inbox, alarm

    async def propose(self, wanted: Wanted, whys: Sequence[Why], *, loud: bool = False) -> None:
        """Propose it, once for a playbook at an integration. `loud`: it would have started by itself, had it been able to."""
        from triggers.alerts.acting.starting import KNOWN

        rows, act, why = await self._inbox.rows(), wanted.act, [str(one) for one in whys]
        loud = loud or (bool(whys) and all(one.code in LOUD for one in whys))
        about = {"integration": wanted.integration, "playbook": wanted.match.name, "would": wanted.would}
        if act.word != "proposing":
            place = await rows.propose(act, wanted.integration, wanted.match.name)
            if place.get("word") == "lost":
                return
            if place:
                others = {name: place[name] for name in ("run", "incident") if name in place}
                await rows.decide(act, place["word"], why, wanted.said(), **about, **others, started_at=None)
                if place["word"] == "crowded":
                    self._alarm.crowded(wanted.row.name)
                return
        run, incident = "", ""
        if wanted.integration and not wanted.doubt:
            try:
                run, incident = await self._planned(wanted)
            except KNOWN as error:
                if isinstance(error, Refused) and error.code == "not-now":
                    raise Waits(str(error)) from None
                why.append(f"no-plan: {str(error)[:600]}")
        at_point("after", "alert-planned")
        if await rows.decide(act, "proposed", why, wanted.said(), **about, run=run, incident=incident, started_at=None):
            await self._alarm.proposed(wanted, whys, run, loud=loud)

    async def _planned(self, wanted: Wanted) -> tuple[str, str]:
        """A plan of it, as a dry run: the one that was made before, or one that is made now."""
        journal = self._house.journal
        for number in range(PLANS):
            run = wanted.run_id(journal.id, f"plan {number}")
            events = await asyncio.to_thread(journal.events, run, names=False)
            if not events:
                shown = await self._house.plan(wanted.asked(run, hold_only=False))
                return shown.run.id, shown.run.incident
            found = replay(events)
            if found.planned:
                return run, found.incident
        return "", ""
