"""Starts, finds, asks and ends the practice company: a process of its own that outlives the command. Imports nothing of it.

Found by its handshake; believed only while the very process that we started lives (pid and its start time by the kernel's clock).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flows.server import held, started_at
from triggers.cli.place import Refused

START_S = 30.0
STOP_S = 5.0
ASK_S = 10.0
_POLL_S = 0.02
_PASSED_ON = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH")


def folder(state: Path) -> Path:
    """Give the sandbox's folder: handshake, record, lock and log."""
    return state / "sandbox"


def running(state: Path) -> dict[str, Any] | None:
    """Give the handshake of the sandbox that runs for this state folder, secrets and all; None when none does."""
    here = folder(state)
    try:
        handshake = json.loads((here / "handshake.json").read_text(encoding="utf-8"))
        record = json.loads((here / "process.json").read_text(encoding="utf-8"))
        if record["pid"] == handshake["pid"] and _is_alive(record["pid"], record["started"]):
            return dict(handshake)
    except (OSError, ValueError, LookupError, TypeError):
        pass
    return None


def ensure(
    state: Path,
    *,
    tokens: int | None = None,
    attacker: str | None = None,
    mint_per_s: float | None = None,
    lag_s: float | None = None,
    seed: int | None = None,
    grants: int | None = None,
    forgotten: bool | None = None,
    restart: bool = False,
    asleep: bool = False,
) -> dict[str, Any]:
    """Give the handshake of the sandbox that runs, or start one. Two commands at once start one.

    `asleep`: one that is started now has its thief asleep, so that two looks see one state; see `wake`.
    One that runs with other options than those asked for is ended first: nothing of a practice company is worth more
    than what somebody asks to practise on. Raises Refused when none can be started.
    """
    given = {
        "tokens": tokens, "attacker": attacker, "mint_per_s": mint_per_s, "lag_s": lag_s, "seed": seed,
        "grants": grants, "forgotten": forgotten,
    }  # fmt: skip
    asked = {name: value for name, value in given.items() if value is not None}
    with _alone(state):
        handshake = running(state)
        if handshake is not None and not restart and asked.items() <= handshake["options"].items():
            return handshake
        _end(state)
        return _start(state, asked, asleep=asleep)


def end(state: Path) -> bool:
    """End the sandbox; give whether one ran."""
    if not folder(state).exists():
        return False
    with _alone(state):
        return _end(state)


def ask(handshake: Mapping[str, Any], method: str, path: str, body: object = None, key: str = "") -> Any:
    """Send one request to the sandbox, with the secret of that name; give the answer's JSON. Raises Refused."""
    return _ask(str(handshake["url"]) + path, method, body, handshake["secrets"][key] if key else "")


def wake(handshake: Mapping[str, Any]) -> None:
    """Let thief and vendor act from now on. Raises Refused."""
    ask(handshake, "PUT", "/_sandbox/attacker", {"awake": True})


def attacker_calls(url: str, since: str | datetime, until: str | datetime | None = None) -> dict[str, Any]:
    """Count what the attacker tried and reached after `since`, and up to `until`: by the company's own log, all 2xx are successes.

    Gives {"attempts", "successes", "records_read", "first_success_at", "last_success_at"}; the times are "" where there is none.
    """
    first, last = _time(since), _time(until) if until is not None else None
    lines = [
        line
        for line in _ask(f"{url}/_sandbox/log?{urlencode({'since': first.isoformat()})}", "GET")
        if line["who"] == "attacker" and _time(line["at"]) > first and (last is None or _time(line["at"]) <= last)
    ]
    good = [line for line in lines if 200 <= line["status"] < 300]
    return {
        "attempts": len(lines),
        "successes": len(good),
        "records_read": sum(line["reads"] for line in good),
        "first_success_at": good[0]["at"] if good else "",
        "last_success_at": good[-1]["at"] if good else "",
    }


def _time(at: str | datetime) -> datetime:
    time_ = datetime.fromisoformat(at) if isinstance(at, str) else at
    if time_.tzinfo is None:
        raise Refused(f"{at}: a time names its zone, as in 2026-03-01T02:40:00Z")
    return time_


def _ask(url: str, method: str, body: object = None, secret: str = "") -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {secret}"} if secret else {})
    data = None if body is None else json.dumps(body).encode()
    # No proxy: it is on this machine, and its secrets stay here.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, data, headers, method=method), timeout=ASK_S) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        said = refused.read().decode("utf-8", "replace")
        with contextlib.suppress(ValueError, LookupError, TypeError):
            said = json.loads(said)["error"]
        raise Refused(f"The sandbox refused ({refused.code}): {said}.") from None
    except (OSError, ValueError):
        raise Refused("The sandbox does not answer: `ringfence sandbox up --restart` starts another.") from None


@contextlib.contextmanager
def _alone(state: Path) -> Iterator[None]:
    with held(folder(state) / "lock", within_s=START_S + STOP_S) as mine:
        if not mine:
            raise Refused("Another command is starting or ending the sandbox: try again in a moment.")
        yield


def _start(state: Path, options: Mapping[str, Any], *, asleep: bool) -> dict[str, Any]:
    here = folder(state)
    (here / "handshake.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "sandbox", "--handshake", str(here / "handshake.json")]
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        command += [] if value is False else [flag] if value is True else [flag, str(value)]
    command += ["--asleep"] if asleep else []
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    with os.fdopen(os.open(here / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as log:
        child = subprocess.Popen(  # noqa: S603
            command, cwd=here, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    record = {"pid": child.pid, "started": started_at(child.pid)}
    (here / "process.json").write_text(json.dumps(record), encoding="utf-8")
    limit = time.monotonic() + START_S
    while time.monotonic() < limit:
        if (handshake := running(state)) is not None:
            child.returncode = 0  # it is not ours to wait for: it outlives this command
            return handshake
        if child.poll() is not None:
            break
        time.sleep(_POLL_S)
    child.kill()
    child.wait()
    said = (here / "log").read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
    raise Refused(f"The sandbox did not start: {said or 'it did not say why'}")


def _end(state: Path) -> bool:
    handshake = running(state)
    if handshake is None:
        return False
    pid, started = handshake["pid"], started_at(handshake["pid"])
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, kind)
        limit = time.monotonic() + STOP_S
        while time.monotonic() < limit and _is_alive(pid, started):
            time.sleep(_POLL_S)
        if not _is_alive(pid, started):
            break
    for name in ("handshake.json", "process.json"):
        (folder(state) / name).unlink(missing_ok=True)
    return True


def _is_alive(pid: int, started: str) -> bool:
    with contextlib.suppress(OSError):
        os.waitpid(pid, os.WNOHANG)  # a child of this very process that has ended is no sandbox any more
    return bool(started) and started_at(pid) == started
