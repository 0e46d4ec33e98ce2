"""Reports claim nothing that the journal does not prove."""

import pytest
from building import ALL_CLOSED, CLOSED, STORIES, Story, contained, crashed, held, nothing_found, recovered

from reports import facts
from reports.matrix import matrix, plain
from reports.summary import summary
from reports.terminal import told


def test_a_summary_has_just_these_keys() -> None:
    story = contained()
    found = summary(story.run, events=story.events, attacker_calls_after=3, report="r.html")
    assert {name: sorted(value) if isinstance(value, dict) else type(value).__name__ for name, value in found.items()} == {
        "run": "str", "incident": "str", "word": "str", "seconds": ["cut", "hold", "total"],
        "effects": ["contested", "effective", "failed", "held_already", "in_doubt", "planned", "residual"],
        "proof": ["attested", "quiet", "said", "seen", "tried"],
        "footholds": ["closed", "covered", "declared", "open", "residual", "unknown"], "residual_until": "NoneType",
        "ways": ["api_path", "client", "run_as"],
        "radius": ["credentials", "data", "discovered", "footholds", "people", "stops"],
        "attacker_calls_after": "int", "plan_hash": "str", "scope_hash": "str", "journal": ["events", "head"],
        "report": "str",
    }  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_footholds_add_up(name: str) -> None:
    found = summary(STORIES[name]().run, events=[])["footholds"]
    assert found["covered"] == found["closed"] + found["open"] + found["unknown"]
    assert found["declared"] == 3


def test_a_run_killed_after_its_word_does_not_rest_on_that_word() -> None:
    story = crashed()
    text = "\n".join(told(story.run, story.events).lines())
    assert "13 sent, 1 approved; not judged again yet" in text
    assert "Nothing one-way was done" not in text


def test_a_switch_back_after_contained_is_said_first() -> None:
    story = contained().add("contested", {"effect": "block/block-00", "times": 1})
    shown = told(story.run, story.events)
    assert shown.tone == "bad"
    assert "1 switched back on" in shown.lines()[1]
    assert facts.footholds(story.run)["closed"] == 2


def test_contained_alone_has_nothing_since() -> None:
    story = contained()
    assert facts.since_word(story.run) == ""
    assert told(story.run, story.events).tone == "good"


def test_what_was_given_back_is_not_closed() -> None:
    assert facts.footholds(recovered().run) == {
        "declared": 3,
        "covered": 3,
        "closed": 1,
        "residual": 0,
        "open": 2,
        "unknown": 0,
    }


def test_an_empty_list_closes_no_foothold() -> None:
    assert facts.footholds(nothing_found().run) == {
        "declared": 3,
        "covered": 3,
        "closed": 1,
        "residual": 0,
        "open": 0,
        "unknown": 2,
    }


def test_said_is_never_proven() -> None:
    story = Story().planned().sent("block", "a").settled("block", "a", "requested", "said")
    assert facts.proof(story.run) == {"tried": 0, "seen": 0, "quiet": 0, "attested": 0, "said": 1}
    assert summary(story.run, events=story.events)["effects"]["effective"] == 0
    assert summary(story.run, events=story.events)["seconds"]["hold"] is None


def test_a_word_that_is_not_known_is_in_doubt() -> None:
    story = Story().planned().sent("block", "a").settled("block", "a", "splendid")
    assert facts.effects(story.run)["in_doubt"] == 1


def test_an_undo_that_was_sent_and_not_settled_is_in_doubt() -> None:
    story = contained().worded("recovering", **ALL_CLOSED).sent("block", "block-00", back=True, answered=False)
    assert facts.effects(story.run)["in_doubt"] == 1
    assert facts.footholds(story.run)["unknown"] == 1


def test_an_undo_does_not_change_the_time_to_hold() -> None:
    before, after = contained(), recovered()
    assert facts.seconds(after.run, after.events)["hold"] == facts.seconds(before.run, before.events)["hold"]


def test_live_tokens_are_those_of_the_newest_listing_less_what_was_proven_since() -> None:
    story = held().approved().listed("tokens", 40, 40).closed("tokens", 12)
    assert any("12/40 effective, seen; still in by 28 live tokens" in line for line in plain(matrix(story.run)))
    story.listed("tokens", 43, 31)
    assert any("still in by 31 live tokens" in line for line in plain(matrix(story.run)))


def test_more_found_than_planned_is_counted() -> None:
    story = held().approved().closed("tokens", 50)
    assert facts.effects(story.run)["planned"] == 52
    assert any("50/50 effective" in line for line in plain(matrix(story.run)))


def test_the_attacker_of_an_older_end_is_not_told_again() -> None:
    story = contained()
    assert facts.ended(story.events)["attacker"]["after_command"] == 61
    story.add("leased", {"fence": 2, "owner": "x", "why": "lapsed"}, fence=2)
    assert facts.ended(story.events) == {}


def test_a_foothold_that_was_discovered_counts() -> None:
    story = Story().planned().worded("partially-contained", planted=("open", "app made at 01:58"), **ALL_CLOSED)
    assert facts.footholds(story.run)["declared"] == 4
    assert CLOSED == ("closed", "")


def test_a_run_of_no_events_has_a_summary() -> None:
    run = facts.Run()
    assert summary(run, events=[])["word"] == "running"
    assert told(run, []).lines()[0] == "RUNNING"


def test_what_failed_alike_is_one_line() -> None:
    story = held().approved()
    for number in range(146):
        story.sent("tokens", f"t{number}")
    assert "  tokens: 146 requested, a 2xx, not proven; the first is tokens/t0" in told(story.run, story.events).lines()


def test_a_found_foothold_says_why_it_counts_wherever_it_is_not_closed() -> None:
    footholds = {
        "client": {"kind": "client", "at": "idp", "names": {"client": "drift-prod"}, "needs": []},
        "old": {"kind": "key", "at": "crm", "names": {"key": "ak_1"}, "needs": [], "found": "the key of drift-prod", "sure": True},
    }  # fmt: skip
    story = Story(footholds=footholds).planned(not_covered=["old"])
    ways = summary(story.run, events=story.events)["ways"]
    assert ways["old"] == {"state": "not-in-playbook", "why": "found, not declared: the key of drift-prod"}
    assert ways["client"] == {"state": "unknown", "why": "not judged yet"}
