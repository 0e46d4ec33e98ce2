"""Slack's limits: what is over them is found, and no screen is, whatever a provider or an attacker names things."""

import copy

import pytest
from building import Story
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.triggers.slack.slack_reading import aloud
from triggers.slack import limits
from triggers.slack.screens import short
from triggers.slack.screens.card import card
from triggers.slack.screens.form import Choice, Field, Form, form
from triggers.slack.screens.plan import plan
from triggers.slack.screens.replies import Replies
from triggers.slack.screens.text import escaped, fitting, shown

TEXT = {"type": "plain_text", "text": "x", "emoji": False}
BUTTON = {"type": "button", "text": TEXT, "action_id": "a"}
NASTY = "<!channel> <https://evil.example|the page> & <@U1> *bold* `code` ~x~ :tada:"


def message(*blocks, text="said"):
    return {"text": text, "blocks": list(blocks)}


def section(length, kind="plain_text"):
    return {"type": "section", "text": {"type": kind, "text": "x" * length}}


@pytest.mark.parametrize(("over", "said"), [
    (message(*[{"type": "divider"}] * 51), "blocks: 51 of at most 50"),
    (message(section(3001)), "text: 3001 letters of at most 3000"),
    (message(section(2999, "mrkdwn"), section(1)), ""),
    (message({"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]}), "fields[0]: 2001 letters"),
    (message({"type": "section", "fields": [TEXT] * 11}), "fields: 11 of at most 10"),
    (message({"type": "section"}), "neither text nor fields"),
    (message({"type": "header", "text": {**TEXT, "text": "x" * 151}}), "text: 151 letters of at most 150"),
    (message({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}), "must be plain_text"),
    (message({"type": "section", "block_id": "b", "text": TEXT}, {"type": "divider", "block_id": "b"}), "'b' stands 2 times"),
    (message({"type": "actions", "elements": [BUTTON, BUTTON]}), "action_id 'a' stands 2 times"),
    (message({"type": "actions", "elements": []}), "elements: 0 of 1 to 25"),
    (message({"type": "actions", "elements": [{**BUTTON, "action_id": f"a{n}"} for n in range(26)]}), "26 of 1 to 25"),
    (message({"type": "actions", "elements": [{**BUTTON, "text": {**TEXT, "text": "x" * 76}}]}), "button: 76 letters"),
    (message({"type": "actions", "elements": [{**BUTTON, "value": "x" * 2001}]}), "button value: 2001"),
    (message({"type": "actions", "elements": [{"type": "button", "text": TEXT}]}), "no action_id"),
    (message({"type": "context", "elements": [TEXT] * 11}), "elements: 11 of 1 to 10"),
    (message({"type": "wonder", "text": TEXT}), "'wonder' is none that we send"),
    (message({"type": "input", "label": TEXT, "element": {"type": "plain_text_input", "action_id": "a"}}), "in a modal only"),
    (message(*[section(2900)] * 5), "all blocks: 14500 letters of at most 12000"),
    (message(section(1), text=""), "a screen reader"),
    (message(section(1), text="x" * 4001), "text: 4001"),
    ({**message(section(1)), "metadata": {"event_payload": {"x": "y" * 8001}}}, "metadata: over 8000 bytes"),
    ({"text": "x"}, "blocks: there are none"),
])  # fmt: skip
def test_what_slack_would_refuse_in_a_message_is_found(over, said):
    found = limits.problems(over, "message")
    assert (not found) if not said else any(said in one for one in found), found


def modal(**more):
    element = {"type": "static_select", "action_id": "m", "options": [{"text": TEXT, "value": "v"}]}
    return {
        "type": "modal", "title": TEXT, "submit": TEXT, "close": TEXT, "callback_id": "c", "private_metadata": "{}",
        "blocks": [{"type": "input", "block_id": "i", "label": TEXT, "element": element}], **more,
    }  # fmt: skip


@pytest.mark.parametrize(("more", "said"), [
    ({}, ""),
    ({"title": {**TEXT, "text": "x" * 25}}, "title: 25"), ({"submit": {**TEXT, "text": "x" * 25}}, "submit: 25"),
    ({"private_metadata": "x" * 3001}, "private_metadata: 3001"), ({"callback_id": "x" * 256}, "callback_id: 256"),
    ({"type": "home"}, "is no modal"),
    ({"blocks": [{"type": "divider"}] * 101}, "101 of at most 100"),
])  # fmt: skip
def test_what_slack_would_refuse_in_a_modal_is_found(more, said):
    found = limits.problems(modal(**more), "modal")
    assert (not found) if not said else any(said in one for one in found), found


@pytest.mark.parametrize(("more", "said"), [
    ({"options": [{"text": TEXT, "value": str(n)} for n in range(101)]}, "options: 101 of 1 to 100"),
    ({"options": []}, "options: 0"), ({"options": [{"text": TEXT, "value": "v"}] * 2}, "'v' stands 2 times"),
    ({"options": [{"text": {**TEXT, "text": "x" * 76}, "value": "v"}]}, "option: 76"),
    ({"options": [{"text": TEXT, "value": "x" * 151}]}, "option value: 151"),
    ({"options": [{"text": TEXT, "value": "v", "description": {**TEXT, "text": "x" * 76}}]}, "option description: 76"),
    ({"initial_option": {"text": TEXT, "value": "other"}}, "is none of the options"),
    ({"placeholder": {**TEXT, "text": "x" * 151}}, "placeholder: 151"),
    ({"confirm": {"title": {**TEXT, "text": "x" * 101}, "text": TEXT, "confirm": TEXT, "deny": TEXT}}, "confirm title: 101"),
    ({"confirm": {"title": TEXT, "text": {**TEXT, "text": "x" * 301}, "confirm": TEXT, "deny": TEXT}}, "confirm text: 301"),
    ({"confirm": {"title": TEXT, "text": TEXT, "confirm": {**TEXT, "text": "x" * 31}, "deny": TEXT}}, "confirm button: 31"),
])  # fmt: skip
def test_what_slack_would_refuse_in_a_menu_is_found(more, said):
    view = copy.deepcopy(modal())
    view["blocks"][0]["element"] |= more
    assert any(said in one for one in limits.problems(view, "modal")), limits.problems(view, "modal")


def test_letters_are_counted_as_slack_may_count_them():
    assert limits.units("a&b<c>") == len("a&amp;b&lt;c&gt;")
    assert limits.units("\U0001f600") == 2


names = st.text(st.characters(codec=None), min_size=1, max_size=300) | st.sampled_from([
    "&" * 300, "<" * 300, NASTY * 4, "\U0001f600" * 300, "dri\u200bft", "\u202egnp.exe", "\ud800" * 300, "\u3164" * 300,
    "a\nb\n" * 75, "x" * 300,
])  # fmt: skip


def worst(name, count):
    """A run whose every text is the attacker's, with as many targets as there are, and states of every kind."""
    rows = [
        {"id": f"{kind}_{n}", "uses": name, "kind": kind, "layer": layer, "foothold": f"{name}{n}", "count": count,
         "missing": count, "held": 3, "at_most": count, "targets": [name] * 50, "residual": name, "residual_s": 3600,
         "wanted": name, "irreversible": name, "why": name if n % 3 == 0 else "", "later": name if n % 5 == 0 else "",
         "held_targets": [name], "shown": [{"target": name, "calls": [name]}]}
        for n in range(15) for kind, layer in (("hold", "application"), ("cut", "identity"), ("manual", "data"))
    ]  # fmt: skip
    footholds = {f"{name}{n}": {"kind": name, "at": name, "names": {"client": name}, "needs": []} for n in range(60)}
    first = {"title": name, "ways": [name] * 60, "use": name, "others": name, "people": 10**9, "alike": [name] * 200,
             "unused": True, "used_from": name, "strange_addresses": [name]}  # fmt: skip
    story = Story(
        "live", integration=name, integration_title=name, breaks=name, does_not=name, footholds=footholds, by=name
    )
    story.planned(
        rows=rows, first=first, wakes=name, not_covered=[name] * 60, time={"ms": 10**9},
        not_asked=[{"account": name, "roles": [name] * 9}] * 60, not_told=[{"step": name, "why": name}] * 60,
        guardrails={"asks": [name] * 20, "approvals": 2, "needs": name},
    )  # fmt: skip
    for n in range(min(count, 10_000)):
        kind = ("effective", "failed", "in-doubt", "requested")[n % 4]
        named = {"effect": f"cut_1/{n}{name}", "step": "cut_1", "action": name, "target": name, "params": {}}
        story.add("settled", {**named, "word": kind, "grade": "seen", "why": name, "back": False, "after": {}})
    story.asked(wall=name[:40], role=name)
    story.add("asked", {"wall": name, "role": name, "scope_hash": name, "shown": name, "people": 9, "hot": name,
                        "ladder": [name] * 9, "within_s": 600})  # fmt: skip
    story.approved(wall=name, by=name)
    for kind in (
        "turned_away",
        "decided",
        "objected",
        "declined",
        "reviewed",
        "told",
        "noted",
        *(("attested", "retried") if count else ()),
    ):
        story.add(kind, {"wall": name, "by": name, "why": name, "reason": name, "text": name, "whom": name, "of": name,
                         "how": name, "code": name, "answer": "yes", "scope_hash": name, "role": name, "step": name,
                         "effect": f"cut_1/0{name}"})  # fmt: skip
    story.add("step", {"step": name, "state": "asked", "why": name}).add(
        "step", {"step": name, "state": "failed", "why": name}
    )
    if count:
        story.add("contested", {"effect": f"cut_1/0{name}", "times": 3})
    story.add("lapsed", {"expires": name, "held": 3}).add("ordered", {"phase": name, "by": name})
    states = {f"{name}{n}": {"state": ("open", "closed", "unknown", "residual")[n % 4], "why": name} for n in range(60)}
    return story.add("worded", {"word": "partially-contained", "footholds": states, "why": name})


def every_message(name, count):
    story = worst(name, count)
    run = story.run
    yield plan(run, drill=False, asked_by=name, buttons_for="R-1")
    yield card(run, page="https://ringfence.acme.example/runs/R-1", waits_for=name)
    yield from (reply.message for reply in Replies().take(story.events))
    yield short.refused(name, name, name)
    yield short.answer(name, [name] * 50)
    yield short.busy(name, name)
    yield short.neutral(name)
    yield short.link(name[:40], "https://ringfence.acme.example/", 10)
    yield short.status([run] * 200, [name] * 200)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=names, count=st.integers(0, 40))
def test_no_message_is_over_slacks_limits(name, count):
    for one in every_message(name, count):
        assert not limits.problems(one.body(), "message")
        safe_to_read(one.body())


@pytest.mark.parametrize("name", ["n" * 300, "&" * 300, NASTY])
def test_ten_thousand_targets_fit(name):
    for one in every_message(name, 10_000):
        assert not limits.problems(one.body(), "message")
        assert "10000" not in name or aloud(one.body())


def test_what_is_left_out_is_counted():
    said = "\n".join(aloud(one.body()) for one in every_message("n" * 300, 12))
    assert "+55 more, see the page" in said  # of 60 footholds whose names are 300 letters long
    assert fitting(["a" * 200] * 30, 100, 1000) == ["a" * 200] * 4 + ["+26 more, see the page"]


@settings(max_examples=40, deadline=None)
@given(name=names, many=st.sampled_from([1, 3, 100, 101, 400]))
def test_no_form_is_over_slacks_limits(name, many):
    choices = tuple(Choice(f"i{n}", name, name, name) for n in range(many))
    fields = (Field("integration", "menu", "integration", choices, "i0"), Field("since", "time"), Field("why", "text"))
    for more in ((), (Field("tokens", "cli", name),)):
        playbooks = tuple((f"p{n}", name) for n in range(150))
        view = form(Form("p3", name, name, False, "n" * 40, playbooks, (*fields, *more), name))
        assert not limits.problems(view, "modal")
        safe_to_read(view)


def safe_to_read(payload):
    """No format character, no control; in Slack's markup no mention and no link but our own entities."""
    for text in limits.texts(payload["blocks"]):
        assert all(c.isprintable() or c == "\n" for c in text)
    for markup in [payload.get("text", ""), *_markup(payload["blocks"])]:
        assert "<" not in markup
        assert ">" not in markup


def _markup(of):
    if isinstance(of, dict):
        if of.get("type") == "mrkdwn":
            yield of["text"]
        else:
            for value in of.values():
                yield from _markup(value)
    elif isinstance(of, list | tuple):
        for value in of:
            yield from _markup(value)


@pytest.mark.parametrize(
    "letter", ["\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\u3164", "\ufe0f", "\U000e0041", "\x1b"]
)
def test_a_letter_that_nobody_sees_is_seen(letter):
    said = shown(f"dri{letter}ft")
    assert letter not in said
    assert said != "drift"
    assert said.isprintable()


def test_markup_is_read_as_text():
    assert escaped(NASTY).count("<") == 0
    for one in every_message(NASTY, 2):
        assert "<!channel>" not in one.text
