"""What the door answers: the few answers there are, and those to senders who ask beforehand whether they may send here."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from triggers.alerts.senders import Sender
from triggers.alerts.trust import signing
from triggers.alerts.trust.model import Headers, Untrusted
from triggers.serve.problems import MEDIA, URN

OKTA, ORIGIN = "x-okta-verification-challenge", "webhook-request-origin"
LONGEST = 1024
_PRINTABLE = re.compile(r"[\x20-\x7e]+")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    status: int
    body: bytes = b""
    kind: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    async def send(self, send: Callable[[Any], Awaitable[None]]) -> None:
        """Give it."""
        pairs = [
            ("content-length", str(len(self.body))),
            *self.headers,
            *([("content-type", self.kind)] if self.kind else []),
        ]
        headers = [(name.encode("ascii"), value.encode("ascii")) for name, value in pairs]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def _no(status: int, code: str, detail: str, **headers: str) -> Answer:
    said = {
        "type": URN + code, "title": "Refused; nothing was done", "status": status, "detail": detail, "code": code,
    }  # fmt: skip
    # A body that was not read to its end cannot be followed by another request.
    pairs = tuple((name.replace("_", "-"), value) for name, value in {"connection": "close", **headers}.items())
    return Answer(status, json.dumps(said).encode(), MEDIA, pairs)


class Say:
    """All that a sender may hear. Of those that are not proven, each hears the same."""

    TAKEN: Final = Answer(200)
    ACCEPTED: Final = Answer(202)
    REFUSED: Final = _no(401, "not-proven", "This is no alert of that source, for all that can be told.")
    MALFORMED: Final = _no(400, "not-json", "It is signed, and it is no JSON.")
    METHOD: Final = _no(405, "not-allowed", "Alerts are posted.", allow="POST")
    ENCODED: Final = _no(415, "encoded", "A body is sent as it is, not compressed.")
    TOO_LARGE: Final = _no(413, "too-large", "It is larger than an alert of that source.")
    NOT_NOW: Final = _no(503, "not-now", "It was not taken: send it again.", retry_after="1")
    LATER: Final = _no(503, "not-now", "It was not taken: send it again.", retry_after="60")
    NO_SET: Final = Answer(
        400, json.dumps({"err": "authentication_failed", "description": "The token is not taken."}).encode(),
        "application/json", (("content-language", "en"), ("connection", "close")),
    )  # fmt: skip
    """As RFC 8935 has it, section 2.3."""


def answered(sender: Sender, method: str, query: bytes, headers: Headers) -> Answer | None:
    """The answer to a sender who asks whether it may send here; None where it is no such question."""
    match sender.trust.challenge, method:
        case "okta", "GET":
            return _okta(sender, headers)
        case "graph", "GET" | "POST" if b"validationToken" in query:
            return _graph(query)
        case "cloudevents", "OPTIONS":
            return _cloudevents(sender, headers)
        case _:
            return None


def _okta(sender: Sender, headers: Headers) -> Answer:
    """Okta asks once, with the header that it sends with every event."""
    try:
        value = headers.one(OKTA)
        if sender.trust.scheme != "none":
            signing.sent(sender.trust, sender.secrets, b"", headers)
    except Untrusted:
        return Say.REFUSED
    if len(value) > LONGEST or not _PRINTABLE.fullmatch(value):
        return Say.REFUSED
    return Answer(200, json.dumps({"verification": value}).encode(), "application/json")


def _graph(query: bytes) -> Answer:
    """Graph asks with a token in the address, which it wants back as plain text; nothing else proves it then."""
    try:
        values = parse_qs(query.decode("ascii"), max_num_fields=10).get("validationToken", [])
    except ValueError:
        return Say.REFUSED
    if len(values) != 1 or len(values[0]) > LONGEST or not _PRINTABLE.fullmatch(values[0]):
        return Say.REFUSED
    return Answer(200, values[0].encode("ascii"), "text/plain; charset=utf-8")


def _cloudevents(sender: Sender, headers: Headers) -> Answer:
    """CloudEvents' protection against abuse: that a sender may send here says whoever configured it."""
    try:
        origin = headers.one(ORIGIN)
    except Untrusted:
        return Say.REFUSED
    if not _HOST.fullmatch(origin):
        return Say.REFUSED
    allowed = (
        ("webhook-allowed-origin", origin),
        ("webhook-allowed-rate", str(sender.entry.per_s * 60)),
        ("allow", "POST"),
    )
    return Answer(200, headers=allowed)
