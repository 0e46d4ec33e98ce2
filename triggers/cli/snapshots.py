"""`ringfence integrations snapshots`: what discoveries kept, and whether each still is what the journal's chain says."""

from __future__ import annotations

from pathlib import Path

from triggers.cli import place
from triggers.cli.say import as_json, line


def snapshots(*, config: Path | None = None, verify: bool = False, json: bool = False) -> int:
    """Show the snapshots that discoveries kept, newest first. Asks no provider.

    Parameters
    ----------
    config
        The configuration; without it RINGFENCE_CONFIG, or ringfence.yaml here.
    verify
        Check each thing of each snapshot by its digest, and the snapshot by the one in the journal's chain; exit code 4
        where one is not what it was.
    json
        Print one JSON object.
    """
    from inventory.discovery.past import chained, wrong
    from inventory.discovery.shelf import Shelf
    from journal import Keys

    place.needed(config)
    journal = place.open_journal(Keys.none(), config)
    try:
        shelf, known = Shelf(journal.database), chained(journal)
        rows = [
            {
                "n": one.n, "begun_at": one.begun_at, "ended_at": one.ended_at, "things": one.things, "digest": one.digest,
                "connections": {name: not one.whys(name) for name in sorted(one.listed)},
                "wrong": wrong(shelf, one, known) if verify else "",
            }
            for one in shelf.snapshots()
        ]  # fmt: skip
    finally:
        journal.close()
    altered = [row for row in rows if row["wrong"]]
    if json:
        as_json({"snapshots": rows, "verified": verify, "ok": not altered})
        return 4 if altered else 0
    for row in rows:
        digest = str(row["digest"])[:16]
        line(f"{row['n']:>5}  {str(row['ended_at'])[:19].replace('T', ' ')}  {row['things']} things  sha256 {digest}…")
        if row["wrong"]:
            line(f"       {row['wrong']}")
    if not rows:
        line("Nothing was discovered yet: ringfence integrations discover")
    elif verify:
        line(f"{len(rows) - len(altered)} of {len(rows)} are what the journal's chain says.")
    return 4 if altered else 0
