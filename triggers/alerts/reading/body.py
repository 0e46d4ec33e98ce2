"""A payload's bytes as JSON values, within bounds: UTF-8, one JSON value or one a line, a table, a form, or a signed token."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any
from urllib.parse import parse_qs

import orjson

from triggers.alerts.reading.model import NotAnAlert
from triggers.alerts.reading.table import rows_of

LARGEST = 1 << 20
"""Bytes, where a source does not say more."""
DEEPEST = 64
MOST_VALUES = 200_000
_JWS = re.compile(rb"[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*")
_BOM = b"\xef\xbb\xbf"


def parsed(raw: bytes, largest: int = LARGEST) -> Any:
    """Read a payload. Raises NotAnAlert for what is too large, too deep, not UTF-8 or not JSON.

    Several JSON values on lines of their own, objects one after another, or the rows of a table become a list. Of a token in JWS compact form it is the claims that are
    read; whether anybody signed them is not asked here.
    """
    if len(raw) > largest:
        raise NotAnAlert(f"The payload has {len(raw):,} bytes: at most {largest:,} are read.")
    body = raw.removeprefix(_BOM).strip(b" \t\r\n")
    if not body:
        raise NotAnAlert("The payload is empty.")
    if _JWS.fullmatch(body):
        body = _claims(body)
    elif body.startswith(b"payload=") and b"{" not in body[:9]:
        body = _form(body)
    value = _json(body)
    _bounded(value)
    return value


def inner(text: str) -> Any:
    """Read JSON that stands in a text; None where it is none. Depth and size are the text's own, so bounded already."""
    if not 2 <= len(text) <= LARGEST or text.lstrip()[:1] not in {"{", "[", '"'}:
        return None
    try:
        value = _loaded(text.encode("utf-8", "surrogatepass"))
        _bounded(value)
    except (ValueError, RecursionError, NotAnAlert):
        return None
    return value


def of_base64(text: str) -> Any:
    """Read JSON that stands in a text as base64; None where it is none."""
    if len(text) > LARGEST * 2:
        return None
    try:
        body = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
        return inner(body.decode())
    except (binascii.Error, ValueError):
        return None


def of_token(text: str) -> Any:
    """Read the claims of a token in JWS compact form; None where it is none."""
    if len(text) > LARGEST or not text.isascii() or not _JWS.fullmatch(text.encode()):
        return None
    try:
        return inner(_claims(text.encode()).decode())
    except (NotAnAlert, UnicodeDecodeError):
        return None


def _claims(token: bytes) -> bytes:
    part = token.split(b".")[1]
    try:
        return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error:
        raise NotAnAlert("The payload looks like a signed token, but its claims are not base64url.") from None


def _form(body: bytes) -> bytes:
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=16)
    except ValueError:
        raise NotAnAlert("The payload looks like a form, but is none.") from None
    return fields.get("payload", [""])[0].encode("utf-8", "surrogatepass")


def _json(body: bytes) -> Any:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotAnAlert(f"The payload is not UTF-8 text: byte {error.start + 1:,} is none of it.") from None
    try:
        return _loaded(body)
    except RecursionError:
        raise NotAnAlert(f"The payload is nested deeper than {DEEPEST} levels.") from None
    except ValueError as error:
        lines = [line for line in body.split(b"\n") if line.strip()]
        if 1 < len(lines) <= 10_000 and lines[0][:1] in {b"{", b"["} and (read := _lines(lines)):
            return read
        if body[:1] == b"{" and (several := _one_after_another(body)):
            return several
        if (rows := rows_of(body.decode())) is not None:
            return rows
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise NotAnAlert(f"The payload is not JSON{where}.") from None


def _lines(lines: list[bytes]) -> list[Any] | None:
    """JSON Lines; a line that was torn stands as text, and spoils no other. None where fewer than half are whole."""
    found: list[Any] = []
    whole = 0
    for line in lines:
        try:
            found.append(_loaded(line))
            whole += isinstance(found[-1], dict | list)
        except (ValueError, RecursionError):
            found.append(line.decode("utf-8", "replace"))
    return found if whole * 2 >= len(lines) else None


def _one_after_another(body: bytes) -> list[Any] | None:
    """Objects that stand one after another with nothing between them but blanks, as streams write them; else None."""
    text = body.decode("utf-8", "surrogatepass")
    decoder = json.JSONDecoder(parse_constant=lambda _: None)
    found: list[Any] = []
    at = 0
    try:
        while at < len(text) and len(found) < 10_000:
            if text[at] != "{":
                return None
            value, at = decoder.raw_decode(text, at)
            found.append(value)
            while at < len(text) and text[at] in " \t\r\n":
                at += 1
    except (ValueError, RecursionError):
        return None
    return found if at == len(text) else None


def _loaded(body: bytes) -> Any:
    """Read JSON; also with halves of letters, and with numbers as large as they like, which strict readers refuse."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body.decode("utf-8", "surrogatepass"), parse_constant=lambda _: None)


def _bounded(value: Any) -> None:
    """Refuse what is too deep or has too many parts, without going deep itself."""
    level, depth, count = [value], 0, 0
    while level:
        below: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                below.extend(one.values())
            elif isinstance(one, list):
                below.extend(one)
        count += len(below)
        depth += 1
        if depth > DEEPEST:
            raise NotAnAlert(f"The payload is nested deeper than {DEEPEST} levels.")
        if count > MOST_VALUES:
            raise NotAnAlert(f"The payload has more than {MOST_VALUES:,} values.")
        level = [one for one in below if isinstance(one, dict | list)]
