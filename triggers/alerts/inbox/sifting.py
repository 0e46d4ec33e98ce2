"""What is new in what was delivered: a storm of one finding is one act and a counter, whoever delivers it how often.

A repeat that names a principal, an app or a credential which its finding had not named, or that is more severe, is no
repeat; nor is a finding that was resolved and is open again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select, update

from journal.db.tables import acts, findings, inbox
from journal.event import JOURNAL
from journal.write.book import Book, Line
from journal.write.requests import Request
from triggers.alerts.inbox.model import Act, Sighting, Sorted

MOST_MARKS = 1000
"""Of one finding. Of what comes beyond, nothing is a repeat: whoever fires alerts must not hide one behind a thousand."""
TOLD_AT = frozenset({2, 10, 100, 1000, 10_000, 100_000, 1_000_000})
"""At which count a repeat is recorded: the counter has them all, the record need not."""


@dataclass(slots=True)
class _Known:
    """A finding as it stands in this transaction."""

    status: str
    severity: int
    count: int
    seen: set[str]
    there: bool
    first: Sighting
    changed: bool = False


@dataclass(slots=True, kw_only=True)
class Sift(Request):
    """Take in what deliveries of `me` tell of, and give what is to be decided, by delivery.

    What this was done with before is not counted again: its acts are given, as far as they are open.
    """

    run: str = JOURNAL
    me: str
    deliveries: Sequence[Sorted]
    _known: dict[str, _Known] = field(default_factory=dict)

    def do(self, book: Book) -> dict[int, list[Act]]:
        """The acts of each delivery that is still ours and open."""
        conn = alone(book)
        numbers = [one.number for one in self.deliveries]
        mine = select(inbox.c.id).where(inbox.c.id.in_(numbers), inbox.c.holder == self.me, inbox.c.done_at.is_(None))
        ours = set(conn.execute(mine.with_for_update()).scalars())
        before: dict[int, list[Act]] = {}
        for row in conn.execute(select(acts).where(acts.c.inbox.in_(ours)).order_by(acts.c.id)):
            before.setdefault(row.inbox, []).append(Act.of(row))
        self._known = self._load(conn, ours)
        found: dict[int, list[Act]] = {}
        for one in self.deliveries:
            if one.number in before:
                found[one.number] = [act for act in before[one.number] if act.done_at is None]
            elif one.number in ours:
                found[one.number] = self._one(book, one)
        self._save(conn, book.now)
        for number in found:
            self._close(conn, number, next(one for one in self.deliveries if one.number == number), found, book.now)
        return found

    def _load(self, conn: Connection, ours: set[int]) -> dict[str, _Known]:
        wanted = {sight.key: sight for one in self.deliveries if one.number in ours for sight in one.sightings}
        rows = conn.execute(select(findings).where(findings.c.key.in_(wanted)).with_for_update())
        found = {
            row.key: _Known(row.status, row.severity, row.times, set(json.loads(row.seen)), True, wanted[row.key])
            for row in rows
        }  # fmt: skip
        return {key: found.get(key) or _Known("", -1, 0, set(), False, sight) for key, sight in wanted.items()}

    def _one(self, book: Book, one: Sorted) -> list[Act]:
        made = []
        if one.word:
            record(book, {**one.said, "inbox": one.number, "place": 0, "word": one.word, "why": list(one.why)})
        for sight in one.sightings:
            known = self._known[sight.key]
            new = self._take_in(known, sight)
            if new and not sight.never:
                made.append(self._act(book, one.number, sight))
            elif new or known.count in TOLD_AT:
                word = "repeat" if not new else sight.never
                record(book, {
                    **sight.said, "inbox": one.number, "place": sight.place, "word": word, "why": [], "count": known.count,
                })  # fmt: skip
        return made

    @staticmethod
    def _take_in(known: _Known, sight: Sighting) -> bool:
        """Count it; whether it is no repeat."""
        crowded = len(known.seen) >= MOST_MARKS
        new = (
            known.count == 0
            or sight.severity > known.severity
            or bool(sight.marks - known.seen)
            or ((known.status == "resolved") != (sight.status == "resolved"))
        )
        known.count, known.changed = known.count + 1, True
        known.severity, known.status = max(known.severity, sight.severity), sight.status
        if not crowded:
            known.seen |= sight.marks
        return new

    @staticmethod
    def _act(book: Book, number: int, sight: Sighting) -> Act:
        values: dict[str, Any] = {
            "inbox": number, "place": sight.place, "finding": sight.key, "name": sight.name, "at": book.now,
            "integration": "", "playbook": "", "severity": sight.severity, "word": "", "why": "[]", "would": "",
            "run": "", "incident": "", "started_at": None, "done_at": None,
        }  # fmt: skip
        own = book.conn.execute(insert(acts).values(values).returning(acts.c.id)).scalar_one()
        return Act(own, number, sight.place, sight.key, sight.name, book.now, severity=sight.severity)

    def _save(self, conn: Connection, at: str) -> None:
        for key, known in self._known.items():
            if not known.changed:
                continue
            values = {
                "status": known.status, "severity": known.severity, "times": known.count,
                "seen": json.dumps(sorted(known.seen)), "last_at": at,
            }  # fmt: skip
            if known.there:
                conn.execute(update(findings).where(findings.c.key == key).values(**values))
            else:
                more = {"key": key, "name": known.first.name, "type": known.first.type, "first_at": at}
                conn.execute(insert(findings).values(**values, **more))

    @staticmethod
    def _close(conn: Connection, number: int, one: Sorted, found: Mapping[int, list[Act]], at: str) -> None:
        """What it told of is known; where nothing is left to decide, it is done, and a repeat's body goes."""
        values: dict[str, Any] = {"findings": json.dumps(sorted({sight.key for sight in one.sightings}))}
        if not found[number]:
            kept = bool(one.word) or any(sight.never for sight in one.sightings)
            values |= {"done_at": at, "holder": "", "word": one.word or ("never" if kept else "repeat")}
            values |= {} if kept else {"body": b""}
        conn.execute(update(inbox).where(inbox.c.id == number).values(**values))


def alone(book: Book) -> Connection:
    """The connection, with every other process that counts findings or starts kept waiting until this transaction ends."""
    book.own()
    return book.conn


def record(book: Book, body: Mapping[str, Any]) -> None:
    """Add to the journal's own chain what became of an alert."""
    for line in book.ready(JOURNAL, [Line.of("alerted", body)]):
        book.record(line)
