"""What goes wrong in a request, as RFC 9457 has it. Nothing of what was sent is in it, and no traceback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

MEDIA: Final = "application/problem+json"
URN = "urn:ringfence:problem:"
STATUS_OF: Mapping[str, int] = {
    "unknown-run": 404, "no-role": 403, "bad-input": 422, "bad-playbook": 422, "not-fitting": 409, "not-now": 409,
    "scope-differs": 409, "not-ours": 409,
}  # fmt: skip
"""Of `Refused.code`."""
SAID_STATUS: Mapping[str, int] = {
    "unknown": 401,
    "unproven": 401,
    "no_role": 403,
    "role": 403,
    "requester": 403,
    "target": 403,
}
"""Of `Became.code`; 409 for every other: what is asked is not what it was."""

HTTP_CODES: Mapping[int, str] = {
    400: "bad-request", 404: "not-found", 405: "not-allowed", 408: "too-slow", 413: "too-large",
}  # fmt: skip


class Wrong(BaseModel):
    """One mistake in a request: where it is, and what is wrong with it. Not what was given."""

    where: str
    what: str


class Problem(BaseModel):
    """RFC 9457. `code` is the last part of `type`."""

    type: str = Field(examples=[f"{URN}busy"])
    title: str
    status: int
    detail: str = Field(description="A sentence for people, with what to do.")
    code: str
    run: str = Field("", description="The run that it is about, or that is at it already.")
    mistakes: list[Wrong] = Field(default_factory=list)


class Failed(Exception):
    """Answer with this problem."""

    def __init__(self, status: int, code: str, title: str, detail: str, *, run: str = "", **headers: str) -> None:
        """Keep what is answered."""
        super().__init__(detail)
        self.problem = Problem(type=URN + code, title=title, status=status, detail=detail, code=code, run=run)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The response."""
    return Response(
        problem.model_dump_json(exclude_defaults=True), problem.status, dict(headers or {}), media_type=MEDIA
    )


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: each of these is a Problem."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    titles = {
        400: "Not JSON", 401: "Nobody's token", 403: "Not by this person", 404: "No such run", 409: "Not as things stand",
        413: "Too large", 422: "Not understood", 502: "Nothing could be looked at", 503: "Not now",
    }  # fmt: skip
    return {status: {"description": titles[status], "content": {MEDIA: schema}} for status in statuses}


def tell_of(app: FastAPI) -> None:
    """Let the application answer with problems, whatever goes wrong in it."""
    from engine.plan import NothingSeen
    from journal.errors import IncidentClosed, JournalError, NoKey, UnknownRun
    from triggers.house import Differs, Refused

    @app.exception_handler(Failed)
    async def failed(_request: Request, error: Failed) -> Response:
        return answer(error.problem, error.headers)

    @app.exception_handler(Refused)
    async def refused(_request: Request, error: Refused) -> Response:
        run = error.run if isinstance(error, Differs) else ""
        return _simple(STATUS_OF.get(error.code, 409), error.code, "Refused; nothing was done", str(error), run)

    @app.exception_handler(NothingSeen)
    async def unseen(_request: Request, error: NothingSeen) -> Response:
        return _simple(502, "nothing-seen", "Nothing could be looked at; nothing was done", str(error))

    @app.exception_handler(JournalError)
    async def journal(_request: Request, error: JournalError) -> Response:
        known: tuple[tuple[type[JournalError], int, str], ...] = (
            (UnknownRun, 404, "unknown-run"), (IncidentClosed, 409, "incident-closed"), (NoKey, 503, "no-key"),
        )  # fmt: skip
        status, code = next(
            ((status, code) for kind, status, code in known if isinstance(error, kind)), (503, "journal")
        )
        return _simple(status, code, "The record does not allow it now", str(error))

    @app.exception_handler(Exception)
    async def fault(_request: Request, error: Exception) -> Response:
        said = f"{type(error).__name__}: a fault of ours. Where it happened is written down under faults/ in the state folder."
        return _simple(500, "fault", "A fault of ours", said)  # the guard writes it down: Starlette raises it on

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        mistakes = [Wrong(where=_where(one["loc"]), what=str(one["msg"])[:200]) for one in error.errors()[:20]]
        status = 400 if any(one["type"] == "json_invalid" for one in error.errors()) else 422
        problem = Problem(
            type=f"{URN}bad-request", title="The request is not understood; nothing was done", status=status,
            detail="See mistakes; the API's description is at /openapi.json.", code="bad-request", mistakes=mistakes,
        )  # fmt: skip
        return answer(problem)

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> Response:
        code = HTTP_CODES.get(error.status_code, "refused")
        ours = error.status_code in {408, 413}
        detail = str(error.detail) if ours else "The API's description is at /openapi.json."
        return _simple(error.status_code, code, "Refused; nothing was done", detail)


def _simple(status: int, code: str, title: str, detail: str, run: str = "") -> Response:
    return answer(Problem(type=URN + code, title=title, status=status, detail=detail, code=code, run=run))


def _where(loc: tuple[Any, ...]) -> str:
    """The place of a mistake. Names of keys that we do not know are the sender's: they are not repeated."""
    known = [str(part) if isinstance(part, int) or str(part).isidentifier() else "?" for part in loc[:6]]
    return "/".join(part[:40] for part in known)
