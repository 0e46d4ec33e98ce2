"""A message in a Slack that others wrote: who has it, under which name, and what a bot that may not is told."""

from __future__ import annotations

import pytest

from connectors.core import Came, Mark, NoState, Secret, Sender
from connectors.slack import Said, message, slack
from tests.connectors.provider import wired
from tests.peers.slack.workspace import Workspace, missing

AGAINST = "emulate's Slack"
ME = "run/step/target"

pytestmark = pytest.mark.peers
BOT, OTHER = "xoxb-ringfence", "xoxb-without-scopes"
MARKS = {Mark.ME: "R1/told/sales", Mark.RUN: "R1", Mark.NOW: "2026-03-01T02:40:00Z"}


@pytest.fixture(scope="module")
def workspace():
    if why := missing():
        pytest.skip(why)
    with Workspace({BOT: ["chat:write", "channels:join"], OTHER: ["users:read"]}) as running:
        yield running


async def send(workspace, text, *, token=BOT, channel=None):
    (call,) = message.missing(Said(to="sales-ops", text=text), NoState(), ME)
    at = channel or workspace.channel("all")
    async with wired(f"{workspace.url}/api", connector=slack, secret=Secret(token), channel=at) as wire:
        return await Sender(wire).send(call, MARKS)


async def test_it_stands_in_the_channel_of_the_configuration_and_calls_nobody(workspace):
    workspace.ask("conversations.join", token=BOT, channel=workspace.channel("all"))
    outcome = await send(workspace, "<!channel> drift is contained, see <https://evil.example|here>")
    assert (outcome.came, outcome.status) == (Came.OK, 200), outcome.why
    (posted, *_) = workspace.ask("conversations.history", channel=workspace.channel("all"))["messages"]
    assert posted["text"] == "sales-ops: &lt;!channel&gt; drift is contained, see &lt;https://evil.example|here&gt;"


async def test_a_bot_that_may_not_and_a_channel_that_is_none_are_refused_in_slacks_own_word(workspace):
    refused = await send(workspace, "x", token=OTHER)
    assert (refused.came, refused.status, refused.why) == (Came.REFUSED, 200, "200 missing_scope")
    nowhere = await send(workspace, "x", channel="C0NOWHERE")
    assert (nowhere.came, nowhere.why) == (Came.REFUSED, "200 channel_not_found")
    assert (await send(workspace, "x", token="xoxb-nobody")).came is Came.REFUSED
