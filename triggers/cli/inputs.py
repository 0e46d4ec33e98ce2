"""Reads `-i NAME=VALUE`. A secret comes by file, standard input or environment only: arguments show in `ps`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from triggers.cli.place import Refused

if TYPE_CHECKING:
    from connectors.core import Secret
    from inventory.read import Inventory
    from language import Checked


def read_inputs(given: Sequence[str], checked: Checked) -> dict[str, object]:
    """The raw inputs of a run: text, Secret, or list of either, as the playbook's types want. Raises Refused."""
    raw: dict[str, object] = {}
    problems = []
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            problems.append("an input is -i NAME=VALUE, -i NAME=@FILE, -i NAME=env:VARIABLE or -i NAME=-")
            continue
        wanted = checked.playbook.inputs.get(name)
        try:
            raw[name] = _value(name, value, wanted.type if wanted is not None else "text")
        except Refused as error:
            problems.append(str(error))
    if problems:
        raise Refused("\n".join(problems))
    return raw


def _value(name: str, value: str, kind: str) -> object:
    from connectors.core import Secret

    secret, many = kind.endswith("secret"), kind.startswith("list of")
    text = _read(name, value)
    if text is None:
        if secret:
            raise Refused(
                f"{name}: a secret on the command line shows in `ps` and in the shell's history; "
                f"give it as -i {name}=@FILE, -i {name}=env:VARIABLE or -i {name}=- (standard input)"
            )
        text = value
    if not many:
        return _secret(name, text.strip()) if secret else text
    lines = [line.strip() for line in (text.splitlines() if text is not value else text.split(",")) if line.strip()]
    unique = list(dict.fromkeys(lines))
    return [Secret(line) for line in unique] if secret else unique


def _secret(name: str, text: str) -> Secret:
    from connectors.core import Secret

    if not text:
        raise Refused(f"{name}: it is empty")
    return Secret(text)


def _read(name: str, value: str) -> str | None:
    """What a reference leads to; None where the value is meant as it stands."""
    if value == "-":
        return sys.stdin.read()
    if value.startswith("@"):
        try:
            return Path(value[1:]).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            raise Refused(f"{name}: {value[1:]}: {why}") from None
    if value.startswith("env:"):
        if not (found := os.environ.get(value[4:], "")):
            raise Refused(f"{name}: the environment has no {value[4:]}, or it is empty")
        return found
    return None


def choose_integration(raw: dict[str, object], checked: Checked, inventory: Inventory) -> None:
    """In the sandbox, take the practice integration where none was named. Elsewhere it is chosen, never assumed."""
    from engine.found import acted_on, set_aside

    for name, wanted in checked.playbook.inputs.items():
        if wanted.type != "integration" or name in raw:
            continue
        fitting = []
        for key, integration in inventory.integrations.items():
            at = {
                inventory.config.connections[f.at].system
                for f in acted_on(integration, set_aside(inventory, integration)).footholds
                if f.at in inventory.config.connections
            }
            if set(wanted.has) <= at:
                fitting.append(key)
        if "drift" in fitting or len(fitting) == 1:
            raw[name] = "drift" if "drift" in fitting else fitting[0]
