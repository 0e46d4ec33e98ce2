"""One spelling, and nothing from outside that could stop an append."""

import json
import math
from enum import IntEnum, StrEnum
from types import MappingProxyType
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal import Draft, Journal
from journal.canonical import CUT, DEPTH_CAP, LIST_CAP, TEXT_CAP, canonical, clean


class Word(StrEnum):
    HELD = "held"


class Grade(IntEnum):
    SEEN = 3


def test_the_spelling_is_sorted_tight_utf8():
    body = {"b": [1, True, None, 'Ü\u0001"\\/\u2028'], "a": {"z": -1, "A": ()}}
    assert canonical(body) == '{"a":{"A":[],"z":-1},"b":[1,true,null,"Ü\\u0001\\"\\\\/\u2028"]}'.encode()
    assert (
        canonical({"w": Word.HELD, "g": Grade.SEEN, "m": MappingProxyType({"x": 1})})
        == b'{"g":3,"m":{"x":1},"w":"held"}'
    )


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"x": 1.5}, "body.x"),
        ({"x": [0, float("nan")]}, r"body.x\[1\]"),
        ({"x": math.inf}, "body.x"),
        ({"x": {"y": 2**53}}, "body.x.y"),
        ({"x": -(2**53)}, "body.x"),
        ({"x": b"bytes"}, "body.x"),
        ({"x": {1: 2}}, "body.x has the key 1"),
        ({"ü": 2}, "body has the key 'ü'"),
        ({Word.HELD: 2}, "body has the key"),
        ({"x": "a\ud800"}, "body.x has a lone surrogate"),
        ({"x": {"y": {1, 2}}}, "body.x.y"),
        ({"x": object()}, "body.x"),
        ({"x": "y" * (8 * 1024 * 1024)}, "body has .* bytes"),
    ],
)  # fmt: skip
def test_what_has_no_one_spelling_is_refused_with_its_path(body, path):
    with pytest.raises((TypeError, ValueError), match=path):
        canonical(body)


def test_a_body_that_holds_itself_is_refused():
    body: dict[str, object] = {}
    body["x"] = body
    with pytest.raises(ValueError, match="levels deep"):
        canonical(body)


def test_the_largest_safe_integer_is_kept():
    assert canonical({"x": 2**53 - 1, "y": -(2**53) + 1}) == b'{"x":9007199254740991,"y":-9007199254740991}'


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary() | st.datetimes(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()) | st.integers(), inner) | st.tuples(inner),
    max_leaves=40,
)


@given(anything)
def test_whatever_comes_from_outside_can_be_written_once_clean(value):
    body = {"x": clean(value)}
    text = canonical(body)
    assert json.loads(text) == body
    assert clean(body["x"]) == body["x"], "cleaning twice changes nothing"


@given(
    st.recursive(
        st.integers(-100, 100) | st.text("abcü☃😀"),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
    )
)
def test_what_is_fit_already_stays_as_it_is(value):
    assert clean(value) == value


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ("a\ud800b", "a\ufffdb"),
        ("\ud83d\ude00", "😀"),
        (1.5, "1.5"),
        (float("nan"), "NaN"),
        (-math.inf, "-inf"),
        (2**53, "9007199254740992"),
        (b"caf\xe9", "caf\ufffd"),
        ({1: "a", "1": "b", "é": "c", "\\xe9": "d"}, {"1": "a", "1~2": "b", "\\xe9": "c", "\\xe9~2": "d"}),
        ((1, {2}), [1, [2]]),
        (Word.HELD, "held"),
    ],
)
def test_clean_by_example(value, cleaned):
    assert clean(value) == cleaned


def test_everything_is_capped():
    assert clean("x" * 9999) == "x" * (TEXT_CAP - 1) + CUT
    assert clean("x" * TEXT_CAP) == "x" * TEXT_CAP
    assert len(clean([0] * 5000)) == LIST_CAP
    assert clean([0] * 5000)[-1] == CUT
    assert len(clean([0] * LIST_CAP)) == LIST_CAP
    assert clean([0] * LIST_CAP)[-1] == 0
    assert len(clean({str(i): i for i in range(5000)})) == LIST_CAP
    deep: object = "bottom"
    for _ in range(5000):
        deep = [deep]
    level, at = 0, clean(deep)
    while isinstance(at, list):
        level, at = level + 1, at[0]
    assert (level, at) == (DEPTH_CAP, CUT)


def test_a_bomb_of_aliases_stays_small():
    bomb: object = ["x" * 2000] * 1000
    for _ in range(8):
        bomb = [bomb] * 1000
    assert len(canonical({"x": clean(bomb)})) < 1_000_000
    keys: object = {f"{i}" * 90: "\u0001" * 2000 for i in range(1000)}
    assert len(canonical({"x": clean([keys] * 1000)})) < 2_000_000
    assert len(canonical({"x": clean([[0] * 1000] * 1000)})) < 100_000


def test_numbers_and_objects_that_resist_are_still_text():
    class Odd:
        def __str__(self):
            raise RuntimeError("no")

    assert clean(10**10000).startswith("0x")
    assert clean(Odd()) == "Odd (RuntimeError)"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(title=anything)
async def test_any_alert_can_be_appended(title, journal: Journal):
    lease, _ = await journal.begin(f"R{uuid4()}", "INC-1", Draft("opened", {}))
    (event,) = await journal.append(lease, [Draft("dismissed", {"alert": clean(title)})])
    assert event.body == {"alert": clean(title)}
