"""Carries a run out, with Prefect around it if Prefect is there. Does not let a run wait for Prefect: neither to begin, to end, nor to exit.

The engine runs in the caller's loop from the first moment on; Prefect's flow runs in a thread of its own and is shown what happens. A sandbox
run waits until Prefect is there to watch; a live run never does. What is said about Prefect here is all that its state changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple, NoReturn

from flows.api import Api
from flows.around import What, Work
from flows.running import Running
from flows.thread import FlowThread, any_started
from flows.warm import NotReadyError, Warm, take, warm

__all__ = ["Outcome", "carry_out", "leave", "warm"]

WAIT_S = 2.0
DRAIN_S = 2.0
SANDBOX_S = 150.0
JOIN_S = 20.0
_UNTOLD_S = 0.3


class Outcome(NamedTuple):
    """How a run ended, where Prefect shows it, and what there is to say about that."""

    word: str
    page: str | None
    notes: tuple[str, ...]


async def carry_out(
    work: Work,
    what: What,
    *,
    state: Path,
    live: bool,
    tell: Callable[[str], None],
    environ: Mapping[str, str] | None = None,
) -> Outcome:
    """Run `work` and give its word. `tell` hears one sentence where Prefect is waited for, or gone on without."""
    prefect = take(state, environ)
    beside = _Beside(prefect, tell, live=live)
    running = Running(work, what)
    if not live and not prefect.off:
        await beside.waited_for()
    began = time.monotonic()
    attending = asyncio.create_task(beside.attend(running, what, began))
    try:
        if not live:
            await beside.joined(attending)
        word = await running.go()
    finally:
        await beside.drained(attending, began)
        attending.cancel()
        await asyncio.wait({attending})
    return Outcome(word, beside.page(), tuple(beside.notes))


class _Beside:
    """Prefect beside one run: waited for, attending, drained, or given up, and what was said of it."""

    def __init__(self, prefect: Warm, tell: Callable[[str], None], *, live: bool) -> None:
        self._prefect = prefect
        self._tell = tell
        self._join_s = WAIT_S if live or prefect.named is not None else JOIN_S
        self._thread: FlowThread | None = None
        self._watching = asyncio.Event()
        self.notes: list[str] = []

    def page(self) -> str | None:
        return self._thread.page if self._thread is not None else None

    def _say(self, sentence: str) -> None:
        self.notes.append(sentence)
        self._tell(sentence)

    async def waited_for(self) -> None:
        """Wait as long as our own server takes; for one that somebody named, as long as a live run would."""
        within_s = SANDBOX_S if self._prefect.named is None else WAIT_S + WAIT_S
        end = time.monotonic() + within_s
        told = ""
        await _settled(self._prefect.ready, _UNTOLD_S)
        while not self._prefect.ready.done() and time.monotonic() < end:
            if (stage := self._prefect.stage) and stage != told:
                self._tell(f"Waiting: {stage} …")
                told = stage
            await _settled(self._prefect.ready, 0.1)

    async def joined(self, attending: asyncio.Task[None]) -> None:
        """Wait until Prefect watches, so that it shows the first step when it happens."""
        watching = asyncio.create_task(self._watching.wait())
        await asyncio.wait({watching, attending}, timeout=self._join_s, return_when=asyncio.FIRST_COMPLETED)
        watching.cancel()

    async def attend(self, running: Running, what: What, began: float) -> None:
        """Let Prefect join: at once, within two seconds, or as soon as it is there."""
        late = not await _settled(self._prefect.ready, began + WAIT_S - time.monotonic())
        if late:
            self._say(f"Prefect is not there after {WAIT_S:.0f} s: going on without it. The journal has the record.")
            await _settled(self._prefect.ready, None)
        try:
            found = self._prefect.ready.result()
        except NotReadyError as why:
            if not self._prefect.off and not late:
                self._say(f"{why}: going on without it. The journal has the record.")
            return
        if late:
            self._say(f"Prefect is there now, and shows the run: {found.page}")
        self._thread = FlowThread(running, what, self._watching.set)
        if not await self._thread.wait(self._join_s) and not self._watching.is_set() and not running.is_over():
            self._say(f"Prefect at {found.url} does not take the run: going on without it. The journal has the record.")
            late = True
        await self._thread.wait(None)
        if self._thread.failed and not running.is_over() and not late:
            self._say(f"Prefect at {found.url} is gone: going on without it. The journal has the record.")

    async def drained(self, attending: asyncio.Task[None], began: float) -> None:
        """Give Prefect its last two seconds: to show the end of what it watched, no more."""
        if self._thread is None:
            await asyncio.wait({attending}, timeout=max(0.0, began + WAIT_S + 0.05 - time.monotonic()))
        if self._thread is None:
            return
        await asyncio.wait({attending}, timeout=DRAIN_S)
        if self._thread.failed or not attending.done():
            self._thread.give_up()
            self._say(
                "Prefect did not take the end of the run; its page may say otherwise. The journal has the record."
            )


async def _settled(future: Future[Api], within_s: float | None) -> bool:
    """Wait for a thread's future without touching it: it is shared, and a cancelled wait must not cancel it."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def wake(_future: Future[Api]) -> None:
        with contextlib.suppress(RuntimeError):  # this loop has closed meanwhile
            loop.call_soon_threadsafe(done.set)

    future.add_done_callback(wake)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(None if within_s is None else max(0.0, within_s)):
            await done.wait()
    return future.done()


def leave(code: int) -> NoReturn:
    """End the process with this code. Where Prefect was in it, at once: its own farewell waits for its API. Close the journal before."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    if any_started():
        os._exit(code)
    sys.exit(code)
