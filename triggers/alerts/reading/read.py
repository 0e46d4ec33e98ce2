"""Reads a payload: out of its envelopes, finding by finding, into alerts. It raises NotAnAlert and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.alert import Alert, Provenance
from language.errors import nearest, short
from triggers.alerts.reading.binary import body_of
from triggers.alerts.reading.compiled import Compiled
from triggers.alerts.reading.envelopes import plain, unwrap
from triggers.alerts.reading.making import alert_of
from triggers.alerts.reading.model import NotAnAlert, Reading, idle
from triggers.alerts.reading.paths import Payload
from triggers.alerts.reading.shelf import SOURCES, Shelf
from triggers.alerts.reading.texts import as_id, as_text

AUTO = "auto"
MOST_IGNORED = 50
_LARGEST = 32 << 20


def read(
    source: str,
    raw: bytes,
    headers: Mapping[str, str] | None = None,
    *,
    provenance: Provenance,
    shelf: Shelf = SOURCES,
) -> Reading:
    """Read a payload of a source, or of whichever recognises it where that is "auto".

    Raises NotAnAlert where nothing in it is one; one finding that cannot be read spoils no other.
    """
    if source == AUTO:
        source = recognise(raw, headers, shelf=shelf)
    ready = _ready(source, shelf)
    body = body_of(raw, headers or {}, ready.source.largest)
    found = list(_findings(ready, body, headers or {}))
    good = [one for one in found if not one.why]
    bad = [one for one in found if one.why]
    if not good:
        raise NotAnAlert(_not_one(ready, bad, raw, headers, shelf))
    alerts: list[Alert] = []
    ignored: list[str] = []
    delivery = next((one.delivery for one in good if one.delivery is not None), None)
    for one in good:
        made = _made(ready, one, provenance, ignored, several=len(found) > 1)
        if made is not None:
            alerts.append(made)
    ignored += (f"{_which(one)}: {one.why}" for one in bad)
    if len(ignored) > MOST_IGNORED:
        ignored[MOST_IGNORED - 1 :] = [f"and {len(ignored) - MOST_IGNORED + 1:,} more"]
    return Reading(source, tuple(alerts), tuple(ignored), delivery)


def recognise(raw: bytes, headers: Mapping[str, str] | None = None, *, shelf: Shelf = SOURCES) -> str:
    """Say which source a payload is of: the one whose tests say most of it. Raises NotAnAlert where none is met."""
    body = body_of(raw, headers or {}, _LARGEST)
    found = _recognised(body, headers or {}, shelf)
    if found is None:
        raise NotAnAlert("The payload is no alert of a source that is known here: name its source with --source.")
    return found


def _recognised(body: Any, headers: Mapping[str, str], shelf: Shelf) -> str | None:
    best: tuple[tuple[int, int, int], str] | None = None
    for name in shelf:
        ready = shelf.ready(name)
        met = max((_met(ready, one.payload) for one in _pieces(ready, body, headers, most=20)), default=0)
        rank = ready.source.rank
        order = (min(rank, 0), met, rank)
        if met and (best is None or order > best[0]):
            best = (order, name)
    return best[1] if best is not None else None


@dataclass(frozen=True)
class _Finding:
    payload: Payload
    number: int
    delivery: str | None
    why: str = ""


def _ready(source: str, shelf: Shelf) -> Compiled:
    if source not in shelf:
        near = nearest(source, [*shelf, AUTO])
        raise NotAnAlert(f"There is no alert source '{short(source)}'{near}{'' if near.endswith('?') else '.'}")
    return shelf.ready(source)


def _pieces(ready: Compiled, body: Any, headers: Mapping[str, str], most: int | None = None) -> Iterator[_Finding]:
    """Every finding that a payload may hold, whether it is one or not."""
    number = 0
    for item in unwrap(body, tuple(ready.source.envelopes))[:most]:
        if not isinstance(item.value, dict):
            number += 1
            yield _Finding(Payload(None, item.outer, headers), number, None, item.why or "not an object")
            continue
        whole = Payload(item.value, item.outer, headers)
        inside = next((found for path in ready.items if (found := whole.at(path))), None)
        if inside is None:
            number += 1
            yield _Finding(whole, number, _delivery(ready, whole))
            continue
        layers = (item.value, *item.outer)
        several = [one for part in inside for one in (part if isinstance(part, list) else [part])]
        if not several:
            number += 1
            yield _Finding(whole, number, None, "it holds no findings")
        for one in several:
            number += 1
            payload = Payload(one, layers, headers)
            if isinstance(one, dict):
                yield _Finding(payload, number, _delivery(ready, payload))
            else:
                yield _Finding(Payload(None, layers, headers), number, None, "not an object")


def _findings(ready: Compiled, body: Any, headers: Mapping[str, str]) -> Iterator[_Finding]:
    for one in _pieces(ready, body, headers):
        if one.why or not ready.recognise or _met(ready, one.payload):
            yield one
        else:
            yield replace(one, why=f"it is no {ready.source.a.partition(' ')[2]}: {ready.source.hint}")


def _met(ready: Compiled, payload: Payload) -> int:
    """How many tests of the best alternative hold; 0 where none of them does as a whole."""
    if payload.item is None:
        return 0
    return max((len(tests) for tests in ready.recognise if all(test.fits(payload) for test in tests)), default=0)


def _delivery(ready: Compiled, payload: Payload) -> str | None:
    for path in ready.delivery:
        for value in payload.at(path):
            if (found := as_id(as_text(value))) is not None:
                return found
    for layer in reversed(payload.outer):
        keys = plain(layer) if isinstance(layer, dict) else {}
        if "messageid" in keys and (found := as_id(as_text(keys["messageid"]))) is not None:
            return found
    return None


def _made(ready: Compiled, one: _Finding, provenance: Provenance, ignored: list[str], *, several: bool) -> Alert | None:
    source, which = ready.source, f"{_which(one)}: " if several else ""
    notes: list[str] = []
    torn: set[str] = set()
    try:
        told = ready.told(one.payload, notes, torn)
        drop = ready.first("drop", told)
        if drop is not None:
            ignored.append(which + source.drop[drop].why)
            return None
        made = alert_of(ready, one.payload, provenance, one.delivery, told, notes, torn)
        ignore = ready.first("ignore", told)
    except Exception as error:  # noqa: BLE001  a fault of ours in one finding must not hide the others
        ignored.append(f"{_which(one)}: it could not be read ({type(error).__name__}): this is a fault of ours")
        return None
    if (why := idle(made)) is not None:
        ignored.append(which + why)
    if ignore is not None:
        ignored.append(which + source.ignore[ignore].why)
        made = made.model_copy(update={"status": "resolved"}) if made.status in {"open", "updated"} else made
    return made


def _which(one: _Finding) -> str:
    return f"finding {one.number}"


def _not_one(
    ready: Compiled, bad: Sequence[_Finding], raw: bytes, headers: Mapping[str, str] | None, shelf: Shelf
) -> str:
    source = ready.source
    whys = list(dict.fromkeys(one.why for one in bad))
    known = bool(whys) and not whys[0].startswith("it is no ")
    said = f"This is not {source.a}: {whys[0] if known else source.hint}."
    other = _recognised(body_of(raw, headers or {}, source.largest), headers or {}, shelf)
    return said + (f" It reads like {other}." if other is not None and other != source.source else "")
