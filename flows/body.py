"""The body that both flows share: pick up the work, run it with its steps shown as tasks, leave the word as an artifact.

Does not raise: an exception in a flow is logged by Prefect with its text and pickled into its storage. A crash is a failed state instead,
with the exception's type and no more; the journal has the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import cast

from prefect.artifacts import acreate_markdown_artifact
from prefect.states import Failed

from flows import desk
from flows.around import What, carry
from flows.tasks import DRAIN_S, as_tasks


async def carried(run: str, what: What) -> str:
    """Carry a run out inside a flow and give its word; or a failed state, which Prefect turns into the flow's own."""
    try:
        work = await desk.pick_up(run)
        try:
            async with as_tasks(run) as around:
                word = await carry(work, what, around)
        finally:
            desk.lift(work)
    except Exception as error:  # noqa: BLE001 - its text must not reach Prefect
        return cast("str", _crashed(run, error))
    await _leave_word(run, what, word)
    return word


def _crashed(run: str, error: Exception) -> object:
    kind = type(error).__name__
    return Failed(
        message=f"{kind}: the run stopped by an error of its own. ringfence resume {run} goes on from the journal."
    )


async def _leave_word(run: str, what: What, word: str) -> None:
    key = re.sub(r"[^a-z0-9]+", "-", f"{what}-{run}".lower()).strip("-")
    text = f"`{run}`: **{word}**\n\nThe record is the journal: `ringfence status {run}`"
    with contextlib.suppress(Exception):
        async with asyncio.timeout(DRAIN_S):
            await acreate_markdown_artifact(text, key=key, description=f"{what}: {word}")
