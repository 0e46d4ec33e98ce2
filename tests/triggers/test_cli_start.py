"""The start: a responder waits for it."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

import pytest

from triggers.cli.place import CHECKOUT

HEAVY = (
    "rich",
    "pydantic",
    "sqlalchemy",
    "prefect",
    "httpx",
    "aiohttp",
    "cel_expr_python",
    "engine",
    "flows",
    "language",
)


def test_the_front_page_loads_nothing_heavy():
    code = (
        "import sys; from triggers.cli.main import main; main(['--help']);"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CHECKOUT)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_help_starts_almost_as_fast_as_its_imports():
    bare = [sys.executable, "-c", "import cyclopts, rich"]
    ours = [sys.executable, "-m", "triggers.cli.main", "--help"]
    ratios = []
    for _ in range(7):
        took = []
        for command in (bare, ours):
            began = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True, cwd=CHECKOUT, env=os.environ | {"PYTHONPATH": ""})
            took.append(time.perf_counter() - began)
        ratios.append(took[1] / took[0])
    assert statistics.median(ratios) <= 1.6, ratios
