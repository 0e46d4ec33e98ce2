"""What a run's integration reaches, in sentences: from the plan's own record of it, whatever the files say by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journal.replay import Run
from reports.text import many, safe, whole

SHOWN = 5


def of(run: Run) -> Mapping[str, Any]:
    """The plan's record of the blast radius; empty where the plan has none: there is no integration, or it is an old one."""
    found = run.planned.get("radius")
    return found if isinstance(found, dict) else {}


def counts(run: Run) -> dict[str, Any] | None:
    """For machines: how far it reaches, and ids of what stops with it; None where the plan does not say."""
    radius = of(run)
    if not radius:
        return None
    below = [str(each.get("id")) for each in radius.get("downstream") or () if isinstance(each, dict)]
    kept = {key: radius.get(key) for key in ("footholds", "discovered", "credentials", "people", "data")}
    return {**kept, "stops": below}


def head(run: Run) -> str:
    """`Reaches: 3 footholds, 45 credentials, 41 people; data: contacts`; "" where nothing is known."""
    radius = of(run)
    if not radius:
        return ""
    found = whole(radius.get("discovered"))
    parts = [many(whole(radius.get("footholds")), "foothold") + (f" ({found} found, not declared)" if found else "")]
    count = radius.get("credentials")
    parts.append("credentials not counted" if count is None else many(whole(count), "credential"))
    people = whole(radius.get("people"))
    parts.append("1 person" if people == 1 else f"{people} people")
    data = _some(radius.get("data") or (), "nobody wrote down which")
    return f"Reaches: {', '.join(parts)}; data: {data}"


def stops(run: Run) -> list[str]:
    """What stops with it, and how to live without: of the integration itself, then of each that needs it."""
    radius = of(run)
    if not radius:
        return []
    itself = safe(run.opened.get("integration_title") or run.opened.get("integration", ""), 120)
    found = [f"Stops: {_served(itself, radius)}"]
    below = [each for each in radius.get("downstream") or () if isinstance(each, dict)]
    for each in below[:SHOWN]:
        name = f"{safe(each.get('title') or each.get('id', '?'), 120)}, which needs {_some(each.get('by') or (), '?')}"
        found.append(
            f"Stops with it: {_served(name, each) if each.get('known', True) else f'{name}; in no file of ours'}"
        )
    more = whole(radius.get("downstream_count")) - len(below[:SHOWN])
    return [*found, *([f"and {many(more, 'more integration')}"] if more > 0 else [])]


def gaps(run: Run) -> list[str]:
    """What no revocation ends: footholds with the same reason in one line."""
    radius = of(run)
    told: dict[str, list[str]] = {}
    for foothold, said in radius.get("cannot") or ():
        told.setdefault(str(said), []).extend([str(foothold)] if foothold else [])
    found = [f"{_some(names, '')}{': ' if names else ''}{safe(said, 600)}" for said, names in told.items()]
    more = whole(radius.get("cannot_count")) - len(radius.get("cannot") or ())
    return [*found, *([f"and {more} more"] if more > 0 else [])]


def ask(run: Run) -> str:
    """Whom to ask at the vendor for what only they can close; "" where nobody wrote that down."""
    radius = of(run)
    if not radius.get("security"):
        return ""
    contact = safe(str(radius["security"]).removeprefix("mailto:").removeprefix("https://"), 200)
    return f"Ask {safe(radius.get('vendor') or 'the vendor', 120)}: {contact}"


def _served(name: str, one: Mapping[str, Any]) -> str:
    serves = _some(one.get("serves") or (), "nobody wrote down what it does for us")
    return f"{name}: {serves} (live without: {safe(one.get('without') or 'nobody wrote down how')})"


def _some(names: Sequence[object], otherwise: str) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(safe(name, 120) for name in names[:SHOWN])}{more}" if names else otherwise
