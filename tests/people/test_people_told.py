"""People hear of what a run came to: beside it, in time, by a way that is not inside the incident; and the record says so."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from parked import asked, opened, planned

from engine import telling
from engine.telling import Teller, told
from inventory.model import Config
from inventory.read import BadInventory, Inventory, parse
from journal import LeaseLost
from journal.event import Event
from journal.replay import Run, replay

pytestmark = pytest.mark.timeout(30)
SECRET = "whsec-0123456789abcdef"


class Channel:
    """A channel of somebody else on this machine: keeps what it is sent, answers as it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self.status, self.slow_s = 200, 0.0
        channel = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                time.sleep(channel.slow_s)
                channel.got.append((self.path, text))
                self.send_response(channel.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def channel():
    made = Channel()
    yield made
    made.server.shutdown()
    made.server.server_close()


def _run(*, mode: str = "live", wall: bool = True) -> Run:
    drafts = [opened("person:ana", mode), planned(), *([asked()] if wall else [])]
    at = "2026-11-24T02:41:03.000000Z"
    return replay(Event("R1", n, "INC-1", 1, at, one.type, one.body, "", "") for n, one in enumerate(drafts, 1))


def _inventory(channel: Channel, tell: str) -> Inventory:
    text = f"""connections:
  crm: {{system: practice_crm, url: 'http://127.0.0.1/crm'}}
  chat: {{system: notify, url: 'http://127.0.0.1:{channel.port}/hook', secret: 'env:HOOK'}}
  team: {{system: slack, url: 'http://127.0.0.1:{channel.port}/api', secret: 'env:HOOK', channel: C0TEAM}}
  other: {{system: apprise, url: 'apprise://127.0.0.1', secret: 'env:TELL'}}
  mail: {{system: email, url: 'smtp://127.0.0.1:1', sender: r@acme.example, to: [ana@acme.example]}}
tell: [{tell}]
"""
    secrets = {"env:TELL": f"json://127.0.0.1:{channel.port}/{SECRET}", "env:HOOK": SECRET, "env:BAD": "nonsense"}

    def resolve(reference: str) -> str:
        if reference not in secrets:
            raise BadInventory(f"secret {reference}: not here")
        return secrets[reference]

    config = parse(text, "ringfence.yaml", Config)
    return Inventory(Path("ringfence.yaml"), config, {}, resolve, lambda url: url)


async def test_an_apprise_url_and_a_connection_are_told_and_the_record_says_so(channel):
    inventory = _inventory(
        channel, '{of: [waiting], to: "env:TELL"}, {of: [waiting], to: chat}, {of: [failed], to: chat}'
    )
    drafts = await told(inventory, _run(), "waiting")
    assert [(d.type, d.body["whom"], d.body["of"], d.body["how"], d.body["why"]) for d in drafts] == [
        ("told", "env:TELL", "waiting", "apprise", ""),
        ("told", "chat", "waiting", "notify", ""),
    ]
    assert len(channel.got) == 2
    for _, text in channel.got:
        said = json.loads(text)
        said = said.get("text") or said["message"]
        assert "WAITING" in said
        assert "ringfence approve R1" in said
        assert "scope 7c1e90ab" in said
        assert SECRET not in said
    assert SECRET not in str(drafts)


async def test_each_kind_of_connection_that_sends_messages_tells_and_what_does_not_go_out_is_said(channel):
    tell = ", ".join(f"{{of: [failed], to: {name}}}" for name in ("chat", "other", "team", "mail"))
    drafts = {
        draft.body["whom"]: draft.body["why"] for draft in await told(_inventory(channel, tell), _run(), "failed")
    }
    assert (drafts["chat"], drafts["other"]) == ("", "")
    assert drafts["team"] == "refused: 200", "its body did not say ok: a 200 alone is none at Slack"
    assert drafts["mail"] == "not-sent: no connection (ConnectionRefusedError)"
    paths = {path for path, text in channel.got if "FAILED" in text}
    assert paths == {f"/hook/{SECRET}", f"/{SECRET}", "/api/chat.postMessage"}


async def test_a_channel_that_is_gone_has_told_nobody(channel):
    channel.status = 404
    (draft,) = await told(_inventory(channel, "{of: [failed], to: chat}"), _run(), "failed")
    assert draft.body["why"] == "there is no such channel: 404"


async def test_a_slow_channel_is_not_waited_for(channel, monkeypatch):
    monkeypatch.setattr(telling, "WITHIN_S", 0.3)
    channel.slow_s = 2.0
    began = asyncio.get_running_loop().time()
    drafts = await told(
        _inventory(channel, '{of: [waiting], to: "env:TELL"}, {of: [waiting], to: chat}'), _run(), "waiting"
    )
    assert asyncio.get_running_loop().time() - began < 1.5
    assert [draft.body["why"] for draft in drafts] == ["no answer in 0.3 s"] * 2


@pytest.mark.parametrize("to", ["env:TELL", "chat", "env:NONE", "env:BAD"])
async def test_what_was_not_told_is_said_and_ends_nothing(channel, to, caplog, capfd):
    channel.status = 500
    (draft,) = await told(_inventory(channel, f'{{of: [contested], to: "{to}"}}'), _run(), "contested")
    assert draft.body["why"]
    said = str(draft) + caplog.text + "".join(capfd.readouterr())
    assert SECRET not in said


@pytest.mark.parametrize("rides_on", ["practice_crm", "practice_idp"])
async def test_a_channel_inside_the_incident_is_not_used(channel, rides_on):
    inventory = _inventory(channel, f'{{of: [waiting], to: "env:TELL", rides_on: {rides_on}}}')
    (draft,) = await told(inventory, _run(), "waiting")
    assert draft.body["why"] == f"it rides on {rides_on}, which this incident is about"
    assert channel.got == []


async def test_nobody_is_told_of_a_dry_run_nor_of_what_they_did_not_ask_for(channel):
    inventory = _inventory(channel, '{of: [partial], to: "env:TELL"}')
    assert await told(inventory, _run(mode="dry-run"), "partially-contained") == []
    assert await told(inventory, _run(), "waiting") == []
    (draft,) = await told(inventory, _run(wall=False), "partially-contained")
    assert draft.body["why"] == ""
    assert "PARTIALLY-CONTAINED" in channel.got[0][1]


async def test_a_teller_never_waits_and_ends_when_all_were_told(channel):
    channel.slow_s = 0.3
    noted: list[object] = []

    async def note(*drafts: object) -> None:
        noted.extend(drafts)

    teller = Teller(_inventory(channel, "{of: [waiting, contested], to: chat}"), note)
    began = asyncio.get_running_loop().time()
    for word in ("waiting", "contested", "contained"):
        teller.word(_run(), word)
    assert asyncio.get_running_loop().time() - began < 0.1
    await teller.end()
    assert sorted(draft.body["of"] for draft in noted) == ["contested", "waiting"]
    assert len(channel.got) == 2


async def test_what_cannot_be_journaled_ends_no_teller(channel):
    async def note(*_: object) -> None:
        raise LeaseLost("R1", 1, 2)

    teller = Teller(_inventory(channel, "{of: [waiting], to: chat}"), note)
    teller.word(_run(), "waiting")
    await teller.end()
    assert len(channel.got) == 1
