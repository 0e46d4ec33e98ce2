"""The first case of a new playbook: everything stands open, and what the playbook makes of that. It is tried before it is written."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from triggers.cli import place

if TYPE_CHECKING:
    from connectors.core import Action, Connector
    from language import Checked

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


class NoCase(Exception):
    """Nothing that can be made up is taken by these systems for a thing of theirs. The text says what was not."""


def first_case(name: str, text: str, systems: list[Connector], playbook: Path, file: Path) -> str:
    """Give the text of a case that passes. Its expectation is what the engine made of it: to be read, and kept or changed."""
    checked = place.checked_text(text, str(playbook), None)
    head = [
        f"# The first case of {name}: everything stands open. Add one for each thing that may go wrong.",
        "case: Everything stands open, and is closed",
        *_given(systems, checked),
        *_connections(systems),
        *_seen(systems, checked),
    ]
    came = _tried("\n".join([*head, "expect: {}"]) + "\n", checked, file)
    lines = [*head, "# What came of it when this was written: is it what you want?", "expect:", "  plan:"]
    lines += [
        f"    {row['id']}: {{kind: {row['kind']}, calls: {len(row['calls'])}}}"
        for row in came.run.planned["steps"]
        if row["kind"] in {"hold", "cut"}
    ]
    sends: dict[str, int] = {}
    for sent in came.sent:
        sends[sent.step] = sends.get(sent.step, 0) + 1
    lines.append(f"  sends: {{{', '.join(f'{step}: {many}' for step, many in sends.items())}}}")
    lines.append(f"  word: {came.word}")
    if came.footholds:
        lines.append(f"  footholds: {{{', '.join(f'{one}: {state}' for one, state in came.footholds.items())}}}")
    return "\n".join(lines) + "\n"


def _tried(text: str, checked: Checked, file: Path) -> Any:
    from engine.trial.case import BadCase, read_case
    from engine.trial.record import shelf
    from engine.trial.run import carry_out

    with shelf() as at, tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / file.name
        draft.write_text(text, encoding="utf-8")
        try:
            came = carry_out(read_case(draft), checked, checked.playbook.id, at)
        except BadCase as bad:
            raise NoCase(str(bad)) from None
    if came.refused or came.broken or not came.run.planned:
        why = came.refused or "; ".join(came.broken) or came.why
        raise NoCase(why)
    return came


def _given(systems: list[Connector], checked: Checked) -> list[str]:
    lines = ["given:", "  integration:", "    id: vendor", "    title: A vendor", "    owner: its-owner"]
    lines += ["    addresses: [203.0.113.10]", "    footholds:"]
    for system in systems:
        kind = next(iter(system.footholds))
        names = "".join(f", {key}: {_example(system, key)}" for key in system.footholds[kind].model_fields)
        lines.append(f"      - {{id: {system.name}, kind: {kind}, at: {system.name}{names}}}")
    for key, wanted in checked.playbook.inputs.items():
        if wanted.type != "integration":
            lines.append(f"  {key}: [{key}-1, {key}-2]")
    return lines


def _connections(systems: list[Connector]) -> list[str]:
    """A connection's own settings, where a system needs some; else each gets one, named after it."""
    needed = {
        system: [key for key, info in system.settings.model_fields.items() if info.is_required()] for system in systems
    }
    if not any(needed.values()):
        return []
    lines = ["connections:"]
    for system in (system for system in systems if needed[system]):
        fields = "".join(f", {key}: ringfence" for key in needed[system])
        lines.append(f"  {system.name}: {{system: {system.name}{fields}}}")
    return lines


def _example(system: Connector, name: str) -> str:
    """An example of what names a thing: a path where it must be one, a reference where it is a secret."""
    from connectors.core import Secret, UrlPath

    for model in system.footholds.values():
        info = model.model_fields.get(name)
        if info is not None and info.annotation is Secret:
            return "'env:EXAMPLE'"
        if info is not None and any(part in info.metadata for part in UrlPath.__metadata__):  # type: ignore[attr-defined]
            return f"/{name}/example"
    return f"{name}-example"


def _seen(systems: list[Connector], checked: Checked) -> list[str]:
    """Something for each step to do: things in a state in which its goal does not hold."""
    from engine.registry import registry

    lines: dict[str, list[str]] = {}
    for step in checked.playbook.contain:
        action = registry().actions.get(step.uses)
        system = next((one for one in systems if one.name == step.uses.partition(".")[0]), None)
        if action is None or action.sees is None or system is None:
            continue
        each = checked.selector(step.id)
        find = next((f for f in system.finds.values() if f.of is action.sees), None)
        listed = each is not None and each[0] == "steps" and find is not None
        shown = find.name if listed and find is not None else action.sees.name
        for number in (1, 2) if each is not None else (0,):
            row = _open(system, action, number, given=each[-1] if each is not None and each[0] == "inputs" else "")
            if row not in lines.setdefault(shown, []):
                lines[shown].append(row)
    text = ["seen:"]
    for name, rows in lines.items():
        text += [f"  {name}:", *(f"    - {row}" for row in rows)]
    return text


def _open(system: Connector, action: Action[Any, Any], number: int, *, given: str) -> str:
    """One thing, open: in the first state that the action finds something to do in."""
    from connectors.core import ConnectorError, Secret
    from engine.trial.world import blank, goal

    assert action.sees is not None
    named: dict[str, Any] = {}
    for key in action.sees.identifies:
        named[key] = f"{given}-{number}" if given else f"{key}-{number}" if number else _example(system, key)
    full: dict[str, Any] = dict(named)
    for key, info in action.params.model_fields.items():
        if info.annotation is Secret:
            full[key] = Secret(str(named.get(key, "example")))
        else:
            full.setdefault(key, ("203.0.113.10",) if "tuple" in str(info.annotation) else _example(system, key))
    try:
        params, state = action.params.model_validate(full), blank(action.state)
    except ValidationError as error:
        first = error.errors()[0]
        raise NoCase(f"{action.name} takes no made-up {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    try:
        if not action.missing(params, state, "new"):
            state = goal(state, [], lambda seen: bool(action.missing(params, seen, "new")), None) or state
    except ConnectorError as error:
        raise NoCase(f"{action.name} acts on no thing that is made up: {error}") from None
    sealed = action.state.sealed_fields()
    seen = {key: value for key, value in state.governed().items() if key not in sealed}
    return _flow(named | seen)


def _flow(value: Any) -> str:
    """A value on one line of YAML, quoted only where it must be."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value not in _WORDS:
        return value
    return json.dumps(value)
