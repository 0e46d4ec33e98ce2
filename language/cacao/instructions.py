"""A step of CACAO as an instruction to a person: on which condition, what, by whom, against what. Commands are never dropped."""

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

from language.cacao.ledger import Ledger, Path
from language.cacao.model import CacaoPlaybook, Command, Party, Step
from language.cacao.order import SOMEHOW, Condition, Placed
from language.cacao.words import LEFT_OUT, SECRET_NAME, Words, of_step, whole

_SAID_APART = frozenset({"type", "description", "version", "playbook_activity", "external_references", "command"})
_PARTY_SAID = ("type", "name", "description", "address", "port", "contact")


class Instructions:
    """Writes the instructions of one CACAO playbook, and says in the ledger what they hold."""

    def __init__(self, book: CacaoPlaybook, words: Words, ledger: Ledger) -> None:
        self._book = book
        self._words = words
        self._ledger = ledger

    def of(self, placed: Placed) -> str:
        """Write the instruction of one step."""
        step_id, step = placed.step_id, self._book.workflow[placed.step_id]
        where = ("workflow", step_id)
        lines = [self._conditions(placed)]
        for key, text in (("name", step.name), ("description", step.description)):
            if text:
                lines.append(self._words.say(text, (*where, key), step_id))
                self._ledger.carry(*where, key)
        if step.delay:
            lines.append(f"Wait {step.delay / 1000:g} seconds before it.")
            self._ledger.carry(*where, "delay")
        for number, command in enumerate(step.commands):
            lines += self._command(command, (*where, "commands", number), step_id, number, len(step.commands))
        if step.playbook_id:
            version = f" in its version of {step.playbook_version}" if step.playbook_version else ""
            lines.append(f"Carry out the CACAO playbook {step.playbook_id}{version}: it is no part of this file.")
            self._ledger.carry(*where, "playbook_id")
            self._ledger.carry(*where, "playbook_version")
        lines += self._parties(step, where, step_id)
        for key, label, args in (("in_args", "Takes", step.in_args), ("out_args", "Gives", step.out_args)):
            if args:
                said = ", ".join(self._words.named(arg, step_id) for arg in args)
                lines.append(f"{label}: {said}")
                self._ledger.carry(*where, key)
        return whole("\n".join(line.rstrip() for line in lines if line.strip()).strip())

    def _conditions(self, placed: Placed) -> str:
        if () in placed.ways:
            return ""
        ways = [" and ".join(self._condition(each) for each in way) for way in sorted(placed.ways)]
        return f"Only if {', or if '.join(ways)}:"

    def _condition(self, condition: Condition) -> str:
        step_id, key = condition
        if condition == SOMEHOW:
            return "one of the ways that lead here was taken"
        if not step_id:
            self._said("said in words: a person decides whether something went wrong", key)
            return "something went wrong in the steps before"
        step = self._book.workflow[step_id]
        where = ("workflow", step_id)
        judged = "is said in words: a person judges it, nothing evaluates it"
        if step.type == "if-condition":
            self._said(judged, *where, "condition")
            said = self._words.say(step.condition, (), step_id)
            return f"({said})" if key == "on_true" else f"not ({said})"
        if step.type == "switch-condition":
            self._said(judged, *where, "switch")
            value = self._words.named(step.switch, step_id)
            if key == "default":
                others = ", ".join(f"'{self._words.say(case, ())}'" for case in step.cases if case != "default")
                return f"{value} is none of {others or 'the cases'}"
            return f"{value} is '{self._words.say(key, ())}'"
        self._said("is said in words: a person decides whether the step succeeded", *where, key)
        name = self._words.say(of_step(step), (), step_id).replace("\n", " ")
        return f"'{name}' {'failed' if key == 'on_failure' else 'succeeded'}"

    def _said(self, why: str, *path: str) -> None:
        self._ledger.lose(why, *path)

    def _command(self, command: Command, where: Path, step_id: str, number: int, count: int) -> list[str]:
        fields = command.model_dump()
        label = f"Command {number + 1}" if count > 1 else "Command"
        kind = "Do" if command.type == "manual" else f"{label} ({self._words.say(command.type, (*where, 'type'))})"
        lines = []
        if command.description:
            lines.append(self._words.say(command.description, (*where, "description"), step_id))
            self._ledger.carry(*where, "description")
        if isinstance(fields.get("command"), str):
            lines.append(f"{kind}: {self._words.say(fields['command'], (*where, 'command'), step_id)}")
            self._ledger.carry(*where, "command")
        else:
            lines.append(f"{kind}:")
        self._ledger.carry(*where, "type")
        for key, value in fields.items():
            if key in _SAID_APART and not (key == "command" and not isinstance(value, str)):
                continue
            self._ledger.carry(*where, key)
            for path, text in self._values(value, (*where, key), step_id):
                name = " ".join(str(part) for part in path[len(where) :] if not isinstance(part, int))
                lines.append(f"  {self._words.say(name, ())}: {text}")
        return lines

    def _values(self, value: Any, where: Path, step_id: str) -> Iterator[tuple[Path, str]]:
        key = str(where[-1] if isinstance(where[-1], str) else where[-2])
        if isinstance(value, dict):
            for name, each in value.items():
                yield from self._values(each, (*where, name), step_id)
        elif isinstance(value, list):
            for number, each in enumerate(value):
                yield from self._values(each, (*where, number), step_id)
        elif SECRET_NAME.search(key) and value is not None:
            self._ledger.lose("its name says that it is a secret: it was left out", *where)
            yield where, LEFT_OUT
        elif isinstance(value, str):
            yield where, self._words.say(decoded(value) if key.endswith("_b64") else value, where, step_id)
        else:
            yield where, json.dumps(value)

    def _parties(self, step: Step, where: Path, step_id: str) -> Iterator[str]:
        if step.agent:
            yield f"By: {self._party('agent_definitions', step.agent, step_id)}"
            self._ledger.carry(*where, "agent")
        if step.targets:
            targets = [
                self._party(
                    "target_definitions" if target in self._book.target_definitions else "agent_definitions",
                    target,
                    step_id,
                )
                for target in step.targets
            ]
            yield f"On: {'; '.join(targets)}"
            self._ledger.carry(*where, "targets")

    def _party(self, group: str, party_id: str, step_id: str) -> str:
        parties = self._book.agent_definitions if group == "agent_definitions" else self._book.target_definitions
        party: Party = parties[party_id]
        where = (group, party_id)
        said = f"{self._words.say(party.name or party_id, (*where, 'name'), step_id)}"
        said += f" ({self._words.say(party.type, (*where, 'type'))})"
        if party.description:
            said += f", {self._words.say(party.description, (*where, 'description'), step_id)}"
        for key, values in (("address", party.address), ("contact", party.contact)):
            found = [
                f"{path[-2] if isinstance(path[-1], int) else path[-1]} {text}"
                for path, text in self._values(values, (*where, key), step_id)
            ]
            said += f", {', '.join(found)}" if found else ""
        if party.port:
            said += f", port {self._words.say(party.port, (*where, 'port'), step_id)}"
        for key in _PARTY_SAID:
            if key in party.model_fields_set:
                self._ledger.carry(*where, key)
        return " ".join(said.split())


def decoded(text: str) -> str:
    """Read Base64 that holds text; what holds none stays as it is."""
    try:
        found = base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return text
    return found if found and all(c.isprintable() or c in "\r\n\t" for c in found) else text
