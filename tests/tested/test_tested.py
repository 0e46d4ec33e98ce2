"""The table of what was tested against what holds: every action is in it, and what it names exists and does that."""

from __future__ import annotations

import json

import pytest

from engine.registry import registry
from tests.tested import table as room
from tests.tested.__main__ import recorded
from tests.tested.table import ROOT, against, evidence_files, is_there, table


def test_every_action_was_tried_by_a_test_that_says_against_what():
    found = table()
    missing = sorted(set(registry().actions) - set(found))
    assert not missing, "`uv run python -m tests.tested` once they have tests in a file with AGAINST"
    assert not sorted(set(found) - set(registry().actions)), "they are no more"
    assert all(found.values())


def test_what_it_names_is_there():
    for action, tests in table().items():
        for test in tests:
            assert is_there(test), f"{action}: {test} is no more: `uv run python -m tests.tested`"
            assert against(test.partition("::")[0]), f"{test}: its file does not say AGAINST what"


def test_a_test_that_is_not_there_is_seen():
    assert is_there("tests/tested/test_tested.py::test_a_test_that_is_not_there_is_seen")
    assert not is_there("tests/tested/test_tested.py::test_nothing")
    assert not is_there("tests/tested/nowhere.py::test_nothing")
    assert against("tests/tested/nowhere.py") == against("tests/tested/table.py") == ""


def of_files(files):
    """Test -> actions, as the table has it for these files."""
    found = {}
    for action, tests in table().items():
        for test in tests:
            if test.partition("::")[0] in files:
                found.setdefault(test, []).append(action)
    return {test: sorted(actions) for test, actions in found.items()}


def test_what_is_kept_is_what_these_tests_ask():
    """One file of them each time; all of them among the long tests."""
    files = ["tests/connectors/test_telling_people.py"]
    assert recorded(files) == of_files(files)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_all_that_is_kept_is_what_the_tests_ask():
    files = [file for file in evidence_files() if file.startswith("tests/connectors/")]
    assert recorded(files) == of_files(files)


def test_what_shows_nothing_is_not_kept(tmp_path, monkeypatch):
    """A test whose file does not say what it runs against proves nothing to a reader."""
    monkeypatch.setattr(room, "HERE", tmp_path)
    told = "tests/connectors/test_telling_people.py::test_a"
    room.write({told: ["jira.open_ticket"], "tests/connectors/test_connectors_plans.py::test_b": ["okta.add_key"]})
    assert [file.name for file in tmp_path.iterdir()] == ["jira.json"]
    assert json.loads((tmp_path / "jira.json").read_text()) == {"jira.open_ticket": [told]}
    assert (ROOT / "tests/tested/okta.json").is_file()
