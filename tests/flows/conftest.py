from __future__ import annotations

import contextlib
import fcntl
import socket

import pytest

from flows import server


@pytest.fixture(scope="session")
def served(tmp_path_factory, worker_id):
    """One state folder with a running server for all test processes; whoever leaves last stops it."""
    base = tmp_path_factory.getbasetemp()
    state = (base if worker_id == "master" else base.parent) / "prefect-state"
    users = state / "users"
    users.mkdir(parents=True, exist_ok=True)
    mine = users / worker_id
    with _alone(state):
        mine.touch()
    server.start(state, idle_s=120)
    yield state
    with contextlib.suppress(ImportError, KeyError):
        from prefect.events.worker import EventsWorker

        EventsWorker.drain_all(timeout=2)
    with _alone(state):
        mine.unlink()
        if not list(users.iterdir()):
            server.stop(state)


@contextlib.contextmanager
def _alone(state):
    with (state / "users.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def said():
    """What a run told of Prefect."""
    return []


@pytest.fixture
def silent_url():
    """An API that takes the connection and never answers."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        yield f"http://127.0.0.1:{silent.getsockname()[1]}/api"
