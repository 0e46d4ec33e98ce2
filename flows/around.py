"""What stands round a step: nothing (`plainly`), or a Prefect task (`flows.tasks`). Does not import prefect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

Step = Callable[[], Awaitable[None]]
Around = Callable[[str, Step], Awaitable[None]]
What = Literal["contain", "recover"]


class Work(Protocol):
    """One run, already open in the journal. The engine's side of the door."""

    @property
    def run(self) -> str:
        """The run's id: all that Prefect is ever told of it."""

    async def contain(self, around: Around) -> str:
        """Contain; give the run's word. Awaits `around(step_id, step)` once for each step, many at once."""

    async def recover(self, around: Around) -> str:
        """Eradicate, then recover; give the run's word."""


async def plainly(_name: str, step: Step) -> None:
    """Run a step with nothing around it."""
    await step()


async def carry(work: Work, what: What, around: Around) -> str:
    """Run one of the two, by name."""
    return await (work.contain(around) if what == "contain" else work.recover(around))
