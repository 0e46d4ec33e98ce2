"""The command line as the other tests of commands have it."""

from __future__ import annotations

from tests.triggers.conftest import home, ringfence

__all__ = ["home", "ringfence"]
