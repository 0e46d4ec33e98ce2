"""How runs are told of: in order, once, edited at most once a second, later where Slack was away, and never where others read."""

import asyncio
import time

import pytest

from journal import Draft
from journal.event import Private
from tests.triggers.page.page_house import HELD, WAITING, effect
from tests.triggers.slack.slack_fake import CHANNEL
from tests.triggers.slack.slack_reading import aloud

CUT = [
    Draft("approved", {"wall": "approve", "scope_hash": "7c1e90ab" * 8, "by": Private("person:ben"), "how": "passkey", "shown": "s"}),
    *[draft for n in range(40) for draft in effect("tokens", f"t{n}", "idp.revoke_token")],
]  # fmt: skip
CONTAINED = [
    Draft("worded", {"word": "contained", "why": "", "footholds": {
        "client": {"state": "closed", "why": ""}, "run_as": {"state": "closed", "why": ""}}}),
    Draft("ended", {"word": "contained"}),
]  # fmt: skip
NEUTRAL = "incident INC-7, see the page"


async def told(office, run="R-1"):
    """Until all of a run is told."""

    def all_of_it():
        thread = office.service._teller._threads.get(run)
        rows = office.service._outbox.of(run)
        head = rows.get("card") or rows.get("neutral")
        n = len(office.house.journal.events(run))
        return (head is not None and head.sent) and (
            (thread is None and ("neutral" in rows or head.n == n))
            or (thread is not None and thread.run.n == n and thread.idle())
        )

    await office.until(all_of_it)


def thread_of(office):
    (head,) = office.slack.heads()
    return head, office.slack.thread(head["ts"])


async def test_a_run_has_one_thread_with_its_head_and_what_is_worth_a_notification(office):
    await office.park()
    await told(office)
    head, replies = thread_of(office)
    assert "He is still in by 40 live tokens" in aloud(head)
    assert "LIVE · WAITING · INC-7" in aloud(head)
    assert [one["text"].split(".")[0] for one in replies] == [
        "LIVE · ASKED TO CUT (one-way) · scope 7c1e 90ab",
    ]
    assert [one["reply_broadcast"] for one in replies] == [True]
    assert head["metadata"] == {"event_type": "ringfence_run", "event_payload": {"run": "R-1"}}
    await office.go_on(*CUT, *CONTAINED, unlock=True)
    await told(office)
    head, replies = thread_of(office)
    assert "LIVE · CONTAINED · INC-7" in aloud(head)
    assert "still in" not in aloud(head)
    last = replies[-1]
    assert last["text"].startswith("LIVE · CONTAINED · INC-7")
    assert last["reply_broadcast"] is True


async def test_the_head_is_edited_at_most_once_a_second(office):
    await office.park()
    await told(office)
    edits = []
    original = office.slack._chat_update
    office.slack._chat_update = lambda said: (edits.append(time.monotonic()), original(said))[1]
    lease, _ = await office.house.journal.take("R-1")
    begun = time.monotonic()
    for n in range(60):
        await office.house.journal.append(lease, effect("tokens", f"t{n}", "idp.revoke_token"))
        await asyncio.sleep(0.05)
    took = time.monotonic() - begun
    await office.house.journal.release(lease, unlock=False)
    await told(office)
    assert 2 <= len(edits) <= took + 3
    assert all(b - a >= 0.95 for a, b in zip(edits, edits[1:], strict=False))


async def test_slack_being_away_delays_words_and_loses_none(office):
    office.slack.down = True
    await office.park()
    await asyncio.sleep(1.0)
    await office.go_on(*CUT)
    await office.go_on(*CONTAINED, unlock=True)
    await asyncio.sleep(1.0)
    assert office.slack.messages == {}
    office.slack.down = False
    await told(office)
    head, replies = thread_of(office)
    assert "CONTAINED" in aloud(head)
    order = [one["text"].split(" · ")[1].split(".")[0] for one in replies]
    assert order == ["ASKED TO CUT (one-way)", "APPROVED", "CONTAINED"]
    assert not any("Perhaps said before" in aloud(one) for one in [head, *replies]), "no connection: certainly not sent"


async def test_retry_after_is_honoured(office):
    office.slack.limited["chat.postMessage"] = [1.5]
    begun = time.monotonic()
    await office.park()
    await told(office)
    posts = [method for method, _ in office.slack.calls if method == "chat.postMessage"]
    assert time.monotonic() - begun >= 1.5
    assert len(posts) == 2


async def test_an_answer_that_is_lost_is_said_again_and_says_so(office):
    """Slack took it and the connection dropped: nobody knows. It is sent once more, marked; nothing else is."""
    office.slack.swallows["chat.postMessage"] = 1
    await office.park()
    await told(office)
    heads = office.slack.heads()
    assert len(heads) == 2
    assert ["Perhaps said before" in aloud(one) for one in heads] == [False, True]
    assert len(office.slack.thread(heads[1]["ts"])) == 1


async def test_another_process_tells_on_where_one_died(tmp_path, monkeypatch, slack):
    from tests.triggers.slack.conftest import begun, opened_office

    one = await opened_office(tmp_path, monkeypatch, slack)
    await one.park()
    await told(one)
    await one.service.end()
    await one.go_on(*CUT, *CONTAINED, unlock=True)  # it ended while nobody told of it
    two = await begun(one.house, slack, [], False)
    await told(two)
    head, replies = thread_of(two)
    assert "CONTAINED" in aloud(head)
    assert [r["text"].split(" · ")[1].split(".")[0] for r in replies] == [
        "ASKED TO CUT (one-way)",
        "APPROVED",
        "CONTAINED",
    ]
    await two.service.end()
    await one.house.journal.aclose()


async def test_of_two_processes_one_tells(office):
    from tests.triggers.slack.conftest import begun

    other = await begun(office.house, office.slack, [], False)
    await office.park()
    await told(office)
    await asyncio.sleep(0.6)
    assert len(office.slack.heads()) == 1
    assert len(office.slack.messages) == 2
    await other.service.end()


async def test_a_head_that_somebody_deleted_is_posted_anew(office):
    await office.park()
    await told(office)
    (head,) = office.slack.heads()
    del office.slack.messages[head["ts"]]
    await office.go_on(*CUT)
    await told(office)
    assert len(office.slack.heads()) == 1
    assert "CUT" not in office.slack.heads()[0]["text"]
    assert office.slack.thread(office.slack.heads()[0]["ts"])


@pytest.mark.parametrize(("what", "value"), [
    ("is_private", False), ("is_ext_shared", True), ("is_shared", True), ("is_org_shared", True), ("is_pending_ext_shared", True),
    ("another app", None), ("scope", None),
])  # fmt: skip
async def test_where_others_may_read_along_only_the_neutral_line_is_said(office, what, value):
    if what == "another app":
        office.slack.member("U0OTHERBOT", is_bot=True)
    elif what == "scope":
        office.slack.fails["conversations.members"] = ["missing_scope"] * 9
    else:
        office.slack.channels[CHANNEL][what] = value
    await office.park()
    await told(office)
    await office.go_on(*CUT, *CONTAINED, unlock=True)
    await told(office)
    assert {one["text"] for one in office.slack.messages.values()} == {NEUTRAL}
    assert {aloud(one) for one in office.slack.messages.values()} == {NEUTRAL + "\n"}
    quiet(office)


def quiet(office):
    """Nothing of the run is in anything that Slack was ever given."""
    said = office.slack.said()
    for word in ("drift", "Drift", "contained", "CONTAINED", "waiting", "tokens", "svc-", "185.220", "R-1", "scope"):
        assert word not in said, word


@pytest.mark.parametrize("how", ["a foothold in Slack", "signs people in", "the plan says so", "went dark"])
async def test_a_run_that_slack_may_be_part_of_is_told_of_elsewhere(office, how):
    more = {}
    if how == "a foothold in Slack":
        office.house._inventory.config.connections["vendor_chat"] = type(
            office.house.inventory.config.connections["chat"]
        ).model_validate({"system": "slack", "url": "https://acme.slack.com"})
        more = {"footholds": {"bot": {"kind": "app", "at": "vendor_chat", "names": {"app": "A1"}, "needs": []}}}
    elif how == "signs people in":
        more = {"footholds": {"app": {"kind": "app", "at": "okta", "names": {"app": "0oa1"}, "needs": []}}}
    elif how == "the plan says so":
        more = {"not_told": [{"step": "slack", "connection": "slack", "why": "Slack rides on okta"}]}
    await office.park(*([*HELD, WAITING, Draft("darkened", {"by": Private("person:ana"), "why": Private("x")})]
                        if how == "went dark" else ()), **more)  # fmt: skip
    await told(office)
    await office.go_on(*CUT, *CONTAINED, unlock=True)
    await told(office)
    assert {one["text"] for one in office.slack.messages.values()} == {NEUTRAL}
    quiet(office)


async def test_a_run_that_goes_dark_says_nothing_more(office):
    await office.park()
    await told(office)
    before = len(office.slack.messages)
    assert (await office.command("dark R-1 they read along")).status_code == 200
    await office.settled()
    assert await office.answered("U0ANA") == NEUTRAL + "\n"
    (event,) = office.events("darkened")
    assert (event.body["by"], event.body["why"]) == ("person:ana", "they read along")
    await office.go_on(*CUT, *CONTAINED, unlock=True)
    await told(office)
    later = [*office.slack.messages.values()][before:]
    assert [one["text"] for one in later] == [NEUTRAL]
    head = office.slack.heads()[0]
    assert "CONTAINED" not in aloud(head)
    assert (await office.command("status R-1")).status_code == 200
    await office.settled()
    assert await office.answered("U0ANA") == NEUTRAL + "\n"


async def test_who_has_no_role_makes_no_run_dark(office):
    await office.park()
    await office.command("dark R-1", "U0MAX")
    await office.settled()
    assert "Max is no responder, approver or commander" in await office.answered("U0MAX")
    assert not office.events("darkened")
    assert [event.body["code"] for event in office.events("turned_away")] == ["no_role"]


async def test_what_only_looked_and_what_is_anothers_is_not_told_of(office):
    await office.park(mode="dry-run")
    await asyncio.sleep(0.8)
    assert office.slack.messages == {}
