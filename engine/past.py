"""What was there before the attacker: the snapshots of discovery, as recovery asks them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from inventory.discovered import PastState

__all__ = ["Past", "PastState"]


class Past(Protocol):
    """Whoever keeps the snapshots."""

    def state_of(self, connection: str, look: str, key: str, before: datetime) -> PastState | None:
        """One thing in the last snapshot that was begun and ended before a time. None: no survey lists such things.

        `look`, `key`: the look that sees it, and what that is asked about (`connectors.core.model.key_of`). It may read
        a data base: it is called in a thread. Raises JournalError where the data base fails.
        """
