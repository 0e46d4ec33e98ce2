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


def opened(url: str) -> httpx.AsyncClient:
    """An httpx client over the very transport that the engine's connections use."""
    import httpx

    wire = Wire(Connection("bench", connectors.bench.bench, url, Secret(SECRET)), writes=True)
    return httpx.AsyncClient(transport=wire.transport(), timeout=httpx.Timeout(10, pool=None), trust_env=False)


async def request(client: httpx.AsyncClient, method: str, url: str) -> object:
    """One request, its answer read."""
    sent = {"json": BODY} if method == "POST" else {}
    answer = await client.request(method, url, headers={"authorization": f"Bearer {SECRET}"}, **sent)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.json()


async def replay(url: str, asked: Sequence[tuple[str, str]]) -> float:
    """Send these requests in this order, 50 in flight; seconds."""
    client = opened(url)
    todo = iter(asked)

    async def work() -> None:
        for method, path in todo:
            await request(client, method, url + path)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    took = time.perf_counter() - began
    await client.aclose()
    return took
