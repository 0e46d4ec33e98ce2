"""What people read of each kind of run, whole. `RINGFENCE_SNAPSHOTS=write` writes the files anew: then read the difference."""

import io
import json
import os
from pathlib import Path

import pytest
from building import STORIES
from rich.console import Console

from reports.matrix import matrix, plain, render
from reports.summary import summary
from reports.terminal import told
from reports.timeline import lines

FOLDER = Path(__file__).with_name("snapshots")
EXTRAS = {
    "report": "reports/R-1.html", "journal": "sqlite:///journal.db", "page": "http://127.0.0.1:4200/runs/1",
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_a_run_reads_as_it_did(name: str) -> None:
    story = STORIES[name]()
    run, events = story.run, story.events
    said = "\n".join([
        "# what the command says", *told(run, events, EXTRAS).lines(), "",
        "# matrix", *plain(matrix(run)), "",
        "# timeline", *lines(events), "",
        "# --json", json.dumps(summary(run, events=events), indent=1), "",
    ])  # fmt: skip
    path = FOLDER / f"{name}.txt"
    if os.environ.get("RINGFENCE_SNAPSHOTS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(said, encoding="utf-8")
    assert said == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", STORIES)
def test_a_terminal_is_told_the_same_sentences(name: str) -> None:
    story = STORIES[name]()
    console = Console(width=400, record=True, file=io.StringIO())
    shown = told(story.run, story.events, EXTRAS)
    console.print(shown)
    console.print(render(matrix(story.run)))
    text = console.export_text()
    for line in shown.lines():
        assert line in text
    for row in matrix(story.run).rows:
        for cell in row.cells.values():
            for line in cell.lines:
                assert line in text
