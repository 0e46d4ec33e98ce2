"""Writes as they come, many in one transaction: a hundred at once are a few writes, not a hundred."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from journal.errors import JournalError, JournalFailed

WITHIN_S = 2.0
"""Who delivers waits for an answer a few seconds: what is not kept by then is not taken."""
BATCH = 200
T = TypeVar("T")
R = TypeVar("R")


class NotKept(JournalFailed):
    """Something was not taken: nothing will come of it, for all its sender is told."""


class Gathering(Generic[T, R]):
    """Gives what comes at the same time to one writer, and each caller the answer that is theirs."""

    def __init__(self, write: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, within_s: float = WITHIN_S) -> None:
        """`write` gets at most `BATCH` at a time, one call after the other; it gives an answer to each, in their order."""
        self._write, self._within_s = write, within_s
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def put(self, one: T) -> R:
        """Have it written; returns once that is durable. Raises NotKept."""
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._all())
        try:
            async with asyncio.timeout(self._within_s):
                return await asyncio.shield(done)
        except TimeoutError:
            done.add_done_callback(lambda late: late.exception() if not late.cancelled() else None)
            raise NotKept("the journal's data base does not answer in time") from None

    async def _all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            try:
                answers = await self._write([one for one, _ in batch])
            except JournalError as error:
                _tell(batch, NotKept(str(error)))
                continue
            except BaseException as error:
                _tell(batch, NotKept(type(error).__name__))
                raise
            for (_, done), answer in zip(batch, answers, strict=True):
                if not done.done():
                    done.set_result(answer)


def _tell(batch: Sequence[tuple[T, asyncio.Future[R]]], error: NotKept) -> None:
    for _, done in batch:
        with contextlib.suppress(asyncio.InvalidStateError):
            done.set_exception(error)
