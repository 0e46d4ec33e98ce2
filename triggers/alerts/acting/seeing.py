"""What an alert says, as far as it matters here: which finding it is of, what it names, and what the record holds of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from engine.alert import Alert
from journal.canonical import clean
from journal.event import Private
from reports.text import safe
from triggers.alerts.inbox import Row, Sighting
from triggers.alerts.inbox.sealing import NO_INCIDENT

TITLE, TYPE = 300, 200
REASON = 400
LONGEST_AGO = timedelta(days=30)
"""So far back an alert may put the first sign of the attacker: whoever fires alerts must not rewrite all that ever was."""
CONTENT = "dedupe: content"
"""What reading notes of a finding without an id of its own."""


def sighting(row: Row, place: int, alert: Alert) -> Sighting:
    """One alert of a delivery, to be compared with what is known of its finding."""
    key = finding_key(row.name, alert)
    return Sighting(
        place, key, row.name, text(alert.type, TYPE), alert.status, alert.severity, frozenset(_marks(alert)),
        never(alert), said(row, alert, key),
    )  # fmt: skip


def never(alert: Alert) -> str:
    """Why nothing can come of it whatever else it says; "" where something may."""
    if alert.is_sample:
        return "sample"
    if alert.is_test or alert.status == "test":
        return "test"
    return "resolved" if alert.status == "resolved" else ""


def finding_key(name: str, alert: Alert) -> str:
    """Of which finding it is: what nobody proves, and what the provider made up, must not pass for the real one's first."""
    made_up = "made up" if alert.is_sample or alert.is_test or alert.status == "test" else "real"
    proven = "proven" if alert.provenance.verified else "unproven"
    return hashlib.sha256(f"{name}\0{proven}\0{made_up}\0{alert.dedupe_key}".encode("utf-8", "replace")).hexdigest()


def said(row: Row, alert: Alert, key: str = "") -> dict[str, Any]:
    """What the record holds of it. Its title may name people: it is sealed."""
    return {
        "name": row.name, "source": row.source, "type": text(alert.type, TYPE), "finding": (key or finding_key(row.name, alert))[:16],
        "severity": alert.severity_label, "title": Private(text(alert.title, TITLE)), "incident": NO_INCIDENT,
    }  # fmt: skip


def reason(name: str, alert: Alert) -> str:
    """Why a run was asked for."""
    return text(f"alert {name}: {alert.type}: {alert.title}", REASON)


def since(alert: Alert, received: datetime) -> datetime:
    """The first sign of the attacker that it tells of: not before `LONGEST_AGO`, nor after it was received."""
    told = [at for at in (alert.time, alert.occurred_at, alert.first_seen) if at is not None]
    return max(min([*told, received]), received - LONGEST_AGO)


def text(value: object, most: int) -> str:
    """Anybody's text: valid, on one line, capped."""
    return safe(str(clean(str(value)[: 4 * most])), most)[:most]  # an escape is longer than what it stands for


def named(alert: Alert) -> frozenset[str]:
    """Every id that it gives of who did it, with what: principals, apps, credentials."""
    ids: set[str | None] = {alert.principal, alert.app, alert.token}
    for who in alert.principals:
        ids |= {who.id, who.name, who.email}
    for what in alert.credentials:
        ids |= {what.id, what.client_id}
    return frozenset(str(one) for one in ids if one)


def touched(alert: Alert) -> frozenset[str]:
    """Every id in it, of whatever part."""
    ids: set[Any] = {alert.resource, *named(alert)}
    for one in alert.resources:
        ids |= {one.id, one.name}
    return frozenset(str(one) for one in ids if one)


def _marks(alert: Alert) -> Iterator[str]:
    """Digests of what it names, each by itself; and of all by which it is decided, together.

    Whoever fires alerts may announce an id before the real one comes. By names alone, one that says the same names of
    another type, or beside an id of ours, so that nothing came of it, would pass for the real one's first.
    """
    parts = _parts(alert)
    single = (alert.type, alert.app, alert.principal, alert.token, alert.resource, alert.severity_label == "unknown")
    lists = [sorted(str(value) for value in values if value) for values in parts.values()]
    yield hashlib.sha256(json.dumps([*single, *lists]).encode()).hexdigest()[:16]
    for kind, values in parts.items():
        for value in values:
            if value:
                yield hashlib.sha256(f"{kind}\0{value}".encode("utf-8", "replace")).hexdigest()[:16]


def _parts(alert: Alert) -> Mapping[str, set[Any]]:
    return {
        "principal": {alert.principal, *(one.id for one in alert.principals)},
        "app": {alert.app, *(one.client_id for one in alert.credentials)},
        "credential": {alert.token, *(one.id for one in alert.credentials)},
    }
