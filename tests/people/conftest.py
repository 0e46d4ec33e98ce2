"""The command line called as it is, in a state folder of its own, beside a practice company without an attacker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from journal.proof.verify import verify_url
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
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    state = tmp_path / "state"
    monkeypatch.setenv("RINGFENCE_HOME", str(state))
    for name in ("RINGFENCE_CONFIG", "RINGFENCE_PREFECT", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    yield state
    if company.folder(state).exists():
        company.end(state)


@pytest.fixture
def ringfence(home: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Said]]:
    """Call a command. Whatever was said and written is searched for the secrets of the practice company at the end."""
    told: list[str] = []

    def call(*words: str) -> Said:
        capfd.readouterr()
        code = main([str(word) for word in words])
        said = Said(code, *capfd.readouterr())
        assert "Traceback" not in said.out + said.err
        assert "fault of ours" not in said.out + said.err
        told.append(said.out + said.err)
        return said

    yield call
    if (handshake := company.running(home)) is not None:
        for secret in handshake["secrets"].values():
            assert not any(secret in text for text in told)
            for file in home.rglob("*"):
                if file.is_file() and file.name != "handshake.json":
                    assert secret.encode() not in file.read_bytes(), file


@pytest.fixture
def process(home: Path) -> Callable[..., Said]:
    """The command as people start it, in a process of its own that ends with it, without a terminal."""

    def call(*words: object) -> Said:
        command = [sys.executable, "-m", "triggers.cli.main", *map(str, words)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "RINGFENCE_PREFECT": "off"}
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, timeout=90
        )
        assert "Traceback" not in done.stdout + done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def practice(home: Path) -> dict[str, str]:
    """The practice company runs; its secrets by name."""
    return company.ensure(place.state_folder(), attacker="none", tokens=2)["secrets"]


@pytest.fixture
def verified(home: Path) -> Callable[[], None]:
    def check() -> None:
        assert verify_url(f"sqlite:///{home}/journal.db") == []

    return check
