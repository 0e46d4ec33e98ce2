"""Digests of parsed values: the same for the same values, however they were written down."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson


def canonical(value: Any) -> bytes:
    """One way to write a parsed value, whatever the order of its keys. Raises nothing for anything that JSON can hold."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # half a letter, or a number that is too large for it
        return repr(_sorted(value)).encode("utf-8", "backslashreplace")


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, _sorted(value[key])) for key in sorted(value)]
    return [_sorted(one) for one in value] if isinstance(value, list) else value


def digest_of(value: Any) -> str:
    """The SHA-256 of a parsed value, as `sha256:` and hexadecimal digits."""
    return "sha256:" + hashlib.sha256(canonical(value)).hexdigest()
