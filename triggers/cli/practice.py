"""The practice company as a run finds it: asked for with options, and afresh where an earlier run has cut all of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from triggers.cli import place
from triggers.cli.company import ensure, wake

OPTIONS = ("tokens", "attacker", "mint_per_s", "lag_s", "seed", "grants", "forgotten")


def practice(
    state: Path, *, tokens: int | None, attacker: str | None, contains: bool, tell: Callable[[str], None]
) -> dict[str, Any]:
    """The handshake of the company that runs, or of one that is started now.

    A company on which a run of ours ended `contained` has nothing left to contain: a run that `contains` gets a fresh
    one with the same options, so that practising twice is practising twice.

    One that is started to be looked at has its thief asleep: else he mints between two plans, and nobody could see that
    the same state has the same hash. Whoever `contains` wakes him, before the first look.
    """
    handshake = ensure(state, tokens=tokens, attacker=attacker, asleep=not contains)
    if contains and _used_up(str(handshake["url"])):
        tell("The practice company was contained by the run before: it starts afresh.")
        options = {name: handshake["options"][name] for name in OPTIONS}
        handshake = ensure(state, **options, restart=True)
    if contains:
        wake(handshake)
    return handshake


def _used_up(url: str) -> bool:
    """Whether the newest run against this very company ended contained, and nothing was recovered since."""
    from journal import Keys
    from journal.replay import replay

    if not place.has_journal():
        return False
    journal = place.open_journal(Keys.none())
    try:
        for row in journal.runs():
            run = replay(journal.events(row.run))
            here = any(str(one["url"]).startswith(f"{url}/") for one in run.opened.get("connections", {}).values())
            if here and run.opened["mode"] == "drill":
                return row.lock is None and run.word == "contained"
    finally:
        journal.close()
    return False
