"""`ringfence journal`: shows, verifies, exports and prunes the record. That somebody read it is recorded in it."""

from __future__ import annotations

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from triggers.cli import place
from triggers.cli.anchoring import anchor, anchors
from triggers.cli.custody import rekey
from triggers.cli.exporting import export
from triggers.cli.proof import verify
from triggers.cli.pruning import prune
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from journal import RunRow

app = App("journal", help="Show, list and verify the record of all runs. It is only ever added to.")
app.command(verify)
app.command(anchor)
app.command(anchors)
app.command(export)
app.command(rekey)
app.command(prune)

WIDE = 160
"""Characters of an event's content on a line; all of it with --json."""


@app.command
def show(run: str | None = None, *, limit: int = 200, json: bool = False) -> None:
    """Show the events of a run, in order. That you read them is recorded.

    Parameters
    ----------
    run
        Its id; without it, the newest run.
    limit
        At most so many, the latest; 0: all.
    json
        Print one JSON object.
    """
    from triggers.cli.reading import read

    place.needed()
    found, events = read(run)
    shown = events[-limit:] if limit > 0 else events
    if json:
        fields = ("n", "at", "type", "fence", "incident", "body", "prev", "hash")
        as_json({"run": found, "events": [{name: getattr(event, name) for name in fields} for event in shown]})
        return
    if found is None:
        line("This journal has no runs yet.")
        return
    line(f"Run {found}, {len(events)} events:")
    if len(shown) < len(events):
        line(f"  … {len(events) - len(shown)} earlier ones: `--limit 0` shows all")
    for event in shown:
        body = json_.dumps(event.body, ensure_ascii=False, sort_keys=True, default=str)
        line(f"{event.n:>5}  {event.at}  {event.type:<10}  {body if len(body) <= WIDE else body[: WIDE - 1] + '…'}")


@app.command
def runs(*, json: bool = False) -> None:
    """List all runs, the newest first."""
    from journal import Keys

    rows: list[RunRow] = []
    if place.has_journal():
        journal = place.open_journal(Keys.none())
        try:
            rows = journal.runs()
        finally:
            journal.close()
    if json:
        as_json({"runs": [{name: getattr(row, name) for name in row.__slots__} for row in rows]})
        return
    if not rows:
        line(f"No run was ever opened in {place.state_path()}.")
    for row in rows:
        at_it = f"  at it: {row.owner}" if row.owner and row.alive else ""
        lock = row.lock or "-"
        line(f"{row.run:<28} {row.incident:<28} {lock:<20} {row.latest:<10} {row.n:>5} events  {row.first_at}{at_it}")


@app.command
def key(file: Path, /) -> None:
    """Make a master key: a new file, readable by its owner only. Never writes over one.

    Parameters
    ----------
    file
        Where to write it.
    """
    from journal import Keys

    made = Keys.make_file(file.expanduser())
    line(f"Master key {made.id} written to {file}. Keep a copy where a breach does not reach, and name it in")
    line(f"ringfence.yaml: seal: file:{file}")
