"""SOQL, Salesforce's query language: values go in by one function, and a listing is whole or it raises.

Sources: developer.salesforce.com, SOQL and SOSL Reference ("Quoted String Escape Sequences", "Date Formats"); REST API
Developer Guide, "Query" (`GET /query?q=`, `records`, `totalSize`, `done`, `nextRecordsUrl`).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator

from connectors.core import Params, Reader, Unexpected
from connectors.core.links import items_of

_ESCAPES = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_HOLE = re.compile(r"\{([a-z_]+)\}")
_ID = re.compile(r"[A-Za-z0-9]{15}([A-Z0-5]{3})?")
_CASES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_LOCATOR = re.compile(r"/query/([\w.-]{1,200})")


def _as_id(value: str) -> str:
    if _ID.fullmatch(value) is None:
        raise ValueError("must be an id of Salesforce's: 15 or 18 letters and digits")
    blocks = (value[at : at + 5] for at in (0, 5, 10))
    whole = value[:15] + "".join(
        _CASES[sum(1 << n for n, letter in enumerate(block) if letter.isupper())] for block in blocks
    )
    if len(value) == 18 and value != whole:
        raise ValueError("is no id of Salesforce's: its last three letters do not fit the others")
    return whole


SalesforceId = Annotated[str, AfterValidator(_as_id)]
"""A record's id, in the 18-letter form whose last three say the case of the others; one of 15 letters is completed."""


def _all_letters(value: str) -> str:
    whole = _as_id(value)
    if whole != value:
        raise ValueError(f"must have all 18 letters: {whole}")
    return value


WholeId = Annotated[str, AfterValidator(_all_letters)]
"""An id as it is declared: in 18 letters, as every listing has it, so that both are known to be the same."""


def literal(value: object) -> str:
    """A value as SOQL has it: text quoted and escaped, a time in UTC, several in parentheses. ValueError for others."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return str(value)
        case str():
            if any(not letter.isprintable() and letter not in _ESCAPES for letter in value):
                raise ValueError("holds letters that nobody can read")
            return "'" + "".join(_ESCAPES.get(letter, letter) for letter in value) + "'"
        case datetime():
            if value.tzinfo is None:
                raise ValueError("is a time without its zone")
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case tuple() | list():
            if not value:
                raise ValueError("is an empty list, which SOQL does not take")
            return "(" + ", ".join(literal(one) for one in value) + ")"
    raise ValueError(f"is a {type(value).__name__}, which SOQL does not know")


def query(template: str, **values: object) -> str:
    """A query whose holes `{name}` are filled with literals: nothing else of a value gets into it."""
    return _HOLE.sub(lambda hole: literal(values[hole[1]]), template)


def moment(said: object) -> str:
    """A time as RFC 3339: Salesforce writes `2025-08-20T11:54:00.000+0000`. "" where there is none, or none to read."""
    try:
        return datetime.fromisoformat(said).isoformat() if isinstance(said, str) else ""
    except ValueError:
        return ""


class _Next(Params):
    at: str


async def rows(read: Reader, template: str, *, most: int | None = None, **values: object) -> AsyncIterator[Any]:
    """Every record of a query, page by page.

    `most`: after so many an object gives no more, whatever its total says; whoever asks sees to the rest.
    Raises Unexpected where the pages end before the total that the first one named.
    """
    page = await read.get("/query", q=query(template, **values))
    total, got = page["totalSize"], 0
    while True:
        for one in items_of(page["records"]):
            got += 1
            yield one
        if page["done"] is True:
            break
        found = _LOCATOR.search(str(page["nextRecordsUrl"]))
        if found is None:
            raise Unexpected("a query's next page", "it is named by no locator", "A person must look at the answer")
        page = await read.get("/query/{at}", _Next(at=found[1]))
    if got < total and got != most:
        came = f"the listing ended after {got} of {total} records"
        raise Unexpected("a query", came, "It is listed again; where that stays so, a person must look")


async def count(read: Reader, template: str, **values: object) -> int:
    """How many records a `SELECT COUNT()` finds."""
    return int((await read.get("/query", q=query(template, **values)))["totalSize"])


def ids(found: Iterable[Any], name: str) -> tuple[str, ...]:
    """A field of each record, sorted, once each."""
    return tuple(sorted({str(one[name]) for one in found}))
