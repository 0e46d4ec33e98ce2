"""Against a Slack that others wrote (emulate 0.12.2): the scopes of the manifest are enough and none too many, and what we
post, edit and open arrives as it was meant. It has no Socket Mode, no limits of blocks, and no shared channels."""

import sys
from pathlib import Path

import pytest
import yaml
from test_slack_telling import CONTAINED, CUT, told

from tests.triggers.page.page_house import effect
from tests.triggers.slack.conftest import configuration, opened_office
from tests.triggers.slack.slack_reading import aloud

sys.path.append(str(Path(__file__).resolve().parents[3]))

from tests.peers.slack.workspace import Workspace, missing
from triggers.slack.channel import Channel
from triggers.slack.methods import METHODS, Slack, SlackFailed
from triggers.slack.screens.form import Choice, Field, Form, form
from triggers.slack.who import Who

SCOPES = yaml.safe_load((Path(__file__).resolve().parents[3] / "slack-manifest.yaml").read_text())["oauth_config"][
    "scopes"
]["bot"]
pytestmark = [pytest.mark.peers, pytest.mark.skipif(bool(missing()), reason=missing())]


@pytest.fixture(scope="module")
def workspace():
    lacking = {f"xoxb-without-{scope}": [one for one in SCOPES if one != scope] for scope in SCOPES}
    with Workspace({"xoxb-ours": SCOPES, **lacking}) as running:
        yield running


def slack(workspace, token="xoxb-ours"):
    return Slack(token, f"{workspace.url}/api/")


async def test_every_method_works_with_the_manifests_scopes_and_not_without_its_own(workspace):
    channel = workspace.channel("inc")
    user = workspace.ask("conversations.members", channel=channel)["members"][0]
    ts = (await slack(workspace).call("chat.postMessage", channel=channel, text="x"))["ts"]
    said = {
        "chat.postMessage": {"channel": channel, "text": "x"}, "chat.update": {"channel": channel, "ts": ts, "text": "y"},
        "chat.postEphemeral": {"channel": channel, "user": user, "text": "x"}, "conversations.info": {"channel": channel},
        "conversations.members": {"channel": channel}, "users.info": {"user": user}, "auth.test": {},
    }  # fmt: skip
    assert set(said) | {"views.open", "views.update"} == set(METHODS)
    for method, given in said.items():
        assert (await slack(workspace).call(method, **given))["ok"] is True
        for scope in METHODS[method] - {"users:read.email"}:
            with pytest.raises(SlackFailed) as failed:
                await slack(workspace, f"xoxb-without-{scope}").call(method, **given)
            assert failed.value.code == "missing_scope", (method, scope)
    found = (await slack(workspace).call("users.info", user=user))["user"]
    assert found["profile"].get("email"), "by which people are known where the configuration says so"


async def test_a_form_opens_with_a_fresh_trigger_and_with_no_other(workspace):
    ours = slack(workspace)
    view = form(Form("p", "A vendor was breached", "Chat stops.", False, "n", (("p", "P"),), (
        Field("integration", "menu", "integration", (Choice("drift", "Drift"),), "drift"), Field("since", "time", "time"))))  # fmt: skip
    trigger = workspace.ask("views.generateTriggerId", token="xoxb-ours")["trigger_id"]
    opened = (await ours.call("views.open", trigger_id=trigger, view=view))["view"]
    assert opened["callback_id"] == view["callback_id"]
    assert [block["type"] for block in opened["blocks"]] == [block["type"] for block in view["blocks"]]
    await ours.call("views.update", view_id=opened["id"], view=view)
    for wrong in (trigger, "1.2.false"):
        with pytest.raises(SlackFailed) as failed:
            await ours.call("views.open", trigger_id=wrong, view=view)
        assert "trigger" in failed.value.code


async def test_a_channel_that_is_not_private_is_not_spoken_in(workspace):
    who = Who.__new__(Who)
    who._slack, who._seen = slack(workspace), {}
    assert "missing_scope" in await Channel(slack(workspace), who, workspace.channel("all")).unfit(), (
        "we cannot even look"
    )
    assert await Channel(slack(workspace), who, workspace.channel("inc")).unfit() == ""
    assert "channel_not_found" in await Channel(slack(workspace), who, "C0NOTHING").unfit()


async def test_a_run_is_told_of_in_one_thread_as_it_was_meant(workspace, tmp_path, monkeypatch):
    file = configuration(tmp_path, workspace)
    file.write_text(file.read_text().replace("G0INC", workspace.channel("inc")))
    office = await opened_office(tmp_path, monkeypatch, workspace)
    await office.park()
    await told(office)
    await office.go_on(*CUT[:3], *effect("tokens", "t9", "idp.revoke_token"))
    await told(office)
    await office.go_on(*CONTAINED, unlock=True)
    await told(office)
    rows = office.service._outbox.of("R-1")
    channel = workspace.channel("inc")
    thread = workspace.ask("conversations.replies", channel=channel, ts=rows["card"].ts)["messages"]
    assert "LIVE \u00b7 CONTAINED" in aloud(thread[0]), "the head was edited"
    assert [one["text"].split(" \u00b7 ")[1].split(".")[0] for one in thread[1:]] == [
        "ASKED TO CUT (one-way)",
        "APPROVED",
        "CONTAINED",
    ]
    assert [one["ts"] for one in thread[1:]] == [
        told_.ts for told_ in sorted(rows.values(), key=lambda one: one.ts) if "card" not in told_.key
    ]
    buttons = [e["action_id"] for block in thread[1]["blocks"] for e in block.get("elements", ()) if "action_id" in e]
    assert buttons == ["ask_approve", "ask_object"]
    await office.service.end()
    await office.house.journal.aclose()
