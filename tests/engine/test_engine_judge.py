"""The word over the footholds: promise 1's pure half."""

from hypothesis import given
from hypothesis import strategies as st

from engine.judge import Standing, judge

CLIENT = frozenset({"blocks-reissue", "kills-refresh", "kills-access"})
NEEDS = {"client": CLIENT, "path": frozenset({"closes-path"})}
KILLS = frozenset({"kills-refresh", "kills-access"})


def standing(step, foothold, does, state="closed", **more):
    return Standing(step, foothold, frozenset(does), state, **more)


def closed():
    return [
        standing("block", "client", {"blocks-reissue"}),
        standing("tokens", "client", KILLS),
        standing("net", "path", {"closes-path"}),
    ]


def test_all_closed_is_contained():
    assert judge(NEEDS, closed()).word == "contained"


def test_a_foothold_that_no_step_reaches_is_named():
    verdict = judge({**NEEDS, "legacy": frozenset({"kills-access"})}, closed())
    assert verdict.word == "partially-contained"
    assert verdict.footholds["legacy"][0] == "not-in-playbook"


def test_a_family_without_a_step_is_not_in_the_playbook():
    verdict = judge(NEEDS, [s for s in closed() if s.step != "block"])
    assert verdict.footholds["client"] == ("not-in-playbook", "no step blocks-reissue here")


def test_nothing_found_comes_before_contained():
    steps = [*closed()[:1], standing("tokens", "client", KILLS, empty=True), closed()[2]]
    assert judge(NEEDS, steps).word == "nothing-found"


def test_unknown_is_never_contained():
    steps = [closed()[0], standing("tokens", "client", KILLS, "unknown", why="no answer"), closed()[2]]
    verdict = judge(NEEDS, steps)
    assert verdict.word == "partially-contained"
    assert verdict.footholds["client"] == ("unknown", "tokens: no answer")


def test_a_skipped_next_layer_does_not_open_a_closed_one():
    steps = [*closed(), standing("net2", "path", {"closes-path"}, "skipped")]
    assert judge(NEEDS, steps).word == "contained"


def test_skipped_alone_closes_nothing():
    steps = [*closed()[:2], standing("net", "path", {"closes-path"}, "skipped")]
    assert judge(NEEDS, steps).footholds["path"][0] == "open"


def test_nothing_closed_at_all_is_failed():
    assert judge(NEEDS, [standing(s.step, s.foothold, s.does, "open") for s in closed()]).word == "failed"


STATES = st.sampled_from(["closed", "open", "unknown", "skipped", "waiting"])


@given(st.lists(STATES, min_size=3, max_size=3), st.booleans())
def test_contained_means_that_every_needed_family_has_a_closed_step_and_no_open_one(states, empty):
    steps = [standing(s.step, s.foothold, s.does, state) for s, state in zip(closed(), states, strict=True)]
    steps[1] = standing("tokens", "client", KILLS, states[1], empty=empty)
    verdict = judge(NEEDS, steps)
    assert (verdict.word == "contained") == (states == ["closed"] * 3 and not empty)
