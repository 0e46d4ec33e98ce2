"""Every screen as it reads. `RINGFENCE_SNAPSHOTS=write` writes the files anew: then read the difference, aloud."""

import os
from pathlib import Path

import pytest
from building import STEPS, STORIES, Story

from tests.triggers.slack.slack_reading import aloud
from triggers.slack import limits
from triggers.slack.screens import short
from triggers.slack.screens.card import card
from triggers.slack.screens.form import Choice, Field, Form, form, reason_form
from triggers.slack.screens.plan import plan
from triggers.slack.screens.replies import Replies

FOLDER = Path(__file__).with_name("screens")
PAGE = "https://ringfence.acme.example/runs/R-1"
FIRST = {
    "title": "Drift, chat to CRM", "people": 41, "unused": False, "used_from": "185.220.101.34",
    "ways": ["client drift-prod at practice_idp (acme, production)", "user svc-drift at practice_crm (acme, production)"],
    "use": "last used 2 min ago (02:39:11 UTC) from 185.220.101.34, NOT an address of the vendor", "others": "",
    "strange_addresses": ["185.220.101.34"], "alike": ["drift_sandbox"],
}  # fmt: skip
CHOICES = (
    Choice("drift", "Drift, chat to CRM", "acme, production", "last used 02:39 UTC"),
    Choice("calendar", "Calendar sync", "acme, production", "not used in 30 days"),
)


def planned_story(mode="dry-run"):
    rows = [
        {"id": name, "uses": uses, "kind": kind, "layer": layer, "foothold": foothold, "count": count, "missing": count,
         "held": 0, "at_most": 500 if kind == "cut" else 1, "targets": [f"{name}-0"], "residual": "",
         "wanted": {"hold": "Stop a client from getting tokens", "cut": "End one of them"}.get(kind, ""),
         "irreversible": "its owner consents again" if kind == "cut" else "", "why": ""}
        for name, (uses, kind, layer, foothold, count) in STEPS.items()
    ]  # fmt: skip
    rows.insert(2, {"id": "sf_block", "uses": "Setup > Connected Apps OAuth Usage > Drift > Block", "kind": "manual",
                    "irreversible": "Unblock it at the same place", "missing": 0, "why": ""})  # fmt: skip
    return Story(mode).planned(
        rows=rows, first=FIRST, wakes="An approver is asked at once.", time={"ms": 8000},
        not_asked=[{"account": "practice_crm:svc-drift", "roles": ["approver"]}],
        not_told=[{"step": "told", "connection": "mail", "why": "mail rides on google, which this plan cuts off"}],
    )  # fmt: skip


def by_hand():
    story = Story().planned()
    return story.add("step", {"step": "sf_block", "state": "asked", "why": "Setup > Drift > Block", "back": False})


def people():
    """What people say, and what does not count."""
    story = STORIES["waiting"]()
    say = {"wall": "wall", "scope_hash": "7c1e90ab" * 8, "by": "person:eve", "how": "passkey"}
    story.add("turned_away", {**say, "answer": "yes", "code": "target", "why": "Eve has no say in incident INC-7."})
    story.add("decided", {**say, "by": "person:ben", "answer": "yes", "role": "approver", "reason": "agree"})
    story.add("objected", {**say, "by": "person:dora", "reason": "the wrong client?"})
    story.add("noted", {"by": "person:ana", "text": "the vendor confirms"})
    story.add("lapsed", {"expires": "12h", "held": 2})
    story.add("told", {"whom": "on-call", "of": "waiting", "how": "pagerduty", "why": "HTTP 500"})
    return story.add("leased", {"fence": 2, "owner": "x", "why": "resumed", "gone": "dead"}, fence=2)


def replies_of(story):
    return Replies(PAGE).take(story.events)


CARDS = {f"card-{name}": story for name, story in STORIES.items()}
THREADS = {f"thread-{name}": story for name, story in STORIES.items()} | {
    "thread-by-hand": by_hand, "thread-people": people,
}  # fmt: skip
SINGLE = {
    "plan-live": lambda: plan(planned_story().run, drill=False, asked_by="Ana", buttons_for="R-1").body(),
    "plan-drill": lambda: plan(planned_story().run, drill=True, asked_by="Ana", buttons_for="R-1").body(),
    "neutral": lambda: short.neutral("INC-7").body(),
    "refused": lambda: short.refused("Hold now", "Dora is auditor; this takes a responder.", "Ask ana.").body(),
    "link": lambda: short.link("R-1", PAGE, 10).body(),
    "busy": lambda: short.busy("drift", "R-1").body(),
    "status": lambda: short.status([STORIES["waiting"]().run, STORIES["drill"]().run], ["an approver, until 02:51"]).body(),
    "status-none": lambda: short.status([]).body(),
    "help": lambda: short.usage().body(),
    "form": lambda: form(Form(
        "stolen_oauth_tokens", "A vendor that holds our OAuth tokens was breached", "Chat to CRM stops.", False, "n0nce",
        (("stolen_oauth_tokens", "A vendor that holds our OAuth tokens was breached"), ("network_only", "Close the path")),
        (Field("integration", "menu", "integration", CHOICES, "drift"), Field("since", "time", "time")),
    )),
    "form-secret": lambda: form(Form(
        "given_tokens", "A list of stolen tokens", "", False, "n", (),
        (Field("integration", "menu", "integration", CHOICES), Field("tokens", "cli", "list of secret")),
    )),
    "form-reason": lambda: reason_form("Object", ["Scope 7c1e 90ab of run R-1."], {"run": "R-1"}, submit="Object"),
}  # fmt: skip


def same(name, said):
    path = FOLDER / f"{name}.txt"
    if os.environ.get("RINGFENCE_SNAPSHOTS") == "write":
        path.write_text(said, encoding="utf-8")
    assert said == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CARDS)
def test_the_head_of_a_thread_reads_as_it_did(name):
    shown = card(CARDS[name]().run, page=PAGE, waits_for="an approver, until 02:51").body()
    assert not limits.problems(shown, "message")
    same(name, f"(notification) {shown['text']}\n\n{aloud(shown)}")


@pytest.mark.parametrize("name", THREADS)
def test_a_thread_reads_as_it_did(name):
    said = []
    for reply in replies_of(THREADS[name]()):
        assert not limits.problems(reply.message.body(), "message")
        said += [f"--- {reply.key}{' (loud)' if reply.loud else ''}{' (question)' if reply.question else ''}",
                 aloud(reply.message.body())]  # fmt: skip
    same(name, "\n".join(said))


@pytest.mark.parametrize("name", SINGLE)
def test_a_screen_reads_as_it_did(name):
    shown = SINGLE[name]()
    assert not limits.problems(shown, "modal" if "title" in shown else "message")
    same(name, aloud(shown))


def test_no_screen_says_done_or_success():
    for path in FOLDER.glob("*.txt"):
        said = path.read_text(encoding="utf-8").lower().replace("[done]", "")  # the button of whoever did it by hand
        assert not {"done", "success", "successful", "successfully"} & set(said.replace("nothing was done", "").replace(
            "nothing one-way was done", "").replace(".", " ").replace(",", " ").split()), path.name  # fmt: skip


@pytest.mark.parametrize("name", [*STORIES])
def test_a_drill_is_taken_for_nothing_else(name):
    """In every message of a drill, and in its notification, DRILL is the first word; in no message of a live run."""
    for mode in ("drill", "live"):
        story = STORIES[name]()
        events = [
            e if e.type != "opened" else type(e)(**{**_fields(e), "body": {**e.body, "mode": mode}})
            for e in story.events
        ]
        said = [reply.message for reply in Replies(PAGE).take(events)]
        for one in [card(_run(events)), *said]:
            first = one.text.split(" ")[0].strip(".:·")
            assert (first == "DRILL") == (mode == "drill"), one.text
            top = one.blocks[0]["text"]["text"].strip("*")
            assert top.startswith("DRILL" if mode == "drill" else "LIVE"), top


def _fields(event):
    return {name: getattr(event, name) for name in event.__slots__}


def _run(events):
    from journal.replay import replay

    return replay(events)
