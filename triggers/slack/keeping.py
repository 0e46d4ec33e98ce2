"""Keeps requests as they come, many in one transaction: a hundred at once are a few writes, not a hundred."""

from __future__ import annotations

import asyncio
import contextlib

from journal.errors import JournalError
from triggers.slack.intake import Intake
from triggers.slack.requests import Request

WITHIN_S = 2.0
"""Slack waits three seconds for an answer: what is not kept by then is not taken."""
BATCH = 200


class NotKept(Exception):
    """A request was not taken: nothing will come of it."""


class Keeper:
    """Takes requests in, and wakes whoever acts on them.

    Attributes:
        fresh: set whenever there is a new row.
    """

    def __init__(self, intake: Intake) -> None:
        """Hold the rows; nothing runs until the first request."""
        self.intake, self.fresh = intake, asyncio.Event()
        self._waiting: list[tuple[Request, asyncio.Future[bool]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, request: Request) -> bool:
        """Keep it, durably, before Slack is told that it was taken; False where it was here already. Raises NotKept."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        try:
            async with asyncio.timeout(WITHIN_S):
                return await asyncio.shield(done)
        except TimeoutError:
            done.add_done_callback(lambda late: late.exception() if not late.cancelled() else None)
            raise NotKept("the journal's data base does not answer in time") from None

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            try:
                fresh = await asyncio.to_thread(
                    self.intake.keep, {request.key: request.packed() for request, _ in batch}
                )
            except JournalError as error:
                self._tell(batch, NotKept(str(error)))
                continue
            except BaseException as error:
                self._tell(batch, NotKept(type(error).__name__))
                raise
            self.fresh.set()
            for request, done in batch:
                if not done.done():
                    done.set_result(request.key in fresh)
                fresh.discard(request.key)  # the same twice in one batch: one is new

    @staticmethod
    def _tell(batch: list[tuple[Request, asyncio.Future[bool]]], error: NotKept) -> None:
        for _, done in batch:
            with contextlib.suppress(asyncio.InvalidStateError):
                done.set_exception(error)
