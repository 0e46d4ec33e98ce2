"""Reads JSON from strangers: no deeper, and into no more parts, than an alert has. What it takes is bounded beforehand."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs

import orjson

from triggers.alerts.reading.table import is_header

DEEPEST = 64
MOST_PARTS = 1_000_000
"""Commas and brackets, strings' own included: each part of a list or an object needs one."""
MOST_LINES = 10_000
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = b"[]{}"
_REST = bytes(set(range(256)) - set(_BRACKETS))
_BOM = b"\xef\xbb\xbf"


class NotRead(Exception):
    """It is no JSON, or more of it than an alert has. Nothing of it is in the text."""


def read(raw: bytes) -> Any:
    """The value. Raises NotRead."""
    raw = raw.removeprefix(_BOM)
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") > MOST_PARTS or deep(raw):
        raise NotRead("more of it, or deeper, than an alert is")
    try:
        return orjson.loads(raw)
    except ValueError:
        pass
    try:  # half letters and numbers as large as they like, which orjson refuses
        return json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise NotRead("no JSON") from None


def deep(raw: bytes) -> bool:
    """Whether brackets stand in each other deeper than `DEEPEST`. Reads no value: as fast for the hostile as for others."""
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return False
    left = _STRING.sub(b"", raw).translate(None, _REST)
    for _ in range(DEEPEST):
        left = left.replace(b"[]", b"").replace(b"{}", b"")
        if not left:
            return False
    return True


def readable(raw: bytes) -> bool:
    """Whether somebody can read it at all: JSON, lines of JSON, a table with its header, or a form whose `payload` is JSON.

    By the body alone: what a sender calls it (curl calls anything a form) says little.
    """
    if raw.startswith(b"payload="):
        try:
            fields = parse_qs(raw.decode("utf-8"), max_num_fields=20)
        except ValueError:
            return False
        return len(fields.get("payload", [])) == 1 and _is_json(fields["payload"][0].encode("utf-8", "replace"))
    return _is_json(raw) or _is_lines(raw) or _is_table(raw)


def _is_json(raw: bytes) -> bool:
    try:
        read(raw)
    except NotRead:
        return False
    return True


def _is_lines(raw: bytes) -> bool:
    lines = [line for line in raw.split(b"\n", MOST_LINES) if line.strip()]
    return 1 < len(lines) <= MOST_LINES and not deep(raw) and sum(map(_is_json, lines)) * 2 >= len(lines)


def _is_table(raw: bytes) -> bool:
    """A header and at least one row, all of it UTF-8."""
    header, _, rows = raw.removeprefix(_BOM).lstrip().partition(b"\n")
    try:
        return bool(rows.strip()) and is_header(header.decode()) and rows.decode() != ""
    except UnicodeDecodeError:
        return False
