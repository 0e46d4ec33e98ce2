"""`--since`: when the attacker was first seen, as people say it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from triggers.cli.place import Refused

AGO = re.compile(r"([0-9]{1,4}) ?(m|h|d)(?: ago)?")
SPANS = {"m": "minutes", "h": "hours", "d": "days"}


def first_sign(text: str, at: datetime) -> datetime | None:
    """The time that was said: RFC 3339, or how long ago (`90m`, `2h`, `3d`); None where nothing was. Raises Refused.

    `at`: the time now.
    """
    said = text.strip()
    if not said:
        return None
    if ago := AGO.fullmatch(said):
        return at - timedelta(**{SPANS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Refused(
            f"--since {said[:40]!r} is no time: say it with its zone, as 2026-11-24T01:40:00Z, or how long ago, as 2h or 3d."
            " Nothing was done."
        )
    if found > at:
        raise Refused(
            f"--since {said[:40]} is still to come: the first sign of the attacker is in the past. Nothing was done."
        )
    return found
