"""The first sign of the attacker: a run that joins an incident keeps the earliest that anybody said."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from engine.bound import NotBound
from engine.opening import Order, prepare
from engine.since import earliest, since_of
from engine.trial.record import shelf
from journal.clock import now
from tests.plan.at_home import DESK, live, opener
from tests.simulation import ours

BEFORE = datetime(2026, 11, 24, 1, 40, tzinfo=UTC)


def order(**more):
    return Order(ours.playbook(), "p.yaml", {"integration": "drift"}, "dry-run", "os:me", **more)


def opened(journal, **more):
    async def begin():
        live_ = await prepare(ours.inventory(), order(**more), opener=opener).begin(journal, DESK)
        await live_.finish(unlock=True)
        return live_

    return asyncio.run(begin())


def test_without_a_word_it_is_the_opening_and_with_one_it_is_that():
    with shelf() as at, at.journal() as journal:
        first = opened(journal)
        assert first.run.opened["since"] == ""
        assert first.since == datetime.fromisoformat(first.run.opened_at)
        second = opened(journal, since=BEFORE)
        assert second.run.opened["since"] == "2026-11-24T01:40:00Z"
        assert second.since == BEFORE == since_of(second.run)


@pytest.mark.parametrize(
    ("mine", "then"), [(None, BEFORE), (BEFORE + timedelta(hours=1), BEFORE), (BEFORE - timedelta(days=1),) * 2]
)
def test_a_run_that_joins_an_incident_keeps_the_earliest_of_both(mine, then):
    with shelf() as at, at.journal() as journal:
        first = opened(journal, since=BEFORE)
        joined = opened(journal, incident=first.run.incident, since=mine)
        assert joined.since == then
        assert earliest(journal, first.run.incident) == then
        assert earliest(journal, first.run.incident, beside=joined.run.id) == BEFORE


def test_joining_one_that_said_nothing_it_is_when_that_was_opened():
    with shelf() as at, at.journal() as journal:
        first = opened(journal)
        joined = opened(journal, incident=first.run.incident)
        assert abs(joined.since - first.since) < timedelta(seconds=1)


def test_a_time_to_come_is_refused():
    with pytest.raises(NotBound, match="still to come"):
        prepare(ours.inventory(), order(since=now() + timedelta(minutes=5)), opener=opener)


def test_it_is_in_no_hash():
    from tests.plan.at_home import company, planned

    one, other = live(), live()
    other.since = BEFORE
    other.run.opened = {**other.run.opened, "since": "2026-11-24T01:40:00Z"}
    hashes = [planned(each, company(3)) for each in (one, other)]
    assert len({(each["plan_hash"], each["scope_hash"]) for each in hashes}) == 1
