"""The journal as processes have it here: real SQLite and the writer's own transactions, without its thread."""

import os
import shutil
import tempfile
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path

from sqlalchemy import event

from journal.db.open import open_database
from journal.db.sqlite import Sqlite
from journal.errors import JournalError, JournalFailed
from journal.event import Event, Private
from journal.seal.keys import Keys
from journal.store import Journal
from journal.write import lease as leasing
from journal.write.kill import KillAt
from journal.write.requests import Append, Begin, Renew, Take
from journal.write.writer import Writer
from tests.simulation.loop import OWNER

LEASE_S, RENEW_S = 30.0, 5.0
"""As the command line has them."""
KEY = Keys(bytes(range(32)))


class Died(BaseException):
    """The process is dead: what is under way in it goes no further."""


class Dies(KillAt):
    """The journal's own fault point, for a process of the simulation."""

    def __init__(self, side, count, process):
        super().__init__(side, count=count)
        self.process = process

    def die(self):
        self.process.kill()
        raise Died


class InlineWriter(Writer):
    """Writes in the loop of whoever asks, a moment later, all that was asked meanwhile in one transaction."""

    disk = None

    def _start(self):
        self._asked, self._timer = [], None
        self._loop = self.disk.loop
        self._tick = self._loop.call_later(self._renew_s, self._renew)

    def ask(self, request):
        if self._closed:
            raise JournalFailed("This journal was closed: nothing can be written to it any more.")
        future = self._loop.create_future()
        request.waiter = (self._loop, future)
        self._hand(request)
        return future

    def _hand(self, request):
        self._asked.append(request)
        if self._timer is None:
            self._timer = self._loop.call_later(self.disk.commit_s(), self._flush)

    def _flush(self):
        batch, self._asked, self._timer = self._asked, [], None
        try:
            answers = self._write(batch)
        except Died:
            self.disk.reread({request.run for request in batch if isinstance(request, Append | Begin | Take)})
            return
        self.disk.heard(answers)
        self._answer(answers)

    def _renew(self):
        if self._held:
            self._hand(Renew(run="", leases=list(self._held.values())))
        self._tick = self._loop.call_later(self._renew_s, self._renew)

    def close(self):
        if self._closed:
            return
        self._closed = True
        if self._asked:
            self._flush()
        for handle in (self._timer, self._tick):
            if handle is not None:
                handle.cancel()
        for lease in self._held.values():
            lease.lost()


class SimJournal(Journal):
    """A journal over an engine that all processes of a simulation share."""

    def __init__(self, database, kill):
        super().__init__(database, KEY, names=(), kill=kill, ttl_s=LEASE_S, renew_s=RENEW_S, writer=InlineWriter)

    def close(self):
        self._writer.close()
        leasing.closed(self._mark)

    async def aclose(self):
        self.close()


@cache
def _template(pid):
    folder = Path(tempfile.mkdtemp(prefix="rf-sim-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    Finalize(None, shutil.rmtree, args=(folder,), exitpriority=0)  # at the end of a pool's process as well
    database = open_database(f"sqlite:///{folder}/template.db")
    with database.engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.engine.dispose()
    return folder


class Disk:
    """One data base, what goes wrong with it, and what of it is durable: (run, n) -> (second, event)."""

    def __init__(self, weather, loop, trace):
        self.loop, self._trace = loop, trace
        self._dice, self._hung = weather.dice("disk"), weather.hung
        folder = _template(os.getpid())
        self.path = folder / "journal.db"
        self.url = f"sqlite:///{self.path}"
        for ending in ("", "-wal", "-shm"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)
        shutil.copy(folder / "template.db", self.path)
        self.database = Sqlite(self.url)
        self._connections = []
        event.listen(self.database.engine, "connect", self._connected)
        self.fault = ""
        self.durable = {}
        self.wrong = []
        self.listeners = []
        self._marks = []
        self.reader = self.journal(None)
        for begins, ends, kind in weather.disk:
            loop.later(begins, self._set, kind)
            loop.later(ends, self._set, "")

    def _connected(self, connection, _):
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA secure_delete=OFF")
        self._connections.append(connection)

    def _set(self, fault):
        self.fault = fault
        self._trace(f"disk {fault or 'well'}")
        for connection in self._connections:
            pages = connection.execute("PRAGMA page_count").fetchone()[0] if fault == "full" else 1_073_741_823
            connection.execute(f"PRAGMA max_page_count={pages}").fetchone()
            connection.execute(f"PRAGMA query_only={'ON' if fault == 'readonly' else 'OFF'}")

    def commit_s(self):
        """How long the next transaction takes."""
        return self._dice.uniform(0.3, 2.5) if self.fault == "slow" else self._dice.uniform(0.001, 0.006)

    def journal(self, kill):
        """The journal, opened by the process whose callback this is."""
        InlineWriter.disk = self
        made = SimJournal(self.database, kill)
        self._marks.append(made._mark)
        if (process := OWNER.get()) is not None:
            process.mourners.append(lambda _: None if self._dice.random() < self._hung else leasing.closed(made._mark))
        return made

    def stop(self, run):
        """`ringfence stop`."""
        try:
            self.reader.ask(run, "stop", Private("person:c"))
        except JournalError:
            return False
        return True

    def fence_of(self, run):
        """The newest fence under which anything became durable."""
        return max((one.fence for (of, _), (_, one) in self.durable.items() if of == run), default=0)

    def heard(self, answers):
        """Note what has just become durable, and tell who listens."""
        for request, result in answers:
            if isinstance(request, Append) and isinstance(result, list):
                self._add(result)
            elif isinstance(request, Begin | Take) and isinstance(result, tuple):
                self._add([result[1]])

    def reread(self, runs):
        """Note what a process made durable at the very moment of its death."""
        for run in sorted(runs):
            self._add([one for one in self.reader.events(run) if (run, one.n) not in self.durable])

    def _add(self, events: list[Event]):
        now = self.loop.time()
        for one in events:
            if (one.run, one.n) in self.durable:
                self.wrong.append(f"record: {one.run} {one.n} was acknowledged twice, as two events")
            self.durable[one.run, one.n] = (now, one)
            self._trace(f"journal {one.run} {one.n} {one.fence} {one.at} {one.type} {_shown(one)}")
            for listener in self.listeners:
                listener(one)

    def end(self):
        """Close the file; whoever still holds a lease is nobody any more."""
        for mark in self._marks:
            leasing.closed(mark)
        self.database.engine.dispose()


def _shown(one):
    body = one.body
    return " ".join(str(body[name]) for name in ("effect", "step", "word", "why", "wall", "lines") if name in body)
