"""Makes the alert of one finding, by what its source's file says. Whatever is missing or odd is absent, and noted."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from engine.alert import Alert, Credential, Principal, Provenance, Resource, Seen
from language.values import Told
from triggers.alerts.reading.compiled import FIELDS, TIMES, Compiled
from triggers.alerts.reading.digests import canonical
from triggers.alerts.reading.paths import Payload, alike
from triggers.alerts.reading.redaction import redacted, without_secrets
from triggers.alerts.reading.severity import NUMBERS, WORDS, bounded, word_of
from triggers.alerts.reading.texts import as_address, as_id, as_link, shown
from triggers.alerts.reading.things import Things

MOST_NOTES = 40
MOST_LINKS = 10
_OF_DELIVERY = frozenset(
    {"receivedat", "receivetime", "parsetime", "ingesttime", "ingestiontime", "deliveryid", "approximatearrivaltimestamp"}
)  # fmt: skip
"""Keys that tell of the way here, not of the finding."""


def alert_of(
    compiled: Compiled,
    payload: Payload,
    provenance: Provenance,
    delivery_id: str | None,
    told: Told,
    notes: list[str],
    torn: set[str],
) -> Alert:
    """Make one alert. Raises nothing for anything that JSON can hold."""
    source = compiled.source
    things = Things(payload, notes)
    named = compiled.named
    principals, resources = things.principals(named["principals"]), things.resources(named["resources"])
    credentials, ips = things.credentials(named["credentials"]), things.addresses(named["ips"])
    body = redacted(payload.item)
    ident, key, stable = _identity(compiled, told, body, notes)
    severity, label, raw = _severity(compiled, told, notes)
    times = {name: _time(compiled.choose(name, told)) for name in TIMES}
    status = compiled.first("status", told)
    best = _best(compiled, told, notes, torn, principals, credentials, resources, ips)
    kind = compiled.choose("type", told)
    links = [as_link(compiled_link) for compiled_link in _all(compiled, "links", told)]
    return Alert(
        source=source.source, source_alert_id=ident, delivery_id=delivery_id, dedupe_key=key, stable_id=stable,
        revision="|".join(shown(part, 100) for part in _all(compiled, "revision", told)),
        status=source.alert.status[status].status if status is not None else "open",
        severity=severity, severity_label=label, severity_raw=raw,
        type=shown(kind, 200) if kind is not None else "unknown",
        title=without_secrets(shown(compiled.choose("title", told) or kind or source.title)), **best,
        time=times["time"] or times["first_seen"] or times["detected_at"], occurred_at=times["time"],
        first_seen=times["first_seen"], last_seen=times["last_seen"], detected_at=times["detected_at"],
        principals=principals, credentials=credentials, resources=resources, ips=ips,
        is_sample=compiled.first("sample", told) is not None, is_test=compiled.first("test", told) is not None,
        links=tuple(dict.fromkeys(without_secrets(link) for link in links if link))[:MOST_LINKS],
        raw_sha256=hashlib.sha256(canonical(body)).hexdigest(), provenance=provenance,
        parse_notes=tuple(dict.fromkeys(shown(note, 200) for note in notes))[:MOST_NOTES],
    )  # fmt: skip


def _all(compiled: Compiled, name: str, told: Told) -> list[str]:
    found = [chosen.answer(compiled.language, told) for chosen in compiled.lists[name]]
    return [one for one in found if isinstance(one, str)]


def _identity(compiled: Compiled, told: Told, body: Any, notes: list[str]) -> tuple[str, str, bool]:
    """Give the finding's id, its key and whether both are the source's own; else they are a digest of what it says."""
    said = compiled.choose("id", told)
    ident = as_id(said)
    if ident is not None:
        parts = [chosen.answer(compiled.language, told) or "" for chosen in compiled.lists["key"]]
        while parts and not parts[-1]:
            parts.pop()
        parts = parts or [ident]
        of = compiled.choose("key_of", told) or compiled.source.source
        key = as_id(f"{of}:{':'.join(parts)}")
        if key is not None:
            return without_secrets(ident), key, True
        # Together longer than an id may be: their digest is as stable as they are.
        digest = hashlib.sha256(":".join(parts).encode("utf-8", "replace")).hexdigest()
        return without_secrets(ident), f"{of}:sha256:{digest}", True
    notes.append("dedupe: content" if said is None else "dedupe: content: its id is no id")
    digest = hashlib.sha256(canonical(_finding(body))).hexdigest()
    return f"sha256:{digest}", f"{compiled.source.source}:sha256:{digest}", False


def _finding(body: Any) -> Any:
    if not isinstance(body, dict):
        return body
    return {key: one for key, one in body.items() if not key.startswith("p_") and alike(key) not in _OF_DELIVERY}


def _severity(compiled: Compiled, told: Told, notes: list[str]) -> tuple[int, Any, str]:
    said = compiled.source.severity
    word, number = compiled.choose("word", told), compiled.choose("number", told)
    raw = compiled.choose("raw", told) or word or (f"{number:g}" if number is not None else "")
    raw = shown(raw, 100)
    rule = compiled.first("rules", told)
    if rule is not None:
        rate = said.rules[rule].rate
        return rate, word_of(rate), raw
    if word is not None:
        own = {name.lower(): label for name, label in said.words.items()}
        label = own.get(word.strip().lower()) or WORDS.get(word.strip().lower())
        if label is not None and label in NUMBERS:
            return NUMBERS[label], label, raw
        notes.append("severity: a word that its source does not have" if label is None else "severity: unknown")
    if number is not None:
        rate = bounded(number * said.times)
        return rate, word_of(rate), raw
    return 0, "unknown", raw


def _time(value: Any) -> dt.datetime | None:
    return value if isinstance(value, dt.datetime) else None


def _best(
    compiled: Compiled,
    told: Told,
    notes: list[str],
    torn: set[str],
    principals: tuple[Principal, ...],
    credentials: tuple[Credential, ...],
    resources: tuple[Resource, ...],
    ips: tuple[Seen, ...],
) -> dict[str, Any]:
    """Give the single best candidate of each kind; of two that are equally good, none."""
    listed: dict[str, list[str]] = {
        "principal": [one.id for one in principals],
        "token": [one.id for one in credentials],
        "resource": [one.id for one in resources],
        "ip": [one.ip for one in ips if one.role == "actor"],
        "app": [one.client_id for one in credentials if one.client_id is not None],
    }
    found: dict[str, Any] = {}
    for name in FIELDS:
        if getattr(compiled.source.alert, name) is not None:
            text = compiled.choose(name, told, torn)
            taken = as_address(text) if name == "ip" else as_id(text)
            if text is not None and taken is None:
                notes.append(f"{name}: what stands there is none")
        else:
            several = list(dict.fromkeys(listed[name]))
            taken = several[0] if len(several) == 1 else None
            if len(several) > 1:
                notes.append(f"{name}: {len(several)} equally good ones")
        found[name] = without_secrets(taken) if taken is not None else None
    return found
