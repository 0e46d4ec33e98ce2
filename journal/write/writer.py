"""The writer: one thread a journal, one transaction a batch, one fsync for all who wait.

It groups what callers ask at the same time (group commit), renews leases, and answers each caller in its own event
loop once its events are durable.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from journal.db.base import Database
from journal.errors import JournalError, JournalFailed, LeaseLost
from journal.write.book import Book
from journal.write.kill import KillAt
from journal.write.lease import Lease
from journal.write.requests import Append, Begin, Release, Renew, Request, Take

BATCH_EVENTS = 500
"""Events after which a batch is closed: what waits behind it is the next one."""
BATCH_REQUESTS = 500

Answer = tuple[Request, Any]
"""A request, and its result or the exception that refused it."""
_Attempt = tuple[Book, list[Answer]]

_UNSURE = " It is not known whether the last events were written: the next append reads the truth."


class Writer:
    """The thread that writes."""

    def __init__(
        self, database: Database, book: Callable[[Connection], Book], kill: KillAt | None, renew_s: float
    ) -> None:
        self._db = database
        self._book = book
        self._kill = kill
        self._renew_s = renew_s
        self._due_s = time.monotonic() + renew_s
        self._queue: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self.batches = 0
        """How many transactions it wrote."""
        self._held: dict[str, Lease] = {}
        self._start()

    def _start(self) -> None:
        """Begin to write, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name=f"journal {self._db.name}", daemon=True)
        self._thread.start()

    def ask(self, request: Request) -> asyncio.Future[Any]:
        """Hand a request over from a running event loop; the future is done when its events are durable.

        Raises JournalFailed when the journal was closed.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        request.waiter = (loop, future)
        with self._closing:
            if self._closed:
                raise JournalFailed("This journal was closed: nothing can be written to it any more.")
            self._queue.put(request)
        return future

    def close(self) -> None:
        """Write what was asked so far, then end; the leases are good no more."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()
        for lease in self._held.values():
            lease.lost()

    def _run(self) -> None:
        while True:
            batch, last = self._gather()
            if batch:
                self._answer(self._write(batch))
            if last:
                return

    def _gather(self) -> tuple[list[Request], bool]:
        """Wait for requests or for the hour of renewal; give a batch, and whether it is the last one."""
        batch: list[Request] = []
        events = 0
        wait_s = max(0.0, self._due_s - time.monotonic())
        try:
            while len(batch) < BATCH_REQUESTS and events < BATCH_EVENTS:
                request = self._queue.get_nowait() if batch or wait_s == 0 else self._queue.get(timeout=wait_s)
                if request is None:
                    return batch, True
                batch.append(request)
                events += request.events
        except queue.Empty:
            pass
        if time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + self._renew_s
            if self._held:
                batch.append(Renew(run="", leases=list(self._held.values())))
        return batch, False

    def _write(self, batch: Sequence[Request]) -> list[Answer]:
        """Write a batch in one transaction; when one request breaks it, each in its own."""
        try:
            return self._transact(batch)
        except JournalFailed as error:
            return [(request, JournalFailed(str(error))) for request in batch]  # each raises its own
        except Exception as error:  # noqa: BLE001  whatever breaks one request must not stop the thread, nor the others
            if len(batch) == 1:
                return [(batch[0], self._explained(error))]
            return [answer for request in batch for answer in self._write([request])]

    def _explained(self, error: Exception) -> Exception:
        if isinstance(error, IntegrityError):
            return JournalFailed(
                f"The journal {self._db.name} has rows that this process did not write: `ringfence journal verify`."
            )
        return error

    def _transact(self, batch: Sequence[Request]) -> list[Answer]:
        started_s = time.monotonic()
        unsure: list[_Attempt] = []
        while True:
            try:
                book, answers = self._once(batch, unsure)
                break
            except DBAPIError as error:
                pause_s = self._db.pause_s(error, time.monotonic() - started_s)
                if pause_s is None and isinstance(error, IntegrityError) and not unsure:
                    raise
                if pause_s is None:
                    raise JournalFailed(self._db.sentence(error) + (_UNSURE if unsure else "")) from None
            time.sleep(pause_s)
        self.batches += 1
        if self._kill is not None:
            self._kill.seen += book.counted
            if book.cut:
                self._kill.die()
        self._note(answers, (book.boot_ms + book.ttl_ms) / 1000)
        return answers

    def _once(self, batch: Sequence[Request], unsure: list[_Attempt]) -> _Attempt:
        """One transaction: the fence and the head of each run are read in it, events are linked in it.

        `unsure`: attempts at this batch whose connection was lost; this one is added when that happens to it.
        """
        answers: list[Answer] = []
        attempt: _Attempt | None = None
        try:
            with self._db.engine.connect() as conn, self._db.writing(conn):
                book = self._book(conn)
                book.load(run for request in batch for run in request.runs())
                for earlier in unsure:
                    if earlier[0].landed(book):
                        return earlier
                for request in batch:
                    first = request.first()
                    if book.cut or (first is not None and book.stops_at(*first)):
                        break
                    try:
                        answers.append((request, request.do(book)))
                    except JournalError as error:
                        answers.append((request, error))
                book.save()
                attempt = book, answers
        except DBAPIError as error:
            if attempt is not None and self._db.is_gone(error):
                unsure.append(attempt)
            raise
        return attempt

    def _note(self, answers: Sequence[Answer], until_s: float) -> None:
        """Tell the leases, and keep the list of those to renew."""
        for request, result in answers:
            match request:
                case Append() | Release() if isinstance(result, LeaseLost):
                    request.lease.lost()
                case _ if isinstance(result, JournalError):
                    pass
                case Begin() | Take():
                    self._held[request.run] = result[0]
                    result[0].renewed(until_s)
                case Append():
                    request.lease.renewed(until_s)
                case Release():
                    self._held.pop(request.run, None)
                    request.lease.lost()
                case Renew():
                    self._held = {lease.run: lease for lease in result}
                    for lease in result:
                        lease.renewed(until_s)

    def _answer(self, answers: Sequence[Answer]) -> None:
        """Wake the callers: one call into each event loop."""
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = defaultdict(list)
        for request, result in answers:
            if request.waiter is not None:
                by_loop[request.waiter[0]].append((request.waiter[1], result))
        for loop, results in by_loop.items():
            try:
                loop.call_soon_threadsafe(_resolve, results)
            except RuntimeError:
                continue  # that loop has ended: nobody waits there any more


def _resolve(results: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, result in results:
        if future.done():
            continue  # its caller was cancelled; the events are written all the same
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
