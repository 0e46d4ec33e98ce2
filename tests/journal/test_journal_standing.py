"""What the journal's own chain says of incidents and runs."""

from __future__ import annotations

from typing import Any

from journal.custody.standing import Standing, standing
from journal.event import JOURNAL, Event


def _stands(*said: tuple[str, dict[str, Any]]) -> Standing:
    at = "2026-11-24T03:00:00.000000Z"
    return standing(
        Event(JOURNAL, n, JOURNAL, 1, at, type_, body, "", f"{n:064x}") for n, (type_, body) in enumerate(said, 1)
    )


OPENED = ("opened", {"run": "R1", "incident": "INC-1", "hash": "0"})
RELEASED = ("closed", {"run": "R1", "incident": "INC-1", "n": 9, "head": "1"})
CLOSED = ("incident_closed", {"incident": "INC-1", "by": "", "why": ""})
SHREDDED = ("shredded", {"incident": "INC-1", "runs": ["R1"]})
ERASED = ("erased", {"incident": "INC-1", "why": ""})


def _hold(*, on: bool) -> tuple[str, dict[str, Any]]:
    return "legal_hold", {"incident": "INC-1", "by": "", "on": on, "why": ""}


def test_an_incident_is_open_until_people_close_it() -> None:
    assert not _stands(OPENED, RELEASED).closed("INC-1")
    assert _stands(OPENED, RELEASED, CLOSED).closed("INC-1")
    assert not _stands(OPENED, RELEASED, CLOSED).closed("INC-2")


def test_a_run_that_is_opened_or_taken_up_opens_its_incident_again() -> None:
    again = _stands(OPENED, RELEASED, CLOSED, SHREDDED, ERASED, ("resumed", {"run": "R1", "n": 10, "fence": 2}))
    assert not again.closed("INC-1")
    assert not again.shredded("INC-1")
    assert not again.erased("INC-1")
    assert "R1" not in again.released
    other = _stands(OPENED, RELEASED, CLOSED, ("opened", {"run": "R2", "incident": "INC-1", "hash": "2"}))
    assert not other.closed("INC-1")
    assert other.released["R1"].body["n"] == 9
    assert other.runs_of("INC-1") == ["R1", "R2"]


def test_the_latest_word_on_a_legal_hold_counts() -> None:
    assert _stands(_hold(on=True)).on_hold("INC-1")
    assert not _stands(_hold(on=True), _hold(on=False)).on_hold("INC-1")
    assert _stands(_hold(on=True), _hold(on=False), _hold(on=True)).on_hold("INC-1")
    assert _stands(_hold(on=True), OPENED).on_hold("INC-1")


def test_shredding_erasing_and_pruning_are_remembered() -> None:
    gone = ("pruned", {"run": "R1", "incident": "INC-1", "n": 9, "head": "1"})
    found = _stands(OPENED, RELEASED, CLOSED, SHREDDED, ERASED, gone)
    assert found.shredded("INC-1")
    assert found.erased("INC-1")
    assert found.pruned["R1"].body["head"] == "1"
    assert found.runs_of("INC-1") == ["R1"]
    assert not _stands(OPENED, RELEASED, CLOSED).shredded("INC-1")


def test_what_custody_has_nothing_to_do_with_is_passed_by() -> None:
    assert _stands(("anchored", {"anchor": "1"}), OPENED).runs == {"R1": "INC-1"}
