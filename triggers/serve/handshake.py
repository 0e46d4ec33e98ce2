"""How the command line finds the service of its state folder: a file of its owner's alone, believed while that process lives."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from flows.server import started_at

TOKEN_BYTES = 32


@dataclass(frozen=True)
class Handshake:
    """What a service says of itself.

    Attributes:
        url: where it listens. started: when its process did, by the kernel's clock.
        token: opens what the command line on this machine needs, and nothing that a person decides.
        config: the configuration that it works with. sandbox: the practice company's.
    """

    url: str
    pid: int
    started: str
    token: str
    config: str
    sandbox: bool


def file_of(state: Path) -> Path:
    """Where it lies."""
    return state / "serve" / "handshake.json"


def make(url: str, config: Path, *, sandbox: bool) -> Handshake:
    """What this process says of itself, with a fresh token."""
    pid = os.getpid()
    return Handshake(url, pid, started_at(pid), secrets.token_urlsafe(TOKEN_BYTES), str(config), sandbox)


def write(state: Path, mine: Handshake) -> None:
    """Put it there, whole or not at all. Of two services over one state folder the later one is found."""
    file = file_of(state)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{mine.pid}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump(asdict(mine), out)
    draft.replace(file)


def remove(state: Path, mine: Handshake) -> None:
    """Take it away, if it is this process's own."""
    with contextlib.suppress(OSError, ValueError):
        if json.loads(file_of(state).read_text(encoding="utf-8"))["pid"] == mine.pid:
            file_of(state).unlink()


def found(state: Path) -> Handshake | None:
    """The service that runs over this state folder; None where the very process that wrote it lives no more."""
    try:
        said = Handshake(**json.loads(file_of(state).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return said if said.started and started_at(said.pid) == said.started else None
