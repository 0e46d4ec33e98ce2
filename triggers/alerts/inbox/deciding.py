"""What came of an alert: a place of the budget, a place among proposals, and the one decision, each durable before it is acted on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, update

from journal.clock import spelled
from journal.db.tables import acts, inbox
from journal.event import JOURNAL
from journal.write.book import Book
from journal.write.requests import Request
from triggers.alerts.inbox.model import Act
from triggers.alerts.inbox.sifting import alone, record

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PROPOSALS = 20
"""Plans an hour that alerts of one way in may have looked at: looks too cost requests, which a hold may need."""
SHOWN = ("proposing", "proposed", "started", "joined")


@dataclass(frozen=True, slots=True)
class Limits:
    """How many runs alerts may start: of one way in and of all in an hour, at one integration in a day."""

    of_name: int
    of_all: int
    of_integration: int


@dataclass(slots=True, kw_only=True)
class Reserve(Request):
    """Take a place of the budget for a run that is about to be opened, under an id that it has beforehand.

    `me`: who holds the delivery. `why`: what is recorded where the budget is used up.
    """

    run: str = JOURNAL
    me: str
    act: Act
    named: str
    integration: str
    playbook: str
    limits: Limits

    def do(self, book: Book) -> str:
        """Nothing where it has its place, or had it; else which budget is used up. `lost`: another acts on it by now."""
        conn = alone(book)
        if not holds(conn, self.me, self.act):
            return "lost"
        if conn.execute(select(acts.c.started_at).where(acts.c.id == self.act.number)).scalar() is not None:
            return ""
        hour, day = _ago(book, HOUR), _ago(book, DAY)
        began = select(func.count()).select_from(acts)
        if (
            conn.execute(began.where(acts.c.started_at >= hour, acts.c.name == self.act.name)).scalar_one()
            >= self.limits.of_name
        ):
            return "budget-source"
        if conn.execute(began.where(acts.c.started_at >= hour)).scalar_one() >= self.limits.of_all:
            return "budget-all"
        there = began.where(acts.c.started_at >= day, acts.c.integration == self.integration)
        if conn.execute(there).scalar_one() >= self.limits.of_integration:
            return "budget-integration"
        values = {"integration": self.integration, "playbook": self.playbook, "run": self.named, "started_at": book.now}
        conn.execute(update(acts).where(acts.c.id == self.act.number).values(**values))
        return ""


@dataclass(slots=True, kw_only=True)
class Propose(Request):
    """Take a place among the proposals: one for a playbook at an integration, until something worse comes or an hour is over."""

    run: str = JOURNAL
    me: str
    act: Act
    integration: str
    playbook: str
    anew: bool = False

    def do(self, book: Book) -> Mapping[str, str]:
        """{}: it is to be proposed. `word`: why not: `grouped` with the act in `run` and `incident`, `crowded`, `lost`."""
        conn = alone(book)
        if not holds(conn, self.me, self.act):
            return {"word": "lost"}
        hour = _ago(book, HOUR)
        same = select(acts).where(
            acts.c.integration == self.integration, acts.c.playbook == self.playbook, acts.c.id != self.act.number,
            acts.c.at >= hour, acts.c.word.in_(SHOWN), acts.c.severity >= self.act.severity,
        )  # fmt: skip
        other = conn.execute(same.order_by(acts.c.id.desc()).limit(1)).one_or_none() if not self.anew else None
        if other is not None:
            return {"word": "grouped", "run": other.run, "incident": other.incident}
        several = select(func.count()).select_from(acts).where(acts.c.name == self.act.name, acts.c.at >= hour)
        several = several.where(acts.c.word.in_(("proposing", "proposed")), acts.c.id != self.act.number)
        if conn.execute(several).scalar_one() >= PROPOSALS:
            return {"word": "crowded"}
        values = {"integration": self.integration, "playbook": self.playbook, "word": "proposing", "started_at": None}
        conn.execute(update(acts).where(acts.c.id == self.act.number).values(**values))
        return {}


@dataclass(slots=True, kw_only=True)
class Decide(Request):
    """Record what came of an alert, and be done with it. `values`: of the act. `said`: what the record holds beside them."""

    run: str = JOURNAL
    me: str
    act: Act
    word: str
    values: Mapping[str, Any] = field(default_factory=dict)
    why: Sequence[str] = ()
    said: Mapping[str, Any] = field(default_factory=dict)

    def do(self, book: Book) -> bool:
        """Whether it was ours to decide."""
        conn = book.conn
        if not holds(conn, self.me, self.act):
            return False
        values = {**self.values, "word": self.word, "why": json.dumps(list(self.why)), "done_at": book.now}
        conn.execute(update(acts).where(acts.c.id == self.act.number).values(**values))
        shown = {name: value for name, value in self.values.items() if name != "started_at"}
        record(book, {
            **self.said, **shown, "inbox": self.act.inbox, "place": self.act.place, "word": self.word, "why": list(self.why),
        })  # fmt: skip
        left = select(acts.c.id).where(acts.c.inbox == self.act.inbox, acts.c.done_at.is_(None)).limit(1)
        if conn.execute(left).first() is None:
            done = update(inbox).where(inbox.c.id == self.act.inbox)
            conn.execute(done.values(done_at=book.now, holder="", word=self.word))
        return True


def holds(conn: Connection, me: str, act: Act) -> bool:
    """Whether this process is still the one to decide, and nobody has."""
    row = conn.execute(select(inbox.c.holder).where(inbox.c.id == act.inbox).with_for_update()).scalar()
    done = conn.execute(select(acts.c.done_at).where(acts.c.id == act.number)).scalar()
    return row == me and done is None


def _ago(book: Book, span: timedelta) -> str:
    return spelled(datetime.fromisoformat(book.now) - span)
