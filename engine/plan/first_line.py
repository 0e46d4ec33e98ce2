"""The first line of a plan: which client at which tenant, last used when and from where, how many people.

At 02:40 the wrong integration is a likely input, so whatever speaks against it is said here: nobody used it for a month,
somebody used it from a strange address, another one has nearly the same name.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from connectors.core import used_at, used_from
from inventory.part import is_reference

UNUSED = timedelta(days=30)
MOST_ADDRESSES, LONGEST_ADDRESS = 50, 100
"""How many strange addresses are recorded, and of how many letters: they are the attacker's to choose."""


_FIRST = {kind: at for at, kind in enumerate(("client", "app", "key", "role", "user"))}
"""Who comes in is named before the way by which."""


@dataclass(frozen=True, slots=True)
class Use:
    """One use of what is to be cut off. `at` None: it is not known when."""

    at: datetime | None
    address: str


def uses(of: Iterable[BaseModel]) -> list[Use]:
    """All uses that looks and listings tell of."""
    found = []
    for one in of:
        times, addresses = [moment(value) for value in used_at(one)], used_from(one)
        known = [time for time in times if time is not None]
        if known or addresses:
            found.append(Use(max(known, default=None), addresses[0][:LONGEST_ADDRESS] if addresses else ""))
    return found


def moment(value: object) -> datetime | None:
    """A time as connectors give it: RFC 3339, a time, or seconds since 1970. None for what is none."""
    try:
        if isinstance(value, datetime):
            found = value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value, UTC)
        else:
            found = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def is_vendors(address: str, vendor: Sequence[str]) -> bool:
    """Whether an address is one of the vendor's, or within one of its networks."""
    if address in vendor:
        return True
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    for one in vendor:
        try:
            if ip in ipaddress.ip_network(one, strict=False):
                return True
        except (ValueError, TypeError):
            continue
    return False


def told(
    opened: Mapping[str, Any], found: Sequence[Use], *, vendor: Sequence[str], people: int, now: datetime
) -> dict[str, Any]:
    """What the first line says, as data; `text` is the line itself."""
    footholds = sorted(opened.get("footholds", {}).items(), key=lambda one: _FIRST.get(one[1]["kind"], len(_FIRST)))
    ways = [_way(name, foothold, opened) for name, foothold in footholds if foothold.get("sure", True)]
    strange = sorted({use.address for use in found if use.address and not is_vendors(use.address, vendor)})
    timed = [use for use in found if use.at is not None]
    last = max(timed, key=lambda use: use.at or now, default=None)
    title = str(opened.get("integration_title") or opened.get("title") or opened.get("playbook") or "")
    said: dict[str, Any] = {
        "title": title, "ways": ways, "people": people, "strange_addresses": strange[:MOST_ADDRESSES],
        "used_at": last.at.isoformat() if last is not None and last.at is not None else "",
        "used_from": last.address if last is not None else "",
        "unused": bool(last is not None and last.at is not None and now - last.at >= UNUSED),
        "alike": list(opened.get("alike", ())),
    }  # fmt: skip
    use, others = _use(last, vendor, now), _others(last, strange, vendor)
    counted = [f"{people} people"] if people > 1 else ["1 person"] if people else []
    also = [f"Also exists: {', '.join(said['alike'])} (not touched)"] if said["alike"] else []
    return said | {
        "use": use,
        "others": others,
        "text": "; ".join(
            filter(None, [": ".join(filter(None, [title, ", ".join(ways)])), use, others, *counted, *also])
        ),
    }


def _way(name: str, foothold: Mapping[str, Any], opened: Mapping[str, Any]) -> str:
    """`client drift-prod at practice_idp (acme, production)`."""
    names = shown_names(foothold)
    connection = opened.get("connections", {}).get(foothold["at"], {})
    where = ", ".join(str(connection[key]) for key in ("tenant", "environment") if connection.get(key))
    at = f" at {foothold['at']}" if foothold["at"] else ", which no connection of ours reaches"
    found = ", found and not declared" if foothold.get("found") else ""
    return f"{foothold['kind']} {' '.join(names) or name}{at}{f' ({where})' if where else ''}{found}"


def shown_names(foothold: Mapping[str, Any]) -> list[str]:
    """What a foothold is called at its system: no reference to a secret of ours, and no path that says nothing to people."""
    return [
        str(one) for one in foothold["names"].values() if not is_reference(str(one)) and not str(one).startswith("/")
    ]


def _use(last: Use | None, vendor: Sequence[str], now: datetime) -> str:
    if last is None or last.at is None:
        return "last use: no look tells"
    ago = now - last.at
    if ago >= UNUSED:
        return f"NOT USED IN {UNUSED.days} DAYS: last {last.at.astimezone(UTC):%Y-%m-%d}{_from(last, vendor)}"
    return f"last used {_ago(ago, last.at)}{_from(last, vendor)}"


def _others(last: Use | None, strange: Sequence[str], vendor: Sequence[str]) -> str:
    """The strange addresses beside that of the last use: the vendor may have come after the thief."""
    left = [address for address in strange if last is None or address != last.address]
    if not left:
        return ""
    return f"{'also ' if last is not None else ''}used from {_few(left)}, NOT {_whose(left, vendor)}"


def _from(use: Use, vendor: Sequence[str]) -> str:
    if not use.address:
        return ""
    if is_vendors(use.address, vendor):
        return f" from {use.address}, the vendor"
    return f" from {use.address}, NOT {_whose([use.address], vendor)}"


def _whose(addresses: Sequence[str], vendor: Sequence[str]) -> str:
    if not vendor:
        return "known to be the vendor's: none of its addresses are in the inventory"
    return "an address of the vendor" if len(addresses) == 1 else "addresses of the vendor"


def _few(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - 3} more" if len(addresses) > 3 else ""
    return f"{', '.join(addresses[:3])}{more}"


def _ago(ago: timedelta, at: datetime) -> str:
    seconds, at = int(ago.total_seconds()), at.astimezone(UTC)
    if seconds < 60:
        return f"{max(seconds, 0)} s ago ({at:%H:%M:%S} UTC)"
    if seconds < 3600:
        return f"{seconds // 60} min ago ({at:%H:%M:%S} UTC)"
    if seconds < 24 * 3600:
        return f"{seconds // 3600} h ago ({at:%H:%M:%S} UTC)"
    return f"{seconds // 86400} days ago ({at:%Y-%m-%d})"
