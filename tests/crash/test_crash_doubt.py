"""What a new owner makes of sends whose answer is not in the journal: the fold, event by event."""

import pytest

from journal.event import Event
from journal.replay import advance, replay

INTENDED = {
    "effect": "tokens/a", "step": "tokens", "action": "x.revoke", "target": "a", "params": {}, "calls": ["c1", "c2"],
    "once": False, "back": False, "before": None, "answers": [],
}  # fmt: skip


def _event(n, type_, body):
    return Event("R1", n, "INC-1", 1, f"2026-03-01T02:40:{n:02d}.000000Z", type_, body, "", "")


def _answered(n, came="ok"):
    send = {"came": came, "status": 200, "wait_ms": 0, "request_id": "", "why": "", "kept": []}
    return _event(n, "answered", {"effect": "tokens/a", "sends": [send]})


def _leased(n, gone):
    return _event(n, "leased", {"fence": 2, "owner": "x", "why": "resumed", "gone": gone})


def test_killed_between_two_calls_of_one_intent_the_second_was_sent_for_all_we_know():
    run = replay([_event(1, "intended", INTENDED), _answered(2)])
    effect = run.effects["tokens/a"]
    assert (effect.came, effect.answered) == (None, False)
    advance(run, _answered(3))
    assert (effect.came, effect.answered) == ("ok", True)


def test_a_call_that_failed_ends_the_intent_since_the_next_is_not_sent():
    effect = replay([_event(1, "intended", INTENDED), _answered(2, "refused")]).effects["tokens/a"]
    assert (effect.came, effect.answered) == ("refused", True)


@pytest.mark.parametrize(("gone", "adrift"), [("rested", False), ("dead", False), ("lapsed", True)])
def test_only_a_send_of_an_owner_that_may_be_paused_is_adrift(gone, adrift):
    run = replay([_event(1, "intended", INTENDED), _leased(2, gone)])
    assert run.effects["tokens/a"].adrift == adrift
    advance(run, _leased(3, "dead"))
    assert run.effects["tokens/a"].adrift == adrift, "the next owner's death does not tell of the first"
    advance(run, _event(4, "intended", INTENDED))
    assert not run.effects["tokens/a"].adrift


def test_what_was_answered_is_not_adrift():
    run = replay([_event(1, "intended", INTENDED), _answered(2), _answered(3), _leased(4, "lapsed")])
    assert not run.effects["tokens/a"].adrift
