"""Links that open one run for one person, once, for a quarter of an hour. A link decides nothing.

    text = links.make(Opens("ben", "R-1", "approve", "decide"), minutes=15)     # /page/l/<43 letters>
    link = links.look(text)           # what a GET does: shows, uses nothing up; a preview's fetch is one
    link = links.use(text)            # what a POST does, once: raises Gone the second time

The secret part is 16 random bytes; only its SHA-256 lies in the data base. To whom it is bound stands there too, and is
signed with the page's key: whoever can write rows but has no key makes no link.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from journal.clock import now, spelled
from triggers.page.key import MAC_BYTES, PageKey, digest, from_text, to_text
from triggers.page.shelf import LinkRow, Shelf

SECRET_BYTES = 16
Purpose = Literal["decide", "enrol"]
PATH = "/page/l/"


@dataclass(frozen=True, slots=True)
class Opens:
    """What a link is bound to.

    Attributes:
        person: id in the configuration. run: "" where it is about no run. wall: "" for whichever is asked.
        purpose: decide: to look at a run and answer it. enrol: to make a passkey of one's own.
    """

    person: str
    run: str
    wall: str
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Link:
    """A link of ours that is good now. `digest` names it."""

    opens: Opens
    until: datetime
    digest: str


class Gone(Exception):
    """A link that opens nothing.

    Attributes:
        why: none: no link of ours; over: its time is over; used: it was opened before.
        at: when that was, as the record has it.
        opens: what it was bound to; None where it is none of ours.
    """

    def __init__(self, why: Literal["none", "over", "used"], at: str = "", opens: Opens | None = None) -> None:
        super().__init__(why)
        self.why, self.at, self.opens = why, at, opens


class Links:
    """Makes links and opens them. Its methods block: call them beside the event loop."""

    def __init__(self, shelf: Shelf, key: PageKey) -> None:
        self._shelf, self._key = shelf, key

    def make(self, opens: Opens, minutes: float) -> str:
        """Make a link; give its path."""
        secret = to_text(secrets.token_bytes(SECRET_BYTES))
        until = spelled(now() + timedelta(minutes=minutes))
        self._shelf.add_link(LinkRow(digest(secret), opens.person, opens.run, opens.wall, opens.purpose, until, None))
        mac = self._key.mac("link", secret, opens.person, opens.run, opens.wall, opens.purpose, until)
        return f"{PATH}{to_text(from_text(secret) + mac)}"

    def look(self, text: str) -> Link:
        """Say what a link opens. Raises Gone. Uses nothing up."""
        raw = from_text(text)
        if len(raw) != SECRET_BYTES + MAC_BYTES:
            raise Gone("none")
        secret, mac = to_text(raw[:SECRET_BYTES]), raw[SECRET_BYTES:]
        row = self._shelf.link(digest(secret))
        if row is None or not self._key.fits(
            mac, "link", secret, row.person, row.run, row.wall, row.purpose, row.expires_at
        ):
            raise Gone("none")
        opens = Opens(row.person, row.run, row.wall, "enrol" if row.purpose == "enrol" else "decide")
        if row.used_at is not None:
            raise Gone("used", row.used_at, opens)
        until = datetime.fromisoformat(row.expires_at)
        if now() >= until:
            raise Gone("over", row.expires_at, opens)
        return Link(opens, until, row.digest)

    def use(self, text: str) -> Link:
        """Open a link, once: of two at one moment, one. Raises Gone."""
        link = self.look(text)
        if not self._shelf.use_link(link.digest):
            return self.look(text)  # it was used since: this says so
        return link

    def open_of(self, person: str) -> int:
        """How many links of a person are good now."""
        return self._shelf.open_links(person)
