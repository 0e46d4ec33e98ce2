"""What an answer says beyond its status: some providers put into the body, or a header of theirs, what it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.core.errors import ConnectorError


@dataclass(frozen=True, slots=True)
class Told:
    """One answer as its connector reads it.

    Attributes:
        code: the provider's own word for it, which people see: a plain code, never a text that may hold anything.
        kind: the error that it is, in place of what its status means; None: what its status means.
        wait_s: of one that is `Busy`: seconds until it is asked again.
        look: of a send: it is so already, or gone. A look decides, as after a 404.
    """

    code: str = ""
    kind: type[ConnectorError] | None = None
    wait_s: float = 1.0
    look: bool = False


NOTHING = Told()
Telling = Callable[[int, Mapping[str, str], Any], Told]
"""What a connector declares: (status, lower-case headers, JSON or None) -> what it says."""
