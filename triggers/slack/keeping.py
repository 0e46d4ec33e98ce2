"""Keeps requests as they come, and wakes whoever acts on them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from triggers.gathering import Gathering, NotKept
from triggers.slack.intake import Intake
from triggers.slack.requests import Request

__all__ = ["Keeper", "NotKept"]


class Keeper:
    """Takes requests in, and wakes whoever acts on them.

    Attributes:
        fresh: set whenever there is a new row.
    """

    def __init__(self, intake: Intake) -> None:
        """Hold the rows; nothing runs until the first request."""
        self.intake, self.fresh = intake, asyncio.Event()
        self._gathering = Gathering(self._kept)

    async def keep(self, request: Request) -> bool:
        """Keep it, durably, before Slack is told that it was taken; False where it was here already. Raises NotKept."""
        new = await self._gathering.put(request)
        self.fresh.set()
        return new

    async def _kept(self, requests: Sequence[Request]) -> list[bool]:
        packed = {request.key: request.packed() for request in requests}
        fresh = await asyncio.to_thread(self.intake.keep, packed)
        answers = []
        for request in requests:
            answers.append(request.key in fresh)
            fresh.discard(request.key)  # the same twice in one batch: one is new
        return answers
