"""What lists of the journal show: a run, a wish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Row, select

from journal.db.tables import events
from journal.event import JOURNAL, Event
from journal.write.lease import Owner, left_s


@dataclass(frozen=True, slots=True)
class RunRow:
    """What a list of runs shows.

    Attributes:
        run: its id.
        incident: id of its incident.
        lock: the integration that it locks; None when it is free.
        first_at, last_at: when its first and its last event were written.
        n: how many events it has: the place of the last.
        latest: type of the last event; what people said is passed by, for a run goes on or rests whatever they say.
        owner: who carries it out, for people; None while it rests.
        alive: whether that owner may still be at it: not known to be dead, lease not lapsed. False while it rests.
    """

    run: str
    incident: str
    lock: str | None
    first_at: str
    last_at: str
    n: int
    latest: str
    owner: str | None
    alive: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What another process asks of a run's owner, outside the chain ("stop"). The owner journals what it does."""

    id: int
    what: str
    by: str
    at: str


def run_row(row: Row[Any], now_us: int | None) -> RunRow:
    """Read a row of `leases` with the type of its last event. `now_us`: the data base's clock, where it has one."""
    owner, alive = None, False
    if row.owner is not None:
        try:
            holder = Owner.read(row.owner)
        except ValueError:
            owner = "unknown (its lease was altered)"
        else:
            owner = str(holder)
            alive = not holder.dead() and left_s(holder, row.renewed_ms, row.renewed_at, row.ttl_ms, now_us) > 0
    latest = row.type or ""
    return RunRow(row.run, row.incident, row.lock, row.first_at, row.last_at, row.last_n, latest, owner, alive)


def event_of(row: Row[Any]) -> Event:
    """Read a row of `events`. Raises orjson.JSONDecodeError when its body was altered."""
    return Event(**{**row._mapping, "body": orjson.loads(row.body)})  # noqa: SLF001  SQLAlchemy's public name


def closed_at(conn: Connection, incident: str) -> str | None:
    """When people closed an incident, by the journal's own chain; None while it is open."""
    query = select(events.c.at, events.c.body).where(events.c.run == JOURNAL, events.c.type == "incident_closed")
    found = [row.at for row in conn.execute(query) if _incident_in(row.body) == incident]
    return str(found[-1]) if found else None


def _incident_in(body: str) -> object:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None  # it was altered: `journal verify` names it, and it closes nothing
    return found.get("incident") if isinstance(found, dict) else None
