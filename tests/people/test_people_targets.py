"""Who is a target of an incident, read from the journal alone."""

from __future__ import annotations

import pytest
from parked import asked, opened, planned

from engine.approvals import question_of, targets_of
from engine.approvals.question import target_among
from journal import Draft
from journal.event import Event
from journal.replay import Run, replay


def _run(*drafts: Draft) -> Run:
    at = "2026-11-24T02:41:03.000000Z"
    return replay(Event("R1", n, "INC-1", 1, at, one.type, one.body, "", "") for n, one in enumerate(drafts, 1))


def _intended(step: str, target: str, action: str, params: dict[str, str], before: dict[str, object]) -> Draft:
    return Draft("intended", {
        "effect": f"{step}/{target}", "step": step, "target": target, "action": action, "params": params, "calls": ["d"],
        "lines": [], "once": False, "back": False, "round": 1, "before": before, "answers": [],
    })  # fmt: skip


def test_footholds_and_planned_targets_are():
    found = targets_of(_run(opened(), planned()))
    assert {"practice_crm:svc-drift", "practice_idp:drift-prod", "practice_idp:tk_00000001"} <= found


def test_what_an_effect_is_asked_about_and_whom_its_state_names():
    sent = _intended(
        "tokens", "tk_9", "practice_idp.revoke_token", {"token": "tk_9"}, {"user": "User07", "kind": "access"}
    )
    found = targets_of(_run(opened(), planned(), sent))
    assert {"practice_idp:tk_9", "practice_idp:user07"} <= found
    assert "practice_idp:access" not in found, "a field that names nobody"


def test_a_connection_and_its_system_both_name_an_account():
    first = opened()
    connections = {"okta_eu": {"system": "okta", "url": "http://127.0.0.1:1"}}
    footholds = {"admin": {"kind": "user", "at": "okta_eu", "names": {"user": "Ben@Acme.example"}, "needs": []}}
    found = targets_of(_run(Draft("opened", {**first.body, "connections": connections, "footholds": footholds})))
    for account in ("okta:ben@acme.example", "okta_eu:ben@acme.example", "OKTA:Ben@acme.example"):
        assert target_among([account], found) == account
    assert target_among(["other:ben@acme.example", "okta:benno@acme.example"], found) == ""


def test_what_the_question_names_beside_counts():
    run = _run(opened(), planned(), asked(targets=["practice_crm:User07"]))
    question = question_of(run, None, frozenset({"okta:of-another-run"}))
    assert question is not None
    assert {"practice_crm:user07", "okta:of-another-run"} <= question.targets


def test_whom_the_plan_does_not_ask_has_no_say():
    """The plan saw whose tokens are to be cut, before any effect of theirs is in the record."""
    plan = planned()
    run = _run(opened(), Draft("planned", {**plan.body, "not_asked": [{"account": "okta:Ben@x.example", "roles": []}]}))
    assert "okta:ben@x.example" in targets_of(run)


@pytest.mark.parametrize("wall", [None, "wall"])
def test_the_newest_question_is_the_one_that_is_asked(wall):
    run = _run(opened(), planned(), asked("aa" * 32), asked("bb" * 32))
    question = question_of(run, wall)
    assert question is not None
    assert question.scope_hash == "bb" * 32
    assert question_of(run, "other") is None
    assert question_of(_run(opened()), None) is None


def test_the_time_of_a_question_runs_from_its_first_asking():
    """A run that is taken up again asks the same scope again: the ladder does not begin anew."""
    events = [
        Event("R1", n, "INC-1", 1, f"2026-11-24T02:4{n}:00.000000Z", one.type, one.body, "", "")
        for n, one in enumerate([opened(), planned(), asked(), asked(), asked("cc" * 32)], 1)
    ]
    twice, other = question_of(replay(events[:4])), question_of(replay(events))
    assert twice is not None
    assert other is not None
    assert twice.asked_at.minute == 43
    assert other.asked_at.minute == 45
