"""Who pressed or typed: a person of the configuration, by their Slack account or their address. Roles come from there alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from inventory.proof import Sayer
from triggers.house import House
from triggers.slack.methods import Slack, SlackFailed
from triggers.slack.requests import Request

KEPT_S = 60.0
"""For so long what Slack said of a person holds."""
_NOT_OURS = (
    "deleted",
    "is_bot",
    "is_app_user",
    "is_restricted",
    "is_ultra_restricted",
    "is_stranger",
    "is_invited_user",
)


class Who:
    """Finds people. A Slack group or channel makes nobody anything: whoever took one session can join both."""

    def __init__(self, house: House, slack: Slack, team: str) -> None:
        """Hold whom to ask; nothing is asked."""
        self._house, self._slack, self._team = house, slack, team
        self._seen: dict[str, tuple[float, Mapping[str, Any]]] = {}

    async def of(self, request: Request) -> tuple[Sayer | None, str]:
        """The person, or None and why not, in a sentence for them."""
        if request.team != self._team:
            return None, "You are of another workspace: what you press here does nothing."
        if (known := self._house.who(account=f"slack:{self._team}/{request.user}", how="slack")) is not None:
            return known, ""
        try:
            user = await self.user(request.user)
        except SlackFailed as failed:
            return None, f"Slack did not say who you are ({failed.code}): try again, or use the command line."
        if any(user.get(name) for name in _NOT_OURS) or user.get("team_id", self._team) != self._team:
            return None, "A guest, an app, or somebody of another workspace has no say here."
        email = str((user.get("profile") or {}).get("email") or "")
        found = self._house.who(account=f"email:{email}", how="slack") if email else None
        if found is None:
            return None, (
                "The configuration does not know you: under your name in `people:` it wants"
                f" accounts: [slack:{self._team}/{request.user}]."
            )
        return found, ""

    async def user(self, user: str) -> Mapping[str, Any]:
        """What Slack knows of a user. Raises SlackFailed."""
        seen = self._seen.get(user)
        if seen is not None and time.monotonic() - seen[0] < KEPT_S:
            return seen[1]
        found = (await self._slack.call("users.info", user=user)).get("user") or {}
        if len(self._seen) > 5000:
            self._seen.clear()
        self._seen[user] = (time.monotonic(), found)
        return found
