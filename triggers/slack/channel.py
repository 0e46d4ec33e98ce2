"""Whether the channel is fit to say anything in: private, shared with nobody, read by no other app, as far as Slack tells.

What cannot be known with a bot's scopes, and is said in docs/slack.md: apps that read with a *person's* token whoever is
in the channel, and the workspace's own exports.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from triggers.slack.methods import Slack, SlackFailed
from triggers.slack.who import Who

HOLDS_S = 60.0
MOST_MEMBERS = 500
"""Of a channel in which an incident is spoken of. With more, nobody looks at who they are."""
PASSING = frozenset({"unreachable", "ratelimited"})
"""What tells nothing of the channel: whoever asks waits and asks again."""
_SHARED = {
    "is_ext_shared": "it is shared with another company",
    "is_pending_ext_shared": "it is about to be shared with another company",
    "is_shared": "it is shared with another workspace",
    "is_org_shared": "it is shared with other workspaces of the organisation",
    "is_archived": "it is archived",
}


class Channel:
    """One channel, looked at again every minute: somebody may let an app in while a run goes on."""

    def __init__(self, slack: Slack, who: Who, channel: str) -> None:
        """Hold whom to ask; nothing is asked."""
        self._slack, self._who, self.id = slack, who, channel
        self._seen: tuple[float, str] | None = None
        self._me = ""

    async def unfit(self) -> str:
        """Why nothing but the neutral line is said there; "" where it is fit. Raises SlackFailed where that is not known."""
        if self._seen is not None and time.monotonic() - self._seen[0] < HOLDS_S:
            return self._seen[1]
        try:
            why = await self._look()
        except SlackFailed as failed:
            if failed.code in PASSING or failed.code.startswith("http_5"):
                raise
            why = f"Slack does not say what it is ({failed.method}: {failed.code})"
        self._seen = (time.monotonic(), why)
        return why

    async def _look(self) -> str:
        found = (await self._slack.call("conversations.info", channel=self.id)).get("channel") or {}
        if not found.get("is_private"):
            return "it is not private"
        for name, why in _SHARED.items():
            if found.get(name):
                return why
        return await self._readers()

    async def _readers(self) -> str:
        """Apps that are members: in a private channel no other app reads by itself."""
        self._me = self._me or str((await self._slack.call("auth.test")).get("user_id", ""))
        members: list[str] = []
        cursor = ""
        while True:
            page = await self._slack.call(
                "conversations.members", channel=self.id, limit=200, **({"cursor": cursor} if cursor else {})
            )
            members += [str(one) for one in page.get("members") or ()]
            if len(members) > MOST_MEMBERS:
                return f"it has more than {MOST_MEMBERS} members"
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        for member in members:
            if member != self._me and _is_app(await self._who.user(member)):
                return "another app is a member, which may read its history"
        return ""


def _is_app(user: Mapping[str, Any]) -> bool:
    return bool(user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == "USLACKBOT")
