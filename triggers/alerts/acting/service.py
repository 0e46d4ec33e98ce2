"""Alerts, as one part of the service: acts on what is kept, and on what was left of before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triggers.alerts.inbox import Inbox

if TYPE_CHECKING:
    from triggers.house import House


class AlertService:
    """What acts on alerts in this process.

    Attributes:
        inbox: where the door, the queue and the pollers keep what is delivered.
    """

    def __init__(self, house: House) -> None:
        """Hold the house; nothing is opened."""
        self._house = house
        self.inbox = Inbox(house.journal)

    async def start(self) -> None:
        """Begin to act."""

    async def end(self) -> None:
        """Act on nothing more; what is not done is anybody's."""
        self.inbox.close()
