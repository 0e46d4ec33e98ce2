"""Start real sandboxes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sandbox.practice import Practice


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Practice]]:
    """Start a sandbox with these options; it is ended after the test."""
    running: list[Practice] = []

    def begin(*options: str) -> Practice:
        folder = tmp_path / str(len(running))
        folder.mkdir()
        running.append(Practice(folder, list(options)))
        return running[-1]

    yield begin
    for practice in running:
        practice.end(at_once=True)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """One company without a thief for all tests that leave nothing behind but tokens and sessions of their own."""
    practice = Practice(tmp_path_factory.mktemp("shared"), ["--attacker", "none", "--lag-s", "0.2"])
    yield practice
    practice.end()


@pytest.fixture
def calm(start: Callable[..., Practice]) -> Practice:
    """A company without a thief."""
    return start("--attacker", "none", "--lag-s", "0.2")


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait until something is true."""

    def wait(true: Callable[[], object], seconds: float = 8) -> None:
        limit = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < limit, "never became true"
            time.sleep(0.02)

    return wait
