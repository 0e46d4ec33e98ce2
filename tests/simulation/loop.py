"""One event loop for everybody, whose time moves only when nothing else can; and processes that freeze and die in it."""

import asyncio
import contextlib
import contextvars
import heapq

from journal.clock import Clock, clock

BORN = 1_767_225_600.0
"""The true wall clock at second 0: 2026-01-01T00:00:00Z."""
UPTIME_S = 5_000.0
"""The machine's boot clock at second 0."""

OWNER = contextvars.ContextVar("owner", default=None)
"""Whose callback runs: a Process, or None for the world's own."""


SPINS = 20_000
"""Turns of the loop within one instant, or within a hundredth of a second, after which something spins."""


class Stuck(Exception):
    """Nothing can ever happen again, and yet the story has not ended; or what happens never ends."""


class Loop(asyncio.BaseEventLoop):
    """asyncio's own loop without a selector: no sockets, no threads, no time of the machine."""

    def __init__(self):
        super().__init__()
        self._now = 0.0
        self._turns, self._counted_at = 0, 0.0
        self._ended = False
        self.spawned = []
        self.outside = contextvars.Context()

    def time(self):
        return self._now

    def later(self, delay_s, callback, *args):
        """Do something in the world, whoever asked for it: it happens even if that one is frozen or dead."""
        return self.call_later(delay_s, callback, *args, context=self.outside)

    def create_task(self, coro, *, name=None, context=None):
        task = super().create_task(coro, name=name, context=context)
        self.spawned.append(task)
        return task

    def call_later(self, delay, callback, *args, context=None):
        """Later is later: a wait that is too short to move a float would never end."""
        return super().call_later(max(delay, 1e-6), callback, *args, context=context)

    def call_soon(self, callback, *args, context=None):
        if self._ended:
            return asyncio.Handle(callback, args, self, context)
        return super().call_soon(callback, *args, context=context)

    def run_in_executor(self, executor, func, *args):
        """Do it here and now: a thread would come at its own time."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def _write_to_self(self):
        pass

    def _process_events(self, event_list):
        pass

    def _asyncgen_finalizer_hook(self, agen):
        pass  # when the garbage collector comes is not of the seed

    def _run_once(self):
        ready, scheduled = self._ready, self._scheduled
        while scheduled and scheduled[0]._cancelled:
            self._timer_cancelled_count -= 1
            heapq.heappop(scheduled)._scheduled = False
        if not ready:
            if not scheduled:
                raise Stuck("nothing can ever happen again")
            self._now = max(self._now, scheduled[0]._when)
        self._turns += 1
        if self._now > self._counted_at + 0.01:
            self._turns, self._counted_at = 0, self._now
        elif self._turns > SPINS:
            raise Stuck(f"it spins: {ready[0] if ready else scheduled[0]}")
        while scheduled and scheduled[0]._when <= self._now:
            handle = heapq.heappop(scheduled)
            handle._scheduled = False
            if handle._cancelled:
                self._timer_cancelled_count -= 1
            else:
                ready.append(handle)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            owner = handle._context.get(OWNER)
            if owner is None or owner.runs:
                handle._run()
            elif owner.frozen:
                owner.parked.append(handle)

    def end(self):
        """Take everything that still waits apart, so that none of it acts in a later simulation."""
        self._ended = True
        for task in self.spawned:
            if not task.done():
                task._log_destroy_pending = False
                with contextlib.suppress(BaseException):  # an `await` in a `finally`: nobody waits for it any more
                    task.get_coro().close()
        self.spawned.clear()
        self._ready.clear()
        self._scheduled.clear()
        self.close()


class TheirClock(Clock):
    """A process's clocks: its wall may be set, its boot clock is the machine's."""

    def __init__(self, loop, off_s):
        self._loop = loop
        self.off_s = off_s

    def wall_ns(self):
        return int((BORN + self._loop.time() + self.off_s) * 1e6) * 1000

    def boot_s(self):
        return UPTIME_S + self._loop.time()


class Process:
    """What runs in one process of ours: it can be frozen, woken, and killed between any two of its callbacks."""

    def __init__(self, loop, name, off_s=0.0):
        self.loop = loop
        self.name = name
        self.clock = TheirClock(loop, off_s)
        self.dead = False
        self.frozen = False
        self.parked = []
        self.mourners = []
        self.context = contextvars.copy_context()
        self.context.run(OWNER.set, self)
        self.context.run(clock.set, self.clock)
        self.main = None

    def __repr__(self):
        return self.name

    @property
    def runs(self):
        return not self.dead and not self.frozen

    def start(self, coro):
        self.main = self.loop.create_task(coro, context=self.context)
        return self.main

    @property
    def over(self):
        return self.dead or (self.main is not None and self.main.done())

    def freeze(self):
        self.frozen = True

    def thaw(self):
        self.frozen = False
        if not self.dead:
            self.loop._ready.extend(self.parked)
        self.parked = []

    def kill(self):
        """SIGKILL: nothing of it runs any more, no `finally` either."""
        self.dead = True
        self.parked = []
        for mourner in self.mourners:
            mourner(self)
