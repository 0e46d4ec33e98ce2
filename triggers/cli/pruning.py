"""`ringfence journal prune`: takes old runs out of the record, and says what it leaves and why."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggers.cli import place
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from journal import Event, Journal
    from journal.custody.prune import Retention


def prune(
    *, before: str, dry_run: bool = False, yes: bool = False, config: Path | None = None, json: bool = False
) -> int:
    """Take out whole runs that ended long ago, of closed incidents without a legal hold; a signed tombstone of each stays.

    The journal verifies as before, and evidence exported earlier can be checked against the tombstone. On PostgreSQL
    old rows live on in backups and until the server vacuums: that is its operator's part.

    Parameters
    ----------
    before
        Last written before this: a date or time (UTC where no zone is named), or an age in days (90d).
    dry_run
        Only say what would go and what would stay.
    yes
        Do not ask.
    """
    from journal import Keys
    from journal.custody.prune import retention

    limit = _limit(before)
    place.needed(config)
    journal = place.open_journal(Keys.none(), config)
    try:
        found = retention(journal, limit)
        if not json:
            _announce(found, dry_run=dry_run)
        if dry_run or not found.old:
            gone: list[Event] = []
        else:
            _agree(len(found.old), yes=yes, quiet=json)
            gone = asyncio.run(_prune(journal, found, config))
    finally:
        journal.close()
    for event in gone:
        with contextlib.suppress(OSError):
            (place.state_path() / "reports" / f"{event.body['run']}.html").unlink(missing_ok=True)
    if json:
        as_json(_summary(found, gone, dry_run=dry_run))
        return 0
    for event in gone:
        line(f"Run {event.body['run']} was taken out: {event.body['n']} events, head {event.body['head']}.")
    if found.traces:
        line(found.traces)
    _say_left(found)
    return 0


async def _prune(journal: Journal, found: Retention, config: Path | None) -> list[Event]:
    from journal.custody.prune import prune as take_out

    signer = place.open_signer(place.described(config) if place.has_configuration(config) else None)
    return [event async for event in take_out(journal, found, signer)]


def _limit(text: str) -> str:
    """Read a date, a time or an age as an `at`. Raises Refused."""
    now = datetime.now(UTC)
    try:
        if age := re.fullmatch(r"(\d{1,5})d", text.strip()):
            found = now - timedelta(days=int(age[1]))
        else:
            found = datetime.fromisoformat(text.strip())
            found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise place.Refused(
            f"--before {text[:40]!a} is no time: write a date (2026-08-01) or an age in days (90d)."
        ) from None
    if found > now:
        raise place.Refused(f"--before {text[:40]!a} is in the future.")
    return found.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _announce(found: Retention, *, dry_run: bool) -> None:
    line(f"Last written before {found.before}:")
    for row in found.old:
        line(f"  {row.run:<28} {row.incident:<28} {row.n:>6} events  {row.first_at[:19]} to {row.last_at[:19]}")
    if not found.old:
        line("  nothing that may go.")
    if dry_run or not found.old:
        return
    line(
        "Their events, keys and pages go for good; of each its tombstone stays. `ringfence journal export` keeps a copy."
    )


def _agree(count: int, *, yes: bool, quiet: bool) -> None:
    """Ask on a terminal; elsewhere only --yes will do. Raises Refused."""
    if yes:
        return
    if quiet or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise place.Refused("Nothing was taken out: say --yes, or --dry-run to see what would go.")
    try:
        said = input(f"Take {count} run{'s' if count > 1 else ''} out for good? Type yes or no: ")
    except EOFError:
        said = "no"
    if said.strip().lower() != "yes":
        raise place.Refused("Nothing was taken out.")


def _say_left(found: Retention) -> None:
    from journal.custody.prune import YOUNG

    young = sum(left.why == YOUNG for left in found.left)
    for left in found.left:
        if left.why != YOUNG:
            line(f"  stays: {left.run} ({left.why})")
    if young:
        line(f"  stay: {young} written since")


def _summary(found: Retention, gone: list[Event], *, dry_run: bool) -> dict[str, Any]:
    would = [{"run": row.run, "incident": row.incident, "n": row.n} for row in found.old] if dry_run else []
    return {
        "before": found.before, "dry_run": dry_run, "traces": bool(found.traces), "would_prune": would,
        "pruned": [{"run": e.body["run"], "incident": e.body["incident"], "n": e.body["n"], "head": e.body["head"]} for e in gone],
        "left": [{"run": left.run, "incident": left.incident, "why": left.why} for left in found.left],
    }  # fmt: skip
