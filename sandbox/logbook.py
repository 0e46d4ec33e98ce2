"""What the company's systems saw, for comparing with anybody's own record: one line a request, never a secret."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from sandbox.ask import Ask, Refuse, Who
from sandbox.faults import Fault
from sandbox.things import rfc3339
from sandbox.world import World

KEPT = 200_000
"""Lines that are kept; the oldest go first."""

PLAIN_QUERY = {"after", "kind", "limit", "since"}
"""Query parameters that are shown as they are."""

MAKING_POSTS = {"/idp/oauth/token", "/crm/login"}
"""Paths whose answer is what was made: no fault can pretend it."""

READING_POSTS = {"/idp/oauth/introspect"}
"""Paths where a POST changes nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One request as it was decided.

    Attributes:
        at: when it was decided and took effect, RFC 3339 in UTC with microseconds.
        write: a request of this kind can change state; whether it did is told by status and fault.
        reads: customer records were given out.
        fault: what was done to it on purpose. "lost": it took effect as `status` says and nobody was answered;
            "false_200": it was answered so and nothing was done.
    """

    at: str
    who: Who
    method: str
    path: str
    status: int
    write: bool
    address: str
    reads: bool
    fault: Fault


def is_write(method: str, path: str) -> bool:
    """Tell whether such a request can change state."""
    return method not in {"GET", "HEAD", "OPTIONS"} and path not in READING_POSTS


def shown_path(world: World, ask: Ask) -> str:
    """Give the path and query without secrets."""
    if ask.path.startswith("/chat/hooks/"):
        path = "/chat/hooks/***"
    else:
        path = "/".join("***" if world.knows_secret(part) else part for part in ask.path.split("/"))
    query = {k: v if k in PLAIN_QUERY and not world.knows_secret(v) else "***" for k, v in ask.query.items()}
    return f"{path}?{urlencode(query, safe='*:')}" if query else path


@dataclass(slots=True)
class Logbook:
    """The lines, in the order in which they were decided."""

    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=KEPT))

    def since(self, text: str) -> list[Line]:
        """Show the lines from that time on, or all."""
        if not text:
            return list(self.lines)
        try:
            start = datetime.fromisoformat(text.replace(" ", "+"))
        except ValueError as error:
            raise Refuse(422, "since is a time in RFC 3339") from error
        if start.tzinfo is None:
            raise Refuse(422, "since names its zone")
        first = rfc3339(start)
        return [line for line in self.lines if line.at >= first]
