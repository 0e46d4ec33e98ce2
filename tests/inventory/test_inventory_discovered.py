"""What discovery found, beside what is declared: nothing twice, ids that collide with none and do not depend on the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.discovered import LONGEST_ID, MOST_LIKELY, MOST_SURE, with_found
from inventory.integrations.model import FootholdEntry, Integration
from inventory.model import Config
from inventory.read import Inventory

CONFIG = Config.model_validate({"connections": {"idp": {"system": "practice_idp", "url": "http://a.case"}}})
DECLARED = FootholdEntry(id="client", kind="client", at="idp", client="drift-prod", note="the big one")


def ours(*declared):
    one = Integration(title="Drift", owner="sales", footholds=declared or (DECLARED,))
    return Inventory(None, CONFIG, {"drift": one}, str, str)


def found(id_="client", *, kind="client", sure=True, why="it works as svc-drift", **names):
    return FootholdEntry(id=id_, kind=kind, at="idp", found=why, sure=sure, **names)


def merged(*entries, declared=()):
    return with_found(ours(*declared), {"drift": entries}, "snapshot 4").integrations["drift"].footholds


def test_found_footholds_stand_behind_the_declared_ones_and_say_why():
    both = merged(found("legacy", client="old"))
    assert both[0] == DECLARED
    assert (both[1].id, both[1].found, both[1].sure) == ("legacy", "it works as svc-drift", True)
    inventory = with_found(ours(), {}, "never discovered: no snapshot is there")
    assert inventory.discovered == "never discovered: no snapshot is there"
    assert inventory.integrations == ours().integrations


def test_what_is_declared_is_not_found_once_more():
    assert merged(found(client="drift-prod")) == (DECLARED,)
    assert len(merged(found(client="drift-prod", kind="app"))) == 2
    again = with_found(
        with_found(ours(), {"drift": [found("a", client="x")]}, "1"), {"drift": [found("b", client="y")]}, "2"
    )
    assert [one.id for one in again.integrations["drift"].footholds] == ["client", "b"], (
        "a newer discovery takes its place"
    )


def test_of_two_alike_the_sure_one_stays():
    (_, one) = merged(found("a", client="x", sure=False), found("b", client="x"))
    assert (one.id, one.sure) == ("b", True)


NAMES = st.lists(
    st.tuples(st.sampled_from(["client", "a", "b" * LONGEST_ID]), st.text(max_size=8)), max_size=8, unique=True
)


@given(NAMES, st.randoms())
def test_ids_collide_with_none_and_are_the_same_in_any_order(names, random):
    entries = [found(id_, client=client) for id_, client in names]
    all_ = merged(*entries)
    ids = [one.id for one in all_]
    assert len(set(ids)) == len(ids)
    assert all(len(one) <= LONGEST_ID for one in ids)
    mixed = list(entries)
    random.shuffle(mixed)
    assert {str(one.names): one.id for one in merged(*mixed)} == {str(one.names): one.id for one in all_}


def test_a_provider_s_text_is_one_capped_line():
    (_, one) = merged(found("x", client="x", why="a\nb\u202ec" + "d" * 1000))
    assert one.found.startswith("a b c")
    assert len(one.found) <= 300


def test_too_many_count_as_one_that_nothing_touches():
    entries = [found("s", client=f"s{n}") for n in range(MOST_SURE + 2)]
    entries += [found("l", client=f"l{n}", sure=False) for n in range(MOST_LIKELY + 1)]
    all_ = merged(*entries)
    assert len(all_) == 1 + MOST_SURE + MOST_LIKELY + 1
    assert not all_[-1].sure
    assert all_[-1].found.startswith("3 more of these were found")


def test_an_unknown_integration_and_a_reason_that_is_missing_are_refused():
    with pytest.raises(LookupError, match="no integration 'drfit', did you mean 'drift'"):
        with_found(ours(), {"drfit": [found(client="x")]}, "1")
    with pytest.raises(ValueError, match="do not say why"):
        with_found(replace(ours()), {"drift": [found(client="x", why="")]}, "1")
