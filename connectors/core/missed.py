"""What a provider has told, or should have told, and may not have reached us: read by whoever takes its messages in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Missed:
    """One message.

    Attributes:
        id: the provider's own, the same each time that it is asked. at: when it happened, or was sent (RFC 3339).
        payload: what would have been delivered. headers: what would have come beside it, where reading needs it.
    """

    id: str
    at: str
    payload: Any = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict)
