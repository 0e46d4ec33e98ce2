"""From the bytes of a file to JSON values, under limits, and without what two readers would read differently.

It knows nothing of CACAO. What stands twice, is no number, or is no text is told with its place.
"""

import json
import math
import re
from collections import Counter
from typing import Any

from language.cacao.faults import CannotImport, Fault, Faults, pointer
from language.errors import short

LARGEST_BYTES = 1_000_000
"""Published playbooks have some ten thousand; this leaves room for long scripts and none for an attack."""

DEEPEST = 40
MOST_VALUES = 100_000
_LONGEST_NUMBER = 20

# An unfinished string ends with the file: else each of its quotes would begin a search of its own.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


_Twice = dict[int, tuple[dict[str, Any], list[str]]]
"""Objects with keys that stand twice, and which; by identity, so the object is held: else another could have its number."""


class _Odd:
    """A value that JSON has, or does not have, and that we do not take."""

    def __init__(self, said: str) -> None:
        self.said = said


def load(data: bytes) -> dict[str, Any]:
    """Read one JSON object. Raises CannotImport."""
    if len(data) > LARGEST_BYTES:
        raise CannotImport([Fault("too_large", "", f"more than {LARGEST_BYTES:,} bytes: this is no playbook")])
    data = data.removeprefix(b"\xef\xbb\xbf")
    _shallow(data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CannotImport([Fault("encoding", "", f"is not UTF-8 from byte {error.start:,} on")]) from None
    twice: _Twice = {}

    def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            counted = Counter(key for key, _ in pairs)
            twice[id(made)] = made, sorted(key for key, count in counted.items() if count > 1)
        return made

    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
        )
    except json.JSONDecodeError as error:
        said = f"is not JSON: {error.msg} at {error.lineno}:{error.colno}"
        raise CannotImport([Fault("json", "", said)]) from None
    faults = Faults()
    if not isinstance(value, dict):
        faults.add("shape", "", "a CACAO playbook is one JSON object")
    _walk(value, twice, faults)
    faults.settle()
    return dict(value)


def _shallow(data: bytes) -> None:
    depth = 0
    for token in _TOKEN.finditer(data):
        first = data[token.start()]
        if first in b"[{":
            depth += 1
        elif first in b"]}":
            depth -= 1
        if depth > DEEPEST:
            raise CannotImport([Fault("too_deep", "", f"more than {DEEPEST} values inside each other: no playbook")])


def _constant(text: str) -> _Odd:
    return _Odd(f"{text} is no number of JSON")


def _integer(text: str) -> int | _Odd:
    return int(text) if len(text) <= _LONGEST_NUMBER else _Odd("this number is too large")


def _float(text: str) -> float | _Odd:
    number = float(text) if len(text) <= 100 else math.inf
    return number if math.isfinite(number) else _Odd("this number is too large")


def _walk(value: Any, twice: _Twice, faults: Faults) -> None:
    todo: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    seen = 0
    while todo:
        path, one = todo.pop()
        seen += 1
        if seen > MOST_VALUES:
            faults.add("too_many", "", f"more than {MOST_VALUES:,} values: this is no playbook")
            return
        if isinstance(one, _Odd):
            faults.add("number", pointer(*path), one.said)
        elif isinstance(one, str):
            _text(one, path, faults)
        elif isinstance(one, list):
            todo += [((*path, number), each) for number, each in enumerate(one)][::-1]
        elif isinstance(one, dict):
            for key in twice[id(one)][1] if id(one) in twice else ():
                faults.add(
                    "duplicate_key", pointer(*path), f"'{_safe(key)}' stands twice: readers differ on which counts"
                )
            for key in one:
                _text(key, path, faults)
            todo += [((*path, key), each) for key, each in one.items()][::-1]


def _safe(key: str) -> str:
    return short(key.encode("ascii", "backslashreplace").decode())


def _text(text: str, path: tuple[str | int, ...], faults: Faults) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        where = pointer(*(_safe(part) if isinstance(part, str) else part for part in path))
        faults.add("encoding", where, "holds half of a character: a lone surrogate")
