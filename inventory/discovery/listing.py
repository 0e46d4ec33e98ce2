"""Carries a discovery out: every survey of every connection, page by page onto the shelf. Reads only."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.core import Connector, ConnectorError, Found, Lost, Reader, Survey, Tide, Wire
from inventory.discovery.shelf import PAGE, Place, Shelf, Snapshot
from inventory.discovery.thing import row_of
from journal.clock import wall
from journal.event import Draft


@dataclass(frozen=True)
class Way:
    """An open connection that is to be listed."""

    name: str
    connector: Connector
    reader: Reader
    wire: Wire


async def discover(shelf: Shelf, ways: Sequence[Way], *, whole: bool = False) -> Snapshot:
    """List what there is at these connections, all side by side, and keep it as a snapshot.

    A survey that can goes on from where its last one ended, unless `whole`. What cannot be listed is said in the
    snapshot, and stays as an earlier one saw it: it is never taken for gone. Raises AtIt, JournalFailed.
    """
    before = await asyncio.to_thread(shelf.latest)
    n = await asyncio.to_thread(shelf.begin)
    marks = before.listed if before is not None and not whole else {}
    listed = await asyncio.gather(*(_way(shelf, n, way, marks.get(way.name, {})) for way in ways))
    fresh = {way.name: kinds for way, kinds in zip(ways, listed, strict=True)}
    # What another configuration listed, a practice company's perhaps, stands as that discovery left it.
    return await asyncio.to_thread(shelf.end, n, {**(before.listed if before is not None else {}), **fresh})


def recorded(snapshot: Snapshot) -> Draft:
    """What the journal's own chain keeps of a snapshot: by this digest it is known later."""
    return Draft("discovered", {
        "snapshot": snapshot.n, "digest": snapshot.digest, "things": snapshot.things, "begun_at": snapshot.begun_at,
        "ended_at": snapshot.ended_at or "",
        "connections": {
            name: not any(one["why"] for one in kinds.values())
            for name, kinds in sorted(snapshot.listed.items())
            if any(one["n"] == snapshot.n for one in kinds.values())
        },
    })  # fmt: skip


async def _way(shelf: Shelf, n: int, way: Way, marks: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """One connection's surveys, one after another: they share its rate. What fails does not stop the others."""
    kinds = {}
    for survey in way.connector.surveys.values():
        last = marks.get(survey.kind, {})
        mark = str(last["mark"]) if last.get("at") == way.reader.url else ""  # a mark is good where it was made
        kinds[survey.kind] = await _survey(shelf, n, way, survey, mark)
    return kinds


async def _survey(shelf: Shelf, n: int, way: Way, survey: Survey[Any], mark: str) -> dict[str, Any]:
    tide, came, asked, begun_at = Tide(since=mark), 0, way.wire.requests, wall()
    why = ""
    try:
        batch: list[Found | Lost] = []
        async for one in survey(way.reader, tide):
            batch.append(one)
            came += 1
            if len(batch) == PAGE:
                await _keep(shelf, n, way, survey, batch)
                batch = []
        await _keep(shelf, n, way, survey, batch)
        if not tide.changes:
            await asyncio.to_thread(_ended, shelf, n, way.name, survey.kind, came)
    except ConnectorError as error:
        why, tide.mark = str(error), mark
    return {
        "n": n, "begun_at": begun_at, "at": way.reader.url, "mark": tide.mark, "whole": not tide.changes, "requests": way.wire.requests - asked, "things": came, "why": why,
    }  # fmt: skip


class _Doubted(ConnectorError):
    """A listing that came to its end, and cannot be what there is."""


def _ended(shelf: Shelf, n: int, connection: str, kind: str, came: int) -> None:
    """Take what a whole listing did not have for gone; not all at once: then it is our permission that is gone."""
    if came == 0 and (there := shelf.count(connection, kind)):
        raise _Doubted(
            f"{connection}: list every {kind}",
            f"nothing, where {there} were before",
            "Was a permission of our credential taken away? Until it lists one again, all count as there",
        )
    shelf.listed_all(n, connection, kind)


async def _keep(shelf: Shelf, n: int, way: Way, survey: Survey[Any], batch: Sequence[Found | Lost]) -> None:
    rows = [row_of(way.connector, way.name, survey, one) for one in batch if isinstance(one, Found)]
    lost: list[Place] = [(way.name, survey.kind, survey.key(one)) for one in batch if isinstance(one, Lost)]
    if rows or lost:
        await asyncio.to_thread(shelf.take, n, rows, lost)
