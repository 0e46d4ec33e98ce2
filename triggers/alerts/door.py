"""The door at which alerts arrive: verified, counted, kept, answered. It reads of them what trust needs and nothing more.

Whoever is not proven hears that, and never why. Nothing of a body is logged, and nothing that breaks here is a 500.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TypeVar

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.routing import Route

from triggers.alerts.answering import Answer, Say, answered
from triggers.alerts.counting import STRANGER, Counts
from triggers.alerts.pace import Pace, Room
from triggers.alerts.senders import Sender, Senders
from triggers.alerts.trust import sns
from triggers.alerts.trust.bodies import readable
from triggers.alerts.trust.fetching import Keyring
from triggers.alerts.trust.model import Headers, NotNow, Untrusted, Verified
from triggers.alerts.trust.verify import verify

PATH = "/alerts/{name}"
BESIDE_BYTES = 256 * 1024
"""Larger ones are verified beside the event loop."""
LONGEST_HEADER, MOST_HEADERS = 500, 40
KEPT = frozenset({
    "content-type", "x-github-event", "x-github-delivery", "x-github-hook-id", "webhook-id",
    "x-github-hook-installation-target-type", "x-github-hook-installation-target-id",
})  # fmt: skip
"""Headers that reading needs; with them those of CloudEvents (ce-...)."""

T = TypeVar("T")
Scope = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Inbox(Protocol):
    """Where alerts are kept, durably, before their sender is told that they were taken."""

    async def keep(
        self, name: str, source: str, delivery_id: str, raw: bytes, verified: Verified, headers: Mapping[str, str] = ...
    ) -> Literal["kept", "again"]:  # fmt: skip
        """Keep one; `again` where it is there already. Whatever it raises: it was not kept, and is to be sent again.

        `name`: of the sender in the configuration; `source`: whose form it has. `delivery_id`: what the same delivery
        has again (`Verified.replay`). `headers`: the few that reading needs, names in lower case; no secret is in them.
        """


@dataclass
class Door:
    """An ASGI application behind /alerts/NAME.

    Attributes:
        now: the time, with its zone. tell: hears sentences for this process's log; `noted`: of what is more than that.
        nudge: has a sender asked now for what it only names.
    """

    senders: Senders
    inbox: Inbox
    keyring: Keyring = field(default_factory=Keyring)
    counts: Counts = field(default_factory=Counts)
    pace: Pace = field(default_factory=Pace)
    room: Room = field(default_factory=Room)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    tell: Callable[[str], None] = lambda _line: None
    noted: Callable[[str, str], Awaitable[None]] | None = None
    nudge: Callable[[str], None] = lambda _name: None
    _failing: set[str] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]])
        name = scope["path_params"]["name"]
        sender = (await self.senders.now()).get(name)
        try:
            answer = await self._answer(sender, scope, headers, receive)
        except HTTPException:  # the guard's: too large, too slow
            self._refused(sender, "too_large")
            raise
        if answer is not None:
            await answer.send(send)

    async def _answer(self, sender: Sender | None, scope: Scope, headers: Headers, receive: Receive) -> Answer | None:
        method = scope["method"]
        if sender is None:
            self._refused(None, "unknown")
            return Say.REFUSED
        if sender.shut:
            self._refused(sender, "shut")
            return Say.NOT_NOW
        asked = answered(sender, method, scope["query_string"], headers)
        if asked is not None:
            self._refused(sender, "challenge") if asked is Say.REFUSED else None
            return asked
        if method != "POST":
            self._refused(sender, "method")
            return Say.METHOD
        if headers.get("content-encoding") not in {None, "", "identity"} or headers.twice("content-encoding"):
            self._refused(sender, "encoded")
            return Say.ENCODED
        raw = bytearray()
        try:
            why = await self._read(sender, headers, receive, raw)
            if why is not None:
                self._refused(sender, why)
                return {"too_large": Say.TOO_LARGE, "no_room": Say.NOT_NOW}.get(why)
            return await self._judged(sender, bytes(raw), headers)
        finally:
            self.room.left(len(raw))

    async def _read(self, sender: Sender, headers: Headers, receive: Receive, raw: bytearray) -> str | None:
        """Read the body, no further than it may be long; why not, where it was not read whole."""
        said = headers.get("content-length")
        if said is not None and said.isascii() and said.isdigit() and (len(said) > 12 or int(said) > sender.largest):
            return "too_large"
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return "truncated"
            part = message.get("body", b"")
            if len(raw) + len(part) > sender.largest:
                return "too_large"
            if not self.room.more(len(raw), len(raw) + len(part)):
                return "no_room"
            raw += part
            if not message.get("more_body", False):
                return None

    async def _judged(self, sender: Sender, raw: bytes, headers: Headers) -> Answer:
        refused, malformed = (Say.NO_SET, Say.NO_SET) if sender.trust.scheme == "set" else (Say.REFUSED, Say.MALFORMED)
        try:
            verified = await self._verified(sender, raw, headers)
        except Untrusted as untrusted:
            self._refused(sender, untrusted.why)
            return refused
        except NotNow:
            self._refused(sender, "no_key")
            return Say.LATER
        if not self.pace.take(sender.name, sender.entry.per_s, sender.entry.burst):
            self._refused(sender, "too_fast")
            return Say.NOT_NOW
        if verified.scheme == "sns" and (said := sns.envelope(raw, sender.entry.topics)).kind != sns.NOTIFICATION:
            return await self._subscribed(sender, said)
        if verified.scheme == "graph":  # it names alerts and holds none: they are asked for, now and every minute
            self.nudge(sender.name)
            self.counts.accepted[sender.name] += 1
            return Say.ACCEPTED
        if verified.scheme != "set" and not await _beside(raw, lambda: readable(raw)):
            self._refused(sender, "unreadable")
            return malformed
        return await self._kept(sender, raw, headers, verified)

    async def _verified(self, sender: Sender, raw: bytes, headers: Headers) -> Verified:
        await self.keyring.ready(sender.trust, raw, headers, sender.entry.topics)
        return await _beside(
            raw,
            lambda: verify(
                sender.trust, sender.secrets, raw, headers,
                now=self.now(), keys=self.keyring, topics=sender.entry.topics,
            ),
        )  # fmt: skip

    async def _kept(self, sender: Sender, raw: bytes, headers: Headers, verified: Verified) -> Answer:
        try:
            became = await self.inbox.keep(sender.name, sender.source, verified.replay, raw, verified, kept(headers))
        except Exception as error:  # noqa: BLE001  # not kept, whatever it was: they are to send it again
            if sender.name not in self._failing:  # once, and not for each: the disk may be full, and the log lies on it
                self.tell(
                    f"Alerts from {sender.name}: one could not be kept ({type(error).__name__}); it is to be sent again."
                )
            self._failing.add(sender.name)
            self._refused(sender, "not_kept")
            return Say.NOT_NOW
        if sender.name in self._failing:
            self._failing.discard(sender.name)
            self.tell(f"Alerts from {sender.name} can be kept again.")
        (self.counts.accepted if became == "kept" else self.counts.again)[sender.name] += 1
        return Say.ACCEPTED if sender.trust.scheme == "set" else Say.TAKEN

    async def _subscribed(self, sender: Sender, said: sns.Envelope) -> Answer:
        """What SNS says of the subscription itself: confirmed for a topic that the configuration names, which it is by now."""
        if said.kind == sns.CONFIRM:
            done = await self.keyring.confirm(said)
            what = "confirmed" if done else "could not be confirmed"
        else:
            done, what = True, "was ended at SNS: nothing comes from it any more until it is subscribed again"
        self.tell(f"Alerts from {sender.name}: the subscription to {said.topic} {what}.")
        if done and self.noted is not None:
            await self.noted(sender.name, "subscribed" if said.kind == sns.CONFIRM else "unsubscribed")
        return Say.TAKEN if done else Say.NOT_NOW

    def _refused(self, sender: Sender | None, why: str) -> None:
        self.counts.refused[sender.name if sender is not None else STRANGER, why] += 1


def kept(headers: Headers) -> dict[str, str]:
    """Those headers that reading needs, where they come once."""
    wanted = {name for name, _ in headers if name in KEPT or name.startswith("ce-")}
    once = {name: headers.get(name) for name in sorted(wanted)[:MOST_HEADERS]}
    return {name: value[:LONGEST_HEADER] for name, value in once.items() if value is not None}


async def _beside(raw: bytes, work: Callable[[], T]) -> T:
    """Do it here where it is soon done, else beside the event loop."""
    return await asyncio.to_thread(work) if len(raw) > BESIDE_BYTES else work()


def router(door: Door) -> APIRouter:
    """What is mounted beside the other ways in."""
    found = APIRouter()
    found.routes.append(Route(PATH, door, methods=None, include_in_schema=False))
    return found
