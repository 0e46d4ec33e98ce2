"""The bare client: the same HTTP client, the same requests, 50 in flight, and nothing is written down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import connectors.bench  # type: ignore[import-untyped]  # found by the path that benchmarks/__init__.py adds

from connectors.core import Connection, Secret, Wire

if TYPE_CHECKING:
    import httpx

IN_FLIGHT = 50
SECRET = "bench-credential"
BODY = {"reason": "contained"}


def wire(url: str) -> Wire:
    """A connection as the engine opens it: only its httpx client is used here."""
    return Wire(Connection("bench", connectors.bench.bench, url, Secret(SECRET)), writes=True)


async def request(client: httpx.AsyncClient, method: str, url: str) -> object:
    """One request, its answer read."""
    sent = {"json": BODY} if method == "POST" else {}
    answer = await client.request(method, url, headers={"authorization": f"Bearer {SECRET}"}, **sent)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.json()


async def replay(url: str, asked: Sequence[tuple[str, str]]) -> float:
    """Send these requests in this order, 50 in flight; seconds."""
    opened = wire(url)
    client = opened.opened()
    todo = iter(asked)

    async def work() -> None:
        for method, path in todo:
            await request(client, method, url + path)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    took = time.perf_counter() - began
    await opened.close()
    return took
