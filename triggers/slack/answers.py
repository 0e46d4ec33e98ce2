"""What one person alone is told: by the URL that came with what they did, or in the channel, seen by them only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from triggers.slack.methods import Slack, SlackFailed
from triggers.slack.requests import Request
from triggers.slack.screens.parts import Message

REPLY_S = 5.0
HOSTS = ("slack.com", "slack-gov.com")


class Answers:
    """Tells people. What cannot be told is left: what was done stands in the record, and in the run's thread."""

    def __init__(self, slack: Slack, channel: str, api: str) -> None:
        """Hold by what to tell; nothing is sent."""
        self.slack, self.channel = slack, channel
        self._home = urlsplit(api).netloc

    async def tell(self, request: Request, message: Message) -> bool:
        """Tell whoever asked; whether Slack took it."""
        body = message.body()
        if request.reply and self._ours(request.reply) and await self._by_url(request.reply, body):
            return True
        try:
            await self.slack.call(
                "chat.postEphemeral", channel=request.channel or self.channel, user=request.user, **body
            )
        except SlackFailed:
            return False
        return True

    def _ours(self, url: str) -> bool:
        """Whether a URL is Slack's: what people are told goes nowhere else, whoever wrote the request."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        known = any(host == one or host.endswith(f".{one}") for one in HOSTS)
        return (parts.scheme == "https" and known) or parts.netloc == self._home

    async def _by_url(self, url: str, body: Mapping[str, Any]) -> bool:
        said = {name: value for name, value in body.items() if name != "metadata"}
        timeout = aiohttp.ClientTimeout(total=REPLY_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(
                    url, json={"response_type": "ephemeral", "replace_original": False, **said}, allow_redirects=False
                ) as answer,
            ):
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
