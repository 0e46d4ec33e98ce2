"""What a case brings with it: its integration, its connections, its inputs; and that whatever it names is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from connectors.core import Secret
from engine.registry import registry
from engine.trial.case import Told, texts
from inventory.integrations.model import Integration
from inventory.model import Config
from inventory.read import Inventory
from language import Checked
from language.errors import Place, Report, nearest

NAME = "the_integration"
"""How an integration is called that a case declares without an id."""


def ours(told: Told, checked: Checked, report: Report) -> tuple[Inventory | None, dict[str, object]]:
    """The inventory of a case, and its inputs as a trigger would give them."""
    raw: dict[str, object] = {}
    integrations = dict(told.integrations)
    for name, value in told.case.given.items():
        wanted = checked.playbook.inputs.get(name)
        kind = wanted.type if wanted is not None else "text"
        if kind == "integration" and isinstance(value, dict):
            id_ = str(value.get("id", NAME))
            try:
                fields = {key: part for key, part in value.items() if key != "id"}
                integrations[id_] = Integration.recorded(fields)
            except ValidationError as error:
                for one in error.errors(include_url=False, include_input=False):
                    said = f"{'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}"
                    report.add("given", told.place("given", name, *one["loc"]), said)
            raw[name] = id_
        elif kind.endswith("secret"):
            found = [Secret(text) for text in texts(value) if text]
            raw[name] = found if kind.startswith("list of") else found[0] if found else ""
        else:
            raw[name] = texts(value) if isinstance(value, list) else str(value)
    connections = _connections(told, checked, integrations, report)
    try:
        config = Config.model_validate({"connections": connections})
    except ValidationError as error:
        report.add("connections", told.place("connections"), str(error.errors()[0]["msg"]))
        return None, raw
    return Inventory(told.file, config, integrations, lambda name: f"made up for {name}", lambda url: url), raw


def _connections(
    told: Told, checked: Checked, integrations: Mapping[str, Integration], report: Report
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, said in told.case.connections.items():
        entry = {"system": said} if isinstance(said, str) else dict(said)
        if (system := str(entry.get("system", ""))) not in registry().systems:
            hint = nearest(system, registry().systems)
            report.add("connections", told.place("connections", name), f"no system '{system}'{hint}")
        found[name] = {"url": f"http://{name.replace('_', '-')}.case", **entry}
    there = {str(entry["system"]) for entry in found.values() if "system" in entry}
    named = {e.at for one in integrations.values() for e in one.footholds if e.at} & registry().systems.keys()
    used = _systems(checked) & registry().systems.keys()
    for system in sorted((used | named) - there - found.keys()):
        found[system] = {"system": system, "url": f"http://{system.replace('_', '-')}.case"}
    return found or {"nothing": {"system": "notify", "url": "http://nothing.case"}}


def known(told: Told, checked: Checked, report: Report) -> None:
    """Everything in a case that names a step, an action or a connection must name one."""
    steps, expect, all_ = _steps(checked), told.case.expect, registry()
    for key in ("plan", "sends", "steps"):
        for name in getattr(expect, key):
            _step(name, told.place("expect", key, name), steps, report)
    for name in told.case.hands:
        _step(name, told.place("hands", name), steps, report)
    for key in ("later", "order"):
        for at, name in enumerate(getattr(expect, key) or ()):
            _step(name, told.place("expect", key, at), steps, report)
    for key in ("sent", "given_back"):
        for at, row in enumerate(getattr(expect, key) or ()):
            for name in row:
                _step(name, told.place("expect", key, at), steps, report)
    there = {*all_.actions, *all_.looks, *all_.finds, *all_.systems, *told.case.connections, *steps}
    for at, fault in enumerate(told.case.faults):
        if fault.at not in there:
            where = told.place("faults", at, "at")
            report.add(
                "fault", where, f"no step, action, look, find or connection '{fault.at}'{nearest(fault.at, there)}"
            )
        if fault.false and fault.at in {*all_.looks, *all_.finds}:
            report.add(
                "fault", told.place("faults", at, "answers"), "a look does nothing, so it cannot be answered falsely"
            )
    for name in told.case.after:
        if name not in all_.actions and name not in steps:
            hint = nearest(name, {*all_.actions, *steps})
            report.add("after", told.place("after", name), f"no step or action '{name}'{hint}")


def _systems(checked: Checked) -> set[str]:
    """The systems that a playbook names, and those that the playbooks it uses name."""
    found = {step.uses.partition(".")[0] for step in checked.playbook.steps if step.uses}
    return found.union(*(_systems(sub) for sub in checked.subs.values()))


def _steps(checked: Checked) -> set[str]:
    """Every step that can stand in a case: of the playbook, and as `step.part` those of the playbooks it uses."""
    found = {step.id for step in checked.playbook.steps}
    for name, sub in checked.subs.items():
        found |= {f"{name}.{part}" for part in _steps(sub)}
    return found


def _step(name: str, place: Place, steps: set[str], report: Report) -> None:
    if name not in steps and (
        name.partition(".")[0] not in steps or "." not in name
    ):  # a macro's parts have ids of their own
        report.add("step", place, f"this playbook has no step '{name}'{nearest(name, steps)}")
