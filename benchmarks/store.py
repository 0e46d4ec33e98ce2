"""The journal alone: appends on a small and a large one, replay, verify."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from journal import Draft, Journal, Keys, Lease
from journal.proof.verify import verify_url
from journal.replay import replay

IN_FLIGHT = 50
RUN_EVENTS = 10_000
CHUNK = 500
BODY = {"effect": "tokens/t000000", "sends": [{"came": "ok", "status": 200, "wait_ms": 0, "request_id": "", "why": "200", "kept": []}]}  # fmt: skip


def opened(url: str) -> Journal:
    """A journal as production opens it."""
    return Journal.open(url, keys=Keys.none(), names=(Keys(bytes(32)),), ttl_s=30, renew_s=5)


async def fill(file: Path, count: int) -> None:
    """Put valid events into a new journal: runs of 10,000, each opened and closed by the journal itself.

    What lies between is chained here and inserted in bulk, in the spelling of design.md section 6.
    """
    journal = opened(f"sqlite:///{file}")
    with sqlite3.connect(file, isolation_level=None) as sql:
        sql.execute("PRAGMA synchronous=OFF")
        for number in range(count // RUN_EVENTS):
            run = f"R-{number:06}"
            lease, first = await journal.begin(run, f"INC-{number:06}", Draft("opened", {"playbook": "bench"}))
            rows = list(_rows(run, f"INC-{number:06}", first.at, first.hash))
            sql.execute("BEGIN IMMEDIATE")
            sql.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            sql.execute("UPDATE leases SET last_n = ?, head = ? WHERE run = ?", (rows[-1][1], rows[-1][8], run))
            sql.execute("COMMIT")
            await journal.release(lease, unlock=True)
    await journal.aclose()


def _rows(run: str, incident: str, at: str, head: str) -> Iterator[tuple[Any, ...]]:
    for n in range(2, RUN_EVENTS + 1):
        body = orjson.dumps({**BODY, "effect": f"tokens/t{n:06}"}, option=orjson.OPT_SORT_KEYS)
        row = {
            "run": run, "n": n, "incident": incident, "fence": 1, "at": at, "type": "answered",
            "body": orjson.Fragment(body), "prev": head,
        }  # fmt: skip
        prev, head = head, hashlib.sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).hexdigest()
        yield run, n, incident, 1, at, "answered", body.decode(), prev, head


async def appends(url: str, count: int) -> float:
    """Seconds for so many appends of one event each, 50 in flight, each durable before the next of its caller."""
    journal = opened(url)
    lease, _ = await journal.begin(f"R-{time.time_ns()}", "INC-bench", Draft("opened", {"playbook": "bench"}))
    todo = iter(range(count))

    async def work(lease: Lease) -> None:
        for number in todo:
            await journal.append(lease, [Draft("answered", {**BODY, "effect": f"tokens/t{number:06}"})])

    began = time.perf_counter()
    await asyncio.gather(*(work(lease) for _ in range(IN_FLIGHT)))
    took = time.perf_counter() - began
    await journal.release(lease, unlock=True)
    await journal.aclose()
    return took


async def repeat(file: Path, run: str, into: Path, times: int) -> str:
    """Write the events of a run of effects so many times over, its effects under other names, as one run of a new journal."""
    journal = opened(f"sqlite:///{file}")
    events = journal.events(run)
    await journal.aclose()
    drafts = [Draft(e.type, e.body) for e in events if e.type not in {"opened", "worded", "ended"}]
    journal = opened(f"sqlite:///{into}")
    lease, first = await journal.begin("R-large", "INC-large", Draft("opened", events[0].body))
    for number in range(times):
        renamed = [Draft(draft.type, _renamed(draft.body, f"x{number}")) for draft in drafts]
        for at in range(0, len(renamed), CHUNK):
            await journal.append(lease, renamed[at : at + CHUNK])
    await journal.release(lease, unlock=True)
    await journal.aclose()
    return first.run


def _renamed(body: Mapping[str, Any], mark: str) -> Mapping[str, Any]:
    return {**body, "effect": f"{body['effect']}{mark}"} if "effect" in body else body


def replayed(file: Path, run: str) -> tuple[float, int, int]:
    """(seconds to read and fold a run, its effects, its events)."""
    journal = opened(f"sqlite:///{file}")
    try:
        began = time.perf_counter()
        state = replay(journal.events(run))
        return time.perf_counter() - began, len(state.effects), state.n
    finally:
        journal.close()


def verified(url: str, events: int) -> float:
    """Events a second that `verify` checks; the journal must be whole."""
    began = time.perf_counter()
    broken = verify_url(url)
    took = time.perf_counter() - began
    assert not broken, broken[:3]
    return events / took


def count(file: Path) -> int:
    """How many events a journal has."""
    with sqlite3.connect(file) as sql:
        return int(sql.execute("SELECT count(*) FROM events").fetchone()[0])


def best(values: Sequence[float]) -> float:
    """The least disturbed of several measurements: noise on a shared machine only ever adds."""
    return min(values)
