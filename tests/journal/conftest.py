import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from postgres import Server, run_on, running

from journal import Draft, Event, Journal, Keys
from journal.proof.verify import Broken

CHILD = Path(__file__).with_name("child.py")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try a module's tests of a journal on each of its `DATABASES`; a test may name its own with a mark."""
    names = getattr(metafunc.module, "DATABASES", None)
    marks = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if names and "url" in metafunc.fixturenames and "url" not in marks:
        metafunc.parametrize("url", names, indirect=True)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture
def url(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Where a test's own journal is: a file, or a data base of a real server."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield f"sqlite:///{tmp_path}/journal.db"
        return
    server: Server = request.getfixturevalue("server")
    with server.database() as made:
        yield made


@pytest.fixture
async def journal(url: str) -> AsyncIterator[Journal]:
    opened = Journal.open(url, keys=Keys.none())
    yield opened
    await opened.aclose()


@pytest.fixture
def sql(url: str) -> Callable[..., list[tuple[object, ...]]]:
    """Run a statement on the journal's data base behind the journal's back."""

    def run(statement: str, *values: object) -> list[tuple[object, ...]]:
        if url.startswith("postgresql"):
            return run_on(url, statement.replace("?", "%s"), *values)
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            with connection:
                return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    return run


@pytest.fixture
async def written(url: str) -> str:
    """A journal at rest: three runs of 8 events, each taken over once."""
    journal = Journal.open(url, keys=Keys.none())
    for run in ("R1", "R2", "R3"):
        lease, _ = await journal.begin(run, f"INC-{run}", Draft("opened", {"title": "Ünï \u0001 ☃", "size": 1}))
        await journal.append(lease, [Draft("intended", {"effect": f"tokens/{i}", "back": False}) for i in range(3)])
        await journal.release(lease, unlock=True)
        lease, _ = await journal.take(run)
        await journal.append(lease, [Draft("settled", {"after": {"active": [], "n": i}}) for i in range(3)])
    await journal.aclose()
    return url


@pytest.fixture
def events_of() -> Callable[[str], Awaitable[list[Event]]]:
    """Read all events of a journal."""

    async def read(url: str) -> list[Event]:
        journal = Journal.open(url, keys=Keys.none())
        try:
            return [event for row in journal.runs() for event in journal.events(row.run)]
        finally:
            await journal.aclose()

    return read


@pytest.fixture
def named() -> Callable[[list[Broken], str, int], bool]:
    """Tell whether a finding says, in its fields and in its sentence, that this event is not what it was."""

    def is_named(broken: list[Broken], run: str, n: int) -> bool:
        return any(b.run == run and b.n == n and run in b.what and str(n) in b.what for b in broken)

    return is_named


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
