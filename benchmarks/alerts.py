"""From an alert to the first call, and a storm of them: `python -m benchmarks.alerts [--quick] [--json] [--write-docs]`.

A warm `ringfence serve --sandbox` gets signed alerts over HTTP. The clock starts right before the request is sent and
stops at the company's own log: when the first call of ours was decided there. The company does not know these
integrations, so that each run ends with its first looks, and none is at it when the next one is timed. Beside it, in the
same run, what Prefect offers for the same: `flow.serve()` and `run_deployment`, whose flow makes the same call first.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import itertools
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import yaml

from benchmarks.alerts_table import text, write
from benchmarks.place import ROOT, folder

COMPANY = ROOT / "sandbox" / "company"
START_S, REST_S = 120.0, 0.3
SENDERS = 32


@dataclass(frozen=True)
class Plan:
    """How much: alerts that start a run, runs of Prefect's, seconds and alerts a second of the storm."""

    starts: int
    prefect: int
    storm_s: int
    per_s: int = 500
    repeats: float = 0.9


QUICK, FULL = Plan(10, 1, 15), Plan(60, 5, 60)


def main() -> None:
    """Measure, say it, and write it down if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alerts", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute; says little of the tail")
    parser.add_argument("--json", action="store_true", help="one object as the last line")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/performance.md")
    given = parser.parse_args()
    plan = QUICK if given.quick else FULL
    with folder() as place:
        found = asyncio.run(measure(plan, place))
    found["load"] = os.getloadavg()[1]
    if given.write_docs:
        write(found)
    print(orjson.dumps(found).decode() if given.json else text(found))


async def measure(plan: Plan, place: Path) -> dict[str, Any]:
    """Starts first, on an otherwise idle machine; then Prefect's; then the storm."""
    with served(place, plan) as service:
        starts = [await one_start(service, number) for number in range(plan.starts + 2)][2:]
        other = await prefects(plan, place, service)
        storm = await stormed(plan, service)
    took = statistics.median(starts)
    return {
        "starts": len(starts), "first_call_s": took, "first_call_p99_s": percentile(starts, 0.99), "first_call_max_s": max(starts),
        "prefect_s": statistics.median(other) if other else None, "prefect_runs": len(other),
        "times_sooner": statistics.median(other) / took if other else None, **storm,
    }  # fmt: skip


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not pass."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


class Service:
    """The service under test, as its senders see it."""

    def __init__(self, home: Path, process: subprocess.Popen[bytes], url: str) -> None:
        self.home, self.process, self.url = home, process, url
        handshake = orjson.loads((home / "sandbox" / "handshake.json").read_bytes())
        self.company, self.secrets = handshake["url"], handshake["secrets"]

    def signed(self, body: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        """An alert as the company's monitoring posts it."""
        raw = orjson.dumps(body)
        mac = hmac.new(self.secrets["alert_secret"].encode(), raw, hashlib.sha256).hexdigest()
        return raw, {"X-Practice-Signature": f"sha256={mac}"}

    async def post(self, client: aiohttp.ClientSession, body: dict[str, Any]) -> int:
        """Deliver one; the status."""
        raw, headers = self.signed(body)
        async with client.post(f"{self.url}/alerts/practice", data=raw, headers=headers) as answer:
            await answer.read()
            return answer.status

    async def first_call(self, client: aiohttp.ClientSession, since: datetime, who: str = "ringfence") -> float | None:
        """Seconds from then to the first call that the company decided; None while there is none."""
        async with client.get(f"{self.company}/_sandbox/log", params={"since": since.isoformat()}) as answer:
            lines = await answer.json()
        times = [datetime.fromisoformat(line["at"]) for line in lines if line["who"] == who]
        return min(((at - since).total_seconds() for at in times), default=None)

    def memory(self) -> int:
        """Bytes that are its own."""
        fields = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()
        return int(fields[1]) * os.sysconf("SC_PAGESIZE")

    def worked_s(self) -> float:
        """Seconds that processors worked for it."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask its journal."""
        with closing(sqlite3.connect(f"file:{self.home}/journal.db?mode=ro", uri=True)) as journal:
            return journal.execute(query).fetchall()


@contextmanager
def served(place: Path, plan: Plan) -> Iterator[Service]:
    """A warm service over the practice company, with an integration for each alert that is to start a run."""
    home = place / "home"
    home.mkdir(mode=0o700)
    config = yaml.safe_load((COMPANY / "ringfence.yaml").read_text())
    listed = yaml.safe_load((COMPANY / "integrations.yaml").read_text())
    drift = listed["integrations"]["drift"] | {"needed_by": []}
    for number in range(plan.starts + 2):
        ways = [entry | {entry["kind"]: f"bench-{number}"} for entry in drift["footholds"]]
        listed["integrations"][f"bench{number}"] = drift | {"footholds": ways}
    (place / "integrations.yaml").write_bytes(orjson.dumps(listed))  # YAML too, and without anchors
    config["playbooks"] = [str(COMPANY / "playbooks")]
    config["alerts"] |= {"per_hour": 1000, "per_integration": 100}
    config["alerts"]["sources"]["practice"] |= {"per_hour": 1000}
    (place / "ringfence.yaml").write_text(yaml.safe_dump(config))
    environ = os.environ | {"RINGFENCE_HOME": str(home), "RINGFENCE_PREFECT": "off"}
    command = [sys.executable, "-m", "triggers.cli.main"]
    log = place / "service.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "serve", "--sandbox", "--config", str(place / "ringfence.yaml")], cwd=ROOT, env=environ, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        end = time.monotonic() + START_S
        while "Serving at" not in log.read_text():
            if time.monotonic() > end or process.poll() is not None:
                raise SystemExit(f"The service does not start: {log.read_text()}")
            time.sleep(0.1)
        url = log.read_text().partition("Serving at ")[2].partition(",")[0]
        yield Service(home, process, url)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        subprocess.run([*command, "sandbox", "down"], cwd=ROOT, env=environ, check=False, capture_output=True)


async def one_start(service: Service, number: int) -> float:
    """One alert that starts a run: seconds to the first call."""
    body = {
        "id": f"start-{number}",
        "type": "token.reuse",
        "title": "Used twice",
        "severity": "high",
        "app": f"bench-{number}",
    }
    async with aiohttp.ClientSession() as client:
        await client.get(f"{service.url}/healthz")  # its connection is open, as a sender's is
        since = datetime.now(UTC)
        status = await service.post(client, body)
        assert status == 200, status
        end = time.monotonic() + 30
        while (took := await service.first_call(client, since)) is None:
            assert time.monotonic() < end, "no call came"
            await asyncio.sleep(0.05)
        await rested(service, client, f"bench{number}")
    return took


async def rested(service: Service, client: aiohttp.ClientSession, integration: str) -> None:
    """Until the run there is over."""
    token = {"Authorization": f"Bearer {service.secrets['ana_token']}"}
    end = time.monotonic() + 60
    while True:
        async with client.get(f"{service.url}/runs", headers=token) as answer:
            rows = [row for row in (await answer.json())["runs"] if row.get("integration") == integration]
        if rows and rows[0]["word"] == "refused" and not rows[0]["alive"]:
            break
        assert time.monotonic() < end, rows
        await asyncio.sleep(0.1)
    await asyncio.sleep(REST_S)


async def prefects(plan: Plan, place: Path, service: Service) -> list[float]:
    """The same call as the first line of a flow that `flow.serve()` waits for: seconds from `run_deployment` to it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.alerts_prefect", str(place), service.company, str(plan.prefect), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    out, _ = await process.communicate()
    if process.returncode:
        return []
    sent: list[str] = orjson.loads(out.splitlines()[-1])
    took = []
    async with aiohttp.ClientSession() as client:
        for at in sent:
            async with client.get(f"{service.company}/_sandbox/log", params={"since": at}) as answer:
                lines = [line for line in await answer.json() if "prefect-bench" in line["path"]]
            took.append(
                min((datetime.fromisoformat(line["at"]) - datetime.fromisoformat(at)).total_seconds() for line in lines)
            )
    return took


async def stormed(plan: Plan, service: Service) -> dict[str, Any]:
    """So many alerts a second, most of them repeats: what was answered, what was lost, what it weighs."""
    before = sum(times for (times,) in service.rows("SELECT times FROM findings"))
    statuses: Counter[int] = Counter()
    worked_s = service.worked_s()
    weights: list[tuple[float, int]] = []
    total = plan.per_s * plan.storm_s
    numbers = itertools.count()
    began = time.monotonic()
    late = 0.0
    waits: list[float] = []

    async def sender(client: aiohttp.ClientSession) -> None:
        nonlocal late
        for number in iter(lambda: next(numbers), None):
            if number >= total:
                return
            due = began + number / plan.per_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            late = max(late, time.monotonic() - due)
            fresh = number % 10 >= plan.repeats * 10
            finding = number // 10 if fresh else max(0, number // 10 - 1 - number % 7)
            body = {
                "id": f"storm-{finding}", "type": "noise.of.a.storm", "title": f"Noise, delivery {number}", "severity": "low",
                "app": "nobodys", "message": "x" * 600,
            }  # fmt: skip
            asked = time.monotonic()
            try:
                statuses[await service.post(client, body)] += 1
            except aiohttp.ClientError:
                statuses[0] += 1
            waits.append(time.monotonic() - asked)

    async def weigh() -> None:
        while True:
            weights.append((time.monotonic() - began, service.memory()))
            await asyncio.sleep(1.0)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=SENDERS)) as client:
        weighing = asyncio.create_task(weigh())
        await asyncio.gather(*(sender(client) for _ in range(SENDERS)))
        took = time.monotonic() - began
        while (
            service.rows("SELECT count(*) FROM inbox WHERE done_at IS NULL") != [(0,)]
            and time.monotonic() - began < took + 120
        ):
            await asyncio.sleep(0.2)
        drained = time.monotonic() - began - took
        weighing.cancel()
    kept = sum(times for (times,) in service.rows("SELECT times FROM findings")) - before
    settled = [weight for at, weight in weights if at > plan.storm_s / 3]
    return {
        "storm_s": plan.storm_s, "per_s": plan.per_s, "sent": total, "answered_per_s": total / took, "refused": total - statuses[200],
        "statuses": {str(status): count for status, count in statuses.items()}, "lost": statuses[200] - kept,
        "cpu_ms": 1000 * (service.worked_s() - worked_s) / total, "answer_p99_s": percentile(waits, 0.99), "drained_s": drained, "sent_late_s": late,
        "memory_mb": settled[-1] / 1e6, "memory_grew_mb": (settled[-1] - settled[0]) / 1e6, "findings": total // 10,
    }  # fmt: skip


if __name__ == "__main__":
    main()
