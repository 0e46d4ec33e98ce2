"""Each playbook's plan as a responder reads it, whole, on the inventory of one of its cases.

`RINGFENCE_SNAPSHOTS=write` writes the files anew: then read them aloud, to somebody who does not know the code.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.trial.case import cases_of, read_case
from engine.trial.record import shelf
from engine.trial.run import carry_out
from reports.plan import lines
from triggers.cli import place

FOLDER = Path(__file__).with_name("plans")
LIBRARY = sorted((place.CHECKOUT / "playbooks").glob("*.yaml"))


@pytest.fixture(scope="module")
def at():
    with shelf() as made:
        yield made


def fullest(file):
    """The case whose plan says most: the one that expects most of it."""
    cases = [read_case(case) for case in cases_of(file)]
    return max(cases, key=lambda told: (len(told.case.expect.plan), len(told.case.expect.sent or ()), told.file.name))


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: file.stem)
def test_a_plan_reads_as_it_did(file, at):
    checked = place.checked_playbook(file, None)
    run = carry_out(fullest(file), checked, file.name, at).run
    *said, hashes = lines(run)
    assert hashes.startswith("Plan ")
    text = "\n".join([f"{checked.playbook.id}: {checked.playbook.title}", "", *said, ""]).replace(run.id, "R-1")
    path = FOLDER / f"{file.stem}.txt"
    if os.environ.get("RINGFENCE_SNAPSHOTS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: file.stem)
def test_no_plan_shows_what_is_filled_in_later_or_half_an_instruction(file):
    text = (FOLDER / f"{file.stem}.txt").read_text(encoding="utf-8")
    for ours in ("${", "None", "<class", "{}"):
        assert ours not in text
    assert "…" not in text
