"""Follows a run that somebody else carries out: what it says, until it rests or ends."""

from __future__ import annotations

import time
from pathlib import Path

from triggers.cli import place
from triggers.cli.desk import Terminal
from triggers.cli.say import as_json, tell
from triggers.cli.work import EXIT

EVERY_S = 0.5


def follow(run_id: str, config: Path | None, *, json: bool) -> int:
    """Say what the run says, as if it were carried out here; its exit code. Ctrl-C leaves the run alone."""
    from journal import Keys
    from journal.replay import catch_up, replay
    from reports.summary import summary
    from reports.terminal import told

    journal = place.open_journal(Keys.none(), config)
    desk = Terminal(yes=False, quiet=json)
    try:
        run = replay(journal.events(run_id))
        desk.say(f"Joined run {run_id}, incident {run.incident}: it is carried out elsewhere.")
        desk.start(run)
        while _goes_on(journal, run_id):
            if catch_up(run, journal.events(run_id, run.n)):
                desk.changed(run)
            time.sleep(EVERY_S)
        events = journal.events(run_id)
        catch_up(run, events)
        desk.changed(run)
        desk.end()
        if json:
            as_json(summary(run, events=events))
        else:
            tell(told(run, events, {"journal": place.journal_shown(config)}))
        return EXIT.get(run.word, 2)
    finally:
        desk.end()
        journal.close()


def _goes_on(journal: object, run_id: str) -> bool:
    from journal import Journal

    assert isinstance(journal, Journal)
    return any(row.run == run_id and row.alive for row in journal.runs(owned=True))
