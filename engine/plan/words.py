"""What was seen, and what is wanted, in words: a responder reads no JSON at 02:40."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from connectors.core import Action, Secret, State

MOST_SHOWN = 3
"""Members of a list that are named; the rest is counted."""


def seen_in_words(seen: State | None) -> str:
    """A state by its governed fields: `enabled`, `not frozen`, `mode any, no addresses`; gone where there is none."""
    if seen is None:
        return "gone"
    said = [in_words(name, value) for name, value in seen.governed().items()]
    return ", ".join(said) or "not looked at"


def in_words(name: str, value: Any) -> str:
    """One field: `enabled`, `not enabled`, `mode any`, `no addresses`, `addresses a, b, c and 2 more`."""
    shown = name.replace("_", " ")
    if value is True or value is False:
        return shown if value else f"not {shown}"
    if value is None or value in ("", [], ()) or value == {}:
        return f"no {shown}"
    if isinstance(value, list | tuple):
        more = f" and {len(value) - MOST_SHOWN} more" if len(value) > MOST_SHOWN else ""
        return f"{shown} {', '.join(map(str, value[:MOST_SHOWN]))}{more}"
    if isinstance(value, Mapping):
        return f"{len(value)} {shown}"
    return f"{shown} {value}"


def counted(words: Iterable[str]) -> str:
    """Many states as one: `38 active, 2 not active`; the commonest first."""
    many = Counter(words)
    if len(many) == 1 and sum(many.values()) == 1:
        return next(iter(many))
    said = [f"{count} {word}" for word, count in sorted(many.items(), key=lambda one: (-one[1], one[0]))]
    more = [f"and {len(said) - MOST_SHOWN} other states"] if len(said) > MOST_SHOWN else []
    return "; ".join(said[:MOST_SHOWN] + more)


def wanted_in_words(action: Action[Any, Any], params: BaseModel | None) -> str:
    """What the action is for, as its own first line says it, and the values that it wants beside the target's name."""
    goal = action.doc.partition("\n")[0].partition(". ")[0].rstrip(".")
    if params is None or action.stops == "nothing":
        return goal
    named = set(action.identifies)
    values = [
        in_words(name, value) for name, value in params.model_dump(mode="json").items()
        if name not in named and not isinstance(getattr(params, name), Secret) and not str(value).startswith("/")
    ]  # fmt: skip
    return f"{goal}: {', '.join(values)}" if values else goal
