"""`ringfence journal verify`: is the record what was written? Exit code 4 where it is not. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triggers.cli import place
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from journal.proof.examine import Examination
    from journal.proof.stored import Broken


def verify(*, run: str | None = None, json: bool = False) -> int:
    """Check that the record is what was written: nothing changed, removed, exchanged or put in. Exit code 4 if not.

    Parameters
    ----------
    run
        Only this run.
    json
        Print one JSON object.
    """
    from journal.proof.examine import Examination
    from journal.proof.verify import examined

    examination = Examination(only=run)
    broken = examined(place.journal_url(), examination)
    if json:
        found = [{"run": one.run, "n": one.n, "what": one.what} for one in broken]
        counted = {"events": examination.events, "runs": examination.runs, "records": examination.own}
        as_json({"verifies": not broken, **counted, "broken": found})
    else:
        _tell(examination, broken)
    return 4 if broken else 0


def _tell(examination: Examination, broken: list[Broken]) -> None:
    for one in broken:
        line(str(one))
    if broken:
        many = f"{len(broken)} findings" if len(broken) > 1 else "1 finding"
        line(f"The journal does NOT verify: {many}. Copy it before anything else touches it.")
        return
    runs = f"{examination.runs} run{'s' if examination.runs != 1 else ''}"
    line(f"{examination.events} events of {runs} verify, and the journal's own chain of {examination.own} records.")
