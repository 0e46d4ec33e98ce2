"""What an action is called with: exact types, secrets whole, and doubts instead of guesses."""

import datetime as dt

import pytest
from language_house import ENTRIES, HOUSE, NOW, TOKENS, CrmFoothold, Grant, Secret, check, values
from pydantic import BaseModel

from language import BadPlaybook, Catalogue, Doubt, Entry, StepValue

FOUND = '  - {id: found, uses: crm.find_grants, with: {app: "${inputs.integration.crm.app}"}}\n'


class Rule(BaseModel):
    name: str
    until: dt.datetime
    secret: Secret | None = None


class EverythingParams(BaseModel):
    foothold: CrmFoothold | None = None
    grants: list[Grant] = []
    secrets: list[Secret] = []
    rules: list[Rule] = []
    flag: bool | None = None
    span: dt.timedelta | None = None
    at: dt.datetime | None = None
    share: float = 1.0
    name: str = ""


WIDE = Catalogue(
    entries={**HOUSE.entries, "x.do": Entry("x.do", "action", EverythingParams)},
    footholds=HOUSE.footholds,
    input_types=HOUSE.input_types,
    org=HOUSE.org,
)


def filled(with_, item=None, **steps):
    checked = check(f"{FOUND}  - {{id: it, uses: x.do, with: {with_}}}\n", catalogue=WIDE)
    return checked.fill("it", values(checked, **steps), item)


def test_a_whole_expression_keeps_its_type():
    got = filled(
        '{foothold: "${inputs.integration.crm}", at: "${incident.since}", flag: "${size(inputs.people) == 2}"}'
    )
    assert got.foothold == CrmFoothold(app="app-1", client="c-1")
    assert got.at == NOW - dt.timedelta(hours=2)
    assert got.flag is True


def test_a_time_span_and_a_whole_number_for_a_number():
    got = filled('{span: "${run.now - incident.since}", share: "${size(inputs.people)}"}')
    assert got.span == dt.timedelta(hours=2)
    assert got.share == 2.0


def test_messages_come_back_from_a_filter_whole():
    grants = [Grant(id="1", app="a", user="u", used=NOW, scopes=["s"]), Grant(id="2", app="a", user="u", live=False)]
    got = filled('{grants: "${steps.found.items.filter(g, g.live)}"}', found=StepValue(items=grants))
    assert got.grants == grants[:1]


def test_secrets_come_back_from_their_fingerprints():
    got = filled('{secrets: "${inputs.tokens}"}')
    assert [s is t for s, t in zip(got.secrets, TOKENS, strict=False)] == [True, True]
    got = filled('{secrets: ["${inputs.token}", "${inputs.tokens[1]}"]}')
    assert got.secrets[0] is TOKENS[2]
    assert got.secrets[1] is TOKENS[1]


def test_a_secret_that_is_not_at_hand_is_a_doubt():
    checked = check(
        f'{FOUND}  - {{id: it, uses: x.do, with: {{secrets: ["${{inputs.tokens[1]}}"]}}}}\n', catalogue=WIDE
    )
    state = values(checked)
    state.secrets = {}
    doubt = checked.fill("it", state)
    assert isinstance(doubt, Doubt)
    assert "fp1" in doubt.why
    assert "sesame" not in doubt.why


def test_expressions_deep_inside_a_value():
    rules = '{rules: [{name: "n-${inputs.note}", until: "${run.now}", secret: "${inputs.token}"}]}'
    got = filled(rules)
    assert got.rules == [Rule(name="n-none yet", until=NOW, secret=TOKENS[2])]


def test_text_holds_what_people_read():
    got = filled("{name: \"${run.now} ${size(inputs.people)} ${true} ${duration('90s')} $${x} }\"}")
    assert got.name == "2026-03-01T04:00:00Z 2 true 90s ${x} }"


def test_quotes_and_braces_inside_an_expression():
    assert filled("""{name: "${'}' + inputs.note}${'{'}"}""").name == "}none yet{"
    assert filled(r"""{name: '${"a\"}b"}'}""").name == 'a"}b'


def test_an_absent_value_is_a_doubt_even_for_a_parameter_that_may_be_absent():
    assert isinstance(filled('{name: "told by ${incident.commander}"}'), Doubt)
    assert isinstance(filled('{name: "${incident.commander}"}'), Doubt)


def test_each_item_fills_its_own_call():
    step = '  - {id: it, uses: crm.suspend, for_each: steps.found.items, with: {user: "${item.user}"}}\n'
    checked = check(FOUND + step)
    grants = [Grant(id="1", app="a", user="ann"), Grant(id="2", app="a", user="bob")]
    state = values(checked, found=StepValue(items=grants))
    assert [checked.fill("it", state, g).user for g in grants] == ["ann", "bob"]
    assert checked.selector("it") == ("steps", "found", "items")


def test_each_secret_of_a_list():
    step = '  - approve: a\n  - {id: it, uses: crm.revoke, for_each: inputs.tokens, accept_reissue: x, with: {token: "${item}"}}\n'
    checked = check(step)
    assert checked.fill("it", values(checked), TOKENS[1]).token is TOKENS[1]
    assert checked.selector("it") == ("inputs", "tokens")


@pytest.mark.parametrize(
    "with_",
    [
        '{name: "${inputs.people}"}',
        '{name: "a ${inputs.people}"}',
        '{flag: "is ${inputs.note}"}',
        '{flag: "true"}',
        "{share: many}",
        '{secrets: "${inputs.token}"}',
        '{secrets: ["a"]}',
        '{grants: "${inputs.people}"}',
        '{rules: [{name: a, until: "${inputs.note}"}]}',
        '{rules: [{nam: a, until: "${run.now}"}]}',
        '{foothold: "${inputs.integration}"}',
        '{at: "2026-03-01"}',
        "{at: 5}",
        '{span: "${1}"}',
        '{grants: "${steps.found.items.map(g, g.id)}"}',
    ],
)
def test_a_value_of_the_wrong_type_is_refused_before_the_night(with_):
    with pytest.raises(BadPlaybook):
        filled(with_)


def test_a_missing_part_of_an_inner_value_is_refused():
    with pytest.raises(BadPlaybook, match="needs 'until'"):
        filled('{rules: [{name: "${run.id}"}]}')


def test_the_text_for_hashes_and_what_depends_on_the_run():
    step = "  - {id: it, uses: crm.note, if: inputs.note == 'a', with: {to: \"${run.id}\", text: b}}\n  - {id: not_it, uses: crm.snapshot, if: inputs.note == inputs.user}\n"
    checked = check(step)
    assert checked.text_of("it", "if") == "inputs.note == 'a'"
    assert checked.text_of("it", "with") == '{"text":"b","to":"${run.id}"}'
    assert checked.text_of("it", "with.to") == '"${run.id}"'
    assert checked.text_of("not_it", "where") == ""
    assert checked.depends_on_run("it")
    assert not checked.depends_on_run("not_it")


def test_the_entries_of_the_house_are_all_tried_somewhere():
    assert len({e.name for e in ENTRIES}) == len(ENTRIES)


def test_an_output_may_not_hide_a_state():
    class Out(BaseModel):
        open: bool

    with pytest.raises(ValueError, match="open"):
        Entry("x.y", "look", CrmFoothold, output=Out)
