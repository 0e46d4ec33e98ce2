"""People's consents to clients, and the order in which they changed.

The feed is one as Microsoft Graph's delta queries are (learn.microsoft.com/graph/delta-query-overview): whoever keeps
the mark at which one reading began gets, the next time, what changed since and no more; a consent that changed twice
comes once, at its latest place; one that was taken back comes again as no longer active; a mark of another feed is
refused with 410 Gone, and the reader starts over. Use of a consent is no change of it, there as here.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.things import Kind, Token


class ForeignMark(Exception):
    """A mark that is no place in this feed."""


@dataclass(slots=True)
class Grant:
    """One person's consent to one client.

    It stands until the last of the tokens is revoked by which it renews itself: its refresh tokens, or, where it never
    had one, its access tokens. That a token dies by itself does not end it: the person is not asked again.

    Attributes:
        seq: its latest place in the feed, from 1.
        left: tokens of each kind that are not revoked. lasting: it had a refresh token once.
    """

    id: str
    client: str
    user: str
    scopes: tuple[str, ...]
    created: datetime
    used_at: datetime
    used_from: str
    active: bool = True
    seq: int = 0
    lasting: bool = False
    left: dict[Kind, int] = field(default_factory=lambda: {"access": 0, "refresh": 0})

    @property
    def stands(self) -> bool:
        """Tell whether any token is left that keeps it alive."""
        return self.left["refresh" if self.lasting else "access"] > 0


@dataclass(slots=True)
class Consents:
    """All consents there ever were.

    Attributes:
        epoch: which feed this is: it starts anew with the company, and so do its numbers.
    """

    epoch: str = field(default_factory=lambda: secrets.token_hex(4))
    grants: dict[str, Grant] = field(default_factory=dict)
    _of: dict[tuple[str, str], Grant] = field(default_factory=dict)
    _feed: list[Grant] = field(default_factory=list)

    def give(self, token: Token, scopes: tuple[str, ...]) -> None:
        """Note a token that a person's consent gave; the first is the consent. A refresh token renews one that ended."""
        grant = self._of.get((token.client, token.user))
        if grant is None:
            number = f"gr_{len(self.grants) + 1:08d}"
            grant = Grant(number, token.client, token.user, scopes, token.issued, token.issued, token.used_from)
            self.grants[grant.id] = self._of[token.client, token.user] = grant
            self._move(grant)
        token.grant = grant.id
        grant.left[token.kind] += 1
        grant.lasting = grant.lasting or token.kind == "refresh"
        self._settle(grant)

    def take(self, token: Token) -> None:
        """Note that a token was revoked."""
        if token.grant:
            grant = self.grants[token.grant]
            grant.left[token.kind] -= 1
            self._settle(grant)

    def use(self, token: Token, address: str) -> None:
        """Note that somebody came by one of its tokens."""
        if token.grant:
            grant = self.grants[token.grant]
            grant.used_at, grant.used_from = token.used_at, address

    def _settle(self, grant: Grant) -> None:
        if grant.active != grant.stands:
            grant.active = grant.stands
            self._move(grant)

    def _move(self, grant: Grant) -> None:
        self._feed.append(grant)
        grant.seq = len(self._feed)

    @property
    def mark(self) -> str:
        """Give the place after the last change."""
        return f"{self.epoch}.{len(self._feed)}"

    def changes(self, after: str, limit: int) -> tuple[list[Grant], str]:
        """List a page of what changed after a mark, or of all where it is "", and the next mark or "" on the last page.

        Raises ForeignMark for a mark that this feed did not give.
        """
        epoch, _, place = after.partition(".") if after else (self.epoch, ".", "0")
        if epoch != self.epoch or not place.isdecimal() or int(place) > len(self._feed):
            raise ForeignMark
        found: list[Grant] = []
        for grant in self._latest(int(place)):
            if len(found) == limit:
                return found, f"{self.epoch}.{found[-1].seq}"
            found.append(grant)
        return found, ""

    def _latest(self, place: int) -> Iterator[Grant]:
        """Each grant at its latest place only."""
        for at in range(place, len(self._feed)):
            if self._feed[at].seq == at + 1:
                yield self._feed[at]
