"""Manual steps, used playbooks, macros, phases and triggers: what the engine is told of them."""

import dataclasses

import pytest
from language_house import HEAD, HOUSE, INPUTS, NOW, TOKENS, book, check, values

from engine.alert import Alert, Provenance, narrowed
from language import BadPlaybook, Doubt, StepValue, read

HEARD = dataclasses.replace(HOUSE, alert=Alert)
BLOCK = '  - {uses: crm.block_app, with: {app: "${inputs.integration.crm.app}"}}\n'


def alert(**more):
    proof = Provenance(verified=True, scheme="hmac", received_at=NOW)
    return Alert(
        **{
            "source": "okta",
            "source_alert_id": "1",
            "dedupe_key": "k",
            "type": "t",
            "title": "x",
            "provenance": proof,
            **more,
        }
    )


def problems(*args, **more):
    with pytest.raises(BadPlaybook) as caught:
        check(*args, **more)
    return [p.message for p in caught.value.problems]


def test_a_manual_step_is_told_with_what_is_known():
    checked = check(
        '  - {id: block, manual: "Block ${inputs.integration.crm.app} since ${inputs.since}, not $${x}", '
        'undo_by: "Unblock ${inputs.integration.crm.app}", layer: application, within: 3m}\n'
        '  - {id: tell, manual: "Tell ${incident.commander}", undo_by: call again}\n'
    )
    assert checked.text("block", values(checked)) == "Block app-1 since 2026-03-01T02:40:00Z, not ${x}"
    assert checked.text("block", values(checked), "undo_by") == "Unblock app-1"
    assert checked.text("tell", values(checked), "undo_by") == "call again"
    assert isinstance(checked.text("tell", values(checked)), Doubt)
    assert (checked.step("block").layer, checked.step("block").within_s) == ("application", 180)
    assert checked.entry("block") is None
    assert checked.cuts == frozenset()


def test_what_a_manual_step_names_comes_before_it():
    checked = check(
        '  - {id: a, uses: crm.snapshot}\n  - {id: b, manual: "${steps.a.effective} of them", undo_by: "${steps.a.open}"}\n'
    )
    assert checked.waits["b"] == {"a"}


def test_a_text_that_depends_on_the_run_is_known_to():
    checked = check('  - {id: b, manual: "Write down ${run.id}", undo_by: x}\n  - {id: c, manual: Write, undo_by: x}\n')
    assert checked.depends_on_run("b")
    assert not checked.depends_on_run("c")


SUB = f"""{HEAD.replace("vendor_breached", "block_it")}inputs:
  integration: {{type: integration, has: [crm]}}
  why: {{type: text, default: so that it stops}}
  token: {{type: secret}}
contain:
  - {{id: block, uses: crm.block_app, with: {{app: "${{inputs.integration.crm.app}}"}}}}
  - approve: approver
  - {{id: kill, uses: crm.revoke, with: {{token: "${{inputs.token}}"}}}}
  - watch: 24h
recover:
  - undo: contain
"""
USE = '  - {id: sub, uses: playbook.block_it, with: {integration: "${inputs.integration}", token: "${inputs.token}"}}\n'


def library(**texts):
    return lambda name: (texts[name], f"{name}.yaml") if name in texts else None


def test_a_used_playbook_comes_with_its_inputs_and_its_own_checks():
    checked = read(book("  - approve: a\n" + USE), "top.yaml", HOUSE, library(block_it=SUB))
    sub = checked.subs["sub"]
    assert sub.playbook.id == "block_it"
    assert checked.entry("sub").kind == "playbook"
    assert (checked.cuts, sub.cuts) == ({"sub"}, {"kill"})
    given = checked.sub_inputs("sub", values(checked))
    assert isinstance(given, sub.inputs_type)
    assert (given.integration.id, given.integration.crm.app, given.why, given.token) == (
        "acme",
        "app-1",
        "so that it stops",
        TOKENS[2],
    )
    state = dataclasses.replace(values(checked), inputs=given)
    assert sub.fill("block", state).app == "app-1"
    assert checked.unchecked == ("role a", "role approver")


def test_a_used_playbook_blocks_for_those_who_kill():
    kill = '  - approve: a\n  - {uses: crm.revoke, with: {token: "${inputs.token}"}}\n'
    holds = SUB[: SUB.index("  - approve")].replace("  token: {type: secret}\n", "")
    use = USE.replace(', token: "${inputs.token}"', "")
    read(book(use + kill), "top.yaml", HOUSE, library(block_it=holds))
    with pytest.raises(BadPlaybook, match="nothing in contain stops crm"):
        read(book(kill), "top.yaml", HOUSE, library(block_it=holds))


@pytest.mark.parametrize("where", ["contain", "eradicate", "recover"])
def test_a_used_playbook_that_cuts_belongs_below_a_wall(where):
    tail = "" if where == "contain" else f"{where}:\n"
    text = book(USE) if where == "contain" else book(BLOCK) + tail + USE
    with pytest.raises(BadPlaybook, match="does what cannot be undone .kill.: it belongs below an approve line"):
        read(text, "top.yaml", HOUSE, library(block_it=SUB))


def test_an_input_that_cannot_be_worked_out_is_a_doubt():
    sub = SUB.replace("{type: text, default: so that it stops}", "{type: text}")
    use = USE.replace("with: {", 'with: {why: "${incident.commander}", ')
    checked = read(book("  - approve: a\n" + use), "top.yaml", HOUSE, library(block_it=sub))
    assert isinstance(checked.sub_inputs("sub", values(checked)), Doubt)
    empty = use.replace("${incident.commander}", "${inputs.note.substring(size(inputs.note))}")
    checked = read(book("  - approve: a\n" + empty), "top.yaml", HOUSE, library(block_it=sub))
    doubt = checked.sub_inputs("sub", values(checked))
    assert isinstance(doubt, Doubt)
    assert doubt.why == "why: what was worked out for it is no text"


def test_macros_have_what_they_cut_as_their_output():
    checked = check(
        BLOCK + "  - approve: a\n  - {id: cut, uses: isolate.identity}\n"
        "  - {id: told, uses: crm.note, with: {to: a, text: \"${steps.cut.principals.join(', ')}\"}}\n"
    )
    state = values(checked, cut=StepValue(output=HOUSE.entries["isolate.identity"].output(principals=["ann", "bob"])))
    assert checked.fill("told", state).text == "ann, bob"
    assert isinstance(checked.fill("told", values(checked, cut=StepValue())), Doubt)


def test_steps_end_at_a_time():
    checked = check('  - {id: a, uses: crm.snapshot}\n  - {id: b, uses: crm.snapshot, if: "has(steps.a.ended) && steps.a.ended < run.now"}\n'
                    '  - {id: c, uses: crm.find_grants, with: {app: "${inputs.integration.crm.app}", since: "${steps.a.ended}"}}\n')  # fmt: skip
    assert checked.ask("b", "if", values(checked, a=StepValue())) is False
    assert checked.ask("b", "if", values(checked, a=StepValue(ended=NOW.replace(hour=1)))) is True
    assert isinstance(checked.fill("c", values(checked, a=StepValue())), Doubt)
    assert checked.fill("c", values(checked, a=StepValue(ended=NOW))).since == NOW


def test_phases_come_in_their_order():
    text = book(BLOCK, "  - {id: r, undo: e}\n  - {undo: eradicate, share: 50%}\n").replace(
        "recover:",
        "eradicate:\n  - {id: e, uses: crm.snapshot}\n  - approve: a\n  - {uses: crm.purge, with: {app: a}}\nrecover:",
    )
    checked = read(text, "p.yaml", HOUSE)
    assert [s.id for s in checked.playbook.steps] == ["block_app", "e", "approve", "purge", "r", "undo"]
    assert checked.below == {"purge"}
    assert checked.below_wall == frozenset()
    assert checked.playbook.recover[1].fraction == 0.5


def test_footholds_are_a_selector():
    checked = check(
        "  - {id: s, uses: crm.snapshot, for_each: inputs.integration.footholds, where: item.system == 'crm' && item.kind == 'app'}\n"
    )
    assert checked.selector("s") == ("inputs", "integration", "footholds")
    found = checked.inputs_type.model_fields["integration"].annotation.model_fields["footholds"].annotation.__args__[0]
    assert checked.ask("s", "where", values(checked), found(id="a", kind="app", system="crm", at="crm")) is True
    assert isinstance(checked.ask("s", "where", values(checked), found(id="a", kind="app")), Doubt)


TRIGGER = """triggers:
  - alert: okta
    when: alert.type == 'app.oauth2.token.detect_reuse' && has(alert.app)
    with: {integration: "${alert.app}", note: "by ${alert.source}: ${alert.severity}"}
  - {alert: falco, when: alert.severity >= 70}
"""


def triggered(top=TRIGGER, catalogue=HEARD):
    return read(HEAD + top + INPUTS + "contain:\n" + BLOCK, "p.yaml", catalogue)


def test_an_alert_proposes_and_gives_inputs():
    checked = triggered()
    hit = alert(type="app.oauth2.token.detect_reuse", app="app-1", severity=80)
    assert checked.trigger_matches(0, hit) is True
    assert checked.trigger_inputs(0, hit) == {"integration": "app-1", "note": "by okta: 80"}
    assert checked.trigger_matches(0, alert(app="app-1")) is False
    assert checked.trigger_matches(1, hit) is True
    assert checked.trigger_inputs(1, hit) == {}
    assert isinstance(checked.trigger_inputs(0, alert()), Doubt)
    assert [t.mode for t in checked.playbook.triggers] == ["propose", "propose"]


def test_a_doubt_about_an_alert_is_no_match():
    checked = triggered("triggers:\n  - {alert: okta, when: alert.principal == 'ann'}\n")
    assert isinstance(checked.trigger_matches(0, alert()), Doubt)
    assert checked.trigger_matches(0, alert(principal="ann")) is True


def test_a_source_that_says_its_types_finds_a_slip():
    known = narrowed("okta", ("app.oauth2.token.detect_reuse", "user.session.start"))
    checked = triggered(catalogue=dataclasses.replace(HEARD, alerts={"okta": known}))
    assert checked.trigger_matches(0, known(**alert(type="user.session.start").model_dump())) is False
    with pytest.raises(
        BadPlaybook, match=r"'app.oauth2.token.detect' is never a type, did you mean 'app.oauth2.token.detect_reuse'"
    ):
        triggered(TRIGGER.replace("detect_reuse", "detect"), dataclasses.replace(HEARD, alerts={"okta": known}))


def test_an_id_of_an_alert_is_no_id_of_a_connector():
    with pytest.raises(BadPlaybook, match="needs UserId, but `alert.principal` is PrincipalId"):
        triggered('triggers:\n  - {alert: okta, when: "true", with: {user: "${alert.principal}"}}\n')


def test_sources_and_protected_groups_are_names_of_the_inventory():
    names = {"sources": frozenset({"okta"}), "protected": frozenset({"break_glass"})}
    catalogue = dataclasses.replace(HEARD, names=names)
    checked = triggered(TRIGGER.replace("falco", "okta"), catalogue)
    assert checked.unchecked == ()
    with pytest.raises(BadPlaybook, match="no alert source 'falco'; known: okta"):
        triggered(catalogue=catalogue)
    with pytest.raises(BadPlaybook, match="no protected group 'break_glas', did you mean 'break_glass'"):
        triggered("guardrails: {max_people: 4, protected: [break_glas]}\n", catalogue)


def test_a_key_that_says_how_long_needs_what_it_is_said_of():
    assert problems("  - {uses: crm.snapshot, stays: 5m}\n") == [
        "stays: says how long `expect` must hold: there is none"
    ]
    find = '  - {id: f, uses: crm.find_grants, with: {app: "${inputs.integration.crm.app}"}, expect: size(steps.f.items) == 0, within: 1h, stays: 30m}\n'
    checked = check(find)
    assert checked.step("f").stays_s == 1800
    assert checked.ask("f", "expect", values(checked, f=StepValue(items=[]))) is True


def test_what_starts_by_itself_needs_all_its_inputs_from_the_alert():
    auto = 'triggers:\n  - {alert: okta, when: "true", mode: auto, with: {integration: "${alert.app}"}}\n'
    with pytest.raises(BadPlaybook) as caught:
        triggered(auto)
    said = {p.message for p in caught.value.problems}
    assert "mode auto: nobody is there to give the secret 'token'" in said
    assert {f"the playbook needs '{name}'" for name in ("since", "user", "people")} <= said
