"""Prefect's own thread and loop for one flow. Does not touch the engine's loop: whatever blocks in here blocks nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Callable
from typing import Any

from flows import desk
from flows.around import Around, What
from flows.running import Running


class FlowThread:
    """Runs one flow from now on. `page` is set once Prefect has a place for it; `failed` when Prefect could not see it through."""

    def __init__(self, running: Running, what: What, watching: Callable[[], None]) -> None:
        self.page: str | None = None
        self.failed = False
        self._watching = watching
        self._what = what
        self._running = _Paged(running, self)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flow: asyncio.Task[Any] | None = None
        self._over = asyncio.Event()
        self._home = asyncio.get_running_loop()
        threading.Thread(target=self._main, name=f"prefect-{running.run}", daemon=True).start()

    async def wait(self, within_s: float | None) -> bool:
        """Wait until the flow has ended and Prefect has been told all of it; give whether it has."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._over.wait()
        return self._over.is_set()

    def note(self, page: str | None) -> None:
        """Called by the flow when it begins to watch."""
        self.page = page
        with contextlib.suppress(RuntimeError):
            self._home.call_soon_threadsafe(self._watching)

    def give_up(self) -> None:
        """Stop it if it can still be stopped; nobody looks after it any more."""
        self.failed = True
        loop, flow = self._loop, self._flow
        if loop is not None and flow is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(flow.cancel)

    def _main(self) -> None:
        desk.lay(self._running)
        try:
            asyncio.run(self._flows())
            self._send_the_rest()
        except BaseException:  # noqa: BLE001 - a thread that prints its traceback would print ours
            self.failed = True
        finally:
            desk.lift(self._running)
            with contextlib.suppress(RuntimeError):
                self._home.call_soon_threadsafe(self._over.set)

    async def _flows(self) -> None:
        from flows.contain import contain
        from flows.recover import recover

        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda _loop, _context: None)
        flow = contain if self._what == "contain" else recover
        self._flow = asyncio.ensure_future(flow(self._running.run, return_state=True))
        state = await self._flow
        # A failed state is how a crash of ours ends, and Prefect took it; anything but a final one, it did not.
        self.failed = not state.is_final()

    def _send_the_rest(self) -> None:
        """Task runs reach the server as events, behind the flow's own end."""
        from prefect.events.worker import EventsWorker

        EventsWorker.instance().wait_until_empty()


class _Paged:
    """The run as the flow gets it: notes the flow's page on the way."""

    def __init__(self, running: Running, thread: FlowThread) -> None:
        self.run = running.run
        self._running = running
        self._thread = thread

    async def contain(self, around: Around) -> str:
        self._note()
        return await self._running.contain(around)

    async def recover(self, around: Around) -> str:
        self._note()
        return await self._running.recover(around)

    def _note(self) -> None:
        from prefect.context import FlowRunContext
        from prefect.utilities.urls import url_for

        flow = FlowRunContext.get()
        self._thread.note(url_for(flow.flow_run) if flow is not None and flow.flow_run is not None else None)


def any_started() -> bool:
    """Whether prefect is in this process, and with it threads that a normal exit would wait for."""
    return "prefect" in sys.modules
