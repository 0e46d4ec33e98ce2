"""The same requests an item under other checkpoints: a DBOS step an item, a Prefect persisted task an item.

Run in a process of its own, as `python -m benchmarks.peers dbos|prefect URL ITEMS FOLDER ROUNDS`; it prints a JSON object.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.bare import IN_FLIGHT, replay, request, wire
from benchmarks.place import Provider

Round = Callable[[list[str]], Awaitable[None]]


async def look_send_look(url: str, client: object, token: str) -> bool:
    """What one item is: three requests."""
    await request(client, "GET", f"{url}/tokens/{token}")  # type: ignore[arg-type]
    await request(client, "POST", f"{url}/tokens/{token}/revoke")  # type: ignore[arg-type]
    seen = await request(client, "GET", f"{url}/tokens/{token}")  # type: ignore[arg-type]
    return bool(isinstance(seen, dict) and seen["active"])


async def compared(url: str, items: int, rounds: int, one: Round) -> dict[str, float | int]:
    """The best of several rounds of both, one after the other."""
    provider = Provider(url)
    tokens = [f"t{number:06}" for number in range(items)]
    took, bare = [], []
    for _ in range(rounds):
        provider.fill(items)
        began = time.perf_counter()
        await one(tokens)
        took.append(time.perf_counter() - began)
        asked, alive = provider.asked()
        assert alive == 0, f"{alive} left"
        assert len(asked) == 3 * items, f"{len(asked)} requests"
        provider.fill(items)
        bare.append(await replay(url, asked))
    return {"items": items, "rounds": rounds, "seconds": min(took), "bare": min(bare), "requests": 3 * items}


async def with_dbos(url: str, items: int, folder: Path, rounds: int) -> dict[str, float | int]:
    """DBOS as it comes, on SQLite: one workflow, a step an item."""
    from dbos import DBOS  # type: ignore[import-not-found]

    DBOS(config={"name": "bench", "system_database_url": f"sqlite:///{folder}/dbos.sqlite", "log_level": "ERROR"})
    at_once = asyncio.Semaphore(IN_FLIGHT)
    opened = wire(url)
    client = opened.opened()

    @DBOS.step()  # type: ignore[untyped-decorator]
    async def item(token: str) -> bool:
        async with at_once:
            return await look_send_look(url, client, token)

    @DBOS.workflow()  # type: ignore[untyped-decorator]
    async def everything(tokens: list[str]) -> int:
        return len(await asyncio.gather(*(item(token) for token in tokens)))

    async def one(tokens: list[str]) -> None:
        assert await everything(tokens) == len(tokens)

    DBOS.launch()
    try:
        return await compared(url, items, rounds, one)
    finally:
        await opened.close()
        DBOS.destroy()


async def with_prefect(url: str, items: int, folder: Path, rounds: int) -> dict[str, float | int]:
    """Prefect as our flows start it, with a server of its own: one flow, a persisted task an item."""
    from flows import server, settings

    os.environ.update(settings.environment(folder))
    os.environ["PREFECT_API_URL"] = (await asyncio.to_thread(server.start, folder, idle_s=60)).url
    os.environ["DO_NOT_TRACK"] = "1"
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE

    opened = wire(url)
    client = opened.opened()
    at_once = asyncio.Semaphore(IN_FLIGHT)

    @task(persist_result=True, cache_policy=NO_CACHE, retries=0)
    async def item(token: str) -> bool:
        return await look_send_look(url, client, token)

    async def slot(token: str) -> bool:
        async with at_once:
            return await item(token)

    @flow(persist_result=True)
    async def everything(tokens: list[str]) -> int:
        return len(await asyncio.gather(*(slot(token) for token in tokens)))

    async def one(tokens: list[str]) -> None:
        assert await everything(tokens) == len(tokens)

    try:
        return await compared(url, items, rounds, one)
    finally:
        await opened.close()
        await asyncio.to_thread(server.stop, folder)


def main() -> None:
    """Measure one of them."""
    which, url, items, folder, rounds = sys.argv[1:]
    logging.disable(logging.WARNING)
    measure = {"dbos": with_dbos, "prefect": with_prefect}[which]
    found = asyncio.run(measure(url, int(items), Path(folder), int(rounds)))
    print(json.dumps(found), flush=True)
    sys.stdout.flush()
    os._exit(0)  # threads of theirs may linger; all is said


if __name__ == "__main__":
    main()
