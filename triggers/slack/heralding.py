"""Says in the channel what no run says: an alert that no plan could be made for, or that a credential of ours is in strange hands."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.plan.people import slack_inside
from journal.errors import JournalError
from triggers.slack.methods import SlackFailed
from triggers.slack.screens.parts import header, lines, message, small

if TYPE_CHECKING:
    from triggers.house import House
    from triggers.slack.channel import Channel
    from triggers.slack.methods import Slack
    from triggers.slack.outbox import Outbox

RUN = "@alerts"
"""Stands for a run where what is told is of none."""
TITLES = {
    "our-credential": "OUR OWN CREDENTIAL IS IN STRANGE HANDS", "proposed": "An alert proposes a run",
    "crowded": "More alerts than anybody can look at", "failed": "An alert could not be acted on",
}  # fmt: skip


class Herald:
    """Says it, once by its key."""

    def __init__(self, house: House, slack: Slack, channel: Channel, outbox: Outbox) -> None:
        """Hold them; nothing is said."""
        self._house, self._slack, self._channel, self._outbox = house, slack, channel, outbox

    async def __call__(self, key: str, of: str, said: Sequence[str], connections: Sequence[str]) -> bool:
        """Whether it stands there, or must not; False: it is to be tried again."""
        config = self._house.inventory.config
        if slack_inside(config, connections):
            return True
        title = TITLES.get(of, "An alert")
        shown = message(title, [header(title), lines(said, 12), small("No text of the alert is shown here.")])
        try:
            if await self._channel.unfit():
                return True
            told = (await asyncio.to_thread(self._outbox.of, RUN)).get(key)
            if told is not None and told.sent:
                return True
            await asyncio.to_thread(self._outbox.try_, RUN, "alert", key, 0)
            body = {"channel": self._channel.id, "unfurl_links": False, "unfurl_media": False, **shown.body()}
            answer = await self._slack.call("chat.postMessage", **body)
            await asyncio.to_thread(self._outbox.sent, RUN, key, 0, str(answer.get("ts", "")))
        except (SlackFailed, JournalError):
            return False
        return True
