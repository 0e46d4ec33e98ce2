"""One spelling for each body, so that equal content has equal bytes and its hash means something.

The bytes are those of RFC 8785 (JSON Canonicalization Scheme): with ASCII keys, no floats and integers below 2^53,
orjson's sorted keys give the same ones, ten times faster. `canonical` refuses what it cannot spell; `clean` makes
text from outside acceptable, at the door, so that an attacker's alert title can not stop an append.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson

from journal.event import Private

INTEGER_LIMIT = 2**53
"""Integers from here on lose digits in readers that use doubles (RFC 8785, section 3.2.2.3)."""
DEPTH_LIMIT = 32
"""Levels of lists and maps that a body may have."""
BODY_LIMIT = 8 * 1024 * 1024
"""Bytes of one body: a plan of 10,000 effects fits, a listing by mistake does not."""

TEXT_CAP = 2_000
"""Characters that `clean` leaves of one text."""
LIST_CAP = 1_000
"""Entries that `clean` leaves of one list or map."""
DEPTH_CAP = 12
"""Levels that `clean` leaves: below them stands the text `CUT`."""
NODE_CAP = 10_000
"""Values that `clean` leaves in all."""
TOTAL_TEXT_CAP = 200_000
"""Characters that `clean` leaves in all: with escapes they stay far below `BODY_LIMIT`."""
KEY_CAP = 100
"""Characters that `clean` leaves of one key."""
CUT = "…"
"""What stands where `clean` cut something off."""


def canonical(body: Mapping[str, Any]) -> bytes:
    """Spell a body as RFC 8785 does: sorted keys, no spaces, UTF-8.

    Raises TypeError for what JSON can not say (bytes, times, objects), for floats, and for a `Private` text, which must
    not be hashed in the clear; ValueError for integers from 2^53 on, keys that are not ASCII, lone surrogates, and
    what is too deep or too long. The message names the path.
    """
    if not _fits(body, 0):
        _check(body, "body", 0)
    text = orjson.dumps(body, default=_as_dict, option=orjson.OPT_SORT_KEYS)
    if len(text) > BODY_LIMIT:
        raise ValueError(f"body has {len(text)} bytes; an event holds at most {BODY_LIMIT}. Journal a fingerprint.")
    return text


def _as_dict(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _fits(value: object, depth: int) -> bool:
    """Whether this is sure to be fit, told fast; where it is not sure, `_check` says what is wrong, if anything is."""
    kind = type(value)
    if kind is str:
        return bool(value.isascii())  # type: ignore[attr-defined]
    if kind is dict:
        return depth < DEPTH_LIMIT and all(
            type(key) is str and key.isascii() and _fits(inner, depth + 1)
            for key, inner in value.items()  # type: ignore[attr-defined]
        )
    if kind is int:
        return -INTEGER_LIMIT < value < INTEGER_LIMIT  # type: ignore[operator]
    if kind is list:
        return depth < DEPTH_LIMIT and all(_fits(inner, depth + 1) for inner in value)  # type: ignore[attr-defined]
    return value is None or kind is bool


def _check(value: object, path: str, depth: int) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        if type(value) is not str and isinstance(value, Private):
            raise TypeError(f"{path} is about a person and would not be sealed: see journal.event.PEOPLE")
        if not value.isascii():
            _check_text(value, path)
        return
    if isinstance(value, int):
        if not -INTEGER_LIMIT < value < INTEGER_LIMIT:
            raise ValueError(f"{path} is an integer of 2^53 or more, which JSON readers round: write it as a string")
        return
    if depth >= DEPTH_LIMIT:
        raise ValueError(f"{path} is more than {DEPTH_LIMIT} levels deep")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if type(key) is not str:
                raise TypeError(f"{path} has the key {key!r}, a {type(key).__name__}: keys are plain strings")
            if not key.isascii():
                raise ValueError(f"{path} has the key {key!r}: keys are ASCII, their order would depend on the reader")
            _check(inner, f"{path}.{key}", depth + 1)
        return
    if isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            _check(inner, f"{path}[{index}]", depth + 1)
        return
    if isinstance(value, float):
        raise TypeError(f"{path} is the float {value!r}: write durations as whole milliseconds, other numbers as text")
    raise TypeError(f"{path} is a {type(value).__name__}, which JSON can not say")


def _check_text(value: str, path: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{path} has a lone surrogate at character {error.start}: pass it through clean()") from None


def clean(value: object) -> Any:
    """Make a value from outside fit for a body: what comes back, `canonical` takes as a part of one.

    Text keeps its first `TEXT_CAP` characters and loses lone surrogates (they become U+FFFD); floats, integers from
    2^53 on and unknown things become text, bytes are read as UTF-8; `Private` text stays private; keys become ASCII by escapes, and stay distinct.
    Lists, maps, depth and total size are capped, with `CUT` where something was cut off. Never raises for what a
    JSON or YAML reader can give.
    """
    return _Cleaner().value(value, 0)


class _Cleaner:
    """What is left of the total caps while one value is cleaned."""

    def __init__(self) -> None:
        self.nodes = NODE_CAP
        self.letters = TOTAL_TEXT_CAP

    def value(self, value: object, depth: int) -> Any:
        self.nodes -= 1
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int) and -INTEGER_LIMIT < value < INTEGER_LIMIT:
            return int(value)
        if isinstance(value, Mapping):
            return self.mapping(value, depth) if depth < DEPTH_CAP else CUT
        if isinstance(value, list | tuple | set | frozenset):
            return self.items(value, depth) if depth < DEPTH_CAP else CUT
        return self.text(value)

    def text(self, value: object) -> str:
        text = _text(value)
        room = max(1, min(TEXT_CAP, self.letters))
        if len(text) > room:
            text = text[: room - 1] + CUT
        self.letters -= len(text)
        return _whole(text, value)

    def items(self, values: list[Any] | tuple[Any, ...] | set[Any] | frozenset[Any], depth: int) -> list[Any]:
        out: list[Any] = []
        for inner in values:
            if self.full(len(out), len(values)):
                out.append(CUT)
                break
            out.append(self.value(inner, depth + 1))
        return out

    def mapping(self, values: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, inner in values.items():
            if self.full(len(out), len(values)):
                out[_free("cut", out)] = CUT
                break
            out[_free(self.key(key), out)] = self.value(inner, depth + 1)
        return out

    def key(self, key: object) -> str:
        text = key if isinstance(key, str) else _text(key)
        text = text[:KEY_CAP].encode("ascii", "backslashreplace").decode("ascii")[:KEY_CAP]
        self.letters -= len(text)
        return text

    def full(self, have: int, of: int) -> bool:
        """Whether the next entry must be the mark of a cut: the last place is kept for it."""
        return (have == LIST_CAP - 1 and of > LIST_CAP) or self.nodes <= 0 or self.letters <= 0


def _text(value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes | bytearray):
        return value[: TEXT_CAP * 4].decode("utf-8", "replace")
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else repr(float(value))
    if isinstance(value, int):
        return f"{value:#x}" if abs(value).bit_length() > 512 else str(int(value))  # str() refuses 4,300 digits
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001  a foreign object's __str__ may raise anything, and must not stop us
        return f"{type(value).__name__} ({type(error).__name__})"


def _free(key: str, taken: Mapping[str, Any]) -> str:
    """Give a key that is not taken yet: two keys that became equal both stay."""
    if key not in taken:
        return key
    count = 2
    while f"{key}~{count}" in taken:
        count += 1
    return f"{key}~{count}"


def sound(value: object) -> Any:
    """Make a value fit for a body without leaving anything out: what an undo puts back must be whole.

    Lone surrogates become U+FFFD, floats and large integers text, keys ASCII by escapes. What is too large or too
    deep after that, `canonical` refuses.
    """
    kind = type(value)
    if (kind is str and value.isascii()) or kind is bool or value is None:  # type: ignore[attr-defined]
        return value
    if kind is list:
        return [sound(inner) for inner in value]  # type: ignore[attr-defined]
    if kind is dict and all(type(key) is str and key.isascii() for key in value):  # type: ignore[attr-defined]
        return {key: sound(inner) for key, inner in value.items()}  # type: ignore[attr-defined]
    match value:
        case int() if -INTEGER_LIMIT < value < INTEGER_LIMIT:
            return int(value)
        case Mapping():
            out: dict[str, Any] = {}
            for key, inner in value.items():
                out[_free(str(key).encode("ascii", "backslashreplace").decode("ascii"), out)] = sound(inner)
            return out
        case list() | tuple():
            return [sound(inner) for inner in value]
        case _:
            return _whole(_text(value), value)


def _whole(text: str, value: object) -> str:
    """Give the text without lone surrogates; as private as the value that it was made of."""
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return Private(text) if isinstance(value, Private) else text
