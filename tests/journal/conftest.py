import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from journal import Journal, Keys

CHILD = Path(__file__).with_name("child.py")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/journal.db"


@pytest.fixture
async def journal(url: str) -> AsyncIterator[Journal]:
    opened = Journal.open(url, keys=Keys.none())
    yield opened
    await opened.aclose()


@pytest.fixture
def sql(url: str) -> Callable[..., list[tuple[object, ...]]]:
    """Run a statement on the journal's file behind the journal's back."""

    def run(statement: str, *values: object) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            with connection:
                return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    return run


@pytest.fixture
def child() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `child.py` with these arguments, as a process of its own; what is left of it dies with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*args: object, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(CHILD), *map(str, args)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(env or {})},
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
