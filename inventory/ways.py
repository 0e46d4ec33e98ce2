"""What `ringfence.yaml` says of the ways in: the service, Slack, the page. Secrets stand there by reference alone."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from inventory.part import Id, Part, Reference, Url

MOST_WORKERS = 64
LONGEST_LINK_M = 120


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


def _as_origin(value: str) -> str:
    try:
        parts = urlsplit(value)
        here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        fits = parts.scheme == "https" or (parts.scheme == "http" and here)
        origin = f"{parts.scheme}://{parts.netloc}".lower()
        fits = fits and bool(parts.hostname) and "@" not in parts.netloc and value.lower().rstrip("/") == origin
        _ = parts.port
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            "must be the address under which phones reach it, without a path: https://page.acme.example"
            " (http only on this very machine)"
        )
    return origin


def _as_minutes(value: Any) -> Any:
    found = re.fullmatch(r"([1-9][0-9]{0,2})m", value) if isinstance(value, str) else None
    if found is None or int(found[1]) > LONGEST_LINK_M:
        raise ValueError(f"must be whole minutes, as in 15m; at most {LONGEST_LINK_M}m")
    return int(found[1])


class PageEntry(Part):
    """`page:`, where phones reach the page. TLS is the reverse proxy's in front of it.

    Attributes:
        url: scheme and host (and port), as it stands in the browser's address. Requests from any other are refused.
        rp_id: the host, or a domain above it, that passkeys are bound to. Changing it makes all of them useless.
        link: minutes for which a link is good.
        key: reference of the key that signs links and sessions (base64 of 32 bytes, as `ringfence journal key` makes
            it); without it one of the state folder's, which is enough where one machine serves the page.
    """

    url: Annotated[str, AfterValidator(_as_origin)]
    rp_id: str = ""
    link: Annotated[int, BeforeValidator(_as_minutes)] = 15
    key: Reference | None = None

    @model_validator(mode="after")
    def _binds_to_its_host(self) -> PageEntry:
        host = urlsplit(self.url).hostname or ""
        given = self.rp_id or host
        if re.fullmatch(r"[0-9.]+|.*:.*", given):
            raise ValueError(f"passkeys are bound to a name, and {given} is an address: name the machine")
        if given != host and not (host.endswith(f".{given}") and "." in given):
            raise ValueError(f"rp_id is {host}, or a domain above it")
        return self

    @property
    def bound_to(self) -> str:
        """The host or domain that passkeys are bound to."""
        return self.rp_id or urlsplit(self.url).hostname or ""


__all__ = ["MOST_WORKERS", "PageEntry", "ServeEntry", "SlackEntry"]
