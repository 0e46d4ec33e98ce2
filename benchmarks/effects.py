"""Effects: the engine and the bare client in turn, on the same requests."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import bare, ours
from benchmarks.place import ROOT, Provider

Row = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """One round: the engine, and right after it the bare client on what the server had been asked."""

    ours: ours.Ran
    bare: float
    looks: int
    sends: int
    file: Path


def pair(way: str, provider: Provider, folder: Path, effects: int) -> Pair:
    """Measure both once."""
    file = folder / f"{way}-{effects}-{time.time_ns()}.db"
    provider.fill(effects)
    gc.collect()
    ran = asyncio.run(ours.run(way, provider.url, file, effects))
    asked, alive = provider.asked()
    assert (ran.word, alive) == ("contained", 0), f"{ran.word}, {alive} left"
    sends = sum(1 for method, _ in asked if method == "POST")
    assert sends == effects, f"{sends} sends"
    provider.fill(effects)
    gc.collect()
    return Pair(ran, asyncio.run(bare.replay(provider.url, asked)), len(asked) - sends, sends, file)


def compare(way: str, provider: Provider, folder: Path, effects: int, rounds: int, enough: Callable[[], bool]) -> Row:
    """Several rounds in turn. The ratio is the median of the rounds' own: what disturbs one half, disturbs the other."""
    pairs: list[Pair] = []
    while len(pairs) < rounds and not (pairs and enough()):
        pairs.append(pair(way, provider, folder, effects))
    best = min(pairs, key=lambda p: p.ours.seconds)
    return {
        "way": way, "effects": effects, "rounds": len(pairs), "looks": best.looks, "sends": best.sends,
        "events": best.ours.events, "transactions": best.ours.batches,
        "seconds": best.ours.seconds, "bare_seconds": min(p.bare for p in pairs),
        "ratio": median(p.ours.seconds / p.bare for p in pairs),
        "added_us": median((p.ours.seconds - p.bare) / effects for p in pairs) * 1e6,
        "run": best.ours.run, "file": str(best.file),
    }  # fmt: skip


def peer(which: str, provider: Provider, folder: Path, items: int, rounds: int, within_s: float) -> Row:
    """Our journal alone, a DBOS step or a Prefect persisted task an item, in a process of its own; or why it was not measured."""
    if importlib.util.find_spec(which) is None:  # our own journal is always there
        return {"peer": which, "why": "not installed: --group bench"}
    if within_s < 10:
        return {"peer": which, "why": "no time left in --quick"}
    (home := folder / which).mkdir(mode=0o700)
    words = [sys.executable, "-m", "benchmarks.peers", which, provider.url, str(items), str(home), str(rounds)]
    try:
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=within_s, check=False)
    except subprocess.TimeoutExpired:
        return {"peer": which, "why": f"not done in {within_s:.0f} s"}
    if done.returncode != 0:
        return {"peer": which, "why": f"failed: {done.stderr.strip().splitlines()[-1:]}"}
    row: Row = {"peer": which, **json.loads(done.stdout.splitlines()[-1])}
    row["ratio"] = row["seconds"] / row["bare"]
    row["added_us"] = (row["seconds"] - row["bare"]) / items * 1e6
    return row
