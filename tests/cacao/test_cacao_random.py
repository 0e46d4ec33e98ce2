"""Random workflows, random texts and random damage: a refusal or a playbook that passes every check, and nothing else."""

import copy
import json

from cacao_house import NOW, book, catalogue, ident, take
from hypothesis import given, note, settings
from hypothesis import strategies as st

from language import read
from language.cacao import CannotImport, export_playbook, import_playbook
from language.cacao.graph import circles
from language.cacao.writing import entry, item
from language.errors import Report
from language.source import load, plain

KINDS = ["action"] * 4 + ["parallel", "if-condition", "switch-condition", "playbook-action", "end", "while-condition"]
TEXT = st.text(max_size=60) | st.sampled_from(
    [
        "${inputs.x}",
        "__v__:value",
        "$__v__:value",
        "__w__:value{",
        "$$${",
        "a\nb",
        " x",
        "- a",
        "yes",
        "#",
        "it: #",
        "{inputs.x",
        "inputs.x",
        "{{ run.id }}",
    ]
)


@st.composite
def workflows(draw, *, forward):
    """Draw a workflow of up to a dozen steps; `forward`: ways lead on only, so that most have no fault."""
    count = draw(st.integers(2, 12))
    kinds = [draw(st.sampled_from(KINDS[:-1] if forward else KINDS)) for _ in range(count)]
    kinds[-1] = "end"
    ids = [ident(kind, str(number)) for number, kind in enumerate(kinds)]
    flow = {ident("start", "s"): {"type": "start", "on_completion": ids[0]}}

    def to(number):
        if forward:
            return ids[draw(st.integers(number + 1, count - 1))]
        return draw(st.sampled_from([*ids, ident("action", "gone")]))

    for number, (step_id, kind) in enumerate(zip(ids, kinds, strict=True)):
        step = {"type": kind, "name": draw(TEXT), "description": draw(TEXT)}
        flow[step_id] = step
        if kind == "end":
            continue
        if draw(st.booleans()) or kind in {"action", "playbook-action"}:
            step["on_completion"] = to(number)
        if draw(st.integers(0, 4)) == 0:
            step.pop("on_completion", None)
            step |= {"on_success": to(number), "on_failure": to(number)}
        match kind:
            case "action":
                step |= {"commands": [{"type": "bash", "command": draw(TEXT)}], "agent": ident("group", "us")}
            case "playbook-action":
                step["playbook_id"] = ident("playbook", str(number))
            case "parallel":
                step["next_steps"] = [to(number) for _ in range(draw(st.integers(1, 4)))]
            case "switch-condition":
                step |= {"switch": "__v__:value", "cases": {draw(TEXT): to(number) for _ in range(3)}}
            case _:
                step |= {"condition": draw(TEXT) or "x", "on_true": to(number)}
                if draw(st.booleans()):
                    step["on_false"] = to(number)
    if forward:  # what nobody reaches would be the fault of nearly every draw
        met, todo = set(), [ident("start", "s")]
        while todo:
            here = todo.pop()
            if here not in met:
                met.add(here)
                step = flow[here]
                todo += [v for k, v in step.items() if k.startswith("on_")]
                todo += [*step.get("next_steps", ()), *step.get("cases", {}).values()]
        flow = {step_id: step for step_id, step in flow.items() if step_id in met}
    variables = {
        "__v__": {"type": "string", "external": True, "value": draw(st.none() | TEXT)},
        "__w__": {"type": "string", "value": draw(TEXT), "constant": True},
    }
    return book(flow, name=draw(TEXT) or "x", description=draw(TEXT), playbook_variables=variables)


def outcome(made):
    """Import; give what came of it, and see that no refusal is a mistake of ours."""
    try:
        return take(made)
    except CannotImport as refused:
        # A playbook of ours that does not lint would be our fault, not the file's.
        if any(fault.code == "lint" for fault in refused.faults):
            raise AssertionError from refused
        return None


@settings(max_examples=120, deadline=None)
@given(workflows(forward=False))
def test_any_workflow_is_refused_or_becomes_a_playbook(made):
    outcome(made)


@settings(max_examples=120, deadline=None)
@given(workflows(forward=True))
def test_what_is_taken_keeps_order_and_every_step(made):
    done = outcome(made)
    if done is None:
        return
    note(done.text)
    acting = [s for s, step in made["workflow"].items() if step["type"] in {"action", "playbook-action"}]
    manual = [step for step in done.checked.playbook.contain if step.kind == "manual"]
    assert len(manual) == len(acting)
    assert not list(circles({step.id: list(step.needs) for step in manual}))
    # A step that leads straight to another comes before it.
    ids = _ids(done.text)
    assert set(ids) == set(acting)
    for step_id in acting:
        for key in ("on_completion", "on_success", "on_failure"):
            following = made["workflow"][step_id].get(key)
            if following in ids:
                assert ids[step_id] in _before(done.checked.waits, ids[following])


def _ids(text):
    lines = text.splitlines()
    return {
        line.strip(" #"): lines[number + 1].partition("id: ")[2].strip('"')
        for number, line in enumerate(lines)
        if line.startswith(("  # action--", "  # playbook-action--"))
    }


def _before(waits, step_id):
    met, todo = set(), [step_id]
    while todo:
        for other in waits[todo.pop()]:
            if other not in met:
                met.add(other)
                todo.append(other)
    return met


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_anywhere_is_refused_or_harmless(data):
    made = data.draw(workflows(forward=True))
    made["target_definitions"] = {ident("net-address", "t"): {"type": "net-address", "name": "t", "address": {}}}
    made["authentication_info_definitions"] = {ident("oauth2", "o"): {"type": "oauth2", "token": "x" * 9}}
    for _ in range(data.draw(st.integers(1, 3))):
        here, inner = made, made
        while isinstance(inner, dict | list) and inner:
            here = inner
            key = data.draw(st.sampled_from(list(here) if isinstance(here, dict) else list(range(len(here)))))
            inner = here[key]
            if data.draw(st.integers(0, 2)) == 0:
                break
        here[key] = data.draw(JSON)
    outcome(made)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode) | JSON.map(lambda v: json.dumps(v).encode()))
def test_any_bytes_are_refused(data):
    try:
        take(data)
    except CannotImport:
        return
    raise AssertionError("a playbook out of noise")


SANE = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn"]), min_size=1, max_size=90)
VALUES = st.recursive(
    st.booleans()
    | st.integers(-9, 99)
    | SANE
    | st.sampled_from(["10m", "1%", "010", "a: b", "x\ny", "\tx", "a\n\nb", "1e3"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SANE, inner, min_size=1, max_size=3),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(SANE, VALUES, min_size=1, max_size=4))
def test_what_is_written_reads_back_as_it_was(values):
    text = "\n".join(line for key, value in values.items() for line in entry(key, value)) + "\n"
    note(text)
    report = Report("x")
    assert plain(load(text, report)) == values
    listed = "x:\n" + "\n".join(line for value in values.values() for line in item(value)) + "\n"
    note(listed)
    assert plain(load(listed, Report("x"))) == {"x": list(values.values())}


@st.composite
def ours(draw):
    """Draw a playbook of ours: manual steps above and below a wall, each waiting for some before it."""
    count, wall = draw(st.integers(1, 9)), draw(st.integers(0, 9))
    lines = ["playbook: drawn", "title: Drawn", "breaks: Something", "does_not: Much", "contain:"]
    for number in range(count):
        if number == wall:
            lines.append("  - approve: approver")
        needs = sorted(draw(st.sets(st.sampled_from(range(number)), max_size=3))) if number else []
        step = {"id": f"s{number}", "manual": "Do " + draw(SANE).replace("{", "("), "undo_by": "Back", "layer": "data"}
        step |= {"needs": [f"s{n}" for n in needs]} if needs else {}
        lines += item(step)
    return "\n".join(lines) + "\n"


@settings(max_examples=60, deadline=None)
@given(ours())
def test_any_playbook_of_ours_goes_out_and_comes_back(text):
    checked = read(text, "drawn", catalogue())
    document = export_playbook(checked, catalogue(), NOW).document
    done = import_playbook(json.dumps(document).encode(), catalogue(), NOW)
    assert done.restored
    assert done.checked.playbook == checked.playbook
    assert done.checked.waits == checked.waits
    bare = copy.deepcopy(document)
    for key in ("playbook_extensions", "extension_definitions"):
        del bare[key]
    for step in bare["workflow"].values():
        step.pop("step_extensions", None)
    foreign = outcome(bare)
    assert foreign is not None
    ids = _ids(foreign.text)
    place = {
        s["step_extensions"][next(iter(s["step_extensions"]))]["step"].get("id"): i
        for i, s in document["workflow"].items()
        if "step_extensions" in s
    }
    for step_id, waited in checked.waits.items():
        if step_id not in place:  # the wall
            continue
        before = _before(foreign.checked.waits, ids[place[step_id]])
        assert {ids[place[other]] for other in waited} <= before
