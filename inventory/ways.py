"""What `ringfence.yaml` says of the ways in: the service, Slack, the page. Secrets stand there by reference alone."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from inventory.part import Id, Part, Reference, Url

MOST_WORKERS = 64


def _as_host(value: str) -> str:
    if not value or len(value) > 260 or any(letter.isspace() or letter in "/@?#" for letter in value):
        raise ValueError("a host is NAME or NAME:PORT, as browsers send it: ringfence.acme.example")
    return value.lower()


def _as_slack_id(letters: str, what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(rf"[{letters}][A-Z0-9]{{1,30}}", value):
            raise ValueError(
                f"must be {what}, as Slack shows it: {letters[0]}0123ABCD; never a name, which people change"
            )
        return value

    return AfterValidator(check)


class ServeEntry(Part):
    """`serve:`, what `ringfence serve` needs beyond its options.

    Attributes:
        hosts: names under which it may be asked beside this machine's own: those of the proxy in front of it.
        workers: how many runs it carries out side by side.
        public: the URL under which people reach it, for links; "" where it is asked on this machine alone.
    """

    hosts: tuple[Annotated[str, AfterValidator(_as_host)], ...] = Field(default=(), strict=False)
    workers: int = Field(default=8, ge=1, le=MOST_WORKERS)
    public: Url | None = None


class SlackEntry(Part):
    """`slack:`, the workspace where responders are. Commands come by Socket Mode (`app_token`), over HTTP (`signing`), or both.

    Attributes:
        team: id of the workspace: requests of any other are refused.
        channel: id of the private channel in which runs are told of.
        token: reference of the bot's token (xoxb-).
        app_token: reference of the app-level token (xapp-, connections:write): nothing of ours listens to the outside.
        signing: reference of the signing secret, with which Slack signs what it posts to /slack/events.
        rides_on: connections or systems that Slack here depends on: the identity provider by which people sign in to it.
            A run with one of them in its radius is told of elsewhere. Slack itself need not be named.
        api: where its Web API is; another for GovSlack.
    """

    team: Annotated[str, _as_slack_id("T", "the id of a workspace")]
    channel: Annotated[str, _as_slack_id("CG", "the id of a channel")]
    token: Reference
    app_token: Reference | None = None
    signing: Reference | None = None
    rides_on: tuple[Id, ...] = Field(default=(), strict=False)
    api: Url = "https://slack.com/api/"

    @model_validator(mode="after")
    def _some_way_in(self) -> SlackEntry:
        if self.app_token is None and self.signing is None:
            raise ValueError("needs app_token (Socket Mode) or signing (HTTP): else no command would arrive")
        return self


__all__ = ["MOST_WORKERS", "ServeEntry", "SlackEntry"]
