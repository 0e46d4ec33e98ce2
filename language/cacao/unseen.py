"""What of a playbook of ours a foreign tool will not see, or not as we mean it, when it was exported."""

from collections.abc import Iterator, Mapping
from typing import Any

from language.cacao.faults import Loss, kind_of, pointer
from language.checked import Checked
from language.model import PHASES
from language.template import Hole, split

_CARRIED = frozenset({"id", "needs", "within", "manual"})
_HEAD_CARRIED = frozenset({"playbook", "title", "attack"})
_WORDS = "is said in words: no foreign tool evaluates it"
_STEP = {
    "uses": "is a manual command that names the action: no foreign tool can call it",
    "approve": "is a manual step: nothing but its agent holds a foreign tool back there",
    "watch": "is a manual step: no foreign tool looks again by itself",
    "undo": "is a manual step: only Ringfence knows what was clean before",
    "with": "is said in words: a foreign tool fills no `${…}`",
    "layer": "stands in the extension only",
    "closes": "stands in the extension only",
    "people": "is said in words: no foreign tool counts approvals",
}
_HEAD = {
    "breaks": "stands in the description",
    "does_not": "stands in the description",
    "inputs": "are variables of type string: a foreign tool knows no integration, secret or list",
}
_RIDES = "stands in the extension only"


def unseen(checked: Checked, raw: Mapping[str, Any], held_longer: Mapping[str, frozenset[str]]) -> list[Loss]:
    """Name every field that a foreign tool does not see as what it is: where it stands in our playbook, and why."""
    return list(_all(checked, raw, held_longer))


def _all(checked: Checked, raw: Mapping[str, Any], held_longer: Mapping[str, frozenset[str]]) -> Iterator[Loss]:
    if any(line.lstrip().startswith("#") for line in checked.source.splitlines()):
        yield Loss("", "comments", "are not in the export, nor in what is imported of it again")
    for key, value in raw.items():
        if key not in PHASES and key not in _HEAD_CARRIED:
            yield Loss(pointer(key), kind_of(value), _HEAD.get(key, _RIDES))
    for phase in PHASES:
        for number, written in enumerate(raw.get(phase, ())):
            for key, value in written.items():
                if key == "manual" and not _plain(checked, str(value)):
                    yield Loss(pointer(phase, number, key), kind_of(value), _STEP["with"])
                elif key not in _CARRIED:
                    yield Loss(pointer(phase, number, key), kind_of(value), _STEP.get(key, _WORDS))
            step = checked.playbook.phase(phase)[number]
            if step.id in held_longer:
                others = ", ".join(sorted(held_longer[step.id]))
                yield Loss(pointer(phase, number), "order", f"waits in a foreign tool for more than here: {others}")


def _plain(checked: Checked, text: str) -> bool:
    """Whether a foreign tool can fill all of a text: it holds inputs of type text only."""
    parts = split(text)
    texts = {f"inputs.{name}" for name, given in checked.playbook.inputs.items() if given.type == "text"}
    return not isinstance(parts, int) and all(p.source.strip() in texts for p in parts if isinstance(p, Hole))
