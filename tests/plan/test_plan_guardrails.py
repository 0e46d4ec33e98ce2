"""Guardrails count who is cut off, over the whole incident, and ask; what is protected is possible with two outsiders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.guardrails import Asks, CutOff, Limits, Within, cut_off, in_effect, judge, limits_of, touch, unknown_lists
from engine.registry import registry
from inventory.model import Config
from journal.replay import Effect, Run

ACTIONS = registry().actions
REVOKE, DISABLE, FREEZE = (
    ACTIONS[name] for name in ("practice_idp.revoke_token", "practice_idp.disable_client", "practice_crm.freeze_user")
)


def token(name, user):
    return touch(REVOKE, "idp", REVOKE.params(token=name), REVOKE.state(active=True, user=user), service="drift")


def client(users, service=""):
    seen = DISABLE.state(enabled=True, version=1, name="x", users=users)
    return touch(DISABLE, "idp", DISABLE.params(client="drift-prod"), seen, service=service)


def user(name, service=""):
    return touch(FREEZE, "crm", FREEZE.params(user=name), FREEZE.state(frozen=False, version=1), service=service)


def test_people_are_counted_once_and_those_without_a_name_as_the_provider_counts_them():
    found = cut_off([token("t1", "ann"), token("t2", "Ann"), token("t3", "bo"), token("t4", "")])
    assert found.people == {"ann", "bo"}
    assert found.people_count == 2
    assert cut_off([client(41), token("t1", "ann")]).people_count == 41, "the named may be among the counted"


def test_a_bare_number_is_a_person_of_its_own_system_only():
    found = cut_off([token("t1", "7"), user("7")])
    assert found.people == {"practice_idp:7", "practice_crm:7"}


def test_who_runs_the_integration_is_a_service_and_no_person():
    found = cut_off([user("svc-drift", "drift"), user("ann")], declared=["SVC-drift"])
    assert found.people == {"ann"}
    assert found.services == {"drift"}


def test_what_is_blocked_beside_the_integration_is_a_service_of_its_own_and_a_dead_token_is_none():
    assert cut_off([client(0)]).services == {"idp:drift-prod"}
    assert cut_off([touch(REVOKE, "idp", REVOKE.params(token="t"), None)]).services == frozenset()


def test_passing_a_bound_asks_a_commander_and_says_the_numbers():
    limits = Limits(max_people=2, max_services=0)
    judged = judge(limits, CutOff(frozenset({"a", "b"})), CutOff(frozenset({"c"}), services=frozenset({"s"})))
    assert isinstance(judged, Asks)
    assert judged.why == ("3 people would be cut off, more than 2", "1 services would be cut off, more than 0")
    assert (judged.needs, judged.approvals, judged.people) == ("commander", 1, 3)
    assert "nobody started" in judged.refused(auto=True, outsiders=9)
    assert judged.refused(auto=False, outsiders=1) == ""
    assert judge(limits, CutOff(frozenset({"a", "b"}))) == Within(2, 0)


def test_protected_is_refused_for_auto_and_for_one_approver_and_possible_with_two_outsiders():
    limits = Limits(protected={"break_glass": frozenset({"practice_crm:Glass"}), "other": frozenset({"crm:x"})})
    judged = judge(limits, CutOff(), cut_off([user("glass")]))
    assert isinstance(judged, Asks)
    assert judged.protected == {"practice_crm:glass"}
    assert judged.why == ("protected (break_glass): practice_crm:glass",)
    assert judged.refused(auto=True, outsiders=2)
    assert judged.refused(auto=False, outsiders=1)
    assert judged.refused(auto=False, outsiders=2) == ""


def test_an_account_is_known_by_system_or_connection_and_by_whose_token_it_is():
    accounts = cut_off([token("t1", "Glass")]).accounts
    assert {"idp:glass", "practice_idp:glass", "practice_idp:t1"} <= accounts


def test_lists_are_resolved_by_the_configuration_and_unknown_ones_are_named():
    config = Config.model_validate({
        "connections": {"a": {"system": "x", "url": "http://a"}}, "protected": {"break_glass": ["crm:glass"]},
    })  # fmt: skip

    class Rails:
        max_people, max_services, protected = 4, None, ("break_glass", "typo")

    limits = limits_of(Rails, config)
    assert (limits.max_people, limits.max_services) == (4, None)
    assert limits.protected["break_glass"] == {"crm:glass"}
    assert unknown_lists(Rails, config) == ["typo"]
    assert limits_of(None, config) == Limits()
    assert unknown_lists(None, None) == []


def run(*effects, foothold="c"):
    found = Run(id="R-1")
    found.opened = {"integration": "drift", "footholds": {"u": {"names": {"user": "svc-drift"}}}}
    found.planned = {"steps": [
        {"id": "tokens", "connection": "idp", "foothold": foothold}, {"id": "client", "connection": "idp", "foothold": ""},
    ]}  # fmt: skip
    for number, (step, action, params, before, sends, word) in enumerate(effects):
        target = next(iter(params.values()))
        effect = Effect(f"{step}/{number}", step, action, target, params, before=before, sends=sends, word=word)
        found.effects[effect.id] = effect
    return found


def test_the_journal_says_what_runs_have_cut_off_and_what_was_given_back_or_was_never_ours_does_not_count():
    one = run(
        ("tokens", "practice_idp.revoke_token", {"token": "t1"}, {"active": True, "user": "ann"}, 1, "effective"),
        ("tokens", "practice_idp.revoke_token", {"token": "t2"}, {"active": True, "user": "bo"}, 1, ""),
        ("tokens", "practice_idp.revoke_token", {"token": "t3"}, {"active": True, "user": "cy"}, 0, "held-already"),
        ("tokens", "practice_idp.revoke_token", {"token": "t4"}, {"active": True, "user": "di"}, 2, "undone"),
        ("client", "practice_idp.disable_client", {"client": "c"}, {"enabled": True, "users": 9}, 1, "requested"),
        ("told", "notify.message", {"to": "x"}, None, 1, "requested"),
        ("gone", "a.removed_action", {"to": "x"}, None, 1, "effective"),
    )
    two = run(("tokens", "practice_idp.revoke_token", {"token": "t9"}, {"active": True, "user": "ann"}, 1, "effective"))
    found = in_effect([one, two], ACTIONS.get)
    assert found.people == {"ann", "bo"}
    assert found.people_count == 9
    assert found.services == {"drift", "idp:c"}


NAMES = st.frozensets(st.sampled_from("abcdefgh"), max_size=8)
OFFS = st.builds(CutOff, NAMES, st.dictionaries(st.sampled_from("xyz"), st.integers(0, 9)), NAMES, NAMES)


@given(OFFS, OFFS, st.integers(0, 12), st.integers(0, 12))
def test_growth_is_judged_like_the_plan_and_never_takes_a_question_back(so_far, more, people, services):
    limits = Limits(people, services, {"g": frozenset({"a"})})
    together = judge(limits, so_far, more)
    assert together == judge(limits, more, so_far) == judge(limits, so_far | more), "order and moment do not matter"
    alone = judge(limits, so_far)
    if isinstance(alone, Asks):
        assert isinstance(together, Asks)
        assert together.approvals >= alone.approvals
    assert isinstance(together, Asks) == (
        together.people > people or together.services > services or "a" in (so_far | more).accounts
    )


@given(OFFS)
def test_without_a_bound_nothing_asks(off):
    assert judge(Limits(), off) == Within(off.people_count, len(off.services))


@pytest.mark.parametrize("limit", [None, 0])
def test_no_bound_is_not_a_bound_of_none(limit):
    judged = judge(Limits(max_people=limit), CutOff(frozenset({"a"})))
    assert isinstance(judged, Within if limit is None else Asks)
