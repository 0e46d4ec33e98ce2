"""CloudEvents where they are not plain JSON: attributes in headers with the data as the body, or data as base64."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from triggers.alerts.reading.body import LARGEST, of_base64, parsed
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
        return _opened(parsed(raw, largest))
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


def _opened(value: Any) -> Any:
    """Give an event, or each of a batch, with the JSON that it has as base64 for its data."""
    if isinstance(value, list):
        return [_opened(one) if isinstance(one, dict) else one for one in value]
    if not isinstance(value, dict) or "specversion" not in value or "data" in value:
        return value
    data = value.get("data_base64")
    return {**value, "data": of_base64(data)} if isinstance(data, str) else value
