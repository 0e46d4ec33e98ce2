"""Makes a playbook of CACAO 2.0 of one of ours. A foreign tool reads it as manual steps; our exact steps ride in an extension."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from language.cacao.faults import Loss
from language.cacao.names import EXPORTER, EXTENSION, object_id, playbook_id
from language.cacao.references import defence, reference
from language.cacao.rounds import Round, rounds
from language.cacao.sayings import Sayings
from language.cacao.unseen import unseen
from language.catalogue import Catalogue
from language.checked import Checked
from language.errors import Report
from language.model import PHASES
from language.source import load, plain

CREATED = "2026-01-01T00:00:00.000Z"
"""A file does not know when it was first written, and the standard wants one time for all versions of a playbook."""

_DEFINITION = {
    "type": "extension-definition",
    "name": "Ringfence step",
    "description": "The playbook and its steps as Ringfence carries them out.",
    "created_by": EXPORTER,
    "schema": (
        "On a playbook: an object `head`, the keys of the Ringfence playbook beside its phases. On a step: `phase` (text), `number` "
        "(its place in the phase, from 0) and `step` (the step's keys as they stand in the Ringfence playbook)."
    ),
    "version": "1.0.0",
}


@dataclass(frozen=True)
class Exported:
    """A playbook of CACAO 2.0, ready for JSON, and what of ours a foreign tool will not see in it."""

    document: dict[str, Any]
    losses: list[Loss]


def export_playbook(checked: Checked, catalogue: Catalogue, modified: dt.datetime) -> Exported:
    """Translate a checked playbook; `modified` is the time of this version of it."""
    raw = raw_of(checked)
    sayings = Sayings(checked, catalogue)
    types, activities = sayings.kinds()
    playbook = playbook_id(checked.playbook.title, types)
    made = _Workflow(checked, raw, sayings, playbook)
    made.run()
    described = f"Breaks: {checked.playbook.breaks}\nDoes not: {checked.playbook.does_not}"
    document: dict[str, Any] = {
        "type": "playbook",
        "spec_version": "cacao-2.0",
        "id": playbook,
        "name": checked.playbook.title,
        "description": described,
        "playbook_types": types,
        "playbook_activities": activities,
        "created_by": EXPORTER,
        "created": CREATED,
        "modified": modified.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "external_references": [*map(reference, checked.playbook.attack), *map(defence, checked.playbook.defend)],
        "playbook_variables": sayings.variables(),
        "workflow_start": made.start,
        "workflow_exception": made.end,
        "workflow": made.steps,
        "agent_definitions": made.agents,
        "extension_definitions": {EXTENSION: dict(_DEFINITION)},
        "playbook_extensions": {EXTENSION: {"head": {key: raw[key] for key in raw if key not in PHASES}}},
    }
    document = {key: value for key, value in document.items() if value not in ([], {})}
    return Exported(document, unseen(checked, raw, made.held_longer))


def raw_of(checked: Checked) -> dict[str, Any]:
    """Give the playbook as it is written, as JSON would hold it."""
    root = load(checked.source, Report("playbook"))
    assert root is not None
    written = plain(root)
    assert isinstance(written, dict)
    return written


class _Workflow:
    """Builds the steps of one export: rounds one after the other, the steps of a round at once."""

    def __init__(self, checked: Checked, raw: Mapping[str, Any], sayings: Sayings, playbook: str) -> None:
        self.steps: dict[str, dict[str, Any]] = {}
        self.agents: dict[str, dict[str, Any]] = {}
        self.held_longer: dict[str, frozenset[str]] = {}
        self.start = object_id("start", playbook, "")
        self.end = object_id("end", playbook, "")
        self._checked = checked
        self._raw = raw
        self._sayings = sayings
        self._playbook = playbook

    def run(self) -> None:
        """Build all of it, from the first step to the end."""
        found = list(rounds(self._checked))
        firsts = [self._first(each) for each in found]
        self.steps[self.start] = {"type": "start", "on_completion": firsts[0]}
        for each, first, following in zip(found, firsts, [*firsts[1:], self.end], strict=True):
            self.held_longer |= each.held_longer
            self._round(each, first, following)
        self.steps[self.end] = {"type": "end"}

    def _first(self, each: Round) -> str:
        if each.begins:
            return object_id("action", self._playbook, f"begins {each.phase}")
        return self._id(each, 0) if len(each.steps) == 1 else object_id("parallel", self._playbook, self._id(each, 0))

    def _id(self, each: Round, number: int) -> str:
        kind = self._sayings.kind(each.steps[number])
        return object_id(kind, self._playbook, f"{each.phase} {each.numbers[number]}")

    def _round(self, each: Round, first: str, following: str) -> None:
        if each.begins:
            command = {"type": "manual", "command": self._sayings.begin(each.phase)}
            agent = self._agent("group", "commander")
            self.steps[first] = {
                "type": "action", "name": f"Begin {each.phase}", "commands": [command], "agent": agent,
                "on_completion": following,
            }  # fmt: skip
        elif len(each.steps) == 1:
            self.steps[first] = self._step(each, 0, following)
        else:
            ids = [self._id(each, number) for number in range(len(each.steps))]
            self.steps[first] = {
                "type": "parallel", "name": "At once", "next_steps": ids, "on_completion": following,
            }  # fmt: skip
            for number, step_id in enumerate(ids):
                end = object_id("end", self._playbook, step_id)
                self.steps[step_id] = self._step(each, number, end)
                self.steps[end] = {"type": "end"}

    def _step(self, each: Round, number: int, following: str) -> dict[str, Any]:
        step = each.steps[number]
        made: dict[str, Any] = {"type": self._sayings.kind(step), "name": self._sayings.name(step)}
        seconds = step.within_s
        if seconds:
            made["timeout"] = int(seconds * 1000)
        made |= self._sayings.work(step)
        if made["type"] == "action":
            made["agent"] = self._agent(*self._sayings.agent(step))
        place = each.numbers[number]
        ours = {"phase": each.phase, "number": place, "step": self._raw[each.phase][place]}
        return made | {"on_completion": following, "step_extensions": {EXTENSION: ours}}

    def _agent(self, kind: str, name: str) -> str:
        agent = object_id(kind, self._playbook, name)
        known = {"type": kind, "name": name}
        self.agents[agent] = known | ({"category": ["orchestrator"]} if kind == "security-category" else {})
        return agent


def ours(steps: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Go through the steps that carry our extension: where it stands, and what it holds."""
    for step_id, step in steps.items():
        extensions = step.get("step_extensions")
        if isinstance(extensions, dict) and EXTENSION in extensions:
            yield step_id, extensions[EXTENSION]
