"""Makes the form of a command from what is ours: which playbooks fit, which integrations each may be asked of, what is typed where."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from inventory.integrations.model import Integration
from inventory.read import Inventory
from journal.clock import now
from journal.db.base import Database
from journal.db.tables import things
from language import Checked
from language.errors import BadPlaybook
from reports.text import moment
from triggers.cli import place
from triggers.house import Refused
from triggers.slack.screens.form import Choice, Field, Form

UNUSED = timedelta(days=30)


def make(
    inventory: Inventory, database: Database, *, drill: bool, playbook: str = "", integration: str = "", reason: str = "",
    incident: str = "", given: Mapping[str, str] | None = None,
) -> Form:  # fmt: skip
    """A form. Without a playbook: the one that reaches most of the integration's footholds. Blocks.

    Raises Refused where no playbook can be read, or none fits the integration.
    """
    known = readable(inventory)
    chosen = inventory.integrations.get(integration)
    fitting = {name: one for name, one in known.items() if chosen is None or _fits(one, chosen, inventory)}
    if not fitting:
        raise Refused(f"No playbook fits {integration}: `ringfence playbook list` shows what there is.", "bad-input")
    name = playbook if playbook in fitting else max(fitting, key=lambda one: (_reach(fitting[one]), one))
    checked, used = fitting[name], last_used(database)
    return Form(
        name, checked.playbook.title, str(checked.playbook.breaks or ""), drill, secrets.token_hex(8),
        tuple((one, fitting[one].playbook.title) for one in sorted(fitting)),
        tuple(_field(one, checked, inventory, used, integration, given or {}) for one in checked.playbook.inputs),
        reason, {"incident": incident} if incident else {},
    )  # fmt: skip


_READ: dict[tuple[str, int, int], Checked | None] = {}
"""By file, when it was changed and how long it is: a menu is made in the three seconds in which it can be opened."""


def readable(inventory: Inventory) -> dict[str, Checked]:
    """Every playbook that can be carried out here, by name; one with a mistake is none."""
    found: dict[str, Checked] = {}
    for file in place.playbooks(inventory):
        if file.stem not in found and (checked := _checked(file, inventory)) is not None:
            found[file.stem] = checked
    return found


def _checked(file: Path, inventory: Inventory) -> Checked | None:
    stat = file.stat()
    key = (f"{file} {inventory.path}", stat.st_mtime_ns, stat.st_size)
    if key not in _READ:
        try:
            _READ[key] = place.checked_playbook(file, inventory)
        except (BadPlaybook, place.Refused):
            _READ[key] = None
    return _READ[key]


def choices(checked: Checked, name: str, inventory: Inventory, used: Mapping[str, str]) -> tuple[Choice, ...]:
    """The menu of an input: the integrations that it may be, each with whose part of what it reaches and its last use."""
    has = set(checked.playbook.inputs[name].has)
    return tuple(
        Choice(key, one.title, _tenant(one, inventory), _used(used.get(key, "")))
        for key, one in sorted(inventory.integrations.items()) if has <= _systems(one, inventory)
    )  # fmt: skip


def last_used(database: Database) -> dict[str, str]:
    """When each integration was seen used last, by the newest discovery; none where nobody has looked."""
    query = select(things.c.declared_as, func.max(things.c.used_at)).where(
        things.c.until_n.is_(None), things.c.declared_as != ""
    )
    try:
        with database.engine.connect() as conn:
            rows = conn.execute(query.group_by(things.c.declared_as)).all()
    except DBAPIError:
        return {}
    found: dict[str, str] = {}
    for declared_as, at in rows:
        name = declared_as.partition("/")[0]
        found[name] = max(found.get(name, ""), at or "")
    return found


def _used(at: str) -> str:
    time = moment(at)
    if time is None:
        return ""
    ago = now() - time if time.tzinfo is not None else now() - time.replace(tzinfo=now().tzinfo)
    if ago >= UNUSED:
        return f"not used in {UNUSED.days} days"
    return f"last used {_clock(time)}" if ago < timedelta(days=1) else f"last used {time:%Y-%m-%d}"


def _clock(time: datetime) -> str:
    return f"{time:%H:%M} UTC"


def _field(
    name: str, checked: Checked, inventory: Inventory, used: Mapping[str, str], integration: str, given: Mapping[str, str]
) -> Field:  # fmt: skip
    kind = checked.playbook.inputs[name].type
    if kind == "integration":
        found = choices(checked, name, inventory, used)
        chosen = given.get(name) or integration
        return Field(name, "menu" if found else "cli", kind, found, chosen)
    if kind == "time":
        return Field(name, "time", kind)
    if kind == "text" and name not in targets(checked):
        return Field(name, "text", kind, chosen=given.get(name, ""))
    return Field(name, "cli", kind)


def targets(checked: Checked) -> set[str]:
    """Inputs that reach what a step acts on: what is typed there would be a target that nobody chose from a menu."""
    said = " ".join(
        str(value)
        for step in checked.playbook.contain
        if not (step.uses or "").startswith("notify.")
        for value in (getattr(step, "with_", None), getattr(step, "for_each", None))
        if value
    )
    return {name for name in checked.playbook.inputs if re.search(rf"\binputs\.{re.escape(name)}\b", said)}


def _fits(checked: Checked, integration: Integration, inventory: Inventory) -> bool:
    wanted = [one for one in checked.playbook.inputs.values() if one.type == "integration"]
    return bool(wanted) and all(set(one.has) <= _systems(integration, inventory) for one in wanted)


def _reach(checked: Checked) -> int:
    """How many systems it works on; one that Slack cannot give all inputs of comes last."""
    secret = any(one.type not in {"integration", "time", "text"} for one in checked.playbook.inputs.values())
    return -1 if secret else sum(len(one.has) for one in checked.playbook.inputs.values())


def _systems(integration: Integration, inventory: Inventory) -> set[str]:
    connections = inventory.config.connections
    return {connections[one.at].system for one in integration.footholds if one.at in connections}


def _tenant(integration: Integration, inventory: Inventory) -> str:
    found: dict[str, Any] = {}
    for one in integration.footholds:
        if one.at in inventory.config.connections:
            entry = inventory.config.connections[one.at]
            found |= {part: None for part in (entry.tenant, entry.environment) if part}
    return ", ".join(found)


def every(inventory: Inventory, used: Mapping[str, str]) -> list[Choice]:
    """All integrations, for a menu that asks as one types; whether a playbook fits one is judged when it is sent."""
    return [
        Choice(key, one.title, _tenant(one, inventory), _used(used.get(key, "")))
        for key, one in sorted(inventory.integrations.items())
    ]
