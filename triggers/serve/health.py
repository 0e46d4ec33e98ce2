"""Whether the process lives, whether it may be given work, and what it counts. Nobody needs a token to ask."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import SQLAlchemyError

from triggers.serve.metrics import MEDIA

if TYPE_CHECKING:
    from triggers.house import House

LEAST_FREE_BYTES = 50 * 1024 * 1024
WITHIN_S = 2.0
router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process lives."""
    return {"status": "alive"}


@router.get("/readyz", responses={503: {"description": "It may not be given work now; `why` says why not."}})
async def readyz(request: Request) -> JSONResponse:
    """The journal can be written, the configuration can be read, and it is not ending."""
    why = await lacking(request.app.state.house)
    return JSONResponse({"ready": not why, "why": why}, 503 if why else 200)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """For Prometheus."""
    return Response(await asyncio.to_thread(request.app.state.metrics.text), media_type=MEDIA)


async def lacking(house: House) -> list[str]:
    """What stands against giving it work."""
    found = ["it is ending"] if house.draining else []
    try:
        async with asyncio.timeout(WITHIN_S):
            found += await asyncio.to_thread(_record, house)
    except TimeoutError:
        found.append(f"the journal {house.journal.url} does not answer within {WITHIN_S:g} s")
    if house.wrong:
        found.append("the configuration, as it lies there now, cannot be used; that of before holds on")
    return found


def _record(house: House) -> list[str]:
    """Begin to write, and write nothing."""
    database = house.journal.database
    try:
        with database.engine.connect() as conn, database.writing(conn):
            pass
    except SQLAlchemyError as error:
        return [database.sentence(error)]
    _ = house.inventory
    free = os.statvfs(house.state)
    if free.f_bavail * free.f_frsize < LEAST_FREE_BYTES:
        return [f"the disk of the state folder has less than {LEAST_FREE_BYTES >> 20} MB left"]
    return []
