"""Names and reasons of people, sealed under a key of their incident: to erase them is to delete that one key.

What stands in a body, and is hashed, is a token: "sealed:" and base64url of nonce and AES-256-GCM ciphertext, bound
to the incident. Where its key is gone, or not ours, it reads as a pseudonym that stays the same.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select, text

from journal.db.tables import leases, people_keys
from journal.errors import NoKey
from journal.event import JOURNAL, PEOPLE, Event, Private
from journal.seal.keys import HOW, Ring, close_box, new_key, open_box

TOKEN = "sealed:"  # noqa: S105  a prefix
_ADD = text(
    "INSERT INTO people_keys (incident, master, wrapped) VALUES (:incident, :master, :wrapped) ON CONFLICT DO NOTHING"
)


class Names:
    """The keys of the people in each incident, wrapped by the masters of a ring."""

    __slots__ = ("_ring",)

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    def key(self, conn: Connection, incident: str) -> bytes | None:
        """Give an incident's key; None when it has none (erased), or one that is not ours to open."""
        try:
            return self._open(conn, incident)
        except NoKey:
            return None

    def need(self, conn: Connection, incident: str) -> bytes:
        """Give an incident's key, made when it has none. Raises NoKey when it can not be made or opened."""
        if (key := self.check(conn, incident)) is not None:
            return key
        first = self._ring.first
        wrapped = first.wrap("people", incident, new_key())
        conn.execute(_ADD, {"incident": incident, "master": first.id, "wrapped": wrapped})
        made = self._open(conn, incident)  # another process may have been first
        assert made is not None, "inserted, or there already"
        return made

    def check(self, conn: Connection, incident: str) -> bytes | None:
        """Give an incident's key, None where one can be made. Raises NoKey when names can not be sealed here."""
        key = self._open(conn, incident)
        if key is None and not self._ring:
            raise NoKey(f"People's names are sealed, and there is no key to seal them with. {HOW}")
        return key

    def _open(self, conn: Connection, incident: str) -> bytes | None:
        row = conn.execute(select(people_keys).where(people_keys.c.incident == incident)).one_or_none()
        return None if row is None else self._ring.unwrap("people", incident, row.wrapped, row.master)

    def shown(self, conn: Connection, found: Sequence[Event]) -> list[Event]:
        """Give the events with the clear text where it opens, else with a pseudonym."""
        keys: dict[str, bytes | None] = {}
        out = []
        for event in found:
            fields = tokens_in(event.type, event.body)
            if fields:
                incident = incident_of(conn, event.incident, event.body) or ""
                if incident not in keys:
                    keys[incident] = self.key(conn, incident)
                clear = {name: read(keys[incident], incident, event.body[name]) for name in fields}
                event = replace(event, body={**event.body, **clear})  # noqa: PLW2901
            out.append(event)
        return out


def incident_of(conn: Connection, incident: str, body: Mapping[str, Any]) -> str | None:
    """Give the incident whose key seals a body: its run's; in the journal's own chain the one that the body is about."""
    if incident != JOURNAL:
        return incident
    if isinstance(named := body.get("incident"), str):
        return named
    if not isinstance(run := body.get("run"), str):
        return None
    found: str | None = conn.execute(select(leases.c.incident).where(leases.c.run == run)).scalar()
    return found


def private_in(type_: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the fields that are to be sealed."""
    return tuple(name for name in PEOPLE.get(type_, ()) if isinstance(body.get(name), Private))


def tokens_in(type_: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the fields that hold tokens."""
    if not isinstance(body, dict):  # an altered row: `journal verify` names it
        return ()
    return tuple(name for name in PEOPLE.get(type_, ()) if is_token(body.get(name)))


def is_token(value: object) -> bool:
    """Whether a text has the shape of a sealed one."""
    return isinstance(value, str) and value.startswith(TOKEN)


def seal_text(key: bytes, incident: str, clear: str) -> str:
    """Seal one text. Equal texts get different tokens."""
    return TOKEN + base64.urlsafe_b64encode(close_box(key, clear.encode(), _place(incident))).decode()


def read(key: bytes | None, incident: str, token: str) -> Private:
    """Give a token's clear text; its pseudonym where there is no key, or not this one. Never raises for hostile text."""
    if key is not None:
        try:
            box = base64.urlsafe_b64decode(token.removeprefix(TOKEN).encode("ascii"))
            return Private(open_box(key, box, _place(incident), "").decode())
        except (NoKey, binascii.Error, ValueError):
            pass
    return Private(pseudonym(token))


def pseudonym(token: str) -> str:
    """Name whoever stands behind a token without saying who."""
    return f"person-{hashlib.sha256(token.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _place(incident: str) -> bytes:
    return b"people\0" + incident.encode()
