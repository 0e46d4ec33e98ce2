"""A run in one JSON object: what `--json` prints last, benchmarks read and drills score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from journal.event import Event
from journal.replay import Run
from reports import facts, reach


def summary(
    run: Run, *, events: Sequence[Event], attacker_calls_after: int | None = None, report: str | None = None
) -> dict[str, Any]:
    """Integers, texts and None; seconds are floats with 2 places. Text is as the journal has it.

    `footholds` counts them, `ways` says of each how it stands and why.
    """
    return {
        "run": run.id,
        "incident": run.incident,
        "word": run.word,
        "seconds": facts.seconds(run, events),
        "effects": facts.effects(run),
        "proof": facts.proof(run),
        "footholds": facts.footholds(run),
        "radius": reach.counts(run),
        "ways": {standing.id: {"state": standing.state, "why": standing.why} for standing in facts.standings(run)},
        "residual_until": facts.residual_until(run),
        "attacker_calls_after": attacker_calls_after,
        "plan_hash": run.planned.get("plan_hash"),
        "scope_hash": run.planned.get("scope_hash"),
        "journal": {"events": run.n, "head": run.head},
        "report": report,
    }
