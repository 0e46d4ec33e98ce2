"""Which actions close a foothold: those that its own fields can fill, and that do what its kind needs.

Macros are bound by it and the blast radius is drawn by it, so that no plan and no picture can disagree about what closes
what (docs/decisions/0014).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.core.connector import Action, Connector, Find, needs_of
from connectors.core.model import Params


@dataclass(frozen=True)
class Fit:
    """An action that a foothold can fill.

    Attributes:
        fixed: what it is asked about; None where its targets are listed first.
        sweep: the find that lists its targets, and what that is asked about.
        moment: the parameter that is yet to be filled, with the moment at which the foothold was shut; "" for none.
    """

    action: Action[Any, Any]
    fixed: Mapping[str, Any] | None = None
    sweep: tuple[Find[Any, Any], Mapping[str, Any]] | None = None
    moment: str = ""


def fitting(system: Connector, kind: str, asked: Mapping[str, Any], layer: str, *, below: bool) -> list[Fit]:
    """A layer's actions that a foothold of this kind can fill, as its connector declares them. A one-way one only for
    what no other does: nothing is deleted where it is enough to switch it off. What a switch only holds down, and what
    began before a moment, is ended as well: it would be alive again once that is given back.

    `asked`: the foothold's fields, and `addresses`. `below`: below the wall; above it only what can be undone.
    Raises LookupError for a kind that there is not.
    """  # noqa: D205
    needs = needs_of(kind)
    able: list[Fit] = []
    for action in system.actions.values():
        if action.layer != layer or not action.does & needs:
            continue
        if (params := filled(action.params, asked)) is not None:
            able.append(Fit(action, fixed=params))
        elif (sweep := _sweep(system, action, asked)) is not None:
            able.append(Fit(action, sweep=sweep))
    undone = frozenset[Any]().union(*(fit.action.does for fit in able if not fit.action.cuts))
    ends = _ended_since(able, asked, layer) if below else []
    return [fit for fit in able if not fit.action.cuts or (below and fit.action.does & needs - undone)] + ends


def _ended_since(able: Sequence[Fit], asked: Mapping[str, Any], layer: str) -> list[Fit]:
    """What ends all that began before a moment, and that a switch among these would bring back to life."""
    found: dict[str, Fit] = {}
    for action in (masked for fit in able if not fit.action.cuts for masked in fit.action.masks):
        moments = [name for name, info in action.params.model_fields.items() if info.annotation is datetime]
        if action.layer != layer or not action.cuts or len(moments) != 1 or moments[0] in asked:
            continue
        if (params := filled(action.params, {**asked, moments[0]: "known later"})) is not None:
            fixed = {name: value for name, value in params.items() if name != moments[0]}
            found[action.name] = Fit(action, fixed=fixed, moment=moments[0])
    return list(found.values())


def filled(model: type[Params], asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """The parameters that a foothold gives a model; None where it lacks one that is required."""
    given = {name: asked[name] for name in model.model_fields if asked.get(name) not in (None, ())}
    missing = [name for name, info in model.model_fields.items() if info.is_required() and name not in given]
    return None if missing else given


def _sweep(
    system: Connector, action: Action[Any, Any], asked: Mapping[str, Any]
) -> tuple[Find[Any, Any], Mapping[str, Any]] | None:
    """The find that lists an action's targets when it is asked about the foothold."""
    for find in system.finds.values():
        covers = action.sees is not None and set(action.params.model_fields) <= set(find.of.params.model_fields)
        if find.of is action.sees and covers and (params := filled(find.params, asked)) is not None:
            return find, params
    return None
