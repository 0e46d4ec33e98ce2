"""What a playbook's cases do not reach: residuals, the next layer, guardrails, critical integrations. On virtual time."""

from __future__ import annotations

import pytest

from engine.registry import catalogue, registry
from engine.trial.case import read_case
from engine.trial.record import shelf
from engine.trial.run import carry_out
from language import read

HEAD = """playbook: tried
title: Tried
breaks: It.
does_not: More.
inputs:
  integration: {type: integration}
"""
SWEEP = """  - {id: found, uses: practice_idp.tokens, with: {client: drift-prod}}
  - approve: approver
  - id: tokens
    uses: practice_idp.revoke_token
    for_each: steps.found.items
    with: {token: "${item.token}"}
"""
BLOCK = "  - {id: client, uses: practice_idp.disable_client, with: {client: drift-prod}}\n"
GIVEN = """given:
  integration:
    id: drift
    title: Drift
    owner: sales
    addresses: [203.0.113.10]
    footholds:
      - {id: client, kind: client, at: practice_idp, client: drift-prod}
"""
SEEN = """seen:
  practice_idp.client: [{client: drift-prod, enabled: true, users: 41}]
  practice_idp.tokens: [{token: t1, active: true, kind: access, user: u1}, {token: t2, active: true, kind: refresh, user: u2}]
"""


@pytest.fixture
def tried(tmp_path):
    """Carry a playbook out against a case; what came of it."""

    def carry(contain, *, head=HEAD, given=GIVEN, seen=SEEN, more="", library=None, rest=""):
        text = f"{head}contain:\n{contain}{rest}"
        checked = read(text, "tried.yaml", catalogue(registry()), library)
        file = tmp_path / "case.yaml"
        file.write_text(f"case: A case\n{given}{seen}{more}expect: {{}}\n")
        with shelf() as at:
            came = carry_out(read_case(file), checked, "tried.yaml", at)
        assert came.broken == []
        return came

    return carry


@pytest.fixture
def residual():
    """Give the tokens of the practice company a life after their end; take it away again."""
    action = registry().actions["practice_idp.revoke_token"]
    before = action.residual, action.residual_s

    def lasts(seconds):
        action.residual, action.residual_s = "a service checks tokens by itself until they expire", seconds

    yield lasts
    action.residual, action.residual_s = before


def words(came):
    return [event.body["word"] for event in came.run.words]


def test_what_lives_on_for_seconds_is_waited_out_and_looked_at_once_more(tried, residual):
    residual(20)
    came = tried(BLOCK + SWEEP)
    assert words(came)[-2:] == ["closing", "contained"]
    closing, contained = came.run.words[-2:]
    assert closing.body["footholds"]["client"]["state"] == "residual"
    assert closing.body["until"] in closing.body["footholds"]["client"]["why"]
    assert contained.at >= closing.body["until"], "never contained while something lives on"
    looked = [n for n in (came.run.listings["tokens"].n,) if n > closing.n]
    assert looked, "a last sweep at the residual's end"


def test_what_lives_on_for_an_hour_rests_as_closing_with_its_end(tried, residual):
    residual(3600)
    came = tried(BLOCK + SWEEP)
    assert came.word == "closing"
    assert "contained" not in words(came)
    until = came.run.words[-1].body["until"]
    assert until > came.run.words[-1].at
    assert came.footholds == {"client": "residual"}


def test_the_next_layer_begins_when_the_first_is_not_closed_in_its_time(tried):
    given = GIVEN + "      - {id: path, kind: path, at: practice_firewall, path: crm-api}\n"
    seen = SEEN + "  practice_firewall.path: [{path: crm-api, mode: any, addresses: []}]\n"
    net = (
        "  - {id: net, uses: practice_firewall.allow_only, if: steps.client.open,"
        " with: {path: crm-api, addresses: [203.0.113.10]}}\n"
    )
    block = BLOCK.replace("}}\n", "}, within: 5s}\n")
    faults = 'faults: [{at: client, answers: "503"}]\n'
    came = tried(block + net + SWEEP, given=given, seen=seen, more=faults)
    assert came.standings["net"] == "closed"
    assert came.word == "partially-contained"
    fine = tried(block + net + SWEEP, given=given, seen=seen)
    assert fine.standings["net"] == "skipped"


def test_passing_a_guardrail_asks_a_commander_and_refuses_nothing(tried):
    head = HEAD + "guardrails: {max_people: 1}\n"
    came = tried(SWEEP.replace("    with", "    accept_reissue: it is tried\n    with"), head=head)
    asked = came.run.asked["approve"].body
    assert asked["role"] == "commander"
    assert "more than 1" in asked["why"]
    within = tried(SWEEP.replace("    with", "    accept_reissue: it is tried\n    with"), head=HEAD)
    assert within.run.asked["approve"].body["role"] == "approver"


@pytest.mark.parametrize(("critical", "walls"), [("", ["approve"]), ("    critical: true\n", ["hold", "approve"])])
def test_a_critical_integration_wants_a_second_person_before_its_holds(tried, critical, walls):
    came = tried(BLOCK + SWEEP, given=GIVEN.replace("    footholds:\n", critical + "    footholds:\n"))
    assert list(came.run.asked) == walls
    first = next(effect for effect in came.run.effects.values() if effect.step == "client")
    assert first.sent_n > came.run.asked[walls[0]].n or walls == ["approve"]
    assert came.word == "contained"


def test_nobody_answers_before_the_holds_of_a_critical_integration(tried):
    given = GIVEN.replace("    footholds:\n", "    critical: true\n    footholds:\n")
    came = tried(BLOCK + SWEEP, given=given, more="approve: nobody\n")
    assert came.sent == []
    assert came.word == "waiting"


def test_a_used_playbook_runs_with_its_own_inputs_and_is_seen_as_one_step(tried):
    inner = (
        "playbook: inner\ntitle: One client\nbreaks: It.\ndoes_not: More.\ninputs: {client: {type: text}}\n"
        'contain:\n  - {id: shut, uses: practice_idp.disable_client, with: {client: "${inputs.client}"}}\n'
    )
    rest = (
        '  - {id: rest, uses: playbook.inner, with: {client: "${inputs.integration.practice_idp.client}"}}\n'
        "  - {id: net, uses: practice_idp.disable_client, if: steps.rest.open, with: {client: drift-prod}}\n"
    )
    came = tried(
        rest + SWEEP.replace("    with", "    accept_reissue: the used playbook stops it\n    with"),
        head=HEAD.replace("{type: integration}", "{type: integration, has: [practice_idp]}"),
        library={"inner": (inner, "inner.yaml")}.get,
    )
    assert came.word == "contained"
    assert came.run.effects["rest.shut/drift-prod"].word == "effective"
    assert came.standings["net"] == "skipped", "the used playbook closed it, so the next layer stays away"


def test_an_empty_sweep_of_a_macro_is_nothing_found(tried):
    seen = SEEN.partition("  practice_idp.tokens")[0] + "  practice_idp.tokens: []\n"
    came = tried(
        "  - {id: apps, uses: isolate.application}\n  - approve: approver\n  - {id: ids, uses: isolate.identity}\n",
        seen=seen,
    )
    assert came.word == "nothing-found"


def test_what_stays_must_stay_and_false_once_is_a_failure(tried):
    contain = BLOCK + SWEEP + "  - watch: 1s\n"
    rest = (
        "recover:\n  - approve: commander\n  - {id: first, undo: contain}\n  - id: quiet\n    uses: practice_idp.tokens\n"
        '    with: {client: drift-prod}\n    needs: [first]\n    expect: "!steps.quiet.items.exists(t, t.active)"\n    stays: 30m\n'
    )
    came = tried(contain, rest=rest, more="recover: given\n")
    assert came.recovered == "recovered", came.said
    assert came.seconds >= 1800, "it was true for half an hour"


@pytest.mark.parametrize(
    ("vouched", "word"), [("", "partially-contained"), ("    given_is_all: the vendor says so\n", "contained")]
)
def test_a_given_list_closes_nothing_unless_somebody_says_that_it_is_all(tried, vouched, word):
    head = HEAD + "  tokens: {type: list of text}\n"
    cut = (
        "  - approve: approver\n  - id: tokens\n    uses: practice_idp.revoke_token\n    for_each: inputs.tokens\n"
        '    with: {token: "${item}"}\n' + vouched
    )
    seen = SEEN.replace("practice_idp.tokens:", "practice_idp.token:")
    came = tried(BLOCK + cut, head=head, given=GIVEN + "  tokens: [t1, t2]\n", seen=seen)
    assert came.word == word


BY_HAND = "  - {{id: {name}, manual: Look at it, undo_by: Nothing to undo, layer: identity, within: {within}}}\n"


def test_a_recovery_does_not_stay_for_a_day_for_what_no_hand_of_the_case_will_do(tried):
    rest = "eradicate:\n  - approve: approver\n  - {id: rotated, manual: Have it rotated, layer: identity, within: 1d}\nrecover:\n  - approve: commander\n  - undo: contain\n"
    more = "hands: {looked: done, rotated: nobody}\nrecover: given\n"
    came = tried(BLOCK + BY_HAND.format(name="looked", within="30m") + SWEEP, rest=rest, more=more)
    assert (came.word, came.recovered, came.said[-1].split()[0]) == ("contained", "waiting", "rotated")
    assert not [sent for sent in came.sent if sent.back]
    assert came.seconds < 3600


@pytest.mark.parametrize(("within", "word"), [("1d", "waiting"), ("30m", "contained")])
def test_a_containment_stays_for_a_moment_and_not_for_a_day_for_a_hand_that_the_case_has_not(tried, within, word):
    hands = BY_HAND.format(name="looked", within="5m") + BY_HAND.format(name="asked", within=within)
    came = tried(BLOCK + hands + SWEEP, more="hands: {looked: done}\n")
    assert came.word == word
    assert came.standings["looked"] == "closed"


FROM_THE_CLIENT = "  - {{id: block, manual: 'Switch ${{inputs.integration.practice_idp.client}} off', undo_by: Switch it on, layer: application{closes}}}\n"


@pytest.mark.parametrize(
    ("closes", "word", "state"),
    [
        ("", "failed", "not-in-playbook"),  # a block alone leaves what is live
        (", closes: [blocks-reissue]", "failed", "not-in-playbook"),
        (", closes: [blocks-reissue, kills-refresh, kills-access]", "contained", "closed"),
    ],
)
def test_a_persons_step_closes_what_it_says_and_no_more(tried, closes, word, state):
    head = HEAD.replace("type: integration}", "type: integration, has: [practice_idp]}")
    came = tried(FROM_THE_CLIENT.format(closes=closes), head=head, more="hands: {block: done}\n")
    assert (came.standings["block"], came.footholds["client"]) == ("closed", state)
    assert came.word in {word, "partially-contained" if state != "closed" else word}


def test_what_was_listed_before_a_person_blocked_it_is_listed_again(tried):
    """A token that is got between a clean listing and the block by hand would be in no listing."""
    head = HEAD.replace("type: integration}", "type: integration, has: [practice_idp]}")
    came = tried(FROM_THE_CLIENT.format(closes="") + SWEEP, head=head, more="hands: {block: done}\n")
    run = came.run
    assert (came.word, came.footholds["client"]) == ("contained", "closed")
    assert run.listings["tokens"].after >= run.effects["block/by-hand"].n
