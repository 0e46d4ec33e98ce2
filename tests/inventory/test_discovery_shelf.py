"""What is listed is kept: whole or by changes, to the end or not, and what an earlier snapshot saw can be read again."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from inventory.discovery.listing import discover
from inventory.discovery.shelf import AtIt, Parts, Shelf
from journal.db.open import open_database
from journal.db.tables import snapshots, things
from journal.errors import JournalFailed
from tests.inventory.listing import There, house


def listed(shelf, *ways, whole=False):
    return asyncio.run(discover(shelf, ways, whole=whole))


def held(shelf, n):
    return {thing.place: thing for parts in (False, True) for thing in shelf.things(n, parts=parts)}


def test_everything_is_kept_and_nothing_else(shelf):
    there = There({"drift": {"title": "Drift", "scopes": ("read", "export")}, "pdf": {"enabled": False}})
    for number in range(1201):
        there.put(f"g{number}", "drift", f"user{number % 40}")
    there.put("old", "pdf", "user1", active=False)
    snapshot = listed(shelf, house(there))
    assert (snapshot.n, snapshot.things) == (1, 1203)
    assert there.requests == 1 + 3, "one of apps, three pages of grants"
    found = held(shelf, 1)
    assert {place for place in found if "/app/" in place} == {"house/app/drift", "house/app/pdf"}
    assert found["house/app/drift"].scopes == ("export", "read")
    assert found["house/app/pdf"].state == {"enabled": False}, "what changes by itself is no state"
    assert "house/grant/old" not in found
    assert shelf.parts(1) == {("house", "drift"): Parts(1201, 40)}


def test_the_second_time_asks_for_changes_only_and_finds_the_same_as_a_whole_listing(shelf):
    there = There({"drift": {}})
    for number in range(5000):
        there.put(f"g{number}", "drift", "ana")
    first = listed(shelf, house(there))
    before = there.requests
    there.put("g7", "drift", "ana", active=False)
    there.put("g8", "drift", "ana", scopes=("read", "export"))
    there.put("new", "drift", "ben")
    second = listed(shelf, house(there))
    assert there.requests - before == 2
    assert before >= 10 * (there.requests - before) / 2
    assert not second.listed["house"]["grant"]["whole"]
    whole = listed(shelf, house(there), whole=True)
    assert whole.digest == second.digest != first.digest
    assert shelf.parts_changed(2, 1) == {("house", "drift"): {"new": 1, "gone": 1, "changed": 1}}
    assert shelf.parts_changed(3, 2) == {}
    assert held(shelf, 1)["house/grant/g8"].scopes == ("read",), "as it was then"
    assert held(shelf, 2)["house/grant/g8"].scopes == ("export", "read")


def test_what_a_whole_listing_has_no_more_is_gone_and_what_comes_again_is_new(shelf):
    there = There({"drift": {}, "pdf": {}})
    listed(shelf, house(there))
    pdf = there.apps.pop("pdf")
    listed(shelf, house(there))
    assert [(was.place, now) for was, now in shelf.changed(2, 1)] == [("house/app/pdf", None)]
    there.apps["pdf"] = pdf
    listed(shelf, house(there))
    assert [(was, now.place) for was, now in shelf.changed(3, 2)] == [(None, "house/app/pdf")]
    assert list(shelf.changed(3, 1)) == [], "between these two nothing differs"


def test_a_listing_that_breaks_off_takes_nothing_for_gone_and_keeps_its_mark(shelf):
    there = There({"drift": {}}, page=10)
    for number in range(100):
        there.put(f"g{number}", "drift", "ana")
    listed(shelf, house(there))
    there.put("g5", "drift", "ana", active=False)
    for number in range(100, 130):
        there.put(f"g{number}", "drift", "ana")
    there.fails_after = there.requests + 3
    broken = listed(shelf, house(there))
    assert broken.whys("house") == ["GET /grants: 403. Our credential there needs: grants.read"]
    assert broken.listed["house"]["app"]["why"] == ""
    there.fails_after = None
    mended = listed(shelf, house(there))
    assert mended.whys("house") == []
    assert mended.things == 1 + 129
    assert listed(shelf, house(there), whole=True).digest == mended.digest


def test_an_empty_listing_after_one_that_was_not_is_in_doubt(shelf):
    there = There({"drift": {}, "pdf": {}})
    listed(shelf, house(there))
    there.apps.clear()
    empty = listed(shelf, house(there))
    assert "nothing, where 2 were before" in empty.whys("house")[0]
    assert len(held(shelf, empty.n)) == 2, "all count as there"


def test_one_connection_that_fails_does_not_hold_up_another(shelf):
    good, bad = There({"drift": {}}), There({"pdf": {}}, fails_after=0)
    snapshot = listed(shelf, house(good, "good"), house(bad, "bad"))
    assert set(held(shelf, 1)) == {"good/app/drift"}
    assert snapshot.whys("good") == []
    assert len(snapshot.whys("bad")) == 1


def test_a_mark_is_good_at_its_own_address_only(shelf):
    there = There({"drift": {}})
    there.put("g1", "drift", "ana")
    listed(shelf, house(there))
    elsewhere = house(There({"drift": {}}))
    elsewhere.reader.__class__ = type("Elsewhere", (elsewhere.reader.__class__,), {"url": "http://other.test"})
    snapshot = listed(shelf, elsewhere)
    assert snapshot.listed["house"]["grant"]["whole"]


def test_what_another_configuration_listed_stands_as_it_was(shelf):
    listed(shelf, house(There({"drift": {}}), "mine"))
    second = listed(shelf, house(There({"pdf": {}}), "theirs"))
    assert second.listed["mine"]["app"]["n"] == 1
    assert second.listed["theirs"]["app"]["n"] == 2
    assert set(held(shelf, 2)) == {"mine/app/drift", "theirs/app/pdf"}


def test_two_at_once_are_refused_and_one_that_died_is_passed_over(shelf, monkeypatch):
    n = shelf.begin()
    with pytest.raises(AtIt, match=f"Snapshot {n} is being listed"):
        shelf.begin()
    with shelf._writing() as conn:
        conn.execute(update(snapshots).values(touched_at="2026-01-01T00:00:00.000000Z"))
    assert shelf.begin() == n + 1


def test_a_thing_that_was_altered_in_the_data_base_is_told(shelf):
    there = There({"drift": {"scopes": ("read",)}})
    listed(shelf, house(there))
    with shelf._writing() as conn:
        conn.execute(update(things).values(body=text("replace(body, 'read', 'none')")))
    with pytest.raises(JournalFailed, match="house/app/drift was altered"):
        shelf.digest(1)
    with pytest.raises(JournalFailed, match="discover --whole"):
        shelf.digest(1)
    listed(shelf, house(there), whole=True)
    assert held(shelf, 2)["house/app/drift"].scopes == ("read",)


CHANGE = st.tuples(
    st.sampled_from(["g0", "g1", "g2", "g3", "g4"]),
    st.sampled_from(["a", "b"]),
    st.booleans(),
    st.sampled_from(["x", "y"]),
)


@settings(max_examples=40, deadline=None)
@given(rounds=st.lists(st.lists(CHANGE, max_size=4), min_size=1, max_size=5), page=st.integers(1, 4))
def test_changes_lead_where_a_whole_listing_leads(tmp_path_factory, rounds, page):
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('s') / 'j.db'}")
    shelf, there = Shelf(database), There({"a": {}, "b": {}}, page=page)
    there.put("always", "a", "ana")
    truths, numbers = [], []
    for changes in rounds:
        for grant, app, active, scope in changes:
            there.put(grant, app, "ana", (scope,), active=active)
        truths.append({f"house/grant/{g}": (of, scopes) for _, g, of, _, scopes, active in there.feed if active})
        numbers.append(listed(shelf, house(there)).n)
    for n, truth in zip(numbers, truths, strict=True):
        assert {p: (t.part_of, t.scopes) for p, t in held(shelf, n).items() if "/grant/" in p} == truth
    assert listed(shelf, house(there), whole=True).digest == shelf.digest(numbers[-1])[0]
    database.engine.dispose()
