"""What stands before Bolt where Slack posts to us: shape, size, signature, workspace. It logs no body, and answers nothing with a 500.

Bolt alone answers a timestamp that is no number, or a signature that is not ASCII, with a stack trace, and logs the whole
body of what is not signed (tried). So both are turned away here, by the same verifier that Bolt has, and Bolt's own runs
again behind it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from slack_sdk.signature import Clock, SignatureVerifier

PATH = "/slack/events"
MOST_BYTES = 256 * 1024
"""Of a body: a modal's state with all of its fields stays far below."""
_NUMBER, _SIGNATURE = re.compile(r"[0-9]{1,12}"), re.compile(r"v0=[0-9a-f]{64}")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """An ASGI application before another one.

    Attributes:
        turned_away: why, and how often; for metrics and the record.
    """

    def __init__(self, app: App, signing_secret: str, team: str, *, clock: Clock | None = None) -> None:
        """Raises ValueError for an empty secret: with it, anybody could sign."""
        self._app, self._team = app, team
        self._verifier = SignatureVerifier(signing_secret, clock or Clock())
        self.turned_away: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is refused; hand on what is Slack's."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] != PATH or scope["method"] != "POST":
            status = 404 if scope["path"] != PATH else 405
            await self._refuse(send, status, "not_found" if status == 404 else "method")
            return
        body = await _whole(receive, scope)
        if body is None:
            await self._refuse(send, 413, "too_large")
        elif (refused := self._judge(scope, body)) is not None:
            await self._refuse(send, *refused)
        else:
            await self._app(scope, _again(body), send)

    def _judge(self, scope: Scope, body: bytes) -> tuple[int, str] | None:
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        stamp = _one(headers.get(b"x-slack-request-timestamp"))
        signature = _one(headers.get(b"x-slack-signature"))
        if not _NUMBER.fullmatch(stamp) or not _SIGNATURE.fullmatch(signature):
            return 401, "malformed"
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            return 401, "not_utf8"
        if not self._verifier.is_valid(body, stamp, signature):
            old = abs(self._verifier.clock.now() - int(stamp)) > 300
            return 401, "stale" if old else "forged"
        return self._foreign(headers, body.decode("utf-8"))

    def _foreign(self, headers: dict[bytes, list[bytes]], text: str) -> tuple[int, str] | None:
        """Whether it is of another workspace than ours. What Slack signed and nobody can read is refused too.

        Somebody of another workspace in a channel of ours is let through: they are told, alone, that it does nothing.
        """
        if b"application/json" in (headers.get(b"content-type") or [b""])[0].lower():
            said = _object(text)
            if said is not None and said.get("type") == "url_verification":
                return None
        else:
            form = parse_qs(text, keep_blank_values=True, max_num_fields=200)
            if form.get("ssl_check") == ["1"]:
                return None
            said = (
                _object(form["payload"][0]) if "payload" in form else {name: value[0] for name, value in form.items()}
            )
        if said is None:
            return 400, "unreadable"
        return None if self._team in teams(said) else (403, "foreign")

    async def _refuse(self, send: Send, status: int, why: str) -> None:
        self.turned_away[why] += 1
        body = json.dumps({"error": why}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        headers += [(b"x-slack-no-retry", b"1")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def teams(said: Any) -> set[str]:
    """The workspaces that a payload names: the installation's, and that of whoever pressed."""
    found = [said.get("team_id")]
    for part, name in ((said.get("team"), "id"), (said.get("user"), "team_id")):
        found += [part.get(name)] if isinstance(part, dict) else []
    return {one for one in found if isinstance(one, str) and one}


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _one(values: list[bytes] | None) -> str:
    """The one value of a header; "" where there is none, or more than one."""
    return values[0].decode("latin-1") if values is not None and len(values) == 1 else ""


async def _whole(receive: Receive, scope: Scope) -> bytes | None:
    """The body; None where it is too large. What a header says of its length is believed only where it says too much."""
    for name, value in scope["headers"]:
        if name.lower() == b"content-length" and value.isdigit() and int(value) > MOST_BYTES:
            return None
    found = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(found)
        found += message.get("body", b"")
        if len(found) > MOST_BYTES:
            return None
        if not message.get("more_body", False):
            return bytes(found)


def _again(body: bytes) -> Receive:
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            return {"type": "http.disconnect"}
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
