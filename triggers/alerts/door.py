"""The door at which alerts arrive: verified, counted, kept, answered. It reads of them what trust needs and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

from triggers.alerts.trust.model import Verified


class Inbox(Protocol):
    """Where alerts are kept, durably, before their sender is told that they were taken."""

    async def keep(
        self, name: str, source: str, delivery_id: str, raw: bytes, verified: Verified, headers: Mapping[str, str]
    ) -> Literal["kept", "again"]:
        """Keep one; `again` where it is there already. Raises JournalError where it cannot be kept: it is sent again.

        `name`: of the sender in the configuration; `source`: whose form it has. `delivery_id`: what the same delivery
        has again (`Verified.replay`). `headers`: the few that reading needs, names in lower case; no secret is in them.
        """
