"""What an approval covers: the same scope or less of it, within the same guardrails; anything beyond is asked anew."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from engine.walls import covered

SCOPE = [["client", "idp.off", "idp", "c", 1], ["tokens", "idp.end", "idp", "c", 500]]
RAILS = {"max_people": 400, "max_services": None, "asks": [], "asks_before_holds": []}


def _live(scope, hash_="b" * 64, rails=RAILS, then=SCOPE):
    approved = SimpleNamespace(body={"scope_hash": "a" * 64})
    run = SimpleNamespace(
        approved={"approve": approved}, scopes={"approve": {"scope": then, "guardrails": RAILS}},
        planned={"scope_hash": hash_, "scope": scope, "guardrails": rails},
    )  # fmt: skip
    return SimpleNamespace(run=run)


@pytest.mark.parametrize("scope", [SCOPE, SCOPE[:1], [["tokens", "idp.end", "idp", "c", 100]]])
def test_the_same_or_less_is_covered(scope):
    assert covered(_live(scope), "approve")


@pytest.mark.parametrize(
    "scope",
    [
        [["tokens", "idp.end", "idp", "c", 5000]],
        [["tokens", "idp.end", "idp", "another", 500]],
        [["tokens", "idp.delete", "idp", "c", 500]],
        [["tokens", "idp.end", "other", "c", 500]],
        [*SCOPE, ["more", "idp.end", "idp", "c", 1]],
    ],
)
def test_more_or_other_is_not(scope):
    assert not covered(_live(scope), "approve")


@pytest.mark.parametrize("change", [{"max_people": 500}, {"max_people": None}, {"asks": ["protected (glass): okta:x"]}])
def test_other_guardrails_are_not(change):
    assert not covered(_live(SCOPE[:1], rails=RAILS | change), "approve")


def test_the_very_scope_is_covered_and_another_wall_is_not():
    assert covered(_live([], hash_="a" * 64), "approve")
    assert not covered(_live(SCOPE), "approve_2")
    assert not covered(_live([], then=[]), "approve")
