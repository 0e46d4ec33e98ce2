"""Starts, finds and stops our own Prefect server in the background. Does not import prefect: `flows.serving` is that process's inside.

A command never owns the server: it outlives the command, serves the next, and ends by itself after thirty idle minutes. The process
holds a lock on a file for as long as it lives, so however it dies nobody mistakes a stale record for a server.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

IDLE_S = 30 * 60
START_S = 120.0
HUNG_S = 5.0
STOP_S = 6.0
_POLL_S = 0.05
_PASSED_ON = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "XDG_CACHE_HOME")


class ServerError(Exception):
    """The local server did not start; the message says where its log is."""


@dataclass(frozen=True)
class Server:
    """What the running server wrote of itself."""

    pid: int
    started: str
    port: int
    url: str
    page: str
    version: str


def folder(state: Path) -> Path:
    """Give the server's folder: data base, record, lock and log."""
    return state.resolve() / "prefect"


def status(state: Path) -> Server | None:
    """Give the server that runs for this state folder and has been healthy; it may have hung since."""
    here = folder(state)
    if not is_held(here / "server.lock"):
        return None
    try:
        found = Server(**json.loads((here / "server.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if started_at(found.pid) == found.started else None


def start(state: Path, *, idle_s: float = IDLE_S, within_s: float = START_S) -> Server:
    """Give a server that answers, and start one if there is none. Two commands at once start one."""
    from flows.api import alive

    running = status(state)
    if running is not None:
        if alive(running.url, HUNG_S):
            return running
        stop(state)
    child = None if is_held(folder(state) / "server.lock") else _spawn(state, idle_s)
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if (running := status(state)) is not None:
            return running
        if child is not None and child.poll() not in {None, 0}:
            break
        if child is None and not is_held(folder(state) / "server.lock"):
            child = _spawn(state, idle_s)  # the one that somebody else was starting has died
        time.sleep(_POLL_S)
    raise ServerError(f"The local Prefect server did not start; see {folder(state) / 'server.log'}")


def stop(state: Path) -> bool:
    """End the server of this state folder; give whether there was one."""
    running = status(state)
    if running is None:
        return False
    lock = folder(state) / "server.lock"
    patience_s = STOP_S if _runs(running.pid) else 0.0
    for kind, within_s in ((signal.SIGTERM, patience_s), (signal.SIGKILL, STOP_S)):
        if started_at(running.pid) != running.started:
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, kind)
        end = time.monotonic() + within_s
        while time.monotonic() < end and is_held(lock):
            time.sleep(_POLL_S)
        if not is_held(lock):
            break
    (folder(state) / "server.json").unlink(missing_ok=True)
    return True


def started_at(pid: int) -> str:
    """When a process started, by the kernel's clock: tells it from a later one with the same number."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
    except OSError:
        if sys.platform == "linux":
            return ""
    asked = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return asked.stdout.strip()


def _runs(pid: int) -> bool:
    """Tell a stopped process (SIGSTOP) from a running one: it hears nothing but SIGKILL."""
    with contextlib.suppress(OSError):
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0] != "T"
        )
    return True


def is_held(lock: Path) -> bool:
    """Whether a living process holds the lock."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextlib.contextmanager
def held(lock: Path, within_s: float = 0.5) -> Iterator[bool]:
    """Hold the lock; give False when another process has it. A short wait, since `is_held` touches it too."""
    lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    end = time.monotonic() + within_s
    with lock.open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    yield False
                    return
                time.sleep(_POLL_S)
            else:
                yield True
                return


def _spawn(state: Path, idle_s: float) -> subprocess.Popen[bytes]:
    here = folder(state)
    here.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [
        sys.executable,
        "-m",
        "flows.server",
        "--state",
        str(state.resolve()),
        "--port",
        "0",
        "--idle",
        str(idle_s),
    ]
    # Only what it needs of the environment: our providers' tokens may be in there. Its own working folder: Prefect reads .env where it starts.
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    with (here / "server.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603
            command, cwd=here, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def main() -> None:
    """Be the server: `python -m flows.server --state DIR --port 0`."""
    parser = argparse.ArgumentParser(prog="python -m flows.server")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--idle", type=float, default=IDLE_S)
    given = parser.parse_args()
    from flows import serving

    with held(folder(given.state) / "server.lock") as mine:
        if mine:
            serving.serve(given.state, port=given.port, idle_s=given.idle)


if __name__ == "__main__":
    main()
