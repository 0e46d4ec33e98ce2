"""When something was signed, and whether that is not too long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from triggers.alerts.trust.model import Untrusted

_SECONDS, _MILLIS = re.compile(r"[0-9]{1,12}", re.ASCII), re.compile(r"[0-9]{13}", re.ASCII)
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)


def read(text: str, *, any_form: bool = False) -> datetime:
    """A time as a header has it: whole seconds; with `any_form` also milliseconds and RFC 3339. Raises Untrusted."""
    try:
        if _SECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text), UTC)
        if any_form and _MILLIS.fullmatch(text):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        if any_form and _RFC3339.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise Untrusted("malformed")


def fresh(at: datetime | None, now: datetime, window_s: int | None) -> None:
    """Raises Untrusted for what was signed longer ago than the window, or that far ahead."""
    if at is not None and window_s is not None and abs((now - at).total_seconds()) > window_s:
        raise Untrusted("stale")
