"""Holds that were to last so long: people are paged and asked whether they stay. No timer ever lifts one.

Source: a playbook's `expires`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from journal.event import Draft
from journal.run import Run
from language.spelling import seconds

AGAIN = timedelta(days=1)
"""They are asked again after so long, as long as the holds hold."""


def lapsed(run: Run, now: datetime) -> Draft | None:
    """The event that a run's holds have lasted as long as its playbook said; None while there is nothing to ask."""
    expires = str(run.opened.get("expires") or "")
    held = [effect for effect in run.effects.values() if effect.sends and effect.closed and effect.after is not None]
    if not expires or not held or run.opened.get("mode") == "dry-run":
        return None
    since = datetime.fromisoformat(min(effect.settled_at for effect in held))
    due = since + timedelta(seconds=seconds(expires))
    if run.lapsed:
        due = datetime.fromisoformat(run.lapsed[-1].at) + AGAIN
    if now < due:
        return None
    return Draft("lapsed", {"expires": expires, "held": len(held), "since": since.isoformat()})
