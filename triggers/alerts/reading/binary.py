"""CloudEvents in binary mode: the attributes are headers and the body is the data, of whatever type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from triggers.alerts.reading.body import LARGEST, parsed
from triggers.alerts.reading.model import NotAnAlert
from triggers.alerts.reading.texts import LONGEST, valid

_PREFIX = "ce-"
_NEEDED = frozenset({"id", "source", "specversion", "type"})


def body_of(raw: bytes, headers: Mapping[str, str], largest: int = LARGEST) -> Any:
    """Read a payload; one in binary mode as the event that it is in structured mode. Raises NotAnAlert as `parsed` does."""
    event: dict[str, Any] = {}
    content = ""
    for name, value in headers.items():
        plain = name.lower()
        if plain.startswith(_PREFIX):
            # Header values are percent-encoded UTF-8 (CloudEvents, HTTP binding, 3.1.3.2).
            event[plain.removeprefix(_PREFIX)] = unquote(value[:LONGEST])
        elif plain == "content-type":
            content = value.lower()
    if not event.keys() >= _NEEDED or content.startswith("application/cloudevents"):
        return parsed(raw, largest)
    event["data"] = _data(raw, content, largest)
    return event


def _data(raw: bytes, content: str, largest: int) -> Any:
    if not raw.strip():
        return None
    try:
        return parsed(raw, largest)
    except NotAnAlert:
        # Data that says it is no JSON may be any text; what claims to be JSON, and is too large or deep, is refused.
        if len(raw) > largest or "json" in content or not content:
            raise
    try:
        return valid(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return None
