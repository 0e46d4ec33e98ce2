"""How long a provider asks us to wait, in every form that it is said (RFC 9110 section 10.2.3, and vendors' own)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

RESET_HEADERS = ("x-rate-limit-reset", "x-ratelimit-reset", "ratelimit-reset")
SHORTEST_S, LONGEST_S = 0.2, 300.0
_EPOCH = 1_000_000_000


def asked_wait_s(headers: Mapping[str, str], *, default_s: float = 1.0, now: float | None = None) -> float:
    """Seconds to wait: `Retry-After` as seconds or as an HTTP date, else a reset header as seconds or as an epoch.

    Never less than 0.2 s ("0" would make us hammer), never more than five minutes: a header does not park containment.
    A moment is by the provider's clock, which its `Date` header tells: ours may be minutes off.
    """
    clock = _seconds(headers.get("date", ""), 0.0, 0.0) or (time.time() if now is None else now)
    value = headers.get("retry-after") or next((headers[name] for name in RESET_HEADERS if name in headers), "")
    return min(max(_seconds(value.strip(), clock, default_s), SHORTEST_S), LONGEST_S)


def _seconds(value: str, now: float, default_s: float) -> float:
    try:
        number = float(value)
    except ValueError:
        pass
    else:
        if number != number:  # NaN  # noqa: PLR0124
            return default_s
        return number - now if number >= _EPOCH else number
    try:
        return parsedate_to_datetime(value).timestamp() - now
    except (TypeError, ValueError, OverflowError):
        return default_s
