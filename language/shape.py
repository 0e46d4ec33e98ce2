"""From the tree of a file to a playbook: which keys there are, what stands in them, and where. No names, no types yet."""

import json
import re
from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from language.complaints import plainly
from language.credential import is_credential
from language.errors import Place, Report, nearest, short
from language.model import KINDS, PHASES, STEP_KEYS, Guardrails, Input, Kind, Playbook, Trigger
from language.source import Items, Keys, Node, Scalar, plain

_TOP = frozenset(field.alias or name for name, field in Playbook.model_fields.items())
_INPUT = frozenset(Input.model_fields)
_TRIGGER = frozenset(field.alias or name for name, field in Trigger.model_fields.items())
EXPRESSION_KEYS = frozenset({"if", "where", "expect", "for_each", "when"})
_ONLY_READ = frozenset(
    ["title", "breaks", "does_not", "wakes", "may_be_empty", "accept_reissue", "given_is_all", "approve", "at", "undo"]
)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_TECHNIQUES = {
    "attack": "no technique of ATT&CK, as T1528 or T1550.001",
    "defend": "no technique of D3FEND, as D3-CR",
}


class Shaped:
    """A playbook, with the part of the file that each step and input came from."""

    def __init__(self, playbook: Playbook, root: Keys, steps: dict[str, Keys]) -> None:
        self.playbook = playbook
        self.root = root
        self.steps = steps

    def input_at(self, name: str, key: str = "") -> Place:
        """Find an input, or one of its keys."""
        inputs = self.root.nodes["inputs"]
        node = inputs.nodes[name] if isinstance(inputs, Keys) else inputs
        return node.at(key) if isinstance(node, Keys) and key else node.place

    def scalar(self, step_id: str, key: str) -> Scalar:
        """Return an expression as it was written."""
        node = self.steps[step_id].nodes[key]
        assert isinstance(node, Scalar)
        return node


def shape(root: Node, report: Report) -> Shaped:
    """Make a playbook of a tree. Ends the stage when anything is wrong."""
    if not isinstance(root, Keys):
        report.add("shape", root.place, "a playbook begins with `playbook: its_id`")
        report.settle()
        raise AssertionError  # noqa: TRY004  settle() has raised
    _credentials(root, report)
    _known(root, _TOP, "a playbook", report)
    _parts(root, report)
    _unfilled(root, report)
    data = {key: plain(node) for key, node in root.nodes.items() if key in _TOP}
    steps: dict[str, Keys] = {}
    kept: dict[str, list[Keys]] = {}
    taken = _written_ids(root)
    for phase in PHASES:
        part = root.nodes.get(phase)
        if isinstance(part, Items):
            data[phase], kept[phase] = _steps(part, steps, taken, report)
            if not part.nodes:
                report.add("shape", root.at(phase), f"{phase}: must not be empty")
    try:
        playbook = Playbook.model_validate_json(json.dumps(data))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _say(detail, root, kept, report)
        playbook = None
    report.settle()
    assert playbook is not None
    return Shaped(playbook, root, steps)


def _parts(root: Keys, report: Report) -> None:
    """Check the keys of what is neither the top nor a step."""
    inputs, triggers, rails = (root.nodes.get(key) for key in ("inputs", "triggers", "guardrails"))
    for node in inputs.nodes.values() if isinstance(inputs, Keys) else ():
        if isinstance(node, Keys):
            _known(node, _INPUT, "an input", report)
    for node in triggers.nodes if isinstance(triggers, Items) else ():
        if isinstance(node, Keys):
            _known(node, _TRIGGER, "a trigger", report)
            _expressions(node, report)
    if isinstance(rails, Keys):
        _known(rails, Guardrails.model_fields, "guardrails", report)


def _unfilled(root: Keys, report: Report) -> None:
    """Nothing fills `${…}` in what is only read: it would be shown as it is written."""
    inputs = root.nodes.get("inputs")
    read = [(root, key) for key in _ONLY_READ]
    read += [
        (node, "default")
        for node in (inputs.nodes.values() if isinstance(inputs, Keys) else ())
        if isinstance(node, Keys)
    ]
    for phase in PHASES:
        part = root.nodes.get(phase)
        steps = part.nodes if isinstance(part, Items) else []
        read += [(step, key) for step in steps if isinstance(step, Keys) for key in _ONLY_READ & step.nodes.keys()]
    for keys, key in read:
        node = keys.nodes.get(key)
        if isinstance(node, Scalar) and isinstance(node.value, str) and "${" in node.value:
            report.add(
                "hole", node.inside(node.value.index("${"), keys.at(key)), f"{key}: nothing fills `${{…}}` in here"
            )


def _written_ids(root: Keys) -> dict[str, int]:
    """The ids that were written, each with how often a name was made of it so far: once, itself."""
    found: dict[str, int] = {}
    for phase in PHASES:
        node = root.nodes.get(phase)
        for step in node.nodes if isinstance(node, Items) else ():
            written = step.nodes.get("id") if isinstance(step, Keys) else None
            if isinstance(written, Scalar) and isinstance(written.value, str):
                found[written.value] = 1
    return found


def _steps(
    phase: Items, steps: dict[str, Keys], taken: dict[str, int], report: Report
) -> tuple[list[dict[str, object]], list[Keys]]:
    data, kept = [], []
    for node in phase.nodes:
        kind = _kind(node, report)
        if kind is None or not isinstance(node, Keys):
            continue
        _known(node, STEP_KEYS[kind], f"a step with `{kind}`", report)
        _expressions(node, report)
        written = {key: plain(value) for key, value in node.nodes.items() if key in STEP_KEYS[kind]}
        step_id = written.get("id")
        named = step_id is not None
        if not isinstance(step_id, str):
            step_id = _free_id(kind, node, taken)
        if step_id in steps:
            report.add("duplicate_id", node.at("id"), f"step id '{short(step_id)}' stands twice")
        steps.setdefault(step_id, node)
        data.append({"id": step_id, **written, "kind": kind, "named": named})
        kept.append(node)
    return data, kept


def _kind(node: Node, report: Report) -> Kind | None:
    if not isinstance(node, Keys):
        report.add("shape", node.place, "a step is `- uses: …`, or begins with manual, approve, watch or undo")
        return None
    kinds = [kind for kind in KINDS if kind in node.nodes]
    if len(kinds) == 1:
        return kinds[0]
    slips = [] if kinds else [f"'{short(key)}'{hint}" for key in node.nodes if "mean" in (hint := nearest(key, KINDS))]
    here = f"here: {'; '.join(slips) or ', '.join(map(short, kinds or list(node.nodes)[:5]))}"
    code = "two_kinds" if kinds else "no_kind"
    report.add(code, node.place, f"a step has exactly one of {', '.join(KINDS)}; {here}")
    return None


def _free_id(kind: Kind, node: Keys, taken: dict[str, int]) -> str:
    uses = plain(node.nodes["uses"]) if kind == "uses" else kind
    stem = re.sub(r"[^a-z0-9_]", "_", str(uses).rpartition(".")[2].lower())[:35]
    stem = stem if re.match(r"[a-z]", stem) else f"s_{stem}"
    name = stem
    while name in taken:
        taken[stem] += 1
        name = f"{stem}_{taken[stem]}"
    taken[name] = 1
    return name


def _known(node: Keys, known: Iterable[str], what: str, report: Report) -> None:
    before: str | None = None
    for key, place in node.keys.items():
        if key in known:
            before = key
        elif before in EXPRESSION_KEYS and node.flow and not _WORD.fullmatch(key):
            report.add("comma", place, f"a comma ended the expression before `{short(key)}`: quote it")
        else:
            report.add("unknown_key", place, f"unknown key '{short(key)}' in {what}{nearest(key, known)}")


def _expressions(node: Keys, report: Report) -> None:
    for key in EXPRESSION_KEYS & node.nodes.keys():
        value = node.nodes[key]
        if not isinstance(value, Scalar):
            continue
        if value.comment and value.plain:
            report.add("comment", value.place, f"{key}: quote an expression that a `#` follows: it may be cut short")
        if isinstance(value.value, str) and "${" in value.value:
            report.add("dollar", value.place, f"{key}: is an expression already: leave `${{` and `}}` out")


def _credentials(node: Node, report: Report) -> None:
    if isinstance(node, Scalar):
        if isinstance(node.value, str) and is_credential(node.value):
            report.add("credential", node.place, "this looks like a credential: make it an input of type secret")
        return
    for child in node.nodes if isinstance(node, Items) else node.nodes.values():
        _credentials(child, report)


def _say(detail: ErrorDetails, root: Keys, kept: dict[str, list[Keys]], report: Report) -> None:
    """Find the place of what pydantic found, and say it in our words."""
    if detail["type"] == "extra_forbidden":
        return  # an unknown key was told already, with the nearest right one
    loc = list(detail["loc"])
    node: Node = root
    place, name = root.place, ""
    if loc and loc[0] in kept and len(loc) > 1:
        node = kept[str(loc[0])][int(loc[1])]
        place, loc = node.place, loc[2:]
    for part in loc:
        if part == "[key]":
            continue
        name = str(part) if isinstance(part, str) else name
        inner: Node | None = None
        if isinstance(node, Keys) and isinstance(part, str):
            place = node.at(part)
            inner = node.nodes.get(part)
        elif isinstance(node, Items) and isinstance(part, int):
            inner = node.nodes[part]
            place = inner.place
        if inner is None:
            break
        node = inner
    if isinstance(node, Scalar) and "[key]" not in loc:
        place = node.place
    said = plainly(detail)
    given = f"'{short(str(detail['input']))}'"
    if detail["type"] == "string_pattern_mismatch" and detail["loc"][0] in _TECHNIQUES:
        said = f"{given} is {_TECHNIQUES[str(detail['loc'][0])]}"
    elif detail["type"] != "missing" and isinstance(detail["input"], str | int) and detail["type"] != "value_error":
        said += f", not {short(json.dumps(detail['input'], ensure_ascii=False))}" if detail["input"] != "" else ""
    code = "missing" if detail["type"] == "missing" else "shape"
    report.add(code, place, f"{name}: {said}" if said != "is missing" else f"'{name}' is missing")
