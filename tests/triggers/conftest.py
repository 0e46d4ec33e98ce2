"""A state folder of its own for each test, and the command line called as it is, or as a process."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from triggers.cli import company, place
from triggers.cli.main import main

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out.splitlines()[-1])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    state = tmp_path / "state"
    monkeypatch.setenv("RINGFENCE_HOME", str(state))
    for name in ("RINGFENCE_CONFIG", "RINGFENCE_PREFECT", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    yield state
    if company.folder(state).exists():
        company.end(state)


@pytest.fixture
def ringfence(home: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def call(*words: str) -> Said:
        capfd.readouterr()
        code = main([str(word) for word in words])
        said = Said(code, *capfd.readouterr())
        assert "Traceback" not in said.out + said.err
        return said

    return call


@pytest.fixture
def process(home: Path) -> Callable[..., Said]:
    """The command as people start it."""

    def call(*words: str) -> Said:
        command = [sys.executable, "-m", "triggers.cli.main", *map(str, words)]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
        assert "Traceback" not in done.stdout + done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def written(home: Path) -> str:
    """A journal with two runs; the id of the newer."""
    from journal import Draft, Keys

    async def write() -> None:
        journal = place.open_journal(Keys.none())
        for run, incident, lock in (("R1", "INC-1", "drift"), ("R2", "INC-2", None)):
            lease, _ = await journal.begin(run, incident, Draft("opened", {"playbook": "p", "number": 7}), lock=lock)
            await journal.append(lease, [Draft("worded", {"word": "contained"}), Draft("ended", {"word": "contained"})])
            await journal.release(lease, unlock=run == "R2")
            await asyncio.sleep(0.002)
        await journal.aclose()

    asyncio.run(write())
    return "R2"
