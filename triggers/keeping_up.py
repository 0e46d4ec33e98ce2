"""Parts of a service that go on for as long as it does: a fault in one begins it again, and stops no other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

AGAIN_S = 1.0


async def kept_up(what: str, work: Callable[[], Awaitable[None]], tell: Callable[[str], None]) -> None:
    """Do some work over and over until it is cancelled. `tell` hears of a fault by its kind: its text may hold anything."""
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001  a fault in one part stops no other
            tell(f"{what}: stopped at {type(error).__name__}, begins again.")
        await asyncio.sleep(AGAIN_S)
