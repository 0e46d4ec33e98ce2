"""Finds the facts of a payload: values of a known kind, by paths. What has two different answers has none."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from language.kinds import Kind
from triggers.alerts.reading.digests import digest_of
from triggers.alerts.reading.paths import MOST, Path, Payload, path_of
from triggers.alerts.reading.source import Fact
from triggers.alerts.reading.texts import as_address, as_text
from triggers.alerts.reading.times import as_time

_NUMBER = re.compile(r"\s*-?\d{1,18}(?:\.\d{1,12})?\s*")


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 2**63 and math.isfinite(value) else None
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value[:64]) else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None else None


def _flag(value: object) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False, "1": True, "0": False}.get(value.strip().lower())
    return bool(value) if isinstance(value, bool | int) else None


def _address(value: object) -> str | None:
    return as_address(value) if isinstance(value, str) else None


_READERS: Mapping[str, Callable[[object], Any]] = {
    "text": as_text, "texts": as_text, "number": _number, "whole": _whole, "flag": _flag, "time": as_time,
    "address": _address,
}  # fmt: skip
TYPES: Mapping[str, Kind] = {
    "text": Kind("STRING", optional=True), "texts": Kind("STRING", many=True), "number": Kind("DOUBLE", optional=True),
    "whole": Kind("INT", optional=True), "flag": Kind("BOOL", optional=True), "time": Kind("TIMESTAMP", optional=True),
    "address": Kind("STRING", optional=True), "digest": Kind("STRING", optional=True),
}  # fmt: skip
"""What each kind is to an expression."""


@dataclass(frozen=True)
class Wanted:
    """A fact that is looked for."""

    name: str
    kind: str
    paths: tuple[Path, ...]
    pattern: re.Pattern[str] | None
    first: bool

    def among(self, payload: Payload, notes: list[str], torn: set[str]) -> Any:
        """Find it, or None (an empty list for `texts`); why there is none, where somebody may wonder, goes to the notes.

        The name of one that has several different answers goes to `torn`.
        """
        if self.kind == "digest":
            values = [payload.at(path) for path in self.paths]
            return digest_of(values) if any(values) else None
        for path in self.paths:
            there = payload.at(path)
            found = self._read(there)
            if self.kind == "texts":
                if found:
                    return tuple(found)
            elif len(found) == 1 or (found and self.first):
                return found[0]
            elif found:
                notes.append(f"{self.name}: {len(found)} different ones")
                torn.add(self.name)
                return None
            elif self.pattern is None and any(one != "" for one in there):
                notes.append(f"{self.name}: not {_A[self.kind]}")
        return () if self.kind == "texts" else None

    def _read(self, values: Sequence[Any]) -> list[Any]:
        read = _READERS[self.kind]
        found: dict[Any, None] = {}
        for value in values:
            # A list where one value is expected is as many values.
            for one in value[:MOST] if isinstance(value, list) else [value]:
                got = self._matched(read(one))
                if got is not None:
                    found.setdefault(got)
        return list(found)

    def _matched(self, value: Any) -> Any:
        if self.pattern is None or not isinstance(value, str):
            return value
        match = self.pattern.search(value)
        return None if match is None else match[1] if self.pattern.groups else value


_A = {
    "text": "a text", "texts": "texts", "number": "a number", "whole": "a number", "flag": "true or false",
    "time": "a time", "address": "an address",
}  # fmt: skip


def wanted(name: str, fact: Fact) -> Wanted:
    """Read what a source's file says of a fact. Raises ValueError for a path or pattern that is none."""
    try:
        pattern = re.compile(fact.pattern) if fact.pattern is not None else None
    except re.error as error:
        raise ValueError(f"the pattern cannot be read: {error}") from None
    return Wanted(name, fact.kind, tuple(map(path_of, fact.paths)), pattern, fact.first)
