"""docs/slack.md: its configuration is read, its table has every command, and its night is played as it says."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from inventory.model import Config
from inventory.read import parse
from triggers.slack.typed import VERBS

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/slack.md").read_text(encoding="utf-8")
ORDER = [
    "/ringfence contain drift", "DRILL PLAN", "presses [Hold now]", "HELD", "ASKED TO CUT", "Ana asked for this: somebody else must approve it",
    "This link is yours alone", "on the page, with a code of the app: approves", "in the middle of the cut", "WORKER LOST", "CONTAINED",
    "/ringfence recover", "ASKED TO GIVE BACK", "RECOVERED",
]  # fmt: skip


def test_its_configuration_is_read():
    parts = [part.partition("```")[0] for part in PAGE.split("```yaml\n")[1:]]
    rest = 'connections:\n  okta: {system: practice_idp, url: "https://id.example.com"}\n'
    config = parse(rest + "".join(parts), "ringfence.yaml", Config)
    assert config.slack is not None
    assert config.slack.rides_on == ("okta",)
    assert set(config.people) == {"ana", "ben"}


def test_its_table_has_every_command():
    assert {verb for verb in VERBS if not re.search(rf"\b{verb}\b", PAGE.partition("## What is said")[0])} == set()


def in_order(text, words):
    at = 0
    for word in words:
        found = text.find(word, at)
        assert found >= 0, f"{word!r} does not come after {text[max(at - 60, 0) : at]!r}"
        at = found


def test_the_night_that_it_tells_has_all_its_parts():
    in_order(PAGE.partition("## A night")[2], ORDER)


@pytest.mark.slow
@pytest.mark.long
async def test_the_night_is_played_as_it_is_told(tmp_path, monkeypatch):
    """A command, a plan, a hold, an approval on the page, a live cut, a worker killed, another that goes on, and the way back."""
    spec = importlib.util.spec_from_file_location("conversation", ROOT / "docs/conversation.py")
    conversation = importlib.util.module_from_spec(spec)
    sys.modules["conversation"] = conversation
    spec.loader.exec_module(conversation)
    monkeypatch.setattr(conversation, "TOKENS", 600)
    monkeypatch.setenv("RINGFENCE_HOME", str(tmp_path))
    lines = await conversation.play(tmp_path)
    in_order("\n".join(lines), ORDER)
    assert " done" not in "\n".join(lines).lower().replace("nothing was done", "").replace(
        "nothing one-way was done", ""
    )
