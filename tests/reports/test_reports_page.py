"""The page: complete by itself, and no text of an attacker is more than text on it."""

import re
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest
from building import FOOTHOLDS, STORIES, Story, contained, held
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from reports.after_action import html, write
from reports.matrix import matrix, plain, render
from reports.summary import summary
from reports.terminal import told
from reports.timeline import lines

CANARY = "<img src=x onerror=alert(1)>\"'&{{7*7}}[bold red]\x1b[2J\u202egpj.exe\n"
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "div", "header", "section", "h1", "h2", "p", "b", "span", "ul",
    "li", "table", "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd", "code", "pre",
}  # fmt: skip


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def everywhere(text: str) -> Story:
    """A run in which every text that comes from outside is this one."""
    story = Story(
        text, text=text, title=text, integration=text, integration_title=text, owner=text, by=text, reason=text,
        since=text, breaks=text, does_not=text, attack=[text], inputs={text: text, "many": [text]}, sha256=text,
        connections={text: {"system": text, "url": text}}, footholds={text: {"names": {text: text}}, **FOOTHOLDS},
        declared={"footholds": [{"id": text, "found": text}, {"id": "client", "found": text}]},
    )  # fmt: skip
    odd = {
        "id": text, "uses": text, "kind": "cut", "layer": "identity", "foothold": text, "count": 1, "missing": 2,
        "held": 0, "irreversible": text, "residual": text, "why": text,
    }  # fmt: skip
    quiet = {**odd, "id": "block", "kind": "hold", "why": "", "missing": 1}
    below = {"id": text, "title": text, "by": [text], "serves": [text], "without": text, "known": True}
    radius = {
        "footholds": 2, "discovered": 1, "credentials": None, "people": 3, "data": [text], "serves": [text], "without": text,
        "security": text, "vendor": text, "downstream": [below], "downstream_count": 9, "cannot": [[text, text], ["", text]],
        "cannot_count": 7,
    }  # fmt: skip
    story.planned(rows=[odd, quiet], first_line=text, plan_hash=text, scope_hash=text, radius=radius)
    story.sent("block", text).settled("block", text, "failed", text, text)
    story.sent("path", text).settled("path", text, text, text, text).add(
        "contested", {"effect": f"path/{text}", "times": 1}
    )
    story.add("asked", {"wall": text, "role": text, "scope_hash": text, "shown": text})
    for kind in ("approved", "declined"):
        story.add(kind, {"wall": text, "scope_hash": text, "by": text, "how": text, "shown": text})
    story.add("step", {"step": text, "state": "failed", "why": text}).add("noted", {"text": text})
    story.add("refused", {"effect": text, "masks": text, "alive": 2}).add("stopped", {"by": text})
    return story.worded(text, text, **{text: (text, text)}).ended(text)


def test_markup_in_a_journal_stays_text() -> None:
    story = everywhere(CANARY)
    page = html(story.run, story.events, page=CANARY)
    found = Tags(page)
    assert found.tags <= ALLOWED
    assert not {name for name in found.attributes if name.startswith("on") or name in {"src", "href"}}
    assert "&lt;img src=x" in page
    assert "{{7*7}}" in page
    for hidden in ("\x1b", "\u202e", "<img"):
        assert hidden not in page


def test_a_terminal_obeys_nothing_that_stands_in_a_journal() -> None:
    story = everywhere(CANARY)
    shown = [
        *told(story.run, story.events, {"report": CANARY}).lines(),
        *plain(matrix(story.run)),
        *lines(story.events),
    ]
    assert all(line.isprintable() for line in shown)
    assert any("[bold red]" in line for line in shown)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(), max_size=200))
def test_any_text_of_a_journal_can_be_shown(text: str) -> None:
    story = everywhere(text)
    run, events = story.run, story.events
    assert html(run, events).encode()
    assert all(line.isprintable() for line in told(run, events).lines())
    assert all(line.isprintable() for line in [*plain(matrix(run)), *lines(events)])
    assert summary(run, events=events)["run"] == "R-1"
    console = Console(width=80, record=True, quiet=True)
    console.print(told(run, events), render(matrix(run)))


@pytest.mark.parametrize("name", STORIES)
def test_the_page_needs_nothing_else(name: str) -> None:
    story = STORIES[name]()
    page = html(story.run, story.events)
    assert Tags(page).tags <= ALLOWED
    assert not re.search(r"url\(|@import|<link|<script", page)
    assert story.run.head in page
    assert "ringfence journal verify --run R-1" in page


@pytest.mark.parametrize(("mode", "first"), [("drill", "DRILL:"), ("dry-run", "DRY"), ("live", "contained")])
def test_what_was_not_real_says_so_first(mode: str, first: str) -> None:
    story = contained(mode)
    body = html(story.run, story.events).partition("<body>")[2]
    assert re.sub(r"<[^>]*>", "", body).split()[0] == first
    assert ("Nothing real was touched" in body) == (mode == "drill")


def test_a_page_of_thousands_of_effects_is_capped_and_what_is_open_comes_first() -> None:
    story = held().approved().closed("tokens", 700)
    story.sent("tokens", "last").settled("tokens", "last", "failed", "seen", "HTTP 500")
    page = html(story.run, story.events)
    assert "and 203 more effects in the journal" in page
    assert "701 effective, 1 failed" not in page
    assert "702 effective, 1 failed" in page
    assert page.index("<b>last</b>") < page.index("<b>tokens-00</b>")


def test_it_is_written_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    story = contained()
    path = tmp_path / "reports" / "R-1.html"
    assert write(story.run, story.events, path) == path
    assert write(story.run, story.events, path) == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["R-1.html"]
    assert path.read_text(encoding="utf-8").endswith("</html>")


def test_a_page_that_fails_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story = contained()
    monkeypatch.setattr("reports.after_action.html", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write(story.run, story.events, tmp_path / "R-1.html")
    assert list(tmp_path.iterdir()) == []
