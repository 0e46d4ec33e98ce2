"""What we export is CACAO 2.0 by its published schemas, keeps our order and walls, and comes back as the same playbook."""

import copy
import datetime as dt
import json
from pathlib import Path

import pytest
from cacao_house import NOW, SHARED, catalogue, codes, ident, take

from language import read
from language.cacao import CannotImport, export_playbook, import_playbook
from language.cacao.names import EXTENSION
from language.model import PHASES

ROOT = Path(__file__).parents[2]
RICH = Path(__file__).with_name("cacao_rich.yaml")
FILES = [*sorted((ROOT / "playbooks").glob("*.yaml")), RICH]
LIBRARY = {file.stem: file for file in FILES}

each = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def library(name):
    return (LIBRARY[name].read_text(), str(LIBRARY[name])) if name in LIBRARY else None


def checked(file, text=None):
    return read(text or file.read_text(), str(file), catalogue(), library)


def exported(file):
    return export_playbook(checked(file), catalogue(), NOW)


def back(document):
    return import_playbook(json.dumps(document).encode(), catalogue(), NOW, library=library)


@each
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/cacao is not here")
def test_an_export_validates(file):
    from cacao_schemas import mistakes

    assert mistakes(exported(file).document) == []


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/cacao is not here")
def test_the_validator_finds_mistakes_at_every_depth():
    from cacao_schemas import mistakes

    document = exported(RICH).document
    step_id = next(s for s, step in document["workflow"].items() if "commands" in step)
    for change in (
        lambda d: d.pop("name"),
        lambda d: d["workflow"][step_id].pop("agent"),
        lambda d: d["workflow"][step_id]["commands"][0].update(command=7),
        lambda d: d["extension_definitions"][EXTENSION].pop("schema"),
        lambda d: d["external_references"][0].pop("name"),
        lambda d: d["playbook_variables"]["__ticket__"].pop("type"),
        lambda d: next(iter(d["agent_definitions"].values())).pop("name"),
    ):
        wrong = copy.deepcopy(document)
        change(wrong)
        assert mistakes(wrong)


@each
def test_an_export_comes_back_as_the_same_playbook(file):
    before = checked(file)
    done = back(exported(file).document)
    assert done.restored
    assert done.checked.playbook == before.playbook
    assert done.checked.waits == before.waits
    assert done.checked.below_wall == before.below_wall
    assert done.losses == []


@each
def test_the_same_playbook_has_the_same_export(file):
    one, other = exported(file), exported(file)
    assert json.dumps(one.document) == json.dumps(other.document)
    again = back(one.document)
    assert export_playbook(again.checked, catalogue(), NOW).document == one.document


@each
def test_a_foreign_tool_that_drops_the_extension_keeps_every_step_as_a_manual_one(file):
    document = exported(file).document
    for key in ("playbook_extensions", "extension_definitions"):
        del document[key]
    for step in document["workflow"].values():
        step.pop("step_extensions", None)
    done = take(document)
    named = checked(file).playbook.steps
    begun = sum(bool(checked(file).playbook.phase(phase)) for phase in PHASES[1:])
    assert len(done.checked.playbook.contain) == 1 + len(named) + begun
    assert not done.restored


@each
def test_the_order_is_kept(file):
    book = checked(file)
    document = exported(file).document
    place = {
        (e["phase"], e["number"]): step_id
        for step_id, step in document["workflow"].items()
        for e in [step.get("step_extensions", {}).get(EXTENSION)]
        if e
    }
    at = {s.id: place[phase, n] for phase in PHASES for n, s in enumerate(book.playbook.phase(phase))}
    after = _after(document["workflow"])
    for step_id, waited in book.waits.items():
        for other in waited:
            assert at[other] in after[at[step_id]], f"{step_id} waits for {other}"
    walls = [s for s in book.playbook.contain if s.kind == "approve"]
    for below in book.below_wall:
        assert all(at[wall.id] in after[at[below]] for wall in walls)


def _after(workflow):
    """For each step, all that is surely done before it, by CACAO's own meaning: a walk that knows nothing of rounds."""
    found = {}

    def walk(step_id, done):
        while True:
            step = workflow[step_id]
            found[step_id] = set(done)
            if step["type"] == "end":
                return done
            done = {*done, step_id}
            for branch in step.get("next_steps", ()):
                done |= walk(branch, set(found[step_id]))
            step_id = step["on_completion"]

    walk(next(s for s, step in workflow.items() if step["type"] == "start"), set())
    assert set(found) == set(workflow)
    return found


def test_no_two_objects_share_an_identifier():
    document = exported(RICH).document
    ids = [document["id"], document["created_by"], *document["workflow"], *document["agent_definitions"], EXTENSION]
    assert len({one.partition("--")[2] for one in ids}) == len(ids)


def test_a_later_phase_begins_with_the_order_of_a_person():
    names = [step.get("name") for step in exported(RICH).document["workflow"].values()]
    assert names.index("Begin eradicate") < names.index("look") < names.index("Begin recover") < names.index("first")


def test_what_a_person_reads_is_enough_to_act():
    steps = {step.get("name"): step for step in exported(RICH).document["workflow"].values()}
    told = {name: step["commands"][0]["command"] for name, step in steps.items() if "commands" in step}
    assert told["block"].startswith(
        "Block ticket __ticket__:value at the vendor\n  and write ${this} down:\twith a tab"
    )
    assert "To undo it: Unblock __ticket__:value" in told["block"]
    assert steps["block"]["timeout"] == 180_000
    assert told["Approval by approver"].startswith(
        "Go on only when 2 people have approved it in the role approver within 10m."
    )
    assert "Only if: steps.client.open || size(steps.found.items) > 2" in told["user"]
    assert "For each of: steps.found.items" in told["tokens"]


def test_losses_name_every_field_that_a_foreign_tool_does_not_read():
    lost = {loss.pointer: loss.why for loss in exported(RICH).losses}
    for pointer in ("", "/guardrails", "/wakes", "/expires", "/contain/0/uses", "/contain/0/with", "/contain/3/if",
                    "/contain/5/people", "/contain/7/manual", "/recover/1/share"):  # fmt: skip
        assert pointer in lost, pointer
    assert "/contain/1/manual" not in lost
    # `late` waits for `client` alone, but its round for all of the round before.
    assert lost["/contain/4"] == "waits in a foreign tool for more than here: block, found"


def test_a_playbook_that_uses_another_names_it():
    book = _outer()
    done = export_playbook(read(book, "outer", catalogue(), library), catalogue(), NOW)
    step = next(s for s in done.document["workflow"].values() if s["type"] == "playbook-action")
    assert step["playbook_id"] == exported(LIBRARY["stolen_oauth_tokens"]).document["id"]
    again = back(done.document)
    assert again.restored


def _outer():
    return """
playbook: outer
title: Outer
breaks: This
does_not: That
inputs:
  integration: {type: integration, has: [practice_idp, practice_crm, practice_firewall]}
contain:
  - approve: approver
  - {id: inner, uses: playbook.stolen_oauth_tokens, with: {integration: "${inputs.integration}"}}
"""


# What others may have done to our export on its way.


def changed(document, change):
    wrong = copy.deepcopy(document)
    change(wrong)
    with pytest.raises(CannotImport) as refused:
        back(wrong)
    return refused


def _a_step(document):
    return next(step for step in document["workflow"].values() if step.get("name") == "client")


@pytest.mark.parametrize(
    "change",
    [
        lambda d: _a_step(d)["commands"][0].update(command="Look at the clock"),
        lambda d: _a_step(d)["step_extensions"][EXTENSION]["step"].update(uses="practice_idp.tokens"),
        lambda d: _a_step(d)["step_extensions"][EXTENSION]["step"].update(id="other"),
        lambda d: _a_step(d)["step_extensions"].update({ident("extension-definition", "x"): {}}),
        lambda d: d["playbook_extensions"][EXTENSION]["head"].update(breaks="Nothing at all."),
        lambda d: d.update(description="Harmless"),
        lambda d: d.update(odd=1),
    ],
    ids=["words", "action", "id", "more", "head", "description", "added"],
)
def test_words_and_steps_that_differ_are_refused(change):
    assert codes(changed(exported(RICH).document, change)) <= {"changed", "lint"}


def test_a_changed_step_is_told_with_its_place():
    refused = changed(exported(RICH).document, lambda d: _a_step(d)["commands"][0].update(command="x"))
    (fault,) = refused.value.faults
    assert fault.pointer.endswith("/commands/0/command")


@pytest.mark.parametrize(
    "change",
    [
        lambda d: _a_step(d).pop("step_extensions"),
        lambda d: _a_step(d)["step_extensions"][EXTENSION].update(number=99),
        lambda d: _a_step(d)["step_extensions"][EXTENSION].update(number=1),
        lambda d: _a_step(d)["step_extensions"][EXTENSION].update(number=True),
        lambda d: _a_step(d)["step_extensions"][EXTENSION].update(phase=["contain"]),
        lambda d: _a_step(d)["step_extensions"][EXTENSION].update(step="x"),
        lambda d: _a_step(d)["step_extensions"].update({EXTENSION: 1}),
        lambda d: d["playbook_extensions"].update({EXTENSION: {}}),
        lambda d: d["playbook_extensions"].update({EXTENSION: {"head": {"contain": []}}}),
    ],
)
def test_an_extension_of_another_shape_is_refused(change):
    assert codes(changed(exported(RICH).document, change)) == {"extension"}


def test_a_signature_or_a_label_beside_it_does_no_harm():
    document = exported(RICH).document | {"signatures": [{"type": "jss"}], "labels": ["x"], "revoked": False}
    done = back(document)
    assert done.restored
    assert {loss.pointer for loss in done.losses} == {"/signatures", "/labels", "/revoked"}


def test_the_version_is_the_time_of_the_file_and_the_id_stays():
    later = export_playbook(checked(RICH), catalogue(), NOW + dt.timedelta(days=1)).document
    first = exported(RICH).document
    assert later["id"] == first["id"]
    assert first["modified"] == "2026-03-01T02:40:00.000Z" < later["modified"]
    assert later["created"] == first["created"]
