"""Answers, doubts, and secrets that stay shut."""

import datetime as dt

import pytest
from language_house import NOW, TOKENS, AppParams, Grant, ProbeOut, check, values

from language import BadPlaybook, Doubt, StepValue

STEPS = """\
  - {id: canary, uses: crm.probe, with: {app: "${inputs.integration.crm.app}"}}
  - {id: found, uses: crm.find_grants, with: {app: "${inputs.integration.crm.app}"}}
"""
GRANT = Grant(id="g", app="a", user="u")


def asked(expression, key="if", item=None, **steps):
    quoted = "'" + expression.replace("'", "''") + "'"
    each = (
        'for_each: steps.found.items, with: {user: "${item.user}"}'
        if key == "where"
        else 'with: {user: "${inputs.user}"}'
    )
    checked = check(STEPS + f"  - {{id: it, uses: crm.suspend, {each}, {key}: {quoted}}}\n")
    return checked.ask("it", key, values(checked, **steps), item)


def refused(expression, key="if"):
    with pytest.raises(BadPlaybook) as caught:
        asked(expression, key)
    return [p.code for p in caught.value.problems]


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("inputs.note == 'none yet'", True),
        ("inputs.since < run.now", True),
        ("size(inputs.tokens) == 2", True),
        ("'ann' in inputs.people", True),
        ("inputs.integration.owner.lowerAscii().endsWith('@example.org')", True),
        ("inputs.integration.crm.app == 'app-2'", False),
        ("org.addresses.exists(a, a == '198.51.100.1')", True),
        ("incident.since + duration('2h') == run.now", True),
        ("has(incident.commander)", False),
        ("incident.id.matches('INC-[0-9]+') && run.word == 'running'", True),
    ],
)
def test_an_answer(expression, answer):
    assert asked(expression) is answer


def test_a_step_is_open_until_somebody_proves_otherwise():
    assert asked("steps.canary.open", canary=StepValue()) is True
    assert asked("steps.canary.open", canary=StepValue(open=False)) is False
    assert isinstance(asked("steps.canary.open"), Doubt), "the engine says nothing of it: that is no `closed`"


def test_the_output_of_a_look():
    assert asked("steps.canary.dead", canary=StepValue(output=ProbeOut(dead=True))) is True
    assert asked("steps.canary.tries > 2", canary=StepValue(output=ProbeOut(dead=True, tries=3))) is True


@pytest.mark.parametrize("state", [StepValue(), StepValue(failed=True), StepValue(skipped=True)])
def test_no_result_is_a_doubt_and_no_zero(state):
    assert isinstance(asked("!steps.canary.dead", canary=state), Doubt)


@pytest.mark.parametrize("state", [StepValue(failed=True), StepValue(skipped=True)])
def test_an_empty_list_of_a_find_that_did_not_list_is_a_doubt(state):
    assert isinstance(asked("size(steps.found.items) == 0", found=state), Doubt)
    assert asked("size(steps.found.items) == 0", found=StepValue()) is True


def test_an_absent_time_is_not_1970():
    doubt = asked("item.used < incident.since", "where", GRANT)
    assert isinstance(doubt, Doubt)
    assert doubt.why == "`item.used` is not known"
    used = GRANT.model_copy(update={"used": NOW - dt.timedelta(days=3)})
    assert asked("item.used < incident.since", "where", used) is True


def test_an_absent_text_is_not_empty():
    assert isinstance(asked("item.owner != 'ann'", "where", GRANT), Doubt)


def test_has_takes_the_doubt_away():
    assert asked("has(item.owner) && item.owner == 'ann'", "where", GRANT) is False
    assert asked("!has(item.owner)", "where", GRANT) is True
    assert (
        asked("steps.found.items.exists(g, has(g.owner) && g.owner == 'ann')", found=StepValue(items=[GRANT])) is False
    )


def test_has_of_one_loop_does_not_serve_another():
    loops = "steps.found.items.exists(g, has(g.owner)) && steps.found.items.exists(g, g.owner == 'ann')"
    assert refused(loops) == ["optional"]


@pytest.mark.parametrize(
    "expression",
    [
        "steps.found.items[3].live",
        "1 / size(inputs.note.substring(8)) > 0",
        "int(inputs.note) > 1",
        "inputs.note.matches(inputs.note + '(')",
    ],
)
def test_an_error_is_a_doubt_and_never_true(expression):
    assert isinstance(asked(expression, found=StepValue()), Doubt)


def test_a_wrong_type_from_a_connector_is_a_doubt():
    wrong = GRANT.model_copy(update={"live": "yes", "used": dt.datetime(2026, 1, 1), "scopes": "abc"})  # noqa: DTZ001
    assert isinstance(asked("item.live", "where", wrong), Doubt)
    assert isinstance(asked("item.live && true", "where", wrong), Doubt)
    assert isinstance(asked("has(item.used) && item.used < run.now", "where", wrong), Doubt)
    assert isinstance(asked("size(item.scopes) == 3", "where", wrong), Doubt)


def test_the_budget_is_a_doubt():
    ten = "[1,2,3,4,5,6,7,8,9,10]"
    loops = f"{ten}.all(a, {ten}.all(b, {ten}.all(c, {ten}.all(d, a + b + c + d > 0))))"
    assert "too long" in asked(loops).why


def test_a_doubt_cannot_be_mistaken_for_an_answer():
    with pytest.raises(TypeError):
        bool(Doubt("why"))
    with pytest.raises(TypeError):
        assert not Doubt("why")


def test_a_step_without_a_condition_is_not_held_up():
    checked = check(STEPS)
    assert checked.ask("canary", "if", values(checked)) is True


@pytest.mark.parametrize(
    "expression",
    [
        "inputs.token.handle == 'fp2'",
        "inputs.token == inputs.token",
        "inputs.token in inputs.tokens",
        "inputs.tokens.exists(t, t.handle != '')",
        "inputs.tokens.exists(t, t == inputs.token)",
        "inputs.tokens[0].handle == ''",
        "[inputs.token][0].handle == ''",
        "size(inputs.tokens.map(t, t)) == 2",
        "rf.Secret{handle: 'fp2'}.handle == 'fp2'",
        "inputs.token.`handle` == 'fp2'",
        "inputs.token.?handle == ''",
        "type(inputs.token) == rf.Secret",
        "string(inputs.token) == ''",
        "dyn(inputs.token).handle == ''",
        "(true ? inputs.token : inputs.token).handle == ''",
        "{'a': inputs.token}['a'].handle == ''",
        ".inputs.token.handle == ''",
        "inputs == inputs",
        "cel.bind(t, inputs.token, t.handle) == ''",
    ],
)
def test_nothing_opens_a_secret(expression):
    assert refused(expression)


def test_a_secret_does_not_show_in_a_doubt():
    checked = check('  - {id: it, uses: crm.note, with: {to: "${inputs.note}", text: a}}\n')
    state = values(checked)
    object.__setattr__(state.inputs, "note", TOKENS[0])
    doubt = checked.fill("it", state)
    assert isinstance(doubt, Doubt)
    assert "sesame" not in doubt.why


def test_only_what_is_named_is_copied():
    """Ten thousand items elsewhere must not slow a question about one field."""

    class Poisoned(list):
        def __iter__(self):
            raise AssertionError("nobody asked for the items")

    assert asked("steps.found.open && !steps.found.failed", found=StepValue(items=Poisoned())) is True


def test_kinds_of_ids_are_not_mixed():
    assert AppParams(app="x").app == "x"
    codes = [
        p.code
        for p in pytest.raises(
            BadPlaybook, check, '  - {uses: crm.block_app, with: {app: "${inputs.user}"}}\n'
        ).value.problems
    ]
    assert codes == ["wrong_type"]
