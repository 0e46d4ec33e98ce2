"""`note`: a remark in the record of a run or an incident. It changes nothing, and stays."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.desk import who
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from journal import Draft, Event, Journal

LONGEST = 2000
"""Letters of a remark: the record is no place for what belongs into evidence."""


def note(
    about: str, text: str, /, *, config: Annotated[Path | None, Parameter(name="--config")] = None, json: bool = False
) -> int:
    """Add a remark to the record of a run, or of an incident's newest run. It is sealed like a name, and stays.

    Parameters
    ----------
    about
        The id of a run, or of an incident.
    text
        The remark, or - for standard input. No secrets, and nothing of customers.
    """
    from journal import Draft, Keys
    from journal.event import Private

    said = (sys.stdin.read(LONGEST + 1) if text == "-" else text).strip()
    if not said or len(said) > LONGEST:
        raise place.Refused(f"A remark has 1 to {LONGEST} letters; this has {len(said) or 'none'}.")
    place.needed(config)
    journal = place.open_journal(Keys.none(), config)
    try:
        rows = [row for row in journal.runs() if about in {row.run, row.incident}]
        if not rows:
            from journal.custody.reading import absent

            raise absent(journal, about)
        run = rows[0].run
        (event,) = asyncio.run(_add(journal, run, Draft("noted", {"by": Private(who()), "text": Private(said)})))
    finally:
        journal.close()
    if json:
        as_json({"run": run, "n": event.n})
    else:
        line(f"Noted in run {run}, event {event.n}.")
    return 0


async def _add(journal: Journal, run: str, draft: Draft) -> list[Event]:
    return await journal.say(run, [draft])
