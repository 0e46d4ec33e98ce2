"""Times: of the wall for the record, of the machine's boot clock for leases."""

from __future__ import annotations

import time

AT_PATTERN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
"""How every `at` looks: RFC 3339, UTC, microseconds. Such texts sort by time."""

_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def wall() -> str:
    """Now, as an `at`."""
    ns = time.time_ns()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // 1_000_000_000)) + f".{ns // 1000 % 1_000_000:06d}Z"


def boot_s() -> float:
    """Seconds since this machine started, sleep included (CLOCK_BOOTTIME): no one can set this clock back."""
    return time.clock_gettime(_BOOT)
