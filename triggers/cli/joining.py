"""Follows a run that somebody else carries out: what it says, until it rests or ends."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggers.cli import place
from triggers.cli.desk import Terminal
from triggers.cli.say import as_json, tell
from triggers.cli.work import EXIT

if TYPE_CHECKING:
    from journal import Journal
    from journal.event import Event

EVERY_S = 0.5
HANDED_EVERY_S = 0.15
NOBODY_S = 10.0
"""For so long somebody may be missing before we say so: whoever carried it out was killed, and another takes it up."""
PAGE_S = 3.0


def follow(run_id: str, config: Path | None, *, json: bool, handed: bool = False) -> int:
    """Say what the run says, as if it were carried out here; its exit code. Ctrl-C leaves the run alone.

    `handed`: it was opened by this command, and is not said to be joined.
    """
    from journal import Keys
    from journal.replay import catch_up, replay
    from reports.summary import summary
    from reports.terminal import told

    journal = place.open_journal(Keys.none(), config)
    desk = Terminal(yes=False, quiet=json)
    try:
        run = replay(journal.events(run_id))
        if handed:
            desk.say(f"Run {run.id}, incident {run.incident}, {run.opened['mode'].upper()}")
        else:
            desk.say(f"Joined run {run_id}, incident {run.incident}: it is carried out elsewhere.")
        desk.start(run)
        missing_s = 0.0
        while (goes := _goes_on(journal, run_id)) != "no":
            if catch_up(run, journal.events(run_id, run.n)):
                desk.changed(run)
            time.sleep(every_s := HANDED_EVERY_S if handed else EVERY_S)
            missing_s = missing_s + every_s if goes == "nobody" else 0.0
            if missing_s > NOBODY_S:
                desk.say(f"Nobody is at run {run_id}: `ringfence resume {run_id}` goes on with it here.")
                break
        events = journal.events(run_id)
        catch_up(run, events)
        desk.changed(run)
        desk.end()
        attacker, report = _attacker(events), _report(run_id, ended=any(event.type == "ended" for event in events))
        if json:
            as_json(summary(run, events=events, attacker_calls_after=attacker.get("after_command"), report=report))
        else:
            shown = {"journal": place.journal_shown(config), "attacker": attacker, "report": report}
            tell(told(run, events, shown))
        return EXIT.get(run.word, 2)
    finally:
        desk.end()
        journal.close()


def _goes_on(journal: Journal, run_id: str) -> str:
    """Whether somebody is at it: yes, no (it rests or has ended), or nobody, though it came to neither."""
    row = next((row for row in journal.runs() if row.run == run_id), None)
    if row is None:
        return "no"
    if row.owner is not None:
        return "yes" if row.alive else "nobody"
    return "nobody" if row.latest == "left" else "no"


def _attacker(events: list[Event]) -> dict[str, Any]:
    """What the practice company counted, as whoever carried it out recorded it."""
    ended = next((event for event in reversed(events) if event.type == "ended"), None)
    found = ended.body.get("attacker") if ended is not None else None
    return dict(found) if isinstance(found, dict) else {}


def _report(run_id: str, *, ended: bool) -> str | None:
    """The page of a run that ended or came to rest, once whoever carried it out has written it."""
    page = place.state_path() / "reports" / f"{run_id}.html"
    end = time.monotonic() + (PAGE_S if ended else 0.0)
    while not page.exists() and time.monotonic() < end:
        time.sleep(0.1)
    return str(page) if page.exists() else None
