"""Pages, tickets and events: what goes over the line, what stands in plans, and what a provider's answer means."""

from __future__ import annotations

import json

import pytest

from connectors.core import Came, Mark, NoState, Secret, Sender
from connectors.jira import Ticket, jira, open_ticket
from connectors.notify import Message, event, message, notify
from connectors.pagerduty import Alert, Page, page, pagerduty, resolve
from connectors.servicenow import Record, open_record, servicenow
from tests.connectors.provider import provider, says, wired

AGAINST = "answers as the vendors' pages show them"

KEY = Secret("R0UTINGKEY0123456789")
MARKS = {Mark.ME: "run/step/INC-1", Mark.RUN: "run", Mark.NOW: "2026-03-01T02:40:00Z"}
QUEUED = says(202, {"status": "success", "message": "Event processed", "dedup_key": "INC-1"})
"""developer.pagerduty.com/docs/events-api-v2, the answer's example."""


def asked(action, p):
    return action.missing(p, NoState(), "run/step/INC-1")


async def test_a_page_and_its_end_go_by_one_dedup_key_and_the_routing_key_stands_in_no_call():
    async with provider(lambda _: QUEUED) as there, wired(there.url, connector=pagerduty, secret=KEY) as wire:
        for call in (*asked(page, Page(about="INC-1", text="drift is open")), *asked(resolve, Alert(about="INC-1"))):
            assert KEY.reveal() not in str(call)
            assert "drift is open" not in str(call), "what people are told may name customers"
            assert (await Sender(wire).send(call, MARKS)).came is Came.OK
    first, second = (json.loads(got.body) for got in there.got)
    assert {got.target for got in there.got} == {"/v2/enqueue"}
    assert first["routing_key"] == second["routing_key"] == KEY.reveal()
    assert "authorization" not in there.got[0].headers
    assert first["dedup_key"] == second["dedup_key"] == "INC-1"
    assert first["payload"]["summary"] == "INC-1: drift is open"
    assert (first["event_action"], second["event_action"]) == ("trigger", "resolve")


async def test_a_page_that_must_wait_is_busy_and_may_be_sent_again():
    (call,) = asked(page, Page(about="INC-1", text="x"))
    assert not call.once, "the dedup key makes the second the first"
    async with provider(lambda _: says(429)) as there, wired(there.url, connector=pagerduty, secret=KEY) as wire:
        assert (await Sender(wire).send(call, MARKS)).came is Came.BUSY


async def test_a_message_is_a_text_and_its_call_shows_how_long_it_is():
    (call,) = asked(message, Message(to="sales-ops", text="drift is contained"))
    assert "contained" not in str(call)
    assert call.once
    async with provider(lambda _: says(200, b"ok")) as there, wired(there.url, connector=notify, secret=KEY) as wire:
        assert (await Sender(wire).send(call, MARKS)).came is Came.OK
    assert json.loads(there.got[0].body) == {"text": "sales-ops: drift is contained"}


async def test_an_event_says_which_it_is_so_that_a_second_one_is_known():
    (call,) = asked(event, Message(to="siem", text="drift is open"))
    assert "drift is open" not in str(call)
    async with provider(lambda _: says(200)) as there, wired(there.url, connector=notify, secret=KEY) as wire:
        await Sender(wire).send(call, MARKS)
    wanted = {"id": "run/step/INC-1", "run": "run", "at": MARKS[Mark.NOW], "to": "siem", "text": "drift is open"}
    assert json.loads(there.got[0].body) == wanted


@pytest.mark.parametrize(
    ("connector", "action", "p", "path"),
    [
        (jira, open_ticket, Ticket(project="SEC", about="INC-1", text="drift"), "/rest/api/3/issue"),
        (servicenow, open_record, Record(about="INC-1", text="drift"), "/api/now/table/incident"),
    ],
    ids=["jira", "servicenow"],
)
async def test_a_ticket_is_opened_once_by_our_own_token(connector, action, p, path):
    (call,) = asked(action, p)
    answers = iter([says(201, {"id": "10000", "key": "SEC-1"}), says(403), says(503)])
    async with provider(lambda _: next(answers)) as there, wired(there.url, connector=connector, secret=KEY) as wire:
        came = [(await Sender(wire).send(call, MARKS)).came for _ in range(3)]
    assert came == [Came.OK, Came.REFUSED, Came.UNSURE]
    assert call.once, "neither has a key against doubles"
    assert (there.got[0].target, there.got[0].headers["authorization"]) == (path, f"Bearer {KEY.reveal()}")


def test_a_label_has_no_spaces():
    with pytest.raises(ValueError, match="about"):
        Ticket(project="SEC", about="two words", text="x")
