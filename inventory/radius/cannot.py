"""What no revocation ends: ways that nothing of ours reaches, families that no action does, what lives on after all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.core import Connector, Family
from inventory.integrations.model import FootholdEntry, Integration
from inventory.radius.model import Account, Act
from inventory.radius.text import contact

STAYS: Mapping[Family, str] = {
    "blocks-reissue": "it can get new credentials",
    "closes-path": "the way in stays open",
    "ends-sessions": "open sessions go on",
    "kills-refresh": "refresh tokens go on making access tokens",
    "kills-access": "what was given out goes on working",
    "rotates": "the old secret stays good",
}
"""What it means that nothing does a family."""


def of_all(one: Integration) -> tuple[str, ...]:
    """Of the integration as a whole."""
    found = []
    if one.canary is None:
        found.append("no canary: nobody can try whether what was stolen is dead, only look")
    if not one.security:
        found.append(f"no security contact of {one.vendor or 'the vendor'}: what only they can revoke waits")
    return tuple(found)


def cannot(
    one: Integration, entry: FootholdEntry, name: str, system: Connector | None, acts: Sequence[Act],
    missing: Sequence[Family], asked: Mapping[str, Any], accounts: Sequence[Account],
) -> tuple[str, ...]:  # fmt: skip
    """Of one foothold: a sentence each, worst first."""
    found: list[str] = []
    if not entry.sure:
        found.append("only likely to be its own: no run touches it until it is declared")
    if entry.at is None:
        ask = f"ask {one.vendor or 'the vendor'}{f' ({contact(one.security)})' if one.security else ''}"
        return (*found, f"nothing of ours reaches it, so no run can close it: {ask}")
    if system is None:
        said = f"no connector for {name}" if name else f"no connection {entry.at}"
        return (*found, f"{said}: no run can close it")
    found += _missing(entry, name, system, missing, asked)
    lives: dict[str, list[str]] = {}
    for act in acts:
        if act.residual:
            span = f" for at most {_span(act.residual_s)}" if act.residual_s else ""
            lives.setdefault(f"{span}: {act.residual}", []).append(act.name.rpartition(".")[2])
    found += [f"lives on after {' and '.join(names)}{said}" for said, names in lives.items()]
    found += [
        f"works as {each.name}, which is no foothold here: close it too" for each in accounts if not each.foothold
    ]
    return tuple(found)


def _missing(
    entry: FootholdEntry, name: str, system: Connector, missing: Sequence[Family], asked: Mapping[str, Any]
) -> list[str]:
    """Each family that nothing does; or who would do it, and for want of what it does not."""
    found: dict[str, list[Family]] = {}
    for family in missing:
        lacking = [
            f"{action.name.rpartition('.')[2]} wants {', '.join(lacks)}"
            for action in system.actions.values()
            if family in action.does and (lacks := _lacks(action.params, asked))
        ]
        said = f"only by hand or by a given list: {'; '.join(lacking)}" if lacking else f"no action of {name} does it"
        found.setdefault(said, []).append(family)
    return [
        f"{' and '.join(STAYS[family] for family in families)} ({', '.join(families)}): {said}"
        for said, families in found.items()
    ] or ([] if entry.kind in system.footholds else [f"{name} knows no {entry.kind}"])


def _lacks(model: Any, asked: Mapping[str, Any]) -> list[str]:
    return [key for key, field in model.model_fields.items() if field.is_required() and asked.get(key) in (None, ())]


def _span(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7_200:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h" if seconds <= 172_800 else f"{round(seconds / 86_400)} days"
