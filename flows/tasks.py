"""Shows each step of a run as a Prefect task. Does not run the step inside the task: Prefect may fail, hang or be killed, a step may not.

The step runs in its caller's own coroutine, once, at once, whatever Prefect does: its exception and its cancellation
are the caller's. Beside it a task of the same name waits for the outcome. It takes the run id as its only parameter, and learns of an
outcome only which of three words it was: no text of an exception of ours reaches Prefect's logs or data base.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
from collections.abc import AsyncIterator, Awaitable
from typing import cast

from flows.around import Around, Step

os.environ.setdefault("DO_NOT_TRACK", "1")  # before prefect is imported: it would report first use to its makers

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

DRAIN_S = 2.0

_outcome: contextvars.ContextVar[asyncio.Future[str]] = contextvars.ContextVar("outcome")


@task(name="step", persist_result=False, cache_policy=NO_CACHE, retries=0, log_prints=False)
async def _shown(run: str) -> State[None]:
    """Last as long as the step, and end as it ended."""
    how = await _outcome.get()
    if how == "failed":
        return Failed(message=f"The step raised an error. Which one stands in the journal: ringfence status {run}")
    if how == "cancelled":
        return Cancelled(message=f"The step was stopped. ringfence resume {run} goes on.")
    return Completed(message="Ended. What it found and did stands in the journal.")


async def _show(run: str, name: str, outcome: asyncio.Future[str]) -> None:
    _outcome.set(outcome)
    with contextlib.suppress(Exception):
        shown = _shown.with_options(name=name, task_run_name=name)
        await cast("Awaitable[object]", shown(run=run, return_state=True))


@contextlib.asynccontextmanager
async def as_tasks(run: str, drain_s: float = DRAIN_S) -> AsyncIterator[Around]:
    """Give an `Around` that shows steps as tasks of the flow that this is entered in; wait `drain_s` for the last of them."""
    flow_context = contextvars.copy_context()  # steps may be called from coroutines that the flow did not start
    views: set[asyncio.Task[None]] = set()

    async def around(name: str, step: Step) -> None:
        outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        views.add(asyncio.create_task(_show(run, name, outcome), context=flow_context.copy()))
        how = "failed"
        try:
            await step()
            how = "ended"
        except asyncio.CancelledError:
            how = "cancelled"
            raise
        finally:
            if not outcome.done():
                outcome.set_result(how)

    try:
        yield around
    finally:
        await _drain(views, drain_s)


async def _drain(views: set[asyncio.Task[None]], within_s: float) -> None:
    if not views:
        return
    done, late = await asyncio.wait(views, timeout=within_s)
    for view in late:
        view.cancel()
    for view in done:
        if not view.cancelled():
            view.exception()  # looked at, so that asyncio does not print it: Prefect's troubles are not the responder's
