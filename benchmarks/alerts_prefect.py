"""What Prefect offers for starting a flow from outside: `flow.serve()` in a process, `run_deployment` from another.

`python -m benchmarks.alerts_prefect FOLDER COMPANY RUNS` prints when each run was asked for; the flow's first line is a
call to the company, whose log says when it came. With `serve` as its only further argument it is the process that waits.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import orjson

from benchmarks.place import ROOT

COMPANY = "RINGFENCE_BENCH_COMPANY"


def ask() -> None:
    """One call to a provider; what it answers does not matter."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(f"{os.environ[COMPANY]}/idp/clients/prefect-bench", timeout=10).read()
    except urllib.error.HTTPError:
        return


def serve() -> None:
    """Wait for runs, as Prefect's documentation shows it."""
    from prefect import flow

    @flow(name="hold")
    async def hold() -> None:
        ask()

    hold.serve(name="bench", pause_on_shutdown=False)


async def timed(runs: int) -> list[str]:
    """Ask for runs, one after the other, each with time to end."""
    from prefect.client.orchestration import get_client
    from prefect.deployments import run_deployment

    async with get_client() as client:
        end = time.monotonic() + 60
        while not await client.read_deployments():
            if time.monotonic() > end:
                raise SystemExit("flow.serve() does not register")
            await asyncio.sleep(0.5)
        await asyncio.sleep(3.0)
        sent = []
        for _ in range(runs):
            sent.append(datetime.now(UTC).isoformat())
            run = await run_deployment("hold/bench", timeout=0)
            end = time.monotonic() + 60
            while not (await client.read_flow_run(run.id)).state.is_final() and time.monotonic() < end:  # type: ignore[union-attr]
                await asyncio.sleep(0.5)
            await asyncio.sleep(1.0)
        return sent


def main() -> None:
    """Start a server of its own and whoever waits, measure, end both."""
    if sys.argv[1:] == ["serve"]:
        serve()
        return
    place, company, runs = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    from flows import server

    home = place / "prefect"
    home.mkdir(mode=0o700, exist_ok=True)
    os.environ["PREFECT_HOME"] = str(home / "home")
    os.environ["PREFECT_API_URL"] = server.start(home, idle_s=600).url
    os.environ[COMPANY] = company
    waits = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.alerts_prefect", "serve"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )  # fmt: skip
    try:
        sent = asyncio.run(timed(runs))
        print(orjson.dumps(sent).decode(), flush=True)
    finally:
        waits.terminate()
        waits.wait(20)
        server.stop(home)
    os._exit(0)  # threads of theirs may linger; all is said


if __name__ == "__main__":
    main()
