"""The rules alone: who counts, who is turned away, what opens a wall, and who is asked when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.approvals import (
    Cost,
    Decision,
    Question,
    Say,
    is_open,
    judge,
    needed,
    needed_beyond_guardrail,
    standing,
)  # fmt: skip
from engine.approvals.rules import judge_review
from engine.approvals.standing import codes_count_from
from inventory.people import ApprovalsEntry, ClassEntry, PersonEntry
from inventory.proof import Sayer, of_os

T = datetime(2026, 11, 24, 2, 41, tzinfo=UTC)
SCOPE = "7c1e90ab" * 8
CODES = tuple(f"sha256:{letter * 64}" for letter in "ab")
LADDER = ("approver", "commander", "codes")


def _person(roles: str, *accounts: str, token: bool = True) -> PersonEntry:
    digest = f"sha256:{hash((roles, accounts)) & (2**256 - 1):064x}"
    return PersonEntry(name="X", roles=tuple(roles.split()), token=digest if token else None, accounts=accounts)


PEOPLE = {
    "ana": _person("responder", "os:ana"),
    "ben": _person("responder approver", "okta:ben@acme.example"),
    "dora": _person("approver"),
    "cleo": _person("commander"),
    "carl": _person("commander"),
    "eve": _person("approver", "practice_crm:SVC-drift"),
    "aud": _person("auditor"),
}
QUESTION = Question(
    "R1", "INC-1", "wall", SCOPE, "ab" * 32, "approver", 1, T, ladder=LADDER, within_s=600, rung_s=300,
    requesters=frozenset({"person:ana"}), targets=frozenset({"practice_crm:svc-drift"}),
)  # fmt: skip


def _sayer(name: str, how: str = "token", os: str = "os:desk") -> Sayer:
    person = PEOPLE[name]
    return Sayer(name, name.title(), frozenset(person.roles), how, person.accounts, os)  # type: ignore[arg-type]


def _say(name: str, answer: str = "yes", **more) -> Say:
    return Say(_sayer(name), answer, more.pop("scope", SCOPE), **more)


def _code_of(say: Say, question: Question | None = QUESTION, decisions=(), now=T, used=frozenset()) -> str:
    return judge(question, decisions, say, PEOPLE, now, used=used).code


def _yes(name: str, n: int, role: str = "approver", at: datetime = T) -> Decision:
    return Decision(f"person:{name}", "yes", role, at, n)


def _no(name: str, n: int, role: str = "approver", at: datetime = T) -> Decision:
    return Decision(f"person:{name}", "no", role, at, n)


@pytest.mark.parametrize(
    ("say", "code"),
    [
        (_say("ben"), ""),
        (_say("ben", scope=SCOPE[:8].upper()), ""),
        (_say("ben", scope="7c1e 90ab"), ""),
        (_say("cleo"), ""),
        (_say("ben", "no"), ""),
        (_say("ana"), "requester"),
        (_say("ana", "no"), "no_role"),
        (_say("aud"), "no_role"),
        (_say("eve"), "target"),
        (_say("eve", "no"), "target"),
        (_say("eve", glass=True, reason="x" * 40), "target"),
        (_say("eve", code=CODES[0]), "target"),
        (_say("ben", scope="19d022c4"), "stale"),
        (_say("ben", scope=SCOPE[:7]), "stale"),
        (_say("ben", scope=""), "stale"),
        (_say("ben", scope=SCOPE + "0"), "stale"),
        (_say("ana", glass=True, reason="he reads the mail now"), ""),
        (_say("ana", glass=True, reason="he   reads    now   "), "no_reason"),
        (_say("ana", "no", glass=True, reason="he reads the mail now"), "no_role"),
        (_say("aud", glass=True, reason="he reads the mail now"), "no_role"),
        (_say("ana", code=None), "unknown_code"),
        (_say("ana", code=CODES[0]), "early_code"),
        (_say("ana", "no", code=CODES[0]), "no_role"),
        (Say(None, "yes", SCOPE), "unknown"),
        (Say(_sayer("ben", "os"), "yes", SCOPE), "unproven"),
        (Say(of_os(PEOPLE, "os:nobody"), "yes", SCOPE), "unproven"),
        (Say(of_os(PEOPLE, "os:nobody"), "yes", SCOPE, glass=True, reason="x" * 40), "unproven"),
    ],
)
def test_whose_word_counts(say: Say, code: str):
    heard = judge(QUESTION, (), say, PEOPLE, T)
    assert heard.code == code
    assert heard.counts == (code == "")
    assert bool(heard.why) == bool(code)
    assert bool(heard.role) == heard.counts


@pytest.mark.parametrize("requester", ["person:BEN", "os:ben"])
def test_ones_own_request_is_known_by_person_and_by_account(requester: str):
    people = PEOPLE | {"ben": _person("approver", "os:Ben")}
    question = replace(QUESTION, requesters=frozenset({requester}))
    ben = Say(Sayer("ben", "Ben", frozenset({"approver"}), "token", ("os:Ben",), "os:elsewhere"), "yes", SCOPE)
    assert judge(question, (), ben, people, T).code == "requester"
    assert judge(question, (), replace(ben, answer="no"), people, T).counts


def test_one_seat_that_is_nobodys_is_not_two_people_but_in_practice():
    question = replace(QUESTION, requesters=frozenset({"os:desk"}))
    heard = judge(question, (), _say("ben"), PEOPLE, T)
    assert heard.code == "requester"
    assert 'accounts: ["os:desk"]' in heard.why
    assert judge(replace(question, drill=True), (), _say("ben"), PEOPLE, T).counts
    named = PEOPLE | {"ana": _person("responder", "os:desk")}
    assert judge(question, (), _say("ben"), named, T).counts


def test_where_names_do_not_open_nobody_is_one_more_person():
    """A pseudonym may be anybody, the one who says yes now among them: only breaking the glass is left."""
    for question, decisions in (
        (replace(QUESTION, requesters=frozenset({"person-0a1b2c3d"})), []),
        (QUESTION, [Decision("person-0a1b2c3d", "yes", "approver", T, 5)]),
    ):
        assert _code_of(_say("ben"), question, decisions) == "unreadable"
        assert _code_of(_say("ben", "no"), question, decisions) == "unreadable"
        assert _code_of(_say("ben", glass=True, reason="nobody can be told apart"), question, decisions) == ""


def test_nothing_is_asked():
    assert _code_of(_say("ben"), None) == "no_question"
    assert _code_of(_say("ben"), replace(QUESTION, opened=9)) == "no_question"
    assert _code_of(_say("ben", "no"), replace(QUESTION, opened=9)) == "no_question"


def test_a_question_that_ended_takes_no_answer():
    question = replace(QUESTION, until=T + timedelta(hours=1))
    assert _code_of(_say("ben"), question, now=T + timedelta(hours=1)) == ""
    assert _code_of(_say("ben"), question, now=T + timedelta(hours=1, seconds=1)) == "expired"


def test_a_second_word_of_one_person_changes_nothing():
    for first in (_yes("ben", 5), _no("ben", 5)):
        for answer in ("yes", "no"):
            assert _code_of(_say("ben", answer), decisions=[first]) == "decided_before"
    assert _code_of(_say("dora"), decisions=[_yes("ben", 5)]) == ""
    with_code = Decision("person:ben", "yes", "commander", T, 5, CODES[0])
    assert _code_of(_say("ben"), decisions=[with_code]) == "", "a code is another voice than his own"


def test_sealed_codes_count_from_their_rung_on_once():
    at = codes_count_from(QUESTION, (), PEOPLE)
    assert at == T + timedelta(seconds=900)
    say = _say("ana", code=CODES[0])
    assert _code_of(say, now=at - timedelta(seconds=1)) == "early_code"
    assert judge(QUESTION, (), say, PEOPLE, at).role == "commander"
    assert _code_of(say, now=at, used=frozenset({CODES[0]})) == "used_code"
    assert _code_of(_say("aud", code=CODES[0]), now=at) == "no_role"
    assert _code_of(say, replace(QUESTION, ladder=("approver",)), now=at) == "unknown_code"
    assert codes_count_from(QUESTION, (), {"ana": PEOPLE["ana"]}) == T, "nobody else is left to ask"


# What opens


def test_as_many_as_wanted_and_each_counts_once():
    two = replace(QUESTION, people=2)
    assert not is_open(QUESTION, [])
    assert is_open(QUESTION, [_yes("ben", 5)])
    assert not is_open(two, [_yes("ben", 5)])
    assert not is_open(two, [_yes("ben", 5), _yes("ben", 6)])
    assert not is_open(two, [_yes("ben", 5), _yes("BEN", 6)])
    assert is_open(two, [_yes("ben", 5), _yes("dora", 6)])
    assert is_open(two, [_yes("ben", 5), _yes("cleo", 6, "commander")])


def test_too_little_authority_opens_nothing():
    question = replace(QUESTION, role="commander")
    assert not is_open(question, [_yes("ben", 5), _yes("dora", 6)])
    assert is_open(question, [_yes("cleo", 5, "commander")])
    coded = Decision("person:ana", "yes", "commander", T, 5, CODES[0])
    assert is_open(question, [coded])
    assert is_open(replace(question, people=2), [coded, replace(coded, n=6, code=CODES[1])])
    assert not is_open(replace(question, people=2), [coded, replace(coded, n=6)])


def test_the_glass_opens_alone():
    glass = Decision("person:ana", "yes", "glass", T, 5)
    assert is_open(replace(QUESTION, people=9, role="commander"), [_no("cleo", 4, "commander"), glass])


def test_whoever_said_something_before_may_still_break_the_glass():
    two = replace(QUESTION, people=2)
    for first in (_yes("ben", 4), _no("ben", 4)):
        assert _code_of(_say("ben", glass=True, reason="nobody else answers"), two, [first]) == "no_reason"
        assert _code_of(_say("ben", glass=True, reason="nobody else answers me"), two, [first]) == ""
        assert is_open(two, [first, Decision("person:ben", "yes", "glass", T, 5)])


def test_an_objection_wants_more_authority_or_one_more_with_as_much():
    no = _no("ben", 5)
    assert not is_open(QUESTION, [no])
    assert not is_open(QUESTION, [no, _yes("dora", 6)])
    assert is_open(QUESTION, [no, _yes("cleo", 6, "commander")])
    assert is_open(QUESTION, [no, _yes("dora", 6), _yes("fay", 7)])
    two = replace(QUESTION, people=2)
    assert not is_open(two, [_yes("dora", 4), no])
    assert is_open(two, [_yes("dora", 4), no, _yes("cleo", 6, "commander")])
    assert not is_open(two, [_yes("dora", 4), no, _yes("fay", 6)])
    assert is_open(two, [_yes("dora", 4), no, _yes("fay", 6), _yes("gil", 7)])


def test_a_commanders_objection_is_answered_by_a_commander_alone():
    no = _no("cleo", 5, "commander")
    approvers = [_yes(name, 6 + at) for at, name in enumerate(("ben", "dora", "fay", "gil"))]
    assert not is_open(QUESTION, [no, *approvers])
    assert not is_open(QUESTION, [no, _yes("carl", 6, "commander")]), "one more than before"
    assert is_open(QUESTION, [no, _yes("carl", 6, "commander"), _yes("ben", 7)])


def test_a_yes_from_before_an_objection_does_not_answer_it():
    assert not is_open(replace(QUESTION, people=2), [_yes("cleo", 4, "commander"), _no("ben", 5), _yes("dora", 6)])


_VOICES = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["yes", "no"]), st.sampled_from(["approver", "commander"])),
    max_size=7,
)


@given(_VOICES, st.integers(1, 3), st.sampled_from(["approver", "commander"]))
def test_one_more_yes_never_shuts_a_wall_and_one_more_no_never_opens_it(voices, people, role):
    question = replace(QUESTION, people=people, role=role)
    said = [Decision(name, answer, rank, T, n) for n, (name, answer, rank) in enumerate(voices, 5)]
    more_yes = [*said, Decision("zoe", "yes", "commander", T, 99)]
    more_no = [*said, Decision("zoe", "no", "approver", T, 99)]
    assert is_open(question, more_yes) >= is_open(question, said)
    assert is_open(question, more_no) <= is_open(question, said)


@given(_VOICES, st.integers(1, 3), st.sampled_from(["approver", "commander"]))
def test_no_wall_opens_without_as_many_proven_voices_as_wanted(voices, people, role):
    question = replace(QUESTION, people=people, role=role)
    said = [Decision(name, answer, rank, T, n) for n, (name, answer, rank) in enumerate(voices, 5)]
    if is_open(question, said):
        first = {}
        for one in said:
            first.setdefault(one.by, one)
        agreeing = [
            one for one in first.values() if one.answer == "yes" and (one.role == "commander" or role == "approver")
        ]
        assert len(agreeing) >= people


@given(_VOICES)
def test_no_clock_ever_says_yes(voices):
    said = [Decision(name, answer, rank, T, n) for n, (name, answer, rank) in enumerate(voices, 5)]
    far = standing(QUESTION, said, PEOPLE, T + timedelta(days=365))
    assert (far.state == "open") == is_open(QUESTION, said)


def test_the_order_in_which_two_say_yes_is_all_one():
    voices = [("ben", "approver"), ("dora", "approver"), ("cleo", "commander")]
    for order in permutations(voices):
        said = [_yes(name, n, role) for n, (name, role) in enumerate(order, 5)]
        assert is_open(replace(QUESTION, people=3), said)


# Who is asked


def test_the_ladder_widens_and_never_narrows():
    first, second, third = (standing(QUESTION, [], PEOPLE, T + timedelta(seconds=s)) for s in (0, 600, 900))
    assert (first.rung, first.asked, first.until) == ("approver", ("ben", "dora"), T + timedelta(seconds=600))
    assert (second.rung, second.asked) == ("commander", ("ben", "dora", "cleo", "carl"))
    assert (second.since, second.until) == (T + timedelta(seconds=600), T + timedelta(seconds=900))
    assert (third.rung, third.until, third.asked) == ("codes", None, second.asked)
    assert _code_of(_say("dora"), now=T + timedelta(days=2)) == "", "who was asked before may still answer"
    assert "ana" not in first.asked + tuple(first.barred), "a responder was never to be asked"
    assert first.barred["eve"] == "a target of this incident (practice_crm:SVC-drift)"


def test_a_rung_that_nobody_can_fill_is_not_waited_for():
    no_approver = {name: PEOPLE[name] for name in ("ana", "cleo", "eve")}
    stands = standing(QUESTION, [], no_approver, T)
    assert (stands.rung, stands.asked, stands.since) == ("commander", ("cleo",), T)
    alone = standing(replace(QUESTION, ladder=("approver",)), [], {"ana": PEOPLE["ana"]}, T)
    assert (alone.rung, alone.asked, alone.missing) == ("", (), 1)
    mute = standing(QUESTION, [], {"ben": _person("approver", token=False)}, T)
    assert mute.barred == {"ben": "has neither token nor key"}


@pytest.mark.parametrize(
    ("role", "ladder", "people", "asked"),
    [
        ("commander", ("approver",), ("ben", "cleo"), ("cleo",)),
        ("commander", ("approver", "codes"), ("ben", "cleo"), ("cleo",)),
        ("approver", ("approver",), ("eve", "cleo"), ("cleo",)),
        ("approver", ("commander",), ("ben",), ("ben",)),
    ],
)
def test_a_ladder_that_leaves_out_whoever_could_answer_still_asks_them(role, ladder, people, asked):
    question = replace(QUESTION, role=role, ladder=ladder)
    stands = standing(question, [], {name: PEOPLE[name] for name in people}, T)
    assert stands.asked == asked
    assert stands.rung != ""


def test_who_asked_for_it_and_who_answered_is_not_asked():
    question = replace(QUESTION, requesters=frozenset({"person:ben"}), people=2)
    stands = standing(question, [_yes("dora", 5)], PEOPLE, T)
    assert stands.barred == {
        "ben": "asked for it", "dora": "has answered", "eve": "a target of this incident (practice_crm:SVC-drift)",
    }  # fmt: skip
    assert stands.missing == 1
    assert stands.rung == "commander"


def test_an_objection_asks_the_next_rung_at_once_and_its_time_begins_anew():
    at = T + timedelta(seconds=100)
    stands = standing(QUESTION, [_no("ben", 5, at=at)], PEOPLE, at)
    assert (stands.state, stands.rung, stands.since) == ("objected", "commander", at)
    assert stands.asked == ("dora", "cleo", "carl")
    assert (stands.people, stands.over) == (2, "approver")
    top = standing(QUESTION, [_no("cleo", 5, "commander", at=at)], PEOPLE, at)
    assert (top.rung, "carl" in top.asked) == ("commander", True)
    opened = standing(QUESTION, [_no("ben", 5), _yes("cleo", 6, "commander")], PEOPLE, T)
    assert (opened.state, opened.asked, opened.missing) == ("open", (), 0)


# What it costs


@pytest.mark.parametrize(
    ("people", "hours", "wants"),
    [(2, 4, ("small", 1)), (8, 1, ("small", 1)), (3, 4, ("large", 2)), (41, 4, ("large", 2)), (0, 4, ("small", 1))],
)
def test_the_class_is_the_first_whose_bound_holds(people: int, hours: int, wants: tuple[str, int]):
    found = needed(Cost(people, Decimal(hours)), ApprovalsEntry())
    assert (found.name, found.people, found.role) == (*wants, "approver")


def test_the_more_of_playbook_and_class_is_wanted():
    cost = Cost(100, Decimal(4))
    assert (needed(cost, ApprovalsEntry(), people=3).people, needed(cost, ApprovalsEntry(), people=1).people) == (3, 2)
    assert needed(Cost(1, Decimal(1)), ApprovalsEntry(), role="commander").role == "commander"
    classes = (ClassEntry(name="only", people=1, role="commander"),)
    assert needed(cost, ApprovalsEntry(classes=classes), role="approver").role == "commander"
    assert needed(cost, ApprovalsEntry(), role="responder").role == "approver"


def test_beyond_a_guardrail_a_commander_is_asked():
    found = needed_beyond_guardrail(Cost(1, Decimal(1)), ApprovalsEntry())
    assert (found.role, found.people) == ("commander", 1)


def test_what_is_asked_says_by_which_ladder_it_is_decided():
    body = needed(Cost(41, Decimal(4)), ApprovalsEntry()).body(ApprovalsEntry(), within_s=120)
    assert body["ladder"] == ["approver", "commander"], "without codes there is no such rung"
    assert (body["within_s"], body["rung_s"], body["cost"], body["class"]) == (120, 600, "41 people x 4 h", "large")
    with_codes = ApprovalsEntry(codes=CODES)
    assert needed(Cost(1, Decimal("0.5")), with_codes).body(with_codes)["ladder"] == list(LADDER)


# A review


@pytest.mark.parametrize(
    ("name", "code"), [("dora", ""), ("cleo", ""), ("ben", "requester"), ("ana", "no_role"), ("eve", "target")]
)
def test_who_reviews_what_one_person_opened_alone(name: str, code: str):
    assert judge_review("person:ben", False, _sayer(name), QUESTION.targets, "os:x").code == code


def test_nobody_reviews_unproven_or_twice():
    assert judge_review("person:ben", True, _sayer("dora"), frozenset(), "os:x").code == "decided_before"
    assert judge_review("person:ben", False, None, frozenset(), "os:x").code == "unknown"
    assert judge_review("person:ben", False, _sayer("dora", "os"), frozenset(), "os:x").code == "unproven"
