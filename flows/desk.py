"""Hands a run's work to its flow inside one process; elsewhere opens it from the journal. Does not import who can open it.

Prefect carries the run id and nothing else, so the work itself has to be found where the flow starts. Who triggers a flow lays the work
here first. A worker on another machine finds nothing, and asks the opener that RINGFENCE_OPENER names.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Awaitable, Callable
from typing import cast

from flows.around import Work

OPENER = "triggers.opener:open_run"

_laid: dict[str, Work] = {}


def lay(work: Work) -> None:
    """Put a run's work where its flow will look for it. It lies there until it is lifted."""
    _laid[work.run] = work


def lift(work: Work) -> None:
    """Take this very work away again; what another has laid for the same run since stays."""
    if _laid.get(work.run) is work:
        del _laid[work.run]


async def pick_up(run: str) -> Work:
    """Give the work that was laid for a run, or open it."""
    laid = _laid.get(run)
    return laid if laid is not None else await _opener()(run)


def _opener() -> Callable[[str], Awaitable[Work]]:
    named = os.environ.get("RINGFENCE_OPENER") or OPENER
    module, _, name = named.partition(":")
    return cast("Callable[[str], Awaitable[Work]]", getattr(importlib.import_module(module), name))
