"""The names of the sources of alerts, without reading any of their files: a check of a playbook asks for no more."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "sources"


@cache
def names() -> frozenset[str]:
    """The name of every source there is."""
    return frozenset(file.stem for file in FOLDER.glob("*.yaml"))
