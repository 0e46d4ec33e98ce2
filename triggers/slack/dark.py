"""Whether anything but the neutral line may be said of a run in Slack: judged from its record, with no clock and no network."""

from __future__ import annotations

from engine.plan.people import SLACK, slack_inside
from inventory.model import Config
from journal.replay import Run


def why_dark(run: Run, config: Config) -> str:
    """Why nothing of it is said in Slack; "" where it may be. A run without a plan yet is judged by its footholds."""
    if run.darkened is not None:
        return "a responder had it go on on page and command line"
    for one in run.planned.get("not_told") or ():
        if one.get("connection") == SLACK:
            return str(one.get("why", ""))
    return slack_inside(config, connections(run))


def connections(run: Run) -> set[str]:
    """The connections that a run is about: of its footholds, and of all that it holds and cuts."""
    names = {str(one.get("at") or "") for one in (run.opened.get("footholds") or {}).values()}
    rows = run.planned.get("steps") or ()
    return {*names, *(str(row.get("connection", "")) for row in rows if row.get("kind") in {"hold", "cut"})} - {""}
