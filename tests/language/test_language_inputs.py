"""What responders give, and how they are told what is wrong with it."""

import dataclasses
import datetime as dt

import pytest
from language_house import GIVEN, HOUSE, INTEGRATION, TOKENS, check, integration

from language import BadInput

CHECKED = check("  - uses: crm.snapshot\n")


def problems(**changes):
    given = {k: v for k, v in {**GIVEN, **changes}.items() if v is not ...}
    with pytest.raises(BadInput) as caught:
        CHECKED.parse_inputs(given, integration)
    return caught.value.problems


def test_everything_given_is_typed():
    got = CHECKED.parse_inputs(GIVEN, integration)
    assert got.since == dt.datetime(2026, 3, 1, 2, 40, tzinfo=dt.UTC)
    assert got.tokens == TOKENS[:2]
    assert got.note == "none yet"
    assert got.integration.crm.app == "app-1"
    assert got.integration.addresses == ["192.0.2.7"]
    assert isinstance(got, CHECKED.inputs_type)


def test_all_mistakes_at_once():
    found = problems(since="yesterday", user=..., usr="u", integration="acne", tokens=["plain"], token="plain")
    assert found == [
        "no input 'usr', did you mean 'user'?",
        "integration: no integration 'acne'",
        "tokens: 0: must be a secret added with `ringfence secret add`, not text",
        "token: must be a secret added with `ringfence secret add`, not text",
        "since: must be a time with its zone, as 2026-03-01T02:40:00Z",
        "'user' is missing: give crm.user",
    ]


@pytest.mark.parametrize(
    "value", ["5", "2026-03-01", "2026-03-01T02:40:00", "1700000000", 5, True, ["2026-03-01T02:40:00Z"]]
)
def test_what_is_no_time(value):
    assert problems(since=value)[0].startswith("since: ")


@pytest.mark.parametrize("value", ["", None, ...])
def test_nothing_is_missing(value):
    assert problems(user=value) == ["'user' is missing: give crm.user"]


@pytest.mark.parametrize("value", ["ann", [], ["ann", ""], ["ann", 5], [TOKENS[0]]])
def test_what_is_no_list_of_text(value):
    assert problems(people=value)[0].startswith(("people: ", "'people' is missing"))


def test_a_secret_in_a_text_field_is_refused_and_not_shown():
    assert "sesame" not in problems(note=TOKENS[0])[0]


def test_an_integration_without_the_system_that_the_playbook_needs():
    with pytest.raises(BadInput, match="'acme' has no crm, which this playbook needs"):
        CHECKED.parse_inputs(GIVEN, lambda _: {k: v for k, v in INTEGRATION.items() if k != "crm"})


def test_a_foothold_with_a_part_missing():
    with pytest.raises(BadInput, match="integration: crm.client: Field required"):
        CHECKED.parse_inputs(GIVEN, lambda _: {**INTEGRATION, "crm": {"app": "a"}})


def test_a_type_of_a_connector_is_read_strictly():
    catalogue = dataclasses.replace(HOUSE, input_types={"switch": bool})
    checked = check(
        "  - uses: crm.snapshot\n",
        inputs="inputs: {on_off: {type: switch}, all: {type: list of switch}}\n",
        catalogue=catalogue,
    )
    assert checked.parse_inputs({"on_off": True, "all": [False]}, integration).on_off is True
    with pytest.raises(BadInput, match="on_off: .*\n.*all: "):
        checked.parse_inputs({"on_off": "yes", "all": ["no"]}, integration)


def test_other_systems_of_the_integration_do_not_matter():
    got = CHECKED.parse_inputs(GIVEN, lambda _: {**INTEGRATION, "mail": {"box": 1}})
    assert not hasattr(got.integration, "mail")


def test_an_integration_has_exactly_one_foothold_of_each_system_that_is_named():
    two = {**INTEGRATION, "crm": [INTEGRATION["crm"], {"app": "app-2", "client": "c-2"}]}
    with pytest.raises(BadInput) as caught:
        CHECKED.parse_inputs(GIVEN, lambda _: two)
    (said,) = caught.value.problems
    assert said.startswith("integration: 'acme' has 2 footholds at crm, and this playbook works on exactly one")
    free = check("  - uses: crm.snapshot\n", inputs="inputs:\n  integration: {type: integration}\n")
    assert free.parse_inputs({"integration": "acme"}, lambda _: two).integration.id == "acme"


def test_footholds_are_given_with_their_systems():
    listed = [
        {"id": "app", "kind": "app", "system": "crm", "at": "crm"},
        {"id": "paper", "kind": "path", "system": None, "at": None},
    ]
    got = CHECKED.parse_inputs(GIVEN, lambda _: {**INTEGRATION, "footholds": listed})
    assert [(f.id, f.system) for f in got.integration.footholds] == [("app", "crm"), ("paper", None)]
