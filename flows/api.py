"""Finds Prefect's API. Does not import prefect, and never looks into the user's own Prefect profile.

Only RINGFENCE_PREFECT and PREFECT_API_URL count, then a server of ours that is recorded in the state folder. A profile written for
other work would send an incident's run ids to somebody else's server.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from flows import server


@dataclass(frozen=True)
class Api:
    """Where Prefect's API is; `ours` when it is the server that we started in the background."""

    url: str
    page: str
    ours: bool


def off(environ: Mapping[str, str]) -> bool:
    """RINGFENCE_PREFECT=off: run without Prefect and without a word about it."""
    return environ.get("RINGFENCE_PREFECT", "").strip().lower() == "off"


def configured(environ: Mapping[str, str]) -> Api | None:
    """Give the API that somebody named, alive or not."""
    if off(environ):
        return None
    url = (environ.get("RINGFENCE_PREFECT") or environ.get("PREFECT_API_URL") or "").strip().rstrip("/")
    return Api(url, url.removesuffix("/api"), ours=False) if url else None


def find(state: Path, *, environ: Mapping[str, str]) -> Api | None:
    """Give the named API, or our background server if one runs for this state folder."""
    if off(environ):
        return None
    if (named := configured(environ)) is not None:
        return named
    found = server.status(state)
    return Api(found.url, found.page, ours=True) if found is not None else None


def alive(url: str, within_s: float) -> bool:
    """Ask /health once. Anything but silence and a server's own error counts: whether we may come in shows later."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        return False
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    handlers = [urllib.request.ProxyHandler({})] if local else []
    try:
        with urllib.request.build_opener(*handlers).open(f"{url.rstrip('/')}/health", timeout=within_s):
            return True
    except urllib.error.HTTPError as answered:
        return answered.code < 500
    except (OSError, ValueError):
        return False
