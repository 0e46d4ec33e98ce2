"""What was there before the attacker: the snapshots of discovery, as recovery asks them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class PastState:
    """What a snapshot says of one thing.

    Attributes:
        governed: its state then, as `State.governed` gives it; None: the snapshot is whole, and it was not there.
        snapshot: the snapshot's number. at: when it was begun, RFC 3339.
        why_not: why nothing can be said: no snapshot before that time, or one whose digest is not that of the journal's
            chain; "" where something can.
    """

    governed: Mapping[str, Any] | None = field(default_factory=dict)
    snapshot: int = 0
    at: str = ""
    why_not: str = ""


class Past(Protocol):
    """Whoever keeps the snapshots."""

    def state_of(self, connection: str, look: str, key: str, before: datetime) -> PastState | None:
        """One thing in the last snapshot that was begun and ended before a time. None: no survey lists such things.

        `look`, `key`: the look that sees it, and what that is asked about (`connectors.core.model.key_of`). It may read
        a data base: it is called in a thread. Raises JournalError where the data base fails.
        """
