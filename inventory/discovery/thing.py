"""One third-party way in as a discovery listed it, and how it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from connectors.core import Connector, Found, Survey
from journal.canonical import canonical, sound

TUPLES = ("scopes", "hosts", "works_as", "belongs_to")


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing, as it is kept.

    Attributes:
        kind: a foothold's kind, or what is a part of one: a grant.
        key: by what it is known at its connection. look: what sees it again.
        part_of: key of the foothold that it is a part of; "" for a foothold.
        names: the fields that name it as a foothold. state: what its look saw, as far as an action governs it.
        digest: SHA-256 of what counts of it: neither of its last use, nor of whose it is.
        since: number of the first snapshot that saw it in this state.
        declared_as: `integration/foothold` that last declared it; "" where none ever did.
    """

    connection: str
    kind: str
    key: str
    look: str
    part_of: str
    names: Mapping[str, Any]
    state: Mapping[str, Any]
    title: str
    publisher: str
    scopes: tuple[str, ...]
    hosts: tuple[str, ...]
    works_as: tuple[str, ...]
    belongs_to: tuple[str, ...]
    created_at: str
    digest: str
    person: str = ""
    people: int = 0
    used_at: str = ""
    used_from: str = ""
    since: int = 0
    declared_as: str = ""

    @property
    def place(self) -> str:
        """`practice_idp/client/drift-prod`: by what people name it on the command line."""
        return f"{self.connection}/{self.kind}/{self.key}"


def row_of(connector: Connector, connection: str, survey: Survey[Any], found: Found) -> dict[str, Any]:
    """The columns of a found thing. Sealed fields of its state stand as their SHA-256, people's names beside the body."""
    names: dict[str, Any] = {}
    if not survey.part_of:
        wanted = connector.footholds[survey.kind].model_fields
        shown = found.params.model_dump(mode="json")
        names = {name: shown[name] for name in wanted if name in shown}
    body = sound({
        "names": names, "state": found.seen.governed() if found.seen is not None else {},
        "title": found.title, "publisher": found.publisher, "created_at": found.created_at,
        "part_of": found.part_of,
        **{name: sorted(set(getattr(found, name))) for name in TUPLES},
    })  # fmt: skip
    spelled = canonical(body)
    return {
        "connection": connection, "kind": survey.kind, "key": survey.key(found), "look": survey.of.name,
        "part_of": found.part_of if survey.part_of else "", "body": spelled.decode(),
        "digest": digest_of(spelled), "person": found.person, "people": found.people,
        "used_at": found.used_at[:40], "used_from": found.used_from,
    }  # fmt: skip


def digest_of(body: bytes) -> str:
    """SHA-256 of a body as it is spelled."""
    return hashlib.sha256(body).hexdigest()


def thing_of(row: Any) -> Thing:
    """The thing in a row."""
    body = orjson.loads(row.body)
    return Thing(
        connection=row.connection, kind=row.kind, key=row.key, look=row.look, part_of=row.part_of, names=body["names"],
        state=body["state"], title=body["title"], publisher=body["publisher"], created_at=body["created_at"],
        digest=row.digest, person=row.person, people=row.people, used_at=row.used_at, used_from=row.used_from,
        since=row.from_n, declared_as=row.declared_as,
        **{name: tuple(body[name]) for name in TUPLES},
    )  # fmt: skip


def differences(before: Thing, after: Thing) -> list[str]:
    """What changed of a thing, a sentence each: `scopes: + crm.export, - crm.read`."""
    said = []
    for name in TUPLES:
        one, other = set(getattr(before, name)), set(getattr(after, name))
        if one != other:
            moves = [*(f"+ {each}" for each in sorted(other - one)), *(f"- {each}" for each in sorted(one - other))]
            said.append(f"{name.replace('_', ' ')}: {', '.join(moves)}")
    pairs = [(name, before.state.get(name), after.state.get(name)) for name in sorted({*before.state, *after.state})]
    pairs += [(name, getattr(before, name), getattr(after, name)) for name in ("title", "publisher", "created_at")]
    said += [f"{name.replace('_', ' ')}: {_short(was)} -> {_short(now)}" for name, was, now in pairs if was != now]
    return said


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
