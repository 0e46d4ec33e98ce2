"""What an exported step says to whoever has no Ringfence: in words, as a manual command. The words are not read back."""

import json
from collections.abc import Mapping
from typing import Any

from language.catalogue import Catalogue, Entry
from language.checked import Checked
from language.model import Phase, Step

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
        """Give what a step uses, if it is in the catalogue."""
        return self._catalogue.entries.get(step.uses)

    def kind(self, step: Step) -> str:
        """Give the type of step in CACAO."""
        return "playbook-action" if self._sub(step) is not None else "action"

    def _sub(self, step: Step) -> Checked | None:
        subs: Mapping[str, Checked] = getattr(self._checked, "subs", {})
        return subs.get(step.id)

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
        if step.kind == "uses" and entry is not None:
            if entry.kind in {"find", "look"}:
                return "analyze-collected-data"
            return "restrict-access" if entry.layer else "deliver-content"
        return "restrict-access" if step.kind in {"manual", "watch"} else ""

    def agent(self, step: Step) -> tuple[str, str]:
        """Give who carries a step out: a type of agent, and its name."""
        if step.kind == "approve":
            return "group", step.approve
        return ("group", "responder") if step.kind == "manual" else ("security-category", "Ringfence")

    def work(self, step: Step) -> dict[str, Any]:
        """Give the fields of a step that say what is to be done."""
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
            value = getattr(step, key, None)
            if value:
                lines.append(f"{label}: {value}")
        return "\n".join(lines)

    def _what(self, step: Step) -> str:
        match step.kind:
            case "approve":
                people = getattr(step, "people", 1) or 1
                who = (
                    f"{people} people with the role {step.approve}"
                    if people > 1
                    else f"a person with the role {step.approve}"
                )
                wait = f" within {step.within}" if step.within else ""
                below = "What comes after cannot be undone." if step in self._checked.playbook.contain else ""
                return f"Go on only when {who} has approved it{wait}. {below}".strip()
            case "watch":
                return f"For {step.watch}, look again at what was closed, and close again what was switched on."
            case "undo":
                return f"Undo {step.undo}: back to what was clean before."
            case "uses":
                entry = self.entry(step)
                layer = f" [{entry.layer}]" if entry and entry.layer else ""
                doc = f": {entry.doc.partition(chr(10))[0]}" if entry and entry.doc else ""
                return f"Ringfence: {step.uses}{layer}{doc}"
        return str(getattr(step, "manual", "") or step.kind)
