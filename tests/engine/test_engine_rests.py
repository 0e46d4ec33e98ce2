"""Runs that rest: when they are visited, when their holds have lasted long enough, and what people may say of a step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.expiring import lapsed
from engine.visits import VISIT_S, Visits
from engine.words_of_people import NotTaken, attested, retried
from inventory.proof import Sayer
from journal.replay import replay
from tests.reports.building import START, Story, held

BEN = Sayer("ben", "Ben", frozenset({"approver"}), "token")
EVE = Sayer("eve", "Eve", frozenset({"approver"}), "token", accounts=("practice_crm:svc-drift",))
NOBODY = Sayer("", "", frozenset(), "os", os="os:root")


def _waits(word="waiting", **body):
    story = held()
    story.add("worded", {"word": word, "footholds": {}, "why": "", **body})
    return story.add("ended", {"word": word})


def _due(story, at_s, *, read_at_s=0.0, now=START):
    visits = Visits()
    visits.read("R-1", story.events, read_at_s)
    return visits.due("R-1", now, at_s)


def test_what_waits_is_visited_once_a_minute_and_gone_on_with_once_it_is_answered():
    assert _due(_waits(), VISIT_S - 1) == "no"
    assert _due(_waits(), VISIT_S) == "visit"
    assert _due(_waits().approved(), 0.5) == "answered"
    assert _due(_waits().add("attested", {"step": "block", "by": "ben"}), 0.5) == "answered"
    assert _due(_waits().add("turned_away", {"wall": "wall", "code": "target"}), 0.5) == "no"


def test_an_answer_from_before_the_process_went_on_is_no_news():
    story = held().approved()
    story.add("leased", {"fence": 2, "gone": "rested", "why": "resumed"})
    story.add("worded", {"word": "waiting", "footholds": {}, "why": "by hand"}).add("ended", {"word": "waiting"})
    assert _due(story, 1.0) == "no"


@pytest.mark.parametrize("word", ["stopped", "contained", "failed"])
def test_what_a_person_stopped_or_what_is_over_is_left_alone(word):
    assert _due(_waits(word), 10 * VISIT_S) == "no"


def test_what_is_closing_is_looked_at_when_the_last_path_dies():
    until = START + timedelta(hours=1)
    story = _waits("closing", until=until.isoformat())
    assert _due(story, 600.0, now=until - timedelta(seconds=1)) == "no"
    assert _due(story, 3600.0, now=until) == "visit"


def test_a_visit_that_fails_is_tried_again_later_and_later():
    visits = Visits()
    visits.read("R-1", _waits().approved().events, 0.0)
    for n in range(1, 4):
        visits.went("R-1", 100.0, well=False)
        assert visits.due("R-1", START, 100.0 + 2.0**n - 0.1) == "no"
        assert visits.due("R-1", START, 100.0 + 2.0**n) == "answered"


def _expiring(expires="7d"):
    return Story(expires=expires).planned().closed("block")


def test_holds_that_have_lasted_as_long_as_the_playbook_said_are_asked_about_once_a_day():
    story = _expiring()
    due = START + timedelta(days=7, seconds=1)
    assert lapsed(replay(story.events), due - timedelta(hours=1)) is None
    draft = lapsed(replay(story.events), due)
    assert draft is not None
    assert (draft.type, draft.body["held"]) == ("lapsed", 1)
    story.wait(7 * 86400).add("lapsed", draft.body)
    assert lapsed(replay(story.events), due + timedelta(hours=23)) is None
    assert lapsed(replay(story.events), due + timedelta(hours=25)) is not None


@pytest.mark.parametrize(
    "story", [_expiring(""), Story(expires="7d").planned(), Story("dry-run", expires="7d").planned()]
)
def test_what_holds_nothing_or_says_no_time_is_not_asked_about(story):
    assert lapsed(replay(story.events), datetime(2030, 1, 1, tzinfo=UTC)) is None


def test_a_persons_word_counts_for_what_no_look_can_tell_and_for_nothing_else():
    story = held().add("step", {"step": "click", "state": "asked", "why": "Block it", "back": False})
    story.settled("told", "sales", "requested", "said")
    run = replay(story.events)
    assert attested(run, "click", BEN, "saw it").body["step"] == "click"
    assert attested(run, "told/sales", BEN, "they called").body["effect"] == "told/sales"
    for what in ("block/block-00", "nothing", "tokens"):
        with pytest.raises(NotTaken):
            attested(run, what, BEN, "x")
    for who, code in ((EVE, "target"), (NOBODY, "unproven")):
        with pytest.raises(NotTaken) as refused:
            attested(run, "click", who, "x")
        assert refused.value.code == code
    story.add("attested", {"step": "told", "effect": "told/sales", "by": "person:ben", "how": "token"})
    effect = replay(story.events).effects["told/sales"]
    assert (effect.word, effect.grade) == ("effective", "attested")


def test_a_retried_effect_is_as_if_it_had_never_been_sent():
    story = held().sent("told", "sales", answered=False).settled("told", "sales", "in-doubt", "said", "no answer")
    run = replay(story.events)
    draft = retried(run, "told/sales", BEN, "nobody got it")
    story.add("retried", dict(draft.body))
    effect = replay(story.events).effects["told/sales"]
    assert (effect.word, effect.came, effect.tries, effect.once) == ("", "not-sent", 0, False)
    with pytest.raises(NotTaken):
        retried(run, "block/block-00", BEN, "again")
