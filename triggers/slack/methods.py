"""Slack's Web API, as far as we call it: each method with the scope that it needs, and what comes back told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from triggers.slack.quiet import QUIET

METHODS: Mapping[str, frozenset[str]] = {
    "auth.test": frozenset(),
    "chat.postEphemeral": frozenset({"chat:write"}),
    "chat.postMessage": frozenset({"chat:write"}),
    "chat.update": frozenset({"chat:write"}),
    "conversations.info": frozenset({"groups:read"}),
    "conversations.members": frozenset({"groups:read"}),
    "users.info": frozenset({"users:read", "users:read.email"}),
    "views.open": frozenset(),
    "views.update": frozenset(),
}
"""Every method that is called with the bot's token, and the scopes that it needs. slack-manifest.yaml asks for just these."""
BESIDE = frozenset({"commands"})
"""Scopes that no method needs: Slack sends commands and shortcuts for it."""
TIMEOUT_S = 10


class SlackFailed(Exception):
    """A call came to nothing.

    Attributes:
        method: which. code: Slack's word for it (`channel_not_found`), `http_500`, or `unreachable`.
        wait_s: how long Slack asks to wait; 0 where it does not say.
        sent: whether it may have been carried out all the same: no answer came.
    """

    def __init__(self, method: str, code: str, *, wait_s: float = 0.0, sent: bool = False) -> None:
        """Keep what is known of it; nothing of what was sent is in the text."""
        super().__init__(f"Slack did not take {method}: {code}")
        self.method, self.code, self.wait_s, self.sent = method, code, wait_s, sent


class Slack:
    """One workspace, by the bot's token. It resends nothing by itself: who calls decides."""

    def __init__(self, token: str, api: str) -> None:
        """Hold the token; nothing is asked."""
        self.client = AsyncWebClient(
            token=token, base_url=api, timeout=TIMEOUT_S, logger=QUIET, retry_handlers=[], trust_env_in_session=False
        )

    async def call(self, method: str, **said: Any) -> Mapping[str, Any]:
        """Call a method of the table. Raises SlackFailed."""
        if method not in METHODS:
            raise ValueError(f"{method} is no method that the manifest has scopes for")
        try:
            answer = await self.client.api_call(method, json=said)
        except SlackApiError as error:
            raise _failed(method, error) from None
        except (aiohttp.ClientConnectorError, aiohttp.ServerDisconnectedError) as error:
            sent = not isinstance(error, aiohttp.ClientConnectorError)
            raise SlackFailed(method, "unreachable", sent=sent) from None
        except (TimeoutError, aiohttp.ClientError, SlackClientError, OSError, ValueError):
            raise SlackFailed(method, "unreachable", sent=True) from None
        data = answer.data
        return data if isinstance(data, Mapping) else {}


def _failed(method: str, error: SlackApiError) -> SlackFailed:
    answer: Any = error.response
    status = int(getattr(answer, "status_code", 0) or 0)
    data = getattr(answer, "data", None)
    if status == 429:
        headers = {str(name).lower(): value for name, value in (getattr(answer, "headers", None) or {}).items()}
        return SlackFailed(method, "ratelimited", wait_s=_seconds(headers.get("retry-after")))
    code = str(data.get("error", "")) if isinstance(data, Mapping) else ""
    return SlackFailed(method, code or f"http_{status}", sent=status >= 500)


def _seconds(value: object) -> float:
    try:
        return min(max(float(str(value)), 0.0), 3600.0)
    except ValueError:
        return 30.0
