"""Messages to receivers that refuse what the real ones refuse: what arrives, how often, and what a refusal is called."""

from __future__ import annotations

import threading
from contextlib import asynccontextmanager

import pytest

from connectors.apprise import Note, apprise
from connectors.apprise import message as by_apprise
from connectors.core import Came, Mark, NoState, Secret, Sender
from connectors.jira import Ticket, jira, open_ticket
from connectors.notify import Message, message, notify
from connectors.pagerduty import Alert, Page, page, pagerduty, resolve
from connectors.servicenow import Record, open_record, servicenow
from connectors.slack import Said, slack
from connectors.slack import message as said_in_slack
from tests.connectors.provider import provider, says, wired
from tests.connectors.receivers import PagerDuty, SlackWebhook, Tickets

AGAINST = "receivers of ours, as strict as the vendors' documents"
ME = "run/step/target"

KEY = Secret("R0UTINGKEY0123456789abcdefghijkl")
MARKS = {Mark.ME: "R1/told/sales", Mark.RUN: "R1", Mark.NOW: "2026-03-01T02:40:00Z"}
HARD = 'drift "is" open\r\n\u2028<!channel> ' + "x" * 5000
"""What a provider, and so an attacker, may have put into a name that a message quotes."""


@asynccontextmanager
async def sender(receiver, connector, secret=KEY, **settings):
    async with provider(receiver) as there, wired(there.url, connector=connector, secret=secret, **settings) as wire:
        yield Sender(wire)


async def test_pagerduty_opens_one_alert_however_often_it_is_told_and_ends_it():
    there = PagerDuty(KEY.reveal())
    async with sender(there, pagerduty) as to:
        for text in ("drift is open", "drift is open", HARD):
            for call in page.missing(Page(about="INC-1", text=text), NoState(), ME):
                outcome = await to.send(call, MARKS)
                assert (outcome.came, outcome.status) == (Came.OK, 202)
        assert (there.opened, len(there.open["INC-1"])) == (1, 3)
        (call,) = resolve.missing(Alert(about="INC-1"), NoState(), ME)
        assert (await to.send(call, MARKS)).came is Came.OK
        assert there.open == {}
    async with sender(there, pagerduty, Secret("another-key-that-is-nobodys-0123")) as to:
        outcome = await to.send(page.missing(Page(about="INC-1", text="x"), NoState(), ME)[0], MARKS)
        assert (outcome.came, outcome.status) == (Came.REFUSED, 400)


async def test_a_ticket_is_one_that_jira_takes_whatever_the_text():
    there = Tickets(KEY.reveal(), {"SEC"})
    async with sender(there, jira) as to:
        for text in ("drift is open", HARD, ""):
            outcome = await to.send(
                open_ticket.missing(Ticket(project="SEC", about="INC-1", text=text), NoState(), ME)[0], MARKS
            )
            assert (outcome.came, outcome.status, outcome.why) == (Came.OK, 201, "201")
        (call,) = open_ticket.missing(Ticket(project="NONE", about="INC-1", text="x"), NoState(), ME)
        assert (await to.send(call, MARKS)).came is Came.REFUSED
    assert [ticket["labels"] for ticket in there.made] == [["INC-1"]] * 3


async def test_a_record_is_one_that_servicenow_takes_and_nothing_of_its_head_is_cut_off():
    there = Tickets(KEY.reveal(), set())
    async with sender(there, servicenow) as to:
        for text in ("drift is open", HARD):
            outcome = await to.send(open_record.missing(Record(about="INC-1", text=text), NoState(), ME)[0], MARKS)
            assert (outcome.came, outcome.status) == (Came.OK, 201)
    assert there.made[0]["short_description"] == "INC-1: drift is open"
    assert {made["correlation_id"] for made in there.made} == {"INC-1"}


async def test_a_webhook_of_slack_takes_it_and_one_that_is_gone_is_no_success():
    there = SlackWebhook(f"/{KEY.reveal()}")
    (call,) = message.missing(Message(to="sales-ops", text="drift is contained"), NoState(), ME)
    async with sender(there, notify) as to:
        assert (await to.send(call, MARKS)).came is Came.OK
        there.archived = True
        assert (await to.send(call, MARKS)).came is Came.REFUSED
    async with sender(there, notify, Secret("gone")) as to:
        assert (await to.send(call, MARKS)).status == 404, "which engine.settle calls failed, as no look can tell"
    assert there.posted == ["sales-ops: drift is contained"]


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (says(200, {"ok": True, "ts": "1.2", "channel": "C1"}), Came.OK),
        (says(200, {"ok": False, "error": "not_in_channel"}), Came.REFUSED),
        (says(200, {"ok": False, "error": "channel_not_found"}), Came.REFUSED),
        (says(200, {"ok": False, "error": "internal_error"}), Came.REFUSED),
        (says(200, {"ok": False, "error": "a_word_that_nobody_knows"}), Came.REFUSED),
        (says(200, {"ok": False, "error": "ratelimited"}, retry_after="7"), Came.BUSY),
        (says(429, None, retry_after="7"), Came.BUSY),
        (says(200, b"<html>"), Came.REFUSED),
        (says(500), Came.UNSURE),
    ],
)
async def test_what_slack_says_in_a_200_is_heard(answer, came):
    (call,) = said_in_slack.missing(Said(to="sales-ops", text="drift is contained"), NoState(), ME)
    async with sender(lambda _: answer, slack, channel="C1") as to:
        outcome = await to.send(call, MARKS)
    assert outcome.came is came
    assert outcome.wait_s == (7 if came is Came.BUSY else 0)


def apprise_at(url):
    return Secret(url.replace("http://", "json://") + "/hook-5ecret")


async def test_anything_else_goes_by_apprise_and_its_word_is_heard():
    status = [200]
    (call,) = by_apprise.missing(Note(to="sales-ops", text="drift is contained"), NoState(), ME)
    async with provider(lambda _: says(status[0])) as there:
        made = apprise_at(there.url)
        async with wired("apprise://127.0.0.1", connector=apprise, secret=made) as wire:
            outcome = await Sender(wire).send(call, MARKS)
            assert outcome.came is Came.OK
            status[0] = 500
            failed = await Sender(wire).send(call, MARKS)
            assert (failed.came, "5ecret" in failed.why) == (Came.UNSURE, False), "it may have left us"
        async with wired("apprise://127.0.0.1", connector=apprise, secret=Secret("nonsense")) as wire:
            assert (await Sender(wire).send(call, MARKS)).came is Came.REFUSED
    assert len(there.got) == 2
    assert b"drift is contained" in there.got[0].body


async def test_apprise_that_hangs_is_left_behind(monkeypatch):
    monkeypatch.setattr("connectors.core.apprise.REQUEST_TIMEOUT_S", 0.2)
    ended = threading.Event()
    monkeypatch.setattr("connectors.core.apprise.notified", lambda *_: ended.wait(30))
    (call,) = by_apprise.missing(Note(to="x", text="y"), NoState(), ME)
    async with wired("apprise://127.0.0.1", connector=apprise, secret=Secret("json://x")) as wire:
        outcome = await Sender(wire).send(call, MARKS)
    assert (outcome.came, outcome.why) == (Came.UNSURE, "no answer (Apprise took over 0.2 s)")
    ended.set()
