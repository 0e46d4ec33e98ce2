"""Alerts about our own credentials: an echo of what we did just now, or the loudest alarm there is.

An echo is an alert that fits a call in the record: over the connection whose credential it names, on a target that it
names, in the time in which that was sent, of the kind that was sent. Whatever fits none was done by somebody else who
holds our credential.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from journal.errors import JournalError
from journal.replay import Run, replay
from triggers.alerts.acting.seeing import named, touched

if TYPE_CHECKING:
    from engine.alert import Alert
    from inventory.read import Inventory
    from journal.run import Effect
    from journal.store import Journal

OURS = ("client_id", "app", "user", "admin", "key_id", "installation", "thumbprint")
"""Settings of a connection by which its system knows our credential."""
BEFORE, AFTER = timedelta(seconds=5), timedelta(minutes=2)
"""By so much two clocks may differ, and so late a provider may date what it was asked."""
LOOKED_BACK = timedelta(hours=6)
"""So old may the last event of a run be whose calls an alert may be an echo of: alerts come late."""
_WORDS = {
    "close": (
        "suspend deactivat disabl freez frozen block deni deny restrict lock revok delet remov end clear clos expir invalidat"
        " deauthoriz terminat destroy retir purg logout signout sign_out"
    ),
    "open": "activat enabl unsuspend unfreez unblock allow restor resum reactivat grant undelet unlock reinstat",
    "change": "rotat reset updat narrow add set enforc regenerat creat",
}  # fmt: skip
_KIND = {stem: kind for kind, stems in _WORDS.items() for stem in stems.split()}
_ENDING = re.compile(r"(?:ed|es|e|d|s|ing|ion|al|ied)?")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def ours_in(alert: Alert, inventory: Inventory) -> dict[str, frozenset[str]]:
    """The credentials of our own that an alert names as who did it, or with what: each with the connections that use it."""
    known: dict[str, set[str]] = {}
    for connection, entry in inventory.config.connections.items():
        values = [*entry.identity, *(entry.settings.get(name) for name in OURS)]
        for value in values:
            if isinstance(value, str | int) and str(value):
                known.setdefault(str(value).casefold(), set()).add(connection)
    return {one: frozenset(known[one.casefold()]) for one in named(alert) if one.casefold() in known}


def echo_of(alert: Alert, ours: Mapping[str, frozenset[str]], runs: Iterable[Run]) -> str:
    """The call that an alert is an echo of, as `RUN STEP/TARGET`; "" where there is none."""
    at = alert.time or alert.occurred_at
    if at is None:
        return ""
    connections = frozenset().union(*ours.values())
    ids = {one.casefold() for one in touched(alert)} - {one.casefold() for one in ours}
    kinds = kinds_of(alert.type)
    for run in runs:
        rows = {str(row.get("id")): str(row.get("connection", "")) for row in run.planned.get("steps") or ()}
        for effect in run.effects.values():
            if rows.get(effect.step) in connections and _fits(effect, at, ids, kinds):
                return f"{run.id} {effect.id}"
    return ""


def _fits(effect: Effect, at: datetime, ids: set[str], kinds: frozenset[str]) -> bool:
    if not effect.sends or not effect.sent_at:
        return False
    sent = datetime.fromisoformat(effect.sent_at)
    answered = datetime.fromisoformat(effect.answered_at) if effect.answered_at else sent
    if not sent - BEFORE <= at <= max(sent, answered) + AFTER:
        return False
    if not ids & {str(value).casefold() for value in (effect.target, *effect.params.values())}:
        return False
    meant = frozenset({"open"}) if effect.back else kinds_of(effect.action.partition(".")[2])
    return bool(kinds) and kinds == meant


def kinds_of(said: str) -> frozenset[str]:
    """Whether words of an action, or of an alert's type, close something, open it, or change it."""
    words = [word.lower() for word in _WORD.findall(said)]
    if "only" in words:
        return frozenset({"close"})  # to allow only some is to shut out the rest
    return frozenset(kind for word in words for kind in _kinds(word))


def _kinds(word: str) -> Iterator[str]:
    for stem, kind in _KIND.items():
        if word.startswith(stem) and _ENDING.fullmatch(word[len(stem) :]):
            yield kind


def recent_runs(journal: Journal, at: datetime) -> Iterator[Run]:
    """Runs that were at work a while before this, the newest first. Blocks."""
    since = at - LOOKED_BACK
    for row in journal.runs():
        if datetime.fromisoformat(row.last_at) < since:
            continue
        try:
            yield replay(journal.events(row.run, names=False))
        except JournalError:  # one that was altered explains nothing
            continue
