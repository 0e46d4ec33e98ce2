"""The `/runs` API: plan, start, look on, say. What is refused is told as a problem; the house does the rest."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse

from triggers.house import Asked, House, What
from triggers.house import Became as Became_
from triggers.serve import bodies, streaming
from triggers.serve.caller import Acting, Deciding, Reading, Taking
from triggers.serve.known import Known
from triggers.serve.problems import SAID_STATUS, Failed, documented

MOST_ROWS = 200
router = APIRouter(responses=documented(401, 403, 422, 503))
EVENT_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "`matrix`, then `end`."}
}


def _house(request: Request) -> House:
    house: House = request.app.state.house
    return house


@router.post("/plans", tags=["runs"], status_code=201, response_model=bodies.Planned, responses=documented(409, 502))
async def plan(request: Request, body: bodies.Plan, caller: Acting) -> bodies.Planned:
    """Look, and say what would be done now. Sends nothing."""
    shown = await _house(request).plan(Asked(body.playbook, body.inputs, caller.sayer, body.reason))
    return bodies.Planned(
        run=shown.run.id, first_line=shown.first_line, scope_hash=shown.scope_hash, plan_hash=shown.plan_hash,
        text=shown.text, digest=shown.digest,
    )  # fmt: skip


@router.post("/runs", tags=["runs"], status_code=201, response_model=bodies.Started, responses=documented(409, 502))
async def start(request: Request, body: bodies.Start, caller: Acting) -> JSONResponse:
    """Open a run; what can be undone begins at once. 409 `busy` where a run is at this integration already."""
    asked = Asked(
        body.playbook,
        body.inputs,
        caller.sayer,
        body.reason,
        incident=body.incident or "",
        hold_only=body.hold_only,
        since=body.since,
    )
    return _started(await _house(request).start(asked, body.scope_hash), 201)


@router.get("/runs", tags=["runs"], response_model=bodies.Rows)
async def list_(request: Request, _caller: Reading, limit: int = 50) -> bodies.Rows:
    """All runs, newest first."""
    known: Known = request.app.state.known
    return bodies.Rows(runs=await known.rows(min(max(limit, 1), MOST_ROWS)))


@router.get("/runs/{run}", tags=["runs"], responses=documented(404))
async def one(request: Request, run: str, _caller: Reading) -> dict[str, Any]:
    """What `ringfence status RUN --json` says."""
    return await _house(request).facts(run)


@router.get("/runs/{run}/question", tags=["decide"], response_model=bodies.Question, responses=documented(404))
async def question(request: Request, run: str, _caller: Reading, wall: str | None = None) -> bodies.Question:
    """What the run asks people, as they are shown it: give back its scope_hash and digest with what you say."""
    from triggers.house.asking import as_body

    put = await _house(request).asks(run, wall)
    if put is None:
        raise Failed(404, "no-question", "Nothing is asked", f"Run {run} asks nobody anything.", run=run)
    about = put.question
    return bodies.Question(
        wall=about.wall, scope_hash=about.scope_hash, role=about.role, people=about.people, open=put.open, text=put.text,
        digest=put.digest, stands=as_body(about, put.stands),
    )  # fmt: skip


@router.get(
    "/runs/{run}/events", tags=["runs"], response_class=StreamingResponse, responses={**EVENT_STREAM, **documented(404)}
)
async def events(request: Request, run: str, _caller: Reading) -> StreamingResponse:
    """The live matrix as server-sent events, each time that it moved."""
    house = _house(request)
    await house.run(run)
    return StreamingResponse(streaming.matrices(house, run), media_type="text/event-stream")


@router.post("/runs/{run}/approve", tags=["decide"], response_model=bodies.Became, responses=documented(404, 409))
async def approve(request: Request, run: str, body: bodies.Approve, caller: Deciding) -> bodies.Became:
    """Say yes to just this scope. The rules of the wall say whether it counts; what does not is recorded too."""
    return await _said(
        request, run, "approve", caller, scope_hash=body.scope_hash, wall=body.wall, shown=body.shown,
        reason=body.reason, code=body.code, glass=body.break_glass, hot=body.hot,
    )  # fmt: skip


@router.post("/runs/{run}/object", tags=["decide"], response_model=bodies.Became, responses=documented(404, 409))
async def object_(request: Request, run: str, body: bodies.Object, caller: Deciding) -> bodies.Became:
    """Say no to just this scope: more authority, or one more person, is asked."""
    return await _said(
        request, run, "object", caller, scope_hash=body.scope_hash, wall=body.wall, shown=body.shown, reason=body.reason
    )


@router.post("/runs/{run}/review", tags=["decide"], response_model=bodies.Became, responses=documented(404, 409))
async def review(request: Request, run: str, body: bodies.Review, caller: Deciding) -> bodies.Became:
    """Say that you looked at a wall which somebody opened alone."""
    return await _said(request, run, "review", caller, wall=body.wall, reason=body.reason)


@router.post("/runs/{run}/attest", tags=["act"], response_model=bodies.Became, responses=documented(404, 409))
async def attest(request: Request, run: str, body: bodies.About, caller: Acting) -> bodies.Became:
    """Say that a person's step is done, or that an effect which no look can prove took place."""
    return await _said(request, run, "attest", caller, about=body.about, reason=body.reason)


@router.post("/runs/{run}/retry", tags=["act"], response_model=bodies.Became, responses=documented(404, 409))
async def retry(request: Request, run: str, body: bodies.About, caller: Acting) -> bodies.Became:
    """Have an effect sent again that failed, is in doubt, or was only requested."""
    return await _said(request, run, "retry", caller, about=body.about, reason=body.reason)


@router.post("/runs/{run}/tick", tags=["act"], response_model=bodies.Became, responses=documented(404, 409))
async def tick(request: Request, run: str, body: bodies.About, caller: Acting) -> bodies.Became:
    """Have something given back in recovery that was changed before the run came: a commander knows that it is clean."""
    return await _said(request, run, "tick", caller, about=body.about, reason=body.reason)


@router.post("/runs/{run}/note", tags=["act"], response_model=bodies.Became, responses=documented(404, 409))
async def note(request: Request, run: str, body: bodies.Note, caller: Acting) -> bodies.Became:
    """Add a remark to the record. It is sealed like a name, and stays."""
    return await _said(request, run, "note", caller, reason=body.text)


@router.post("/runs/{run}/stop", tags=["act"], response_model=bodies.Became, responses=documented(404, 409))
async def stop(request: Request, run: str, body: bodies.Stop, caller: Acting) -> bodies.Became:
    """End what is in flight and start nothing new. What is held stays held."""
    return await _said(request, run, "stop", caller, reason=body.reason)


@router.post(
    "/runs/{run}/resume", tags=["act"], status_code=202, response_model=bodies.Started, responses=documented(404, 409)
)
async def resume(request: Request, run: str, caller: Acting) -> JSONResponse:
    """Go on with a run that was stopped, or waits."""
    return _started(await _house(request).resume(run, caller.sayer), 202)


@router.post(
    "/runs/{run}/recover", tags=["act"], status_code=202, response_model=bodies.Started, responses=documented(404, 409)
)
async def recover(request: Request, run: str, body: bodies.Recover, caller: Acting) -> JSONResponse:
    """Give back what it switched off and was clean before. The recovery's own wall asks people."""
    return _started(await _house(request).recover(run, caller.sayer, leave=body.leave), 202)


@router.post("/runs/{run}/take", include_in_schema=False, status_code=202)
async def take(request: Request, run: str, _caller: Taking) -> JSONResponse:
    """For the command line of this machine: take up now what it opened and let go."""
    return _started(await _house(request).take(run), 202)


def _started(started: Any, status: int) -> JSONResponse:
    if started.busy:
        raise Failed(
            409, "busy", "A run is at it", f"Run {started.busy} is at it already: look at that one, or stop it.",
            run=started.busy,
        )  # fmt: skip
    body = bodies.Started(run=started.run, incident=started.incident, mode=started.mode)
    return JSONResponse(body.model_dump(), status, headers={"location": f"/runs/{started.run}"})


async def _said(request: Request, run: str, what: What, caller: Any, **more: Any) -> bodies.Became:
    became: Became_ = await _house(request).say(run, what, caller.sayer, **more)
    if not became.counts:
        status = SAID_STATUS.get(became.code, 409)
        raise Failed(
            status, became.code.replace("_", "-"), "It does not count; nothing was changed", became.why, run=run
        )
    from triggers.house.asking import as_body

    asked, stands = became.question, became.stands
    return bodies.Became(
        run=run, what=what, counts=True, opened=became.opened, n=became.n,
        question=as_body(asked, stands) if asked is not None and stands is not None else {},
    )  # fmt: skip
