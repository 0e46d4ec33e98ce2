"""Slack: say something in the channel that the connection's settings name, as a bot (chat.postMessage).

Slack has no key against doubles, so it is sent once; who posted what for which run stands in the message's own
metadata, which `conversations.history` gives back. Links and pictures of what is said are not fetched. What fails is
answered 200 with `ok: false`. Source: docs.slack.dev/reference/methods/chat.postMessage and auth.test. The URL is https://slack.com/api.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from connectors.core import (
    Busy,
    Call,
    Connector,
    Held,
    Mark,
    NotAllowed,
    Params,
    Rate,
    Reader,
    Rights,
    Sealed,
    Setting,
    Settings,
    Told,
    Unexpected,
    Unseen,
)
from connectors.core.waits import asked_wait_s

MOST = 4000
"""Characters of a text that Slack shows whole."""
BUSY = frozenset({"rate_limited", "ratelimited", "message_limit_exceeded"})
GONE = frozenset({"channel_not_found", "is_archived"})
TROUBLE = frozenset({"request_timeout", "service_unavailable"})
"""It was not taken; a fatal or internal error may have been, so that a person must look."""
UNSURE = frozenset({"fatal_error", "internal_error"})


def told(status: int, headers: Mapping[str, str], body: Any) -> Told:
    """A 200 whose body says `ok: false` is the error that its word names."""
    if not 200 <= status < 300:
        return Told()
    if not isinstance(body, dict) or body.get("ok") is not True:
        word = body.get("error") if isinstance(body, dict) else None
        if word in BUSY:
            return Told(kind=Busy, wait_s=asked_wait_s(headers, default_s=30.0))
        if word in TROUBLE:
            return Told(kind=Busy, wait_s=2.0)
        if word in UNSURE or not isinstance(word, str):
            return Told(kind=Unexpected)
        return Told(kind=Unseen if word in GONE else NotAllowed)
    return Told()


class ChannelSettings(Settings):
    """The channel, by its id: names are changed by whoever may."""

    channel: Annotated[str, Field(pattern=r"^[CGD][A-Z0-9]{1,39}$")]


slack = Connector(
    "slack",
    rate=Rate(1, per_s=1, in_flight=1),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
    settings=ChannelSettings,
    told=told,
)

SCOPES = Rights(
    "bot token scopes",
    "api.slack.com/apps > the app > OAuth & Permissions > Bot Token Scopes",
    re.compile(r"[a-z_]+(\.[a-z_]+)*:[a-z]+(\.[a-z]+)*"),
    ",".join,
)


@slack.credential(SCOPES)
async def held(read: Reader) -> Held:
    """The scopes of our bot's token, by the header of `auth.test`."""
    scopes = (await read.headers("/auth.test")).get("x-oauth-scopes")
    if scopes is None:
        return Held(why="the answer of auth.test has no x-oauth-scopes")
    return Held("the x-oauth-scopes header", frozenset(name.strip() for name in scopes.split(",") if name.strip()))


class Said(Params):
    """A text; `to` is whom or what it is about."""

    to: str
    text: Sealed[str]


@slack.action(
    sees=None,
    layer="application",
    permission="chat:write",
    stops="nothing",
    identifies=("to",),
    because="a message that we read back says no more than the answer did, and may be taken away by then",
    irreversible="a message cannot be unread",
)
def message(p: Said) -> Iterator[Call]:
    """Tell people in a channel."""
    text = plain(f"{p.to}: {p.text}")
    body = {
        "channel": Setting("channel"),
        "text": text if len(text) <= MOST else f"{text[: MOST - 3]}...",
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {"event_type": "ringfence_message", "event_payload": {"id": Mark.ME, "run": Mark.RUN}},
    }
    yield Call.post(
        "/chat.postMessage", json=body, shown={"text": f"{len(text)} characters"}, once="people would read it twice"
    )


def plain(text: str) -> str:
    """A text that calls nobody and links nowhere: Slack's three marks, written out (docs.slack.dev, "Escaping text")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
