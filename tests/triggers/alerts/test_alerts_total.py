"""Reading is total: whatever a key holds or lacks, whatever JSON comes, it gives alerts or NotAnAlert, and nothing else."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from payloads import PAYLOADS
from sampled import reading

from triggers.alerts.reading import SOURCES, NotAnAlert

WEIRD = (
    None,
    7,
    -1.5,
    10**30,
    True,
    "",
    "\x00",
    "null",
    "a\ud800b",
    "\u202eb",
    [],
    {},
    [[]],
    [None, {}],
    {"a": {"a": [{}]}},
)
"""What a value is replaced with."""


def places(value, path=()):
    if isinstance(value, dict):
        for key, one in value.items():
            yield (*path, key)
            yield from places(one, (*path, key))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield (*path, number)
            yield from places(one, (*path, number))


def changed(value, path, change):
    made = copy.deepcopy(value)
    at = made
    for part in path[:-1]:
        at = at[part]
    change(at, path[-1])
    return made


def attempt(source, value):
    """Read it; a net that hides a fault of ours must not hide it from us."""
    try:
        found = reading(source, json.dumps(value).encode())
    except NotAnAlert:
        return None
    assert not [why for why in found.ignored if "fault of ours" in why], found.ignored
    for alert in found.alerts:
        alert.model_dump_json()
        assert alert.source_alert_id
        assert alert.dedupe_key
        assert alert.title.isprintable()
    return found


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_every_key_may_be_missing_or_hold_anything(name):
    source, value = PAYLOADS[name]
    assert attempt(source, value).alerts, "the payload itself is one"
    for path in list(places(value)):
        attempt(source, changed(value, path, lambda at, key: at.pop(key)))
        attempt("auto", changed(value, path, lambda at, key: at.pop(key)))
        for weird in WEIRD:
            attempt(source, changed(value, path, lambda at, key, weird=weird: at.__setitem__(key, weird)))


def json_values():
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys(), inner, max_size=5), max_leaves=25
    )


def keys():
    known = sorted({str(key) for _, value in PAYLOADS.values() for path in places(value) for key in path})
    return st.sampled_from(known) | st.text(max_size=12)


@given(json_values(), st.sampled_from(["auto", *sorted(SOURCES)]))
@settings(max_examples=400, deadline=None)
def test_any_json_is_an_alert_or_none(value, source):
    attempt(source, value)


@given(st.binary(max_size=400), st.sampled_from(["auto", *sorted(SOURCES)]))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_an_alert_or_none(raw, source):
    try:
        reading(source, raw)
    except NotAnAlert as error:
        said = str(error)
    else:
        said = "read"
    assert said.isprintable()


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "not JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "nested deeper"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "nested deeper"),
        (b'{"a":"\xff"}', "not UTF-8"),
        ('{"a":"b"}'.encode("utf-16"), "not UTF-8"),
        (b'"text"', "not"),
        (b"[]", "not"),
        (b"{}", "not"),
        (b"null", "not"),
        (b"[" + b"1," * 300_000 + b"1]", "values"),
        (b'{"a":"' + b"x" * (1 << 20) + b'"}', "bytes"),
        (b"payload=%7B%22a%22", "not JSON"),
        (b"eyJhbGciOiJub25lIn0.eyJhIjoxfQ.", "not"),
    ],
)
def test_what_is_no_alert_says_why(raw, why):
    with pytest.raises(NotAnAlert, match=why):
        reading("okta", raw)
