"""Same state, same hash, whatever the order, the time or the run; any governed change, another; minting keeps the scope."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plan.at_home import changed, company, live, planned, with_config
from tests.simulation import ours


def hashes(body):
    return body["plan_hash"], body["scope_hash"]


@pytest.fixture(scope="module")
def first():
    return hashes(planned(live(), company(12)))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32), st.integers(2, 10**6), st.text("abcdef0123456789", min_size=4, max_size=8),
    st.datetimes(), st.booleans(),
)  # fmt: skip
def test_order_times_runs_and_ungoverned_fields_are_outside_both(first, seed, version, run, at, again):
    found = company(12, version=version, used_at=at.isoformat(), user="other{}")
    dice = random.Random(seed)
    for pairs in found.values():
        dice.shuffle(pairs)
    steps = list(found.items())
    dice.shuffle(steps)
    other = planned(live(run=f"R-{run}", opened_at=at.replace(year=2027).isoformat() + "Z"), dict(steps))
    assert hashes(other) == first
    assert not again or hashes(planned(live(), company(12))) == first


GOVERNED = {
    "a client that is off": lambda found: changed(found, "client", 0, enabled=False),
    "a path that is restricted": lambda found: changed(found, "path", 0, mode="only"),
    "an allow-list that differs though the calls do not": lambda found: changed(found, "path", 0, addresses=("9.9.9.9",)),
    "a token that is dead": lambda found: changed(found, "tokens", 3, active=False),
    "a token more": lambda found: {**found, "tokens": company(13)["tokens"]},
    "a token less": lambda found: {**found, "tokens": found["tokens"][1:]},
    "a session that ended": lambda found: changed(found, "sessions", 0, alive=False),
}  # fmt: skip


@pytest.mark.parametrize("change", GOVERNED.values(), ids=GOVERNED.keys())
def test_any_governed_thing_changes_the_plan_hash_and_no_scope(first, change):
    other = hashes(planned(live(), change(company(12))))
    assert other[0] != first[0]
    assert other[1] == first[1]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 250))
def test_whoever_mints_within_the_bound_cannot_change_the_scope(first, tokens):
    assert hashes(planned(live(), company(tokens)))[1] == first[1]


def test_more_than_the_bound_is_another_scope(first):
    body = planned(live(), company(251))
    assert body["scope_hash"] != first[1]
    assert next(row for row in body["steps"] if row["id"] == "tokens")["at_most"] == 5000


TEXT = ours.PLAYBOOK.read_text()
INPUTS = {
    "the playbook's text": lambda: live(text=TEXT + "\n# one more line\n"),
    "a guardrail": lambda: live(text=TEXT.replace("\ninputs:\n", "\nguardrails: {max_people: 40}\n\ninputs:\n", 1)),
    "where a connection leads": lambda: live(inventory=with_config(connections={
        name: entry.model_copy(update={"url": f"{entry.url}.elsewhere"})
        for name, entry in ours.inventory().config.connections.items()
    })),
}  # fmt: skip


@pytest.mark.parametrize("made", INPUTS.values(), ids=INPUTS.keys())
def test_what_is_given_is_in_both(first, made):
    other = hashes(planned(made(), company(12)))
    assert other[0] != first[0]
    assert other[1] != first[1]


def test_accounts_on_a_protected_list_are_in_both():
    text = TEXT.replace("\ninputs:\n", "\nguardrails: {protected: [break_glass]}\n\ninputs:\n", 1)
    one, two = (
        hashes(planned(live(text=text, inventory=with_config(protected={"break_glass": accounts})), company(12)))
        for accounts in (("crm:a",), ("crm:a", "crm:b"))
    )
    assert one[0] != two[0]
    assert one[1] != two[1]


def test_what_differs_in_each_run_is_said_to_be_later_and_stands_as_its_text():
    body = planned(live(), company(2))
    told = next(row for row in body["steps"] if row["id"] == "told")
    assert told["later"].startswith("at most 1 target, with ")
    assert "${run.word}" in told["later"]
