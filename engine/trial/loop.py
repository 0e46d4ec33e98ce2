"""An event loop whose time moves only when nothing else can: a case that waits for an hour takes a moment."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import Context
from typing import TypeVar, TypeVarTuple

from journal.clock import Clock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BORN_S = 1_767_225_600
"""What the wall shows at second 0 of a case: 2026-01-01T00:00:00Z, so that each run of a case is the same."""
UPTIME_S = 5_000.0
MOST_TURNS = 50_000
"""Turns of the loop within one instant after which something spins."""


SHORTEST_S = 1e-6


class Stuck(Exception):
    """Nothing can ever happen again, or what happens never ends: a fault of ours, or of the case."""


class _Skips(selectors.SelectSelector):
    """Waits for nobody: where asyncio would sleep, it moves the time on."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self._turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            self._turns += 1
            if self._turns > MOST_TURNS:
                self._turns = 0  # what is cancelled now needs turns of its own to end
                raise Stuck(f"it goes round in circles at second {self.now_s:.3f}")
        elif timeout is None:
            raise Stuck(f"nothing can happen any more after second {self.now_s:.3f}")
        else:
            self.now_s += timeout
            self._turns = 0
        return ready


class Loop(asyncio.SelectorEventLoop):
    """asyncio's own loop over that: one thread, no sockets but its own."""

    def __init__(self) -> None:
        self._skips = _Skips()
        super().__init__(self._skips)

    def time(self) -> float:
        """Seconds since the case began."""
        return self._skips.now_s

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Later is later: a wait that is too short to move the time would never end."""
        return super().call_at(max(when, self.time() + SHORTEST_S), callback, *args, context=context)

    def run_in_executor(  # what asyncio.to_thread comes down to
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Do it here and now: a thread would come at its own time."""
        del executor
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  it is for whoever waits for it
            future.set_exception(error)
        return future


class CaseClock(Clock):
    """The clocks of a case: both run with its loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def wall_ns(self) -> int:
        """Nanoseconds since 1970."""
        return BORN_S * 1_000_000_000 + int(self._loop.time() * 1e6) * 1000

    def boot_s(self) -> float:
        """Seconds since a machine started that never did."""
        return UPTIME_S + self._loop.time()
