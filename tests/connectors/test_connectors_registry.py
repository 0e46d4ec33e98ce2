"""The registry is the contract: whatever a connector declares, each entry of it keeps these rules."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from connectors.core import Grade, Layer, NoState, Secret, needs_of
from connectors.core.exchange import EXCHANGED
from connectors.core.model import FAMILIES
from engine.registry import catalogue, registry

FOUND = registry()
SURVEYS = {name: survey for system in FOUND.systems.values() for name, survey in system.surveys.items()}
PLANS = Path(__file__).parents[1] / "plans"


def each(entries):
    return pytest.mark.parametrize("entry", list(entries.values()), ids=list(entries))


def secrets_of(model: type[BaseModel]) -> set[str]:
    return {name for name, field in model.model_fields.items() if field.annotation is Secret}


@each(FOUND.actions)
def test_an_action_says_what_it_does_needs_and_stops(entry):
    assert entry.doc.partition("\n")[0].endswith("."), "a docstring whose first line is a sentence"
    assert entry.permission
    assert entry.layer in get_args(Layer)
    assert entry.does <= frozenset(FAMILIES)
    assert entry.does or entry.stops == "nothing", "an action that stops something says which family"
    assert entry.settles_within_s > 0


@each(FOUND.actions)
def test_an_action_has_a_way_back_or_says_why_there_is_none(entry):
    assert (entry.back is None) == bool(entry.irreversible)
    assert entry.cuts == (entry.back is None and entry.stops != "nothing")
    if entry.cuts:
        assert not entry.masks, "only an undo revives"


@each(FOUND.actions)
def test_what_no_look_can_prove_says_why(entry):
    assert (entry.sees is None) == bool(entry.because)
    if entry.sees is None:
        assert entry.state is NoState
        return
    assert entry.sees.name in FOUND.looks
    assert entry.sees.state is entry.state
    assert entry.sees.grade > Grade.SAID
    assert set(entry.sees.params.model_fields) <= set(entry.params.model_fields), (
        "the look is asked by the action's own"
    )
    assert not entry.sees.state.model_fields.keys() <= entry.sees.state._marked("volatile"), "something is governed"


@each(FOUND.actions)
def test_a_block_that_can_be_undone_names_what_its_undo_would_revive(entry):
    """Live tokens behind a client that is switched on again: recovery is refused while they yield calls.

    A block that ends what is live as well (GitHub's suspended App) leaves nothing that another action could list.
    """
    if "blocks-reissue" in entry.does and entry.back is not None:
        assert entry.masks or entry.does & {"kills-access", "ends-sessions"}


@each(FOUND.actions)
def test_an_action_has_its_cases_among_the_plans(entry):
    assert len(list((PLANS / entry.name).glob("*.json"))) >= 3


@each(FOUND.looks)
def test_a_look_says_what_it_needs_and_by_what_a_thing_is_known(entry):
    assert entry.doc
    assert entry.permission
    assert entry.identifies
    assert set(entry.identifies) <= set(entry.params.model_fields)
    assert not {"open", "failed", "skipped", "effective", "items"} & set(entry.state.model_fields)


@each(FOUND.finds)
def test_a_find_yields_its_looks_pairs_and_has_a_control(entry):
    assert entry.doc
    assert entry.permission
    assert entry.of.name in FOUND.looks
    assert entry.control is not None, "an empty listing proves nothing without it"
    assert set(entry.control.params.model_fields) <= set(entry.params.model_fields)


@each(SURVEYS)
def test_a_survey_says_what_it_needs_and_lists_what_an_inventory_can_name(entry):
    assert entry.doc.partition("\n")[0].endswith("."), "a docstring whose first line is a sentence"
    assert entry.permission
    assert FOUND.looks[entry.of.name] is entry.of, "what it lists can be looked at again, one by one"
    system = FOUND.system_of(entry.name)
    if entry.part_of:
        assert entry.part_of in system.footholds
        assert entry.kind not in system.footholds, "a part of a foothold is none by itself"
        return
    assert needs_of(entry.kind)
    fields = system.footholds[entry.kind].model_fields
    assert set(entry.of.params.model_fields) <= set(fields), "what names it there is what a foothold is declared by"
    others = {name for name, field in fields.items() if field.is_required()} - set(entry.of.params.model_fields)
    assert others <= {"registration", "registration_token"}, "no listing gives out what RFC 7592 manages a client by"


@each(SURVEYS)
def test_a_survey_is_the_only_one_of_its_kind_and_keeps_no_secret(entry):
    same = [one for one in FOUND.system_of(entry.name).surveys.values() if one.kind == entry.kind]
    assert same == [entry], "marks and snapshots are kept by kind"
    assert not secrets_of(entry.of.params)
    assert not entry.of.state.sealed_fields(), "a snapshot has no run whose key would seal it"


@each(FOUND.systems)
def test_a_credential_that_is_exchanged_says_how(entry):
    assert (entry.auth in EXCHANGED) == (entry.grant is not None)


@each(FOUND.systems)
def test_a_system_has_a_rate_meanings_and_footholds_that_close(entry):
    assert entry.rate.calls > 0
    assert entry.rate.per_s > 0
    assert entry.rate.in_flight > 0
    assert {401, 403, 404} <= set(entry.meaning)
    done = frozenset[str]().union(*(action.does for action in entry.actions.values()))
    for kind, fields in entry.footholds.items():
        assert needs_of(kind) & done, f"nothing here does anything about a {kind}"
        assert fields.__doc__


@each(FOUND.systems)
def test_a_foothold_holds_what_its_actions_are_asked_by(entry):
    for action in entry.actions.values():
        if action.back is None:
            continue
        known = set().union(*(set(fields.model_fields) for fields in entry.footholds.values()))
        assert set(action.sees.identifies) & known, f"{action.name}: nothing of a foothold names its target"


def test_a_kind_that_nobody_knows_names_those_there_are():
    with pytest.raises(LookupError, match="client"):
        needs_of("fax")


def test_every_name_is_its_systems_own_and_once():
    for name, entry in {**FOUND.actions, **FOUND.finds, **FOUND.looks}.items():
        assert entry.name == name
        assert FOUND.system_of(name).name == name.partition(".")[0]
    assert not set(FOUND.actions) & (set(FOUND.finds) | set(FOUND.looks))


def test_the_catalogue_names_all_of_it_and_shows_no_sealed_field():
    made = catalogue(FOUND)
    assert {name for name, entry in made.entries.items() if entry.kind in {"action", "message"}} == set(FOUND.actions)
    for name, entry in made.entries.items():
        assert entry.doc, name
        if entry.kind == "action":
            assert entry.undoable == (not FOUND.actions[name].cuts)
        for field in () if entry.item is None else entry.item.model_fields.values():
            assert "sealed" not in field.metadata, name


def test_a_secret_is_typed_as_one():
    """Whatever is called a token, key or secret where it opens something; the practice company's are public ids."""
    for name, action in FOUND.actions.items():
        if not name.startswith("practice_"):
            named = {field for field in action.params.model_fields if field.endswith(("token", "secret", "key"))}
            assert named == secrets_of(action.params), name
