"""What an exported step says to whoever has no Ringfence: in words, as a manual command. The words are not read back."""

import json
from typing import Any

from language.cacao.names import playbook_id
from language.catalogue import Catalogue, Entry
from language.checked import Checked
from language.model import Phase, Step
from language.template import Hole, split

_WORDS_OF = (
    ("if_", "Only if"),
    ("for_each", "For each of"),
    ("where", "Of these, where"),
    ("expect", "Done when"),
    ("stays", "And stays so for"),
    ("at", "On the connection"),
    ("share", "A part first"),
    ("undo_by", "To undo it"),
    ("may_be_empty", "Nothing found is fine, because"),
    ("accept_reissue", "New tokens are accepted, because"),
    ("given_is_all", "The given list is all, because"),
)


class Sayings:
    """The words for the steps of one playbook."""

    def __init__(self, checked: Checked, catalogue: Catalogue) -> None:
        self._checked = checked
        self._catalogue = catalogue

    def entry(self, step: Step) -> Entry | None:
        """Give what a step uses; None for another playbook."""
        return self._catalogue.entries.get(step.uses)

    def kind(self, step: Step) -> str:
        """Give the type of step in CACAO."""
        return "playbook-action" if self._sub(step) is not None else "action"

    def _sub(self, step: Step) -> Checked | None:
        return self._checked.subs.get(step.id)

    def name(self, step: Step) -> str:
        """Give a step a name to show."""
        if step.kind == "approve":
            return f"Approval by {step.approve}"
        return step.id if step.named else {"watch": "Watch", "undo": f"Undo {step.undo}"}.get(step.kind, step.id)

    def activity(self, step: Step) -> str:
        """Give what a step does, in CACAO's vocabulary; empty where it has no word."""
        if step.kind == "undo":
            return "revert-system"
        entry = self.entry(step)
        if entry is None:
            return "restrict-access" if step.kind in {"manual", "watch", "uses"} else ""
        if entry.kind == "message":
            return "deliver-content"
        return "restrict-access" if entry.layer else "analyze-collected-data"

    def kinds(self) -> tuple[list[str], list[str]]:
        """Give the types and the activities of the playbook, in CACAO's vocabularies."""
        steps = self._checked.playbook.steps
        activities = sorted({activity for step in steps if (activity := self.activity(step))})
        types = {"mitigation"} | ({"remediation"} if "revert-system" in activities else set())
        return sorted(types), activities or ["restrict-access"]

    def agent(self, step: Step) -> tuple[str, str]:
        """Give who carries a step out: a type of agent, and its name."""
        if step.kind == "approve":
            return "group", step.approve
        return ("group", "responder") if step.kind == "manual" else ("security-category", "Ringfence")

    def work(self, step: Step) -> dict[str, Any]:
        """Give the fields of a step that say what is to be done."""
        sub = self._sub(step)
        if sub is not None:
            types, _ = Sayings(sub, self._catalogue).kinds()
            return {"description": self._told(step), "playbook_id": playbook_id(sub.playbook.title, types)}
        command = {"type": "manual", "command": self._told(step)}
        activity = self.activity(step)
        return {"commands": [command | ({"playbook_activity": activity} if activity else {})]}

    def begin(self, phase: Phase) -> str:
        """Say that a later phase does not follow by itself."""
        return f"Stop here. The phase {phase} begins when a person orders it: it does not follow by itself."

    def variables(self) -> dict[str, dict[str, Any]]:
        """Give our inputs as variables that come from outside."""
        found = {}
        for name, given in self._checked.playbook.inputs.items():
            has = f" that has {', '.join(given.has)}" if given.has else ""
            variable: dict[str, Any] = {"type": "string", "description": f"Ringfence: {given.type}{has}"}
            if isinstance(given.default, str):
                variable["value"] = given.default
            found[f"__{name}__"] = variable | {"constant": False, "external": True}
        return found

    def _told(self, step: Step) -> str:
        lines = [self._what(step)]
        if step.with_:
            lines.append(f"With: {json.dumps(step.with_, ensure_ascii=False)}")
        for key, label in _WORDS_OF:
            value = getattr(step, key)
            if value:
                lines.append(f"{label}: {self._filled(value) if key == 'undo_by' else value}")
        return "\n".join(lines)

    def _what(self, step: Step) -> str:
        match step.kind:
            case "approve":
                who = f"{step.people} people have" if step.people > 1 else "a person has"
                wait = f" within {step.within}" if step.within else ""
                below = " What comes after cannot be undone." if step in self._checked.playbook.contain else ""
                return f"Go on only when {who} approved it in the role {step.approve}{wait}.{below}"
            case "watch":
                return f"For {step.watch}, look again at what was closed, and close again what was switched on."
            case "undo":
                return f"Undo {step.undo}: back to what was clean before."
            case "uses":
                entry = self.entry(step)
                layer = f" [{entry.layer}]" if entry and entry.layer else ""
                doc = f": {entry.doc.partition(chr(10))[0]}" if entry and entry.doc else ""
                return f"Ringfence: {step.uses}{layer}{doc}"
            case "manual":
                return self._filled(step.manual or "")

    def _filled(self, text: str) -> str:
        """Say a text of ours with the standard's variables, where a foreign tool can fill them as we would."""
        parts = split(text)
        if isinstance(parts, int):
            return text
        return "".join(self._hole(part) if isinstance(part, Hole) else part for part in parts)

    def _hole(self, hole: Hole) -> str:
        _, _, name = hole.source.strip().partition("inputs.")
        given = self._checked.playbook.inputs.get(name)
        return f"__{name}__:value" if given and given.type == "text" else f"${{{hole.source}}}"
