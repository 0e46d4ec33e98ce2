"""Times as feeds write them: RFC 3339 with any fraction, without a zone, or counted since 1970 in any unit."""

from __future__ import annotations

import datetime as dt
import math
import re

_TEXT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,12}))?)?\s*(Z|z|UTC|[+-]\d{2}:?\d{2})?)?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})\.(\d{1,6})")  # Salesforce's event log files
_NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,12})?")
_UNITS = ((10**11, 1), (10**14, 10**3), (10**17, 10**6), (math.inf, 10**9))
"""Below the first number it counts in the second's part of a second."""
_WINDOWS = (12 * 10**16, 16 * 10**16)
"""Between these it counts as Windows does (years 1981 to 2108): nanoseconds since 1970 were as many in 1973 to 1975."""
_WINDOWS_BEGIN_S = 11_644_473_600
_BEGIN = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_NOT_SET = 1
"""Go writes the year 1 for a time that is not set."""


def as_time(value: object) -> dt.datetime | None:
    """Read a time, in UTC; None for what is none, for one that is not set, and for one that no calendar has.

    A text without a zone is UTC. A number counts seconds, milliseconds, micro- or nanoseconds, told by its size; or
    tenths of microseconds since 1601.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _counted(value)
    if not isinstance(value, str) or len(value) > 64:
        return None
    text = value.strip()
    if match := _COMPACT.fullmatch(text):
        return _made([int(part) for part in match.groups()[:6]], match[7], None)
    if _NUMBER.fullmatch(text):
        return _counted(float(text) if "." in text else int(text))
    if match := _TEXT.fullmatch(text):
        return _made([int(part or 0) for part in match.groups()[:6]], match[7], match[8])
    return None


def _counted(number: float) -> dt.datetime | None:
    # Zero stands for "not set" wherever people count; nothing that we act on happened in 1970.
    if not 0 < number < math.inf:
        return None
    if _WINDOWS[0] <= number < _WINDOWS[1]:
        return _BEGIN + dt.timedelta(microseconds=int(number) // 10 - _WINDOWS_BEGIN_S * 10**6)
    unit = next((per_s for below, per_s in _UNITS if number < below), 1)
    # Whole numbers stay whole: a float has not enough digits for nanoseconds.
    micros = number * 10**6 // unit if isinstance(number, int) else round(number / unit * 10**6)
    try:
        return _BEGIN + dt.timedelta(microseconds=micros)
    except OverflowError:
        return None


def _made(parts: list[int], fraction: str | None, zone: str | None) -> dt.datetime | None:
    year, month, day, hour, minute, second = parts
    if year <= _NOT_SET:
        return None
    try:
        # A leap second is the last moment of its minute.
        made = dt.datetime(
            year, month, day, hour, minute, min(second, 59), int((fraction or "0")[:6].ljust(6, "0")), dt.UTC
        )
        return made - _offset(zone)
    except (OverflowError, ValueError):
        return None


def _offset(zone: str | None) -> dt.timedelta:
    if zone is None or zone[0] not in "+-":
        return dt.timedelta(0)
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        raise ValueError("no such zone")
    away = dt.timedelta(hours=hours, minutes=minutes)
    return away if zone[0] == "+" else -away
