"""A fault point for tests: end this process hard at the n-th journal event that it writes."""

from __future__ import annotations

import os
import signal
from functools import cache
from typing import NoReturn

VARIABLE = "RINGFENCE_KILL_AT"


class KillAt:
    """Kill this process (SIGKILL) when its n-th event is durable, or, for -n, just before that event is written.

    The batch that holds the event is cut there, in the middle of one append if need be: exactly n (or n-1) events of
    this process are durable afterwards. Events that `begin` and `take` write count too.
    """

    def __init__(self, at: int) -> None:
        if at == 0:
            raise ValueError(f"{VARIABLE} must be n (after event n) or -n (before it), from 1")
        self.before = at < 0
        self.durable_events = -at - 1 if at < 0 else at
        self.written = 0

    @staticmethod
    def from_env() -> KillAt | None:
        """Read RINGFENCE_KILL_AT: None when unset or empty, else one and the same counter for this process."""
        text = os.environ.get(VARIABLE, "").strip()
        return _shared(text) if text else None

    def left(self) -> int:
        """How many events this process may still make durable."""
        return self.durable_events - self.written

    def die(self) -> NoReturn:
        """End this process now, as a power cut would."""
        os.kill(os.getpid(), signal.SIGKILL)
        raise SystemExit(f"{VARIABLE} did not end the process")


@cache
def _shared(text: str) -> KillAt:
    try:
        return KillAt(int(text))
    except ValueError:
        raise ValueError(f"{VARIABLE}={text!r} must be n (after event n) or -n (before it), from 1") from None
