"""The rate of one connection: what waits before a request goes out."""

from __future__ import annotations

import asyncio

from connectors.core.connector import Rate


class Gate:
    """Holds one connection's requests to its rate, and all of them back while the provider asks to wait."""

    def __init__(self, rate: Rate) -> None:
        self._slots = asyncio.Semaphore(rate.in_flight)
        self._every_s = rate.per_s / rate.calls
        self._burst_s = min(rate.per_s, 1.0)
        self._next = 0.0
        self._closed_until = 0.0

    def wait(self, seconds: float) -> None:
        """Let nobody through for so long."""
        self._closed_until = max(self._closed_until, asyncio.get_running_loop().time() + seconds)

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        try:
            loop = asyncio.get_running_loop()
            now = loop.time()
            self._next = max(self._next, now - self._burst_s) + self._every_s
            while (pause := max(self._next, self._closed_until) - loop.time()) > 0:  # noqa: ASYNC110
                await asyncio.sleep(pause)
        except BaseException:
            self._slots.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._slots.release()
