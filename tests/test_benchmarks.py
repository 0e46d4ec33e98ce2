"""The benchmark can be run by anybody, ends in time, and says what its bars ask for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RATIOS = ("effects_vs_bare", "listing_vs_bare", "listing_vs_looking", "append_1m_vs_10k")


@pytest.mark.long
@pytest.mark.timeout(170)
def test_the_quick_benchmark_ends_and_gives_every_number():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.journal", "--quick", "--json"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=160,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    for name in RATIOS:
        assert 0.05 < found[name] < 50, name
    for name in ("checkpoint_vs_dbos", "checkpoint_vs_prefect"):
        assert found[name] is None or found[name] > 0, name
    for peer in found["peers"]:
        assert peer.get("why") or peer["requests"] == 3 * peer["items"], peer
    assert found["replay_effects"] == 10_000
    assert 0 < found["replay_10k_s"] < 30
    assert found["verify_per_s"] > 1_000
    assert found["appends_per_s"] > 100
    assert {(row["way"], row["effects"]) for row in found["rows"]} >= {("each", 1_000), ("listed", 1_000)}
    for row in found["rows"]:
        assert row["sends"] == row["effects"]
        assert row["events"] > 3 * row["effects"], "intended, answered, settled"
