"""Every change of the record is found and named; a whole one is left in peace."""

import hashlib
import json
from dataclasses import fields, replace

import pytest

from journal import Event
from journal.proof.verify import verify

COLUMNS = [field.name for field in fields(Event)]


# Pure: events in, findings out.


def _reference(event: Event) -> str:
    """The hash as the design words it, with the standard library's JSON."""
    columns = {name: getattr(event, name) for name in COLUMNS if name != "hash"}
    text = json.dumps(columns, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


async def test_the_hash_covers_every_column_and_has_a_slow_twin(written: str, events_of):
    events = await events_of(written)
    assert verify(events) == []
    for event in events:
        assert event.hash == _reference(event)


@pytest.mark.parametrize("column", COLUMNS)
async def test_a_change_of_any_field_names_the_event(written: str, column: str, named, events_of):
    events = [e for e in await events_of(written) if e.run == "R1"]
    other = {"run": "R9", "n": 99, "incident": "INC-9", "fence": 7, "at": "2000-01-01T00:00:00.000000Z", "type": "x",
             "body": {"x": 1}, "prev": "0" * 64, "hash": "0" * 64}  # fmt: skip
    for index, event in enumerate(events):
        changed = [*events[:index], replace(event, **{column: other[column]}), *events[index + 1 :]]
        found = verify(changed)
        assert found, (column, index)
        last = index == len(events) - 1
        if column == "run" and last:  # a chain does not know its end: the row in leases does
            assert [b.run for b in found] == ["R9"] * len(found)
        else:
            assert named(found, "R1", event.n), (column, index, found)


async def test_rewriting_a_hash_moves_the_break_to_the_next_event(written: str, events_of):
    events = [e for e in await events_of(written) if e.run == "R1"]
    forged = replace(events[2], body={"effect": "none"})
    forged = replace(forged, hash=_reference(forged))
    assert [b.n for b in verify([*events[:2], forged, *events[3:]])] == [4]


async def test_a_change_is_one_finding_not_a_cascade(written: str, events_of):
    events = [e for e in await events_of(written) if e.run == "R1"]
    assert [b.n for b in verify([*events[:2], replace(events[2], body={}), *events[3:]])] == [3]
    assert [b.n for b in verify([*events[:2], replace(events[2], hash="0" * 64), *events[3:]])] == [3]
    assert [b.n for b in verify([*events[:2], *events[4:]])] == [3]


def test_an_event_that_no_json_can_say_is_a_finding():
    event = Event("R1", 1, "I", 1, "2026-01-01T00:00:00.000000Z", "opened", {"x": b"bytes"}, "", "0" * 64)
    assert [b.n for b in verify([event])] == [1]


def test_columns_of_any_type_are_findings():
    for odd in (None, 1.5, True, [], {}, b"x", "\ud800", "\x1b[31m", 2**70, -1):
        for column in COLUMNS:
            event = Event("R1", 1, "I", 1, "2026-01-01T00:00:00.000000Z", "opened", {}, "", "0" * 64)
            found = verify([replace(event, **{column: odd})])
            assert found
            assert all(b.what.isprintable() for b in found)
