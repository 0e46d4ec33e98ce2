"""The same requests an item under checkpoints: our journal, a DBOS step an item, a Prefect persisted task an item.

Run in a process of its own, as `python -m benchmarks.peers journal|dbos|prefect URL ITEMS FOLDER ROUNDS`; it prints a
JSON object.
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

from benchmarks.bare import IN_FLIGHT, opened, replay, request
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


async def with_journal(url: str, items: int, folder: Path, rounds: int) -> dict[str, float | int]:
    """Our journal without our engine: intent, outcome and settlement of each item durable before the next thing."""
    from journal import Draft, Journal, Keys

    journal = Journal.open(f"sqlite:///{folder}/journal.db", keys=Keys.none())
    lease, _ = await journal.begin("R-1", "INC-1", Draft("opened", {}))
    at_once = asyncio.Semaphore(IN_FLIGHT)
    client = opened(url)

    async def item(token: str) -> None:
        effect = {"effect": f"tokens/{token}", "step": "tokens", "action": "bench.revoke_token", "target": token}
        async with at_once:
            await request(client, "GET", f"{url}/tokens/{token}")
            line = f"POST /tokens/{token}/revoke"
            more = {"params": {"token": token}, "calls": [token * 8], "lines": [line], "before": {"active": True}}
            await journal.append(lease, [Draft("intended", {**effect, **more})])
            await request(client, "POST", f"{url}/tokens/{token}/revoke")
            await journal.append(lease, [Draft("answered", {**effect, "sends": [{"came": "ok", "status": 200}]})])
            await request(client, "GET", f"{url}/tokens/{token}")
            await journal.append(lease, [Draft("settled", {**effect, "word": "effective", "grade": "seen"})])

    async def one(tokens: list[str]) -> None:
        await asyncio.gather(*(item(token) for token in tokens))

    try:
        return await compared(url, items, rounds, one)
    finally:
        await client.aclose()
        await journal.aclose()


async def with_dbos(url: str, items: int, folder: Path, rounds: int) -> dict[str, float | int]:
    """DBOS as it comes, on SQLite: one workflow, a step an item."""
    from dbos import DBOS  # type: ignore[import-not-found]

    DBOS(config={"name": "bench", "system_database_url": f"sqlite:///{folder}/dbos.sqlite", "log_level": "ERROR"})
    at_once = asyncio.Semaphore(IN_FLIGHT)
    client = opened(url)

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
        await client.aclose()
        DBOS.destroy()


async def with_prefect(url: str, items: int, folder: Path, rounds: int) -> dict[str, float | int]:
    """Prefect as our flows start it, with a server of its own: one flow, a persisted task an item."""
    from flows import server, settings

    os.environ.update(settings.environment(folder))
    os.environ["PREFECT_API_URL"] = (await asyncio.to_thread(server.start, folder, idle_s=60)).url
    os.environ["DO_NOT_TRACK"] = "1"
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE

    client = opened(url)
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
        await client.aclose()
        await asyncio.to_thread(server.stop, folder)


def main() -> None:
    """Measure one of them."""
    which, url, items, folder, rounds = sys.argv[1:]
    logging.disable(logging.WARNING)
    measure = {"journal": with_journal, "dbos": with_dbos, "prefect": with_prefect}[which]
    found = asyncio.run(measure(url, int(items), Path(folder), int(rounds)))
    print(json.dumps(found), flush=True)
    sys.stdout.flush()
    os._exit(0)  # threads of theirs may linger; all is said


if __name__ == "__main__":
    main()
