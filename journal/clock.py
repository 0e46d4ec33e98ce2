"""Times: of the wall for the record, of the machine's boot clock for leases. What waits asks its event loop instead."""

from __future__ import annotations

import time
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

AT_PATTERN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
"""How every `at` looks: RFC 3339, UTC, microseconds. Such texts sort by time."""

_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """The machine's own clocks."""

    def wall_ns(self) -> int:
        """Nanoseconds since 1970. People and NTP set it, in both directions."""
        return time.time_ns()

    def boot_s(self) -> float:
        """Seconds since this machine started, sleep included."""
        return time.clock_gettime(_BOOT)


_REAL = Clock()
clock: ContextVar[Clock] = ContextVar("clock", default=_REAL)
"""Whose clocks count here: the machine's, unless a simulation put in its own."""


def wall() -> str:
    """Now, as an `at`."""
    return at(clock.get().wall_ns() // 1000)


def at(us: int) -> str:
    """Spell microseconds since 1970 as an `at`."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(us // 1_000_000)) + f".{us % 1_000_000:06d}Z"


def spelled(time_: datetime) -> str:
    """Spell a time as an `at`."""
    return at(round((time_ - _EPOCH) / timedelta(microseconds=1)))


def now() -> datetime:
    """Now by the wall, in UTC: for people and the record. Nothing may wait by it."""
    return _EPOCH + timedelta(microseconds=clock.get().wall_ns() // 1000)


def boot_s() -> float:
    """Seconds since this machine started, sleep included (CLOCK_BOOTTIME): no one can set this clock back."""
    return clock.get().boot_s()
