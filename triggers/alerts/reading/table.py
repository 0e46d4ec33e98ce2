"""A table as text, as Salesforce's event log files are: a header of UPPER_CASE columns, then a row for each event.

RFC 4180, in UTF-8. Source: developer.salesforce.com, Object Reference, EventLogFile.
"""

from __future__ import annotations

import csv
import io
import re

from triggers.alerts.reading.model import NotAnAlert

_HEADER = re.compile(r'"?[A-Z][A-Z0-9_]*"?(?:,"?[A-Z][A-Z0-9_]*"?)+\r?')
MOST_COLUMNS = 500


def is_header(line: str) -> bool:
    """Whether a line names the columns of such a table, each once."""
    names = line.rstrip("\r").replace('"', "").split(",")
    return len(names) <= MOST_COLUMNS and len(set(names)) == len(names) and _HEADER.fullmatch(line) is not None


def rows_of(text: str) -> list[dict[str, str] | str] | None:
    """Give the rows by the names of their columns, without what is empty; None for what has no such header.

    A row of another length than the header is given as text: it spoils no other. Raises NotAnAlert for a table of no rows.
    """
    header, _, rows = text.partition("\n")
    if not is_header(header):
        return None
    names = [name.strip('"\r') for name in header.split(",")]
    found: list[dict[str, str] | str] = []
    reader = csv.reader(io.StringIO(rows, newline=""))
    try:
        for row in reader:
            if len(row) == len(names):
                found.append({name: value for name, value in zip(names, row, strict=True) if value})
            elif row:
                found.append(",".join(row))
    except csv.Error:  # a value beyond all measure: what came before it counts
        found.append("a row that cannot be read")
    if not any(isinstance(one, dict) for one in found):
        raise NotAnAlert(f"The payload is a table of {len(names)} columns without a whole row.")
    return found
