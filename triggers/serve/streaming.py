"""The live matrix as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from journal.replay import Run
    from triggers.house import House

BEAT_S = 15.0
"""So often something is sent, that a proxy in between takes nobody for gone."""
LEAST_S = 0.1
"""Between two pictures: what moves faster is shown in one."""


async def matrices(house: House, run_id: str) -> AsyncIterator[bytes]:
    """A `matrix` each time that the run moved, and `end` once it has ended, or the service has."""
    changes = house.changes(run_id)
    coming = asyncio.ensure_future(anext(changes))
    last: dict[str, Any] = {}
    try:
        while True:
            await asyncio.wait({coming}, timeout=BEAT_S)
            if not coming.done():
                yield b": still here\n\n"
                continue
            try:
                run = coming.result()
            except StopAsyncIteration:
                break
            if (now := picture(run)) != last:
                last = now
                yield _event("matrix", now, run.n)
            await asyncio.sleep(LEAST_S)
            coming = asyncio.ensure_future(anext(changes))
        yield _event("end", {"run": run_id, "word": last.get("word", "")}, last.get("n", 0))
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        await changes.aclose()  # type: ignore[attr-defined]


def picture(run: Run) -> dict[str, Any]:
    """What is shown of a run: its word, why, the matrix by footholds and layers, and what is asked."""
    from reports.matrix import matrix

    shown = matrix(run)
    why = str(run.words[-1].body.get("why", "")) if run.words else ""
    return {
        "run": run.id, "incident": run.incident, "n": run.n, "at": run.at, "mode": run.opened.get("mode", ""),
        "word": run.word, "why": why, "total": shown.total,
        "footholds": [
            {
                "name": row.name, "state": row.state, "why": row.why,
                "layers": {
                    layer: {"state": cell.state, "lines": list(cell.lines)}
                    for layer, cell in row.cells.items() if cell.state
                },
            }
            for row in shown.rows
        ],
        "asks": [wall for wall, asked in run.asked.items() if not _is_open(run, wall, asked.body["scope_hash"])],
    }  # fmt: skip


def _is_open(run: Run, wall: str, scope: str) -> bool:
    approved = run.approved.get(wall)
    return approved is not None and approved.body["scope_hash"] == scope


def _event(kind: str, body: dict[str, Any], n: int) -> bytes:
    return f"id: {n}\nevent: {kind}\ndata: {json.dumps(body, ensure_ascii=True)}\n\n".encode()
