"""Who holds a run: the owner's name in the data base, and the lease in its hand.

The fence guards the journal, not the provider: an owner asks `Lease.good` right before each send, with the longest
time-out of a request as its margin.
"""

from __future__ import annotations

import os
import platform
import threading
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import orjson

from journal.clock import boot_s, now

_ALIVE_HERE: set[str] = set()
"""Marks of the journals that are open in this process."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, named so that a reused pid is not taken for it.

    Attributes:
        host: the machine's name, for people.
        boot: id of this start of the machine; "" where the system does not tell (then only lapsing counts).
        space: its pid namespace: two containers on one machine count pids apart.
        pid: its process id.
        start: when it started, in clock ticks since boot; "" where unknown.
        mark: which open journal in it.
    """

    host: str
    boot: str
    space: str
    pid: int
    start: str
    mark: str

    @staticmethod
    def me(mark: str) -> Owner:
        """Name this process."""
        pid = os.getpid()
        found = _stat(pid)
        return Owner(platform.node()[:100], _boot_id(), _space(), pid, found[1] if found else "", mark)

    @staticmethod
    def read(text: str) -> Owner:
        """Read back what `text` wrote. Raises ValueError when it is not that."""
        try:
            return Owner(**orjson.loads(text))
        except TypeError as error:
            raise ValueError(f"not an owner: {error}") from None

    def text(self) -> str:
        """How it stands in the data base."""
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS).decode()

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"

    def same_boot(self) -> bool:
        """Whether its boot clock is ours."""
        return bool(self.boot) and self.boot == _boot_id()

    def dead(self) -> bool:
        """Whether it is known to have ended: False means alive, or that nobody can tell."""
        if not self.same_boot() or self.space != _space() or not self.space:
            return False
        found = _stat(self.pid)
        if found is None:
            return not _exists(self.pid)
        if found[0] in "ZX" or found[1] != self.start:
            return True
        return self.pid == os.getpid() and self.mark not in _ALIVE_HERE


def left_s(owner: Owner, renewed_ms: int, renewed_at: str, ttl_ms: int, now_us: int | None) -> float:
    """How many seconds a lease still holds, 0 or less when it lapsed.

    By the data base's clock (`now_us`) where it has one. Else by the boot clock where that is ours too, else (the
    machine was started anew) by the wall clock. A day that a clock was wrong by counts for one ttl at most.
    """
    ttl_s = ttl_ms / 1000
    if now_us is not None:
        return min(ttl_s, (renewed_ms - now_us // 1000) / 1000 + ttl_s)
    if owner.same_boot():
        return renewed_ms / 1000 + ttl_s - boot_s()
    gone_s = (now() - datetime.fromisoformat(renewed_at)).total_seconds()
    return min(ttl_s, ttl_s - gone_s)


def opened(mark: str) -> None:
    """Note that the journal with this mark is open in this process."""
    _ALIVE_HERE.add(mark)


def closed(mark: str) -> None:
    """Note that it is closed: what it held may be taken at once, by this process."""
    _ALIVE_HERE.discard(mark)


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _space() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _stat(pid: int) -> tuple[str, str] | None:
    """Give a process's state letter and start tick (proc(5)); None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return fields[0], fields[19]


def _exists(pid: int) -> bool:
    """Whether there is such a process: /proc may hide those of other users (hidepid), a signal finds them."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


class Lease:
    """The right to carry out one run, renewed by the journal's writer in the background.

    Attributes:
        run: id of the run.
        incident: id of its incident.
        fence: number of this lease; each taking raises it, and an append under an older one is refused.
    """

    __slots__ = ("_lock", "_lost", "_until_s", "fence", "incident", "run")

    def __init__(self, run: str, incident: str, fence: int, until_s: float) -> None:
        self.run = run
        self.incident = incident
        self.fence = fence
        self._until_s = until_s
        self._lost = False
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Lease(run={self.run!r}, fence={self.fence}, good={self.good()})"

    def good(self, margin_s: float = 0.0) -> bool:
        """Whether it holds for another `margin_s` seconds, by the boot clock: False after sleep or a pause too long.

        A lease that lapsed and that nobody took becomes good again when it is renewed; one that was taken does not.
        """
        return not self._lost and boot_s() + margin_s < self._until_s

    def renewed(self, until_s: float) -> None:
        """Note that it holds until this second of the boot clock. For the writer alone."""
        with self._lock:
            self._until_s = max(self._until_s, until_s)

    def lost(self) -> None:
        """Note that it was taken or released. For the writer alone."""
        with self._lock:
            self._lost = True
