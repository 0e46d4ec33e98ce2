"""The table *after a send*, row by row (design: section 4)."""

from dataclasses import replace

import pytest

from connectors.core.wire import REQUEST_TIMEOUT_S
from engine.settle import ADRIFT_WAIT_S, MOST_ROUNDS, UNSURE_WAIT_S, Send, Settle, Wait, next_for, next_unproven
from journal.event import Event
from journal.replay import Effect, replay

CALLS = ("aa",)


def effect(**more):
    made = Effect("step/t", "step", "x.act", "t", {}, calls=CALLS, sends=1, tries=1, rounds=1, answered=True, came="ok")
    for name, value in more.items():
        setattr(made, name, value)
    return made


def test_nothing_missing_before_any_send_was_held_already():
    assert next_for(None, (), 0, 30) == Settle("held-already")


def test_nothing_missing_after_a_send_is_effective_whatever_came_back():
    for came in ("ok", "unsure", "busy", "refused", "not-sent", None):
        assert next_for(effect(came=came), (), 0, 30) == Settle("effective")


def test_first_missing_call_is_sent():
    assert next_for(None, CALLS, 0, 30) == Send()


def test_a_2xx_that_shows_nothing_yet_is_looked_at_again_without_a_resend():
    move = next_for(effect(), CALLS, 1.5, 30)
    assert move == Wait(1.5)


def test_a_false_200_is_sent_again_after_the_settling_time_and_then_requested():
    assert next_for(effect(), CALLS, 31, 30) == Send()
    assert next_for(effect(tries=3), CALLS, 31, 30).word == "requested"


def test_what_is_only_requested_is_sent_again_seldom_and_a_once_call_never():
    assert next_for(effect(tries=3, word="requested"), CALLS, 7, 1).word == "requested"
    assert next_for(effect(tries=3, word="requested"), CALLS, 9, 1) == Send()
    assert next_for(effect(tries=3, word="requested", once=True), CALLS, 9, 1).word == "requested"


def test_a_once_call_is_never_sent_again_after_a_2xx():
    assert next_for(effect(once=True), CALLS, 31, 30).word == "requested"


def test_other_calls_missing_is_the_next_round():
    assert next_for(effect(), ("bb",), 0, 30) == Send()


def test_a_crash_after_the_intent_and_a_lost_answer_are_one_row():
    for came in (None, "unsure"):
        assert isinstance(next_for(effect(came=came), CALLS, 0, 30), Wait)
        assert next_for(effect(came=came), CALLS, UNSURE_WAIT_S, 30) == Send()
        assert next_for(effect(came=came, once=True), CALLS, UNSURE_WAIT_S, 30).word == "in-doubt"


def test_a_send_of_an_owner_that_may_only_be_paused_is_waited_for_as_long_as_a_request_can_take():
    assert ADRIFT_WAIT_S == REQUEST_TIMEOUT_S > UNSURE_WAIT_S
    adrift = effect(came=None, adrift=True)
    assert isinstance(next_for(adrift, CALLS, ADRIFT_WAIT_S - 0.1, 30), Wait)
    assert next_for(adrift, CALLS, ADRIFT_WAIT_S, 30) == Send()
    assert next_for(adrift, (), 0, 30) == Settle("effective")


def test_busy_waits_as_told():
    assert next_for(effect(came="busy", wait_ms=5000), CALLS, 2, 30) == Wait(3)
    assert next_for(effect(came="busy", wait_ms=5000), CALLS, 5, 30) == Send()


def test_a_refusal_is_failed_and_says_why():
    move = next_for(effect(came="refused", why="403 no_scope"), CALLS, 0, 30)
    assert move.word == "failed"
    assert "403 no_scope" in move.why


def test_proven_and_open_again_is_contested():
    assert next_for(effect(word="effective"), CALLS, 0, 30) == Send(contested=True)
    assert next_for(effect(word="contested", tries=0, rounds=0), CALLS, 0, 30) == Send()


def test_a_contested_thing_that_was_closed_again_gets_its_time_to_settle():
    assert next_for(effect(word="contested"), CALLS, 1.5, 30) == Wait(1.5)


def test_rounds_have_an_end():
    assert next_for(effect(rounds=MOST_ROUNDS), ("bb",), 0, 30).word == "failed"


@pytest.mark.parametrize(
    ("came", "word"), [("ok", "requested"), ("refused", "failed"), ("unsure", "in-doubt"), (None, "in-doubt")]
)
def test_what_no_look_can_prove_is_sent_once(came, word):
    assert next_unproven(None, 0) == Send()
    assert next_unproven(effect(came=came), 99).word == word


def test_a_404_is_no_success_where_no_look_can_tell_what_it_means():
    """A webhook that was taken away, a channel that our credential may not see: nobody was told."""
    said = next_unproven(effect(came="ok", status=404), 99)
    assert (said.word, "may not see it" in said.why) == ("failed", True)


@pytest.mark.parametrize("came", ["ok", "refused"])
def test_an_undo_that_was_given_up_is_sent_again_when_the_recovery_is_ordered_anew(came):
    events = [
        ("intended", {"effect": "path/x", "step": "path", "action": "a.b", "target": "x", "params": {}, "calls": ["c"],
                      "lines": [], "once": False, "back": True, "answers": []}),
        ("answered", {"effect": "path/x", "sends": [{"came": came, "status": 0, "why": "", "wait_ms": 0, "kept": []}]}),
    ] * 3  # fmt: skip
    run = _folded(events)
    assert isinstance(next_for(replace(run.effects["path/x"], back=False), ["c"], 60, 1), Settle)
    run = _folded([*events, ("ordered", {"phase": "recover", "by": "x", "yes": True, "leave": []})])
    assert next_for(replace(run.effects["path/x"], back=False), ["c"], 60, 1) == Send()


def _folded(drafts):
    at = "2026-01-01T00:00:00.000000Z"
    return replay(Event("R", n, "INC", 1, at, kind, body, "", "") for n, (kind, body) in enumerate(drafts, 1))
