"""The live part: the word and the matrix each time that the run moved, by server-sent events, at most once a second."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from journal.clock import now
from journal.replay import Run
from triggers.page import screens
from triggers.page.guard import Session, Turned
from triggers.page.page import Page, templates

MOST = 200
"""Phones that look on at one time."""
EVERY_S = 1.0
BEAT_S = 15.0
"""Seconds of silence after which a line is sent, so that nobody between closes the connection."""


class Watchers:
    """Those who look on. A run that moved is drawn once for all who look at it."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._count = 0
        self._drawn: dict[str, tuple[int, str]] = {}

    def stream(self, session: Session, run_id: str) -> StreamingResponse:
        """The events for one phone; they end with its session. Raises Turned."""
        if self._count >= MOST:
            raise Turned(503, "Too many look on", "The page itself shows how it is now: look again.")
        return StreamingResponse(self._events(session, run_id), media_type="text/event-stream")

    async def _events(self, session: Session, run_id: str) -> AsyncIterator[str]:
        self._count += 1
        changes = self._page.house.changes(run_id)
        waiting: asyncio.Task[Run] | None = None
        try:
            while True:
                waiting = waiting or asyncio.ensure_future(anext(changes))
                await asyncio.wait({waiting}, timeout=BEAT_S)
                if now().timestamp() >= session.until:
                    yield event("over", "Your half hour here is over: open a new link, or enter with your passkey.")
                    return
                if not waiting.done():
                    yield ": still here\n\n"
                    continue
                try:
                    run = waiting.result()
                except StopAsyncIteration:
                    if self._page.house.draining:  # the browser asks again by itself, of whoever serves then
                        return
                    yield event("over", "Nothing moves here any more: the run has ended.")
                    return
                waiting = None
                yield event("asked", screens.asked_now(run))
                yield event("moving", self._moving(run))
                await asyncio.sleep(EVERY_S)
        finally:
            self._count -= 1
            if waiting is not None:
                waiting.cancel()
                with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration, Exception):
                    await waiting
            if hasattr(changes, "aclose"):
                await changes.aclose()

    def _moving(self, run: Run) -> str:
        known = self._drawn.get(run.id)
        if known is None or known[0] != run.n:
            text = templates().get_template("moving.html.j2").render(live=screens.live(run))
            known = self._drawn[run.id] = (run.n, text)
            if len(self._drawn) > MOST:
                self._drawn.pop(next(iter(self._drawn)))
        return known[1]


def event(name: str, data: str) -> str:
    """One server-sent event; each line of its data on a line of its own, so that none ends it."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines())
    return f"event: {name}\n{lines}\n"
