"""The application: the API, health, and whatever other ways in are mounted beside them, behind one guard."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI

from triggers.serve import health, problems, runs
from triggers.serve.guard import Guard
from triggers.serve.known import Known
from triggers.serve.metrics import Metrics
from triggers.serve.problems import Problem

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

    from triggers.house import House
    from triggers.serve.workers import Workers

ABOUT = """Incident containment as runbooks. Say who you are by your own token: `Authorization: Bearer rfp_...`
(`ringfence person token NAME`); your roles in ringfence.yaml decide what you may ask for.

What goes wrong is told as `application/problem+json` (RFC 9457); its `code` is for programs."""
TAGS = [
    {"name": "runs", "description": "Plan, start, look on. Scope `act` to begin, `read` to look."},
    {
        "name": "decide",
        "description": "What people say to a wall. Scope `decide`; whether it counts, the wall's rules say.",
    },
    {"name": "act", "description": "What is done to a run that is under way. Scope `act`."},
    {"name": "health", "description": "For machines that look after this one. No token."},
]


def application(
    house: House, workers: Workers, token: str, *, hosts: Collection[str], more: Sequence[APIRouter] = (),
    counted: Sequence[Callable[[], Iterable[Metric]]] = (), docs: bool = False,
) -> Guard:  # fmt: skip
    """Give the ASGI application. `token`: of the handshake. `more`: further ways in, and `counted`: what they count.

    `docs`: FastAPI's page, from a CDN.
    """
    app = FastAPI(
        title="Ringfence", version=version("ringfence"), description=ABOUT, openapi_tags=TAGS,
        docs_url="/docs" if docs else None, redoc_url=None,
        # Whoever configures OpenTelemetry in this process (Prefect can) would get exceptions with what was sent in them.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )  # fmt: skip
    known = Known(house.journal)
    app.state.house, app.state.token, app.state.known = house, token, known
    app.state.metrics = Metrics(
        house.journal, known, under_way=lambda: len(workers.supervisor.at_it), lapsed=lambda: workers.lapsed,
        draining=lambda: house.draining, more=counted,
    )  # fmt: skip
    problems.tell_of(app)
    for router in (health.router, runs.router, *more):
        app.include_router(router)
    _describe(app)
    return Guard(app, hosts, _fault)


def _describe(app: FastAPI) -> None:
    """Put the model of a problem beside the others: answers refer to it by name."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        said = made()
        schemas = said.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(problem.pop("$defs", {}))
            schemas["Problem"] = problem
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            for path in said["paths"].values():
                for method in path.values():
                    if "422" in method["responses"]:
                        method["responses"]["422"] = problems.documented(422)[422]
        return said

    app.openapi = openapi  # type: ignore[method-assign]


def _fault(error: BaseException) -> str:
    from triggers.cli.main import write_down

    return write_down(error)
