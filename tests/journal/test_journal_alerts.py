"""The tables of alerts, on each data base: kept once, claimed once, sifted, weighed against the budget, decided once, forgotten."""

import asyncio
import hashlib
from datetime import timedelta

import pytest
import sqlalchemy as sa

from journal import Journal, Keys
from journal.clock import now, spelled
from journal.event import JOURNAL
from triggers.alerts.inbox import Inbox, Sighting, Sorted
from triggers.alerts.inbox.deciding import PROPOSALS, Limits
from triggers.alerts.inbox.sealing import NO_INCIDENT
from triggers.alerts.trust.model import Verified

DATABASES = ("sqlite", "postgresql")
LIMITS = Limits(3, 6, 2)


def sight(place=0, key="F1", **more):
    values = {
        "name": "okta",
        "type": "t",
        "status": "open",
        "severity": 80,
        "marks": frozenset({"u-1"}),
        "never": "",
    } | more
    said = {"name": "okta", "type": "t", "title": "T", "incident": NO_INCIDENT}
    return Sighting(place, hashlib.sha256(key.encode()).hexdigest(), said=said, **values)


async def kept(inbox, *bodies, name="okta"):
    verified = Verified("header", "env:X", "r")
    return await asyncio.gather(*(inbox.keep(name, "okta", body.decode(), body, verified) for body in bodies))


@pytest.fixture
async def two(url, tmp_path):
    """Two processes' inboxes over one journal."""
    keys = Keys.make_file(tmp_path / "seal")
    journals = [Journal.open(url, keys=keys) for _ in range(2)]
    yield [Inbox(journal) for journal in journals]
    for journal in journals:
        await journal.aclose()


async def test_a_delivery_is_kept_once_whoever_gets_it(two):
    first, second = two
    answers = [
        one
        for pair in await asyncio.gather(*(kept(inbox, *(b"%d" % n for n in range(40))) for inbox in two))
        for one in pair
    ]
    assert answers.count("kept") == 40
    assert answers.count("again") == 40
    rows, others = await first.rows(), await second.rows()
    got = [row for pair in await asyncio.gather(rows.claim(100), others.claim(100)) for row in pair]
    assert sorted(row.number for row in got) == sorted({row.number for row in got}), "claimed by one"
    assert len(got) == 40
    headers, raw = others.box.open(got[0].key, got[0].box)
    assert (headers, raw.isdigit()) == ({}, True)


async def test_a_body_does_not_lie_there_in_the_clear(two, url):
    await kept(two[0], b'{"secret": "canary-of-a-body"}')
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as conn:
        (row,) = conn.execute(sa.text("SELECT * FROM inbox")).all()
    engine.dispose()
    assert b"canary-of-a-body" not in bytes(row.body)
    assert "canary" not in str([value for value in row if isinstance(value, str)])


async def test_two_that_sift_the_same_finding_make_one_act(two):
    first, second = two
    await kept(first, b"a", b"b", b"c", b"d")
    rows, others = await first.rows(), await second.rows()
    mine, theirs = await rows.claim(2), await others.claim(2)
    sifted = await asyncio.gather(
        rows.sift([Sorted(row.number, (sight(),)) for row in mine]),
        others.sift([Sorted(row.number, (sight(),)) for row in theirs]),
    )
    acts = [act for found in sifted for several in found.values() for act in several]
    assert len(acts) == 1
    assert list((await rows.counts()).values()) == [4]


async def test_what_was_sifted_before_is_not_counted_again(two):
    rows = await two[0].rows()
    await kept(two[0], b"a")
    (row,) = await rows.claim(1)
    once = await rows.sift([Sorted(row.number, (sight(), sight(1, "F2")))])
    again = await rows.sift([Sorted(row.number, (sight(), sight(1, "F2")))])
    assert once == again
    assert list((await rows.counts()).values()) == [1, 1]


async def test_budgets_hold_between_processes(two):
    first, second = two
    await kept(first, *(b"%d" % n for n in range(8)))
    rows, others = await first.rows(), await second.rows()
    mine, theirs = await rows.claim(4), await others.claim(4)
    acts = await rows.sift([Sorted(row.number, (sight(0, f"F{row.number}"),)) for row in mine])
    more = await others.sift([Sorted(row.number, (sight(0, f"F{row.number}"),)) for row in theirs])
    said = await asyncio.gather(
        *(rows.reserve(act, f"R-{act.number}", f"i{act.number}", "p", LIMITS) for (act,) in acts.values()),
        *(others.reserve(act, f"R-{act.number}", f"i{act.number}", "p", LIMITS) for (act,) in more.values()),
    )
    assert sorted(said) == ["", "", "", *["budget-source"] * 5]
    (act,) = next(iter(acts.values()))
    assert await others.reserve(act, "R-x", "i", "p", LIMITS) == "lost", "it is another's to decide"
    assert await others.decide(act, "dismissed", [], {"incident": NO_INCIDENT}) is False


async def test_the_budget_of_an_integration_is_a_days(two):
    rows = await two[0].rows()
    await kept(two[0], b"a", b"b", b"c")
    acts = await rows.sift([Sorted(row.number, (sight(0, f"F{row.number}"),)) for row in await rows.claim(3)])
    said = [await rows.reserve(act, f"R-{act.number}", "drift", "p", Limits(9, 9, 2)) for (act,) in acts.values()]
    assert said == ["", "", "budget-integration"]
    (act,) = next(iter(acts.values()))
    assert await rows.reserve(act, "R-other", "drift", "p", Limits(0, 0, 0)) == "", "it has its place"
    assert (await rows.acts(id=act.number))[0].run == f"R-{act.number}", "and its run"


async def test_more_proposals_than_anybody_can_look_at_are_recorded_only(two):
    rows = await two[0].rows()
    await kept(two[0], b"a")
    (row,) = await rows.claim(1)
    found = await rows.sift([Sorted(row.number, tuple(sight(n, f"F{n}") for n in range(PROPOSALS + 3)))])
    words = []
    for act in found[row.number]:
        place = await rows.propose(act, f"i{act.number}", "p")
        words.append(place.get("word", ""))
        await rows.decide(
            act,
            place.get("word", "proposed"),
            [],
            {"incident": NO_INCIDENT},
            integration=f"i{act.number}",
            playbook="p",
        )
    assert words == [""] * PROPOSALS + ["crowded"] * 3


async def test_a_decision_is_one_and_in_the_chain(two):
    rows = await two[0].rows()
    await kept(two[0], b"a")
    (row,) = await rows.claim(1)
    ((act,),) = (await rows.sift([Sorted(row.number, (sight(),))])).values()
    said = {"incident": NO_INCIDENT, "name": "okta"}
    assert await rows.decide(act, "dismissed", ["no-playbook: none"], said)
    assert not await rows.decide(act, "started", [], said)
    events = [event for event in two[0]._journal.events(JOURNAL) if event.type == "alerted"]
    assert [event.body["word"] for event in events] == ["dismissed"]
    assert (await rows.one(row.number)).word == "dismissed"
    assert await rows.claim(9) == []


async def test_after_thirty_days_it_is_forgotten_and_what_waits_is_not(two, url):
    rows = await two[0].rows()
    await kept(two[0], b"a", b"b")
    done, waits = await rows.claim(2)
    await rows.sift([Sorted(done.number, (), "ignored")])
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as conn:
        conn.execute(sa.text("UPDATE inbox SET at = :at"), {"at": spelled(now() - timedelta(days=31))})
    engine.dispose()
    assert await rows.forget() == 1
    assert await rows.one(done.number) is None
    assert await rows.one(waits.number) is not None
    assert await kept(two[0], b"a") == ["kept"], "it is not known any more"


async def test_a_journal_in_which_nothing_was_decided_yet_verifies(two, url):
    from journal.proof.verify import verify_url

    rows = await two[0].rows()
    await kept(two[0], b"a")
    (row,) = await rows.claim(1)
    assert (await rows.sift([Sorted(row.number, (sight(),))]))[row.number]
    assert verify_url(url) == []
