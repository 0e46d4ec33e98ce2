"""Who may press what, and what comes of it. What does not count does nothing, is told to whoever pressed, and is recorded."""

import json
import re
from urllib.parse import urlencode

import pytest

from journal import Draft
from journal.event import Private
from tests.triggers.page.page_house import HELD, WAITING, asked
from tests.triggers.slack.slack_fake import CHANNEL
from tests.triggers.slack.slack_reading import aloud
from triggers.slack.desk import digest_of
from triggers.slack.screens.replies import Replies

SCOPE, OTHER = "7c1e90ab" * 8, "19d022c4" * 8


async def question(office, **more):
    """A run that asks; the message with the question."""
    await office.park(**more)
    return await office.until(lambda: newest(office))


def newest(office):
    found = [one for one in office.slack.messages.values() if "ASKED TO CUT" in one["text"]]
    return found[-1]["ts"] if found else ""


def away(office):
    return [(event.body["code"], event.body["by"]) for event in office.events("turned_away")]


async def test_approve_leads_to_the_page_and_approves_nothing(office):
    ts = await question(office)
    assert (await office.press(ts, "ask_approve", "U0BEN")).status_code == 200
    await office.settled()
    told = office.slack.ephemeral[-1]
    assert told["user"] == "U0BEN"
    url = told["blocks"][1]["elements"][0]["url"]
    assert re.fullmatch(r"http://localhost:1/page/l/[\w-]{40,}", url)
    assert not office.events("approved")
    assert not office.events("decided")
    (linked,) = office.events("linked")
    assert (linked.body["whom"], linked.body["by"]) == ("person:ben", "person:ben")
    secret = url.rpartition("/")[2]
    assert secret not in json.dumps(office.slack.calls), "the link stands in no message that others see"
    assert secret not in "".join(str(event.body) for event in office.house.journal.events("R-1"))
    link = office.service._desk.links.look(secret)
    assert (link.opens.person, link.opens.run, link.opens.wall) == ("ben", "R-1", "approve")
    # The press on the link itself is told to us too, and means nothing.
    press = office.slack.press(ts, "ask_approve", "U0BEN")
    press["actions"][0]["action_id"] = "link_page"
    await office.interact(press)
    await office.settled()
    assert len(office.slack.ephemeral) == 1


@pytest.mark.parametrize(("user", "code", "says"), [
    ("U0ANA", "requester", "Ana asked for this: somebody else must approve it."),
    ("U0EVE", "target", "Eve has no say in incident INC-7"),
    ("U0MAX", "no_role", "Max is auditor; this takes the authority of approver at least."),
    ("U0NOBODY", "unknown", "The configuration does not know you"),
])  # fmt: skip
async def test_who_may_not_approve_is_given_no_link(office, user, code, says):
    office.slack.member("U0NOBODY", profile={"email": "mallory@evil.example"})
    ts = await question(office)
    await office.press(ts, "ask_approve", user)
    await office.settled()
    assert says in await office.answered(user)
    assert not office.events("linked")
    ((found, by),) = away(office)
    assert found == code
    assert by == ("slack:T0ACME/U0NOBODY" if user == "U0NOBODY" else f"person:{user[2:].lower()}")


async def test_an_objection_is_said_in_slack_with_a_reason(office):
    ts = await question(office)
    await office.press(ts, "ask_object", "U0BEN")
    await office.settled()
    (view,) = office.slack.views.values()
    assert "Scope" not in view["private_metadata"]
    await office.interact(office.slack.send(view["id"], {"reason": "the wrong client"}, "U0BEN"))
    await office.settled()
    (said,) = office.events("decided")
    assert (said.body["by"], said.body["answer"], said.body["how"], said.body["reason"]) == (
        "person:ben",
        "no",
        "slack",
        "the wrong client",
    )
    shown = next(
        r.message
        for r in Replies(office.service._desk.page).take(office.house.journal.events("R-1"))
        if r.key.startswith("asked")
    )
    assert said.body["shown"] == digest_of(shown)
    assert {name: shown.body()[name] for name in ("text", "blocks")} == {
        "text": office.slack.messages[ts]["text"],
        "blocks": office.slack.messages[ts]["blocks"],
    }, "the very message that stands there"
    await office.until(lambda: "OBJECTED" in office.slack.said())


async def test_objecting_twice_counts_once(office):
    ts = await question(office)
    for _ in range(2):
        await office.press(ts, "ask_object", "U0BEN")
        await office.settled()
    for view in [*office.slack.views]:
        await office.interact(office.slack.send(view, {"reason": "no"}, "U0BEN"))
        await office.settled()
    assert len(office.events("decided")) == 1
    assert [code for code, _ in away(office)] == ["decided_before"]
    assert "answered this question already" in await office.answered("U0BEN")


async def test_the_same_press_and_the_same_form_sent_again_are_the_same(office):
    ts = await question(office)
    press = office.slack.press(ts, "ask_object", "U0BEN", at="17.5")
    for _ in range(3):
        await office.interact(press)
    await office.settled()
    assert len(office.slack.views) == 1
    form = office.slack.send([*office.slack.views][0], {"reason": "no"}, "U0BEN")
    for _ in range(3):
        await office.interact(form)
    await office.settled()
    assert len(office.events("decided")) == 1
    assert not away(office)


async def test_a_press_on_a_question_that_changed_is_stale(office):
    ts = await question(office)
    await office.go_on(asked(OTHER))
    await office.until(lambda: newest(office) != ts)
    for action, user in (("ask_approve", "U0BEN"), ("ask_object", "U0CLEO")):
        await office.press(ts, action, user)
        await office.settled()
        assert "is not what is asked about" in await office.answered(user)
    assert [code for code, _ in away(office)] == ["stale", "stale"]
    assert not office.events("linked")
    assert not office.slack.views


async def test_a_press_after_the_end_does_nothing_and_says_so(office):
    ts = await question(office)
    approved = Draft(
        "approved",
        {"wall": "approve", "scope_hash": SCOPE, "by": Private("person:cleo"), "how": "passkey", "shown": "s"},
    )
    await office.go_on(approved, Draft("worded", {"word": "contained", "footholds": {}, "why": ""}),
                       Draft("ended", {"word": "contained"}), unlock=True)  # fmt: skip
    (head,) = office.slack.heads()
    for where, action, user in ((ts, "ask_approve", "U0BEN"), (ts, "ask_object", "U0BEN")):
        await office.press(where, action, user)
        await office.settled()
        assert "Nothing was done" in await office.answered(user)
    assert [code for code, _ in away(office)] == ["no_question", "no_question"]
    old = {"type": "button", "action_id": "run_stop", "value": "R-1", "text": {"type": "plain_text", "text": "Stop"}}
    office.slack.messages[head["ts"]]["blocks"] = [{"type": "actions", "elements": [old]}]  # as it stood before
    await office.press(head["ts"], "run_stop", "U0ANA")
    await office.settled()
    assert "has ended: nothing is in flight" in await office.answered("U0ANA")
    assert away(office)[-1] == ("ended", "person:ana")


async def test_somebody_of_another_workspace_does_nothing_and_is_told(office):
    ts = await question(office)
    await office.press(ts, "ask_approve", "U0BEN", team="T0OTHER")
    await office.settled()
    assert "You are of another workspace" in await office.answered("U0BEN")
    assert away(office) == [("unknown", "slack:T0OTHER/U0BEN")]
    await office.interact(office.slack.press(ts, "ask_object", "U0BEN", team="T0OTHER"))
    await office.settled()
    assert not office.slack.views


@pytest.mark.parametrize("flag", ["deleted", "is_restricted", "is_ultra_restricted", "is_bot", "is_stranger"])
async def test_a_guest_an_app_and_a_stranger_are_nobody_even_with_a_known_address(office, flag):
    people(office, "email:ben@acme.example")
    office.slack.users["U0X"] = {"id": "U0X", "team_id": "T0ACME", "profile": {"email": "ben@acme.example"}, flag: True}
    ts = await question(office)
    await office.press(ts, "ask_approve", "U0X")
    await office.settled()
    assert "has no say here" in await office.answered("U0X")
    assert not office.events("linked")


async def test_somebody_is_known_by_their_address_where_the_configuration_says_so(office):
    people(office, "email:ben@acme.example")
    office.slack.member("U0X", profile={"email": "Ben@acme.example"})
    ts = await question(office)
    await office.press(ts, "ask_approve", "U0X")
    await office.settled()
    assert [event.body["whom"] for event in office.events("linked")] == ["person:ben"]


async def test_a_slack_group_makes_nobody_anything(office):
    """No group is ever asked for: there is no method for it, and no scope."""
    await test_approve_leads_to_the_page_and_approves_nothing(office)
    assert not [method for method, _ in office.slack.calls if "usergroup" in method]


def people(office, account):
    entry = office.house._inventory.config.people["ben"]
    office.house._inventory.config.people["ben"] = entry.model_copy(update={"accounts": (*entry.accounts, account)})


async def test_what_was_done_by_hand_is_said_with_a_name(office):
    step = Draft("step", {"step": "block", "state": "asked", "why": "Setup > Drift > Block", "back": False})
    await office.park(*HELD, step, WAITING)
    ts = await office.until(
        lambda: next((m["ts"] for m in office.slack.messages.values() if "BY HAND" in m["text"]), "")
    )
    await office.press(ts, "hand_done", "U0BEN")
    await office.settled()
    (view,) = office.slack.views.values()
    await office.interact(office.slack.send(view["id"], {"reason": "blocked it, saw the list"}, "U0BEN"))
    await office.settled()
    (said,) = office.events("attested")
    assert (said.body["step"], said.body["by"], said.body["how"]) == ("block", "person:ben", "slack")


async def test_stop_and_note_are_said_by_people_with_a_role(office):
    await office.park()
    for text, user in (("note R-1 the vendor confirms", "U0ANA"), ("stop INC-7", "U0ANA")):
        await office.command(text, user)
        await office.settled()
    assert [event.body["text"] for event in office.events("noted")] == ["the vendor confirms"]
    assert [event.body["by"] for event in office.events("stopped")] == ["person:ana"]
    await office.command("note R-1 let me in", "U0MAX")
    await office.settled()
    assert away(office) == [("no_role", "person:max")]


@pytest.mark.parametrize(("text", "says"), [
    ("", "There is no"), ("help", "/ringfence contain [INTEGRATION]"), ("conatin drift", "/ringfence contain [INTEGRATION]"),
    ("stop", "Of which run?"), ("stop R-404", "There is no run or incident R-404 here"), ("note R-1", "A note wants a text"),
    ("status R-404", "There is no run"), ("recover R-1", "is not through"), ("check R-404", "There is no run"),
    ("contain drift; rm -rf /", "There is no integration"), ("status <!channel>", "1 under way"),
    ("status \u201cR-1\u201d", "LIVE \u00b7 WAITING"),
])  # fmt: skip
async def test_what_is_typed_wrong_is_answered(office, text, says):
    await office.park(
        *HELD, Draft("worded", {"word": "held", "footholds": {}, "why": ""}) if "recover" in text else WAITING
    )
    before = len(office.slack.ephemeral)
    await office.command(text)
    await office.settled()
    told = "".join(aloud(one) for one in office.slack.ephemeral[before:])
    if text:
        assert says in told, told
    assert "Traceback" not in told


async def test_status_says_what_runs_and_what_waits_for_whom(office):
    await office.park()
    await office.command("status")
    await office.settled()
    said = await office.answered("U0ANA")
    assert "LIVE · WAITING · INC-7" in said
    assert "he is still in by 40 live tokens" in said
    assert "1 more to say yes: Ben" in said
    assert "Eve" not in said


async def test_an_answer_goes_to_slack_alone(office):
    """A response_url that leads elsewhere is not used, whoever wrote the request."""
    await office.park()
    said = urlencode(office.slack.command("status", response_url="http://127.0.0.1:9/steal"))
    await office.post(said)
    await office.settled()
    (told,) = office.slack.ephemeral
    assert (told["channel"], told["user"]) == (CHANNEL, "U0ANA")
