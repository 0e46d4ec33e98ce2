"""The journal's and the engine's speed against their bars: `python -m benchmarks.journal [--quick] [--json] [--write-docs]`.

All ratios are of two things measured in turn in this one run, so that a slow or busy machine slows both.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks import store, table
from benchmarks.effects import Row, compare, pair, peer
from benchmarks.place import Provider, folder, provider

QUICK_S = 36.0
SMALL = 10_000


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        effects: (effects, rounds) of each size.
        large: events in the large journal that appends are compared on.
        appends: events of one timed series of appends; series: how many on each journal.
        dbos, prefect: items and rounds.
    """

    effects: tuple[tuple[int, int], ...]
    large: int
    appends: int
    series: int
    dbos: tuple[int, int]
    prefect: tuple[int, int]


QUICK = Plan(((1_000, 2),), 1_000_000, 1_500, 3, (300, 1), (60, 1))
FULL = Plan(((1_000, 7), (10_000, 3)), 1_000_000, 5_000, 7, (1_000, 3), (300, 3))


def main() -> None:
    """Measure, say it, and write it down if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.journal", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="within 40 s; 1,000 effects only")
    parser.add_argument("--json", action="store_true", help="one object as the last line")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/performance.md")
    given = parser.parse_args()
    began = time.monotonic()

    def left_s() -> float:
        return QUICK_S - (time.monotonic() - began) if given.quick else 900.0

    with provider() as served, folder() as place:
        found = measure(QUICK if given.quick else FULL, served, place, left_s)
    found["quick"], found["took_s"] = given.quick, time.monotonic() - began
    if given.write_docs:
        table.write(found)
    if given.json:
        print(orjson.dumps(found).decode())
    else:
        print(table.text(found))


def measure(plan: Plan, served: Provider, place: Path, left_s: Callable[[], float]) -> dict[str, Any]:
    """Everything, in the order of what matters most: with `--quick` the last may find no time."""
    for way in ("each", "listed"):  # what is imported at first use is no part of an effect
        pair(way, served, place, 10)
    effects: list[Row] = [
        compare(way, served, place, size, rounds, lambda: left_s() < 20)
        for size, rounds in plan.effects for way in ("each", "listed")
    ]  # fmt: skip
    found = alone(plan, effects, place)
    ours = peer("journal", served, place, *plan.dbos, within_s=max(left_s(), 10))
    dbos = peer("dbos", served, place, *plan.dbos, within_s=left_s())
    prefect = peer("prefect", served, place, *plan.prefect, within_s=left_s())
    whole = max(row["added_us"] for row in effects)

    def against(other: Row, added: float | None) -> float | None:
        return other["added_us"] / added if added and "added_us" in other else None

    looked = [row for row in effects if row["way"] == "each"]
    listed = [row for row in effects if row["way"] == "listed"]
    return {
        "effects_vs_bare": max(row["ratio"] for row in looked),
        "listing_vs_bare": max(row["ratio"] for row in listed),
        "listing_vs_looking": max(b["seconds"] / a["seconds"] for a, b in zip(looked, listed, strict=True)),
        "checkpoint_vs_dbos": against(dbos, ours.get("added_us")),
        "checkpoint_vs_prefect": against(prefect, ours.get("added_us")),
        "engine_vs_dbos": against(dbos, whole),
        "engine_vs_prefect": against(prefect, whole),
        **found, "rows": effects, "peers": [ours, dbos, prefect],
    }  # fmt: skip


def alone(plan: Plan, effects: list[Row], place: Path) -> dict[str, Any]:
    """The journal without an engine."""
    small, large = place / "small.db", place / "large.db"
    asyncio.run(store.fill(small, SMALL))
    asyncio.run(store.fill(large, plan.large))
    series: dict[Path, list[float]] = {small: [], large: []}
    for _ in range(plan.series):
        for file, took in series.items():
            took.append(asyncio.run(store.appends(f"sqlite:///{file}", plan.appends)))
    row = next(row for row in effects if row["way"] == "listed")
    again = place / "again.db"
    run = asyncio.run(store.repeat(Path(row["file"]), row["run"], again, 10_000 // row["effects"]))
    replays = [store.replayed(again, run) for _ in range(3)]
    events = store.count(again)
    return {
        "append_1m_vs_10k": store.best(series[large]) / store.best(series[small]),
        "append_rows": plan.large,
        "appends_per_s": plan.appends / store.best(series[small]),
        "replay_10k_s": min(took for took, _, _ in replays),
        "replay_effects": replays[0][1],
        "replay_events": replays[0][2],
        "verify_per_s": max(store.verified(f"sqlite:///{again}", events) for _ in range(2)),
        "verify_events": events,
    }


if __name__ == "__main__":
    main()
