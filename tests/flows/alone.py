"""One run in a process of its own, as a command would do it: prints what happened when, as JSON, and leaves. Arguments: state, live|sandbox, trouble."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

from flows import desk, server
from flows.launch import Outcome, carry_out, leave, warm
from tests.flows.fake import FakeWork

BEGAN = time.monotonic()


def now():
    return round(time.monotonic() - BEGAN, 3)


async def as_a_worker(work):
    """No launcher: the flow is called, and the engine runs in its loop."""
    from flows.contain import contain

    desk.lay(work)
    flow = asyncio.create_task(contain(work.run, return_state=True))
    while not work.word_at:
        await asyncio.sleep(0.01)
    await asyncio.wait({flow}, timeout=0.5)
    return Outcome("contained", None, ("the flow has ended",) if flow.done() else ())


def main():
    state, live, trouble = Path(sys.argv[1]), sys.argv[2] == "live", sys.argv[3]
    told = []

    def hurt():
        running = server.status(state)
        if running is not None and trouble in {"SIGKILL", "SIGSTOP"}:
            os.kill(running.pid, getattr(signal, trouble))

    async def run():
        if sys.argv[2] != "sandbox" and trouble != "cold":  # the command had something else to do first
            warmed = warm(state)
            while not warmed.ready.done():
                await asyncio.sleep(0.01)
        begun = now()
        work = FakeWork(f"alone-{os.getpid()}", steps=3, seconds=0.5, first=hurt)
        if sys.argv[2] == "worker":
            outcome = await as_a_worker(work)
        else:
            outcome = await carry_out(work, "contain", state=state, live=live, tell=lambda s: told.append((now(), s)))
        returned = now()
        return {
            "begun": begun,
            "step_at": round(work.begun_at - BEGAN, 3),
            "word": outcome.word,
            "word_at": round(work.word_at - BEGAN, 3),
            "returned": returned,
            "told": told,
            "notes": outcome.notes,
            "page": outcome.page,
            "began": work.began,
            "prefect": "prefect" in sys.modules,
        }

    async def end():
        print(json.dumps(await run()))
        leave(7)  # inside the loop: a worker's flow may still hang in it, and would be waited for

    asyncio.run(end())


main()
