"""What comes of reading a payload: its alerts, and why the rest is none; or that it is no alert at all."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from engine.alert import Alert


class NotAnAlert(Exception):
    """The payload is no alert of that source. Its text is one sentence for a person, with nothing of the body in it."""


@dataclass(frozen=True)
class Reading:
    """What a payload holds.

    Attributes:
        source: whose it is; what was recognised where that was asked for.
        alerts: every finding in it, those that never act (samples, resolved ones) included: `idle` says which.
        ignored: why some of it never acts or could not be read, a sentence each; nothing of the sender's text.
        delivery_id: the sender's id of this delivery, the same when it is delivered again; None where it gives none.
    """

    source: str
    alerts: tuple[Alert, ...]
    ignored: tuple[str, ...] = ()
    delivery_id: str | None = None


def idle(alert: Alert) -> str | None:
    """Say why an alert neither proposes nor starts anything; None for one that may."""
    if alert.is_sample:
        return "the source made it up: a sample never acts"
    if alert.is_test or alert.status == "test":
        return "it is a test: a test never acts"
    if alert.status == "resolved":
        return "it is resolved or put away: that starts nothing, and undoes nothing"
    return None


def row(alert: Alert) -> dict[str, object]:
    """Give what people and tools see of an alert, in the form that is promised: a time in UTC, a severity of 0 to 100."""
    return {
        "source": alert.source, "id": alert.source_alert_id, "type": alert.type, "severity": alert.severity,
        "time": _written(alert.time), "principal": alert.principal, "app": alert.app, "resource": alert.resource,
        "address": alert.ip, "title": alert.title, "link": alert.links[0] if alert.links else None,
        "sample": alert.is_sample or alert.is_test, "dedupe_key": alert.dedupe_key,
    }  # fmt: skip


def _written(moment: dt.datetime | None) -> str | None:
    if moment is None:
        return None
    whole, _, fraction = moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat().partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"
