"""`ringfence alert shadow`: what came of alerts, and what would have come of those in shadow."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from triggers.cli import place
from triggers.cli.alert_replayed import body_of, lines_of, titles
from triggers.cli.say import as_json, line

LONGEST_DAYS = 30


def shadow(*, days: int = 7, all_: bool = False, config: Path | None = None, json: bool = False) -> int:
    """Show what alerts in shadow would have done by themselves, and why the others would not have.

    A source is in shadow until `auto: hold` says otherwise: its alerts propose, and here stands what would have been.

    Parameters
    ----------
    days
        Of how many days, 1 to 30: after that they are forgotten.
    all_
        Also what came of alerts that are not in shadow.
    config
        Where the journal is said to be.
    json
        Print one JSON object.
    """
    from journal import Keys
    from journal.clock import now, spelled
    from triggers.alerts.inbox.rows import acts_since

    if not 1 <= days <= LONGEST_DAYS:
        raise place.Refused(f"--days {days}: 1 to {LONGEST_DAYS}.")
    place.needed(config)
    journal = place.open_journal(Keys.none(), config)
    try:
        since = spelled(now() - timedelta(days=days))
        acts = [act for act in acts_since(journal.database, since) if all_ or act.would]
        known = titles(journal, acts)
    finally:
        journal.close()
    would = sum(act.would == "start" for act in acts)
    if json:
        found = [body_of(act, known.get(act.number, "")) for act in acts]
        as_json(
            {
                "since": since,
                "would_start": would,
                "would_propose": sum(act.would == "propose" for act in acts),
                "acts": found,
            }
        )
        return 0
    for act in acts:
        for said in lines_of(act, known.get(act.number, "")):
            line(said)
    many = sum(bool(act.would) for act in acts)
    line(
        f"{many} alerts in shadow in {days} days: {would} would have started a run by themselves, {many - would} would have proposed one."
    )
    return 0
