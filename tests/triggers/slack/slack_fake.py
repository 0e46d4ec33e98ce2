"""A small Slack: the methods that we call, with the answers that Slack documents, its limits enforced, its state kept.

It is ours, so it proves nothing of Slack: what it has in common with `emulate`, which others wrote, is tried against that
too (test_slack_emulate.py). What is its own: the limits, expiring trigger ids, ephemeral messages, shared channels, 429s,
being away, and Socket Mode's envelopes (hello, acks by envelope_id, disconnect).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import defaultdict
from typing import Any

import aiohttp
from aiohttp import web

from triggers.slack import limits

TEAM, CHANNEL, BOT = "T0ACME", "G0INC", "U0BOT"


class FakeSlack:
    """One workspace. `down`: answers nothing. `limited`: method -> [seconds to wait, ...] of the next calls."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.messages: dict[str, dict[str, Any]] = {}
        self.ephemeral: list[dict[str, Any]] = []
        self.views: dict[str, dict[str, Any]] = {}
        self.users: dict[str, dict[str, Any]] = {BOT: {"id": BOT, "is_bot": True, "team_id": TEAM}}
        self.channels: dict[str, dict[str, Any]] = {
            CHANNEL: {"id": CHANNEL, "is_private": True, "is_ext_shared": False, "is_shared": False,
                      "is_org_shared": False, "is_archived": False, "members": [BOT]},
        }  # fmt: skip
        self.limited: dict[str, list[float]] = defaultdict(list)
        self.fails: dict[str, list[str]] = defaultdict(list)
        self.swallows: dict[str, int] = defaultdict(int)
        self.down = False
        self.triggers: dict[str, float] = {}
        self.sockets: list[web.WebSocketResponse] = []
        self.acks: dict[str, tuple[float, dict[str, Any]]] = {}
        self.tickets = 0
        self._ids = itertools.count(1)

    # What people do

    def trigger(self) -> str:
        """Three seconds in which one form may be opened."""
        name = f"{next(self._ids)}.trigger"
        self.triggers[name] = time.monotonic() + 3.0
        return name

    def member(self, user: str, **more: Any) -> None:
        self.users[user] = {"id": user, "team_id": TEAM, "is_bot": False, **more}
        self.channels[CHANNEL]["members"].append(user)

    def command(self, text: str, user: str = "U0ANA", team: str = TEAM, **more: Any) -> dict[str, str]:
        """The fields of a slash command, as Slack posts them."""
        return {
            "token": "deprecated", "team_id": team, "team_domain": "acme", "channel_id": CHANNEL, "channel_name": "x",
            "user_id": user, "user_name": "x", "command": "/ringfence", "text": text, "api_app_id": "A0RF",
            "is_enterprise_install": "false", "response_url": f"{self.url}/respond/{user}", "trigger_id": self.trigger(),
            **more,
        }  # fmt: skip

    def press(self, ts: str, action: str, user: str = "U0ANA", team: str = TEAM, at: str = "") -> dict[str, Any]:
        """Somebody presses the button of this id in a message that stands there."""
        button = next(
            one
            for block in self.messages[ts]["blocks"]
            for one in block.get("elements", ())
            if one.get("action_id") == action
        )
        return {
            "type": "block_actions", "user": {"id": user, "team_id": team}, "api_app_id": "A0RF", "token": "deprecated",
            "container": {"type": "message", "message_ts": ts, "channel_id": CHANNEL}, "trigger_id": self.trigger(),
            "team": {"id": TEAM, "domain": "acme"}, "channel": {"id": CHANNEL}, "message": self.messages[ts],
            "response_url": f"{self.url}/respond/{user}",
            "actions": [{"action_id": action, "block_id": "b", "value": button.get("value", ""), "type": "button",
                         "action_ts": at or f"{next(self._ids)}.5"}],
        }  # fmt: skip

    def send(self, view_id: str, given: dict[str, Any], user: str = "U0ANA", team: str = TEAM) -> dict[str, Any]:
        """Somebody sends a form that is open: what was chosen and typed, else what stood there."""
        view = self.views[view_id]
        values: dict[str, Any] = {}
        for block in view["blocks"]:
            if block["type"] != "input":
                continue
            element, name = block["element"], block["block_id"]
            value = given.get(name)
            if element["type"] in {"static_select", "external_select"}:
                options = element.get("options", [])
                chosen = (
                    element.get("initial_option")
                    if value is None
                    else next((o for o in options if o["value"] == value), {"value": value})
                )
                assert chosen is not None, f"nothing is chosen in {name}"
                values[name] = {element["action_id"]: {"type": element["type"], "selected_option": chosen}}
            else:
                text = element.get("initial_value", "") if value is None else value
                assert text, f"{name} is empty: Slack would not send it"
                values[name] = {element["action_id"]: {"type": element["type"], "value": text}}
        return {
            "type": "view_submission", "team": {"id": TEAM}, "user": {"id": user, "team_id": team}, "api_app_id": "A0RF",
            "trigger_id": self.trigger(), "response_urls": [], "view": {**view, "state": {"values": values}},
        }  # fmt: skip

    # What stands there

    def thread(self, ts: str) -> list[dict[str, Any]]:
        return [one for one in self.messages.values() if one.get("thread_ts") == ts]

    def heads(self) -> list[dict[str, Any]]:
        return [one for one in self.messages.values() if not one.get("thread_ts")]

    def said(self) -> str:
        """Every word that Slack was ever given, ephemeral ones and forms too."""
        return json.dumps([self.calls, self.ephemeral])

    # The server

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/api/{method}", self._method)
        app.router.add_post("/respond/{user}", self._respond)
        app.router.add_get("/socket/{ticket}", self._socket)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        for one in self.sockets:
            await one.close()
        await self._runner.cleanup()

    async def _method(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if self.down:
            request.transport.close()
            return web.Response()
        if request.headers.get("Authorization") not in {"Bearer xoxb-ours", "Bearer xapp-ours"}:
            return web.json_response({"ok": False, "error": "invalid_auth"})
        if self.limited[method]:
            return web.json_response(
                {"ok": False, "error": "ratelimited"},
                status=429,
                headers={"Retry-After": str(self.limited[method].pop(0))},
            )
        said = await request.json() if request.content_type == "application/json" else dict(await request.post())
        self.calls.append((method, said))
        if self.fails[method]:
            return web.json_response({"ok": False, "error": self.fails[method].pop(0)})
        handler = getattr(self, "_" + method.replace(".", "_").lower(), None)
        if handler is None:
            return web.json_response({"ok": False, "error": "unknown_method"})
        try:
            answer = handler(said)
        except Refused as refused:
            return web.json_response({"ok": False, "error": str(refused)})
        if self.swallows[method]:
            self.swallows[method] -= 1
            request.transport.close()  # it was done, and nobody is told
            return web.Response()
        return web.json_response({"ok": True, **answer})

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        if self.down:
            request.transport.close()
            return web.Response()
        said = await request.json()
        self._checked(said, "message")
        assert said["response_type"] == "ephemeral"
        self.ephemeral.append({"user": request.match_info["user"], **said})
        return web.Response(text="ok")

    def _auth_test(self, _said):
        return {"user_id": BOT, "team_id": TEAM, "url": self.url}

    def _users_info(self, said):
        if said["user"] not in self.users:
            raise Refused("user_not_found")
        return {"user": self.users[said["user"]]}

    def _conversations_info(self, said):
        if said["channel"] not in self.channels:
            raise Refused("channel_not_found")
        return {"channel": {k: v for k, v in self.channels[said["channel"]].items() if k != "members"}}

    def _conversations_members(self, said):
        members = self.channels[said["channel"]]["members"]
        at = int(said.get("cursor") or 0)
        page = members[at : at + int(said.get("limit", 100))]
        more = at + len(page) < len(members)
        return {"members": page, "response_metadata": {"next_cursor": str(at + len(page)) if more else ""}}

    def _chat_postmessage(self, said):
        if said["channel"] not in self.channels:
            raise Refused("channel_not_found")
        if self.channels[said["channel"]]["is_archived"]:
            raise Refused("is_archived")
        if said.get("thread_ts") and said["thread_ts"] not in self.messages:
            raise Refused("thread_not_found")
        self._checked(said, "message")
        ts = f"1764124000.{next(self._ids):06}"
        self.messages[ts] = {**said, "ts": ts}
        return {"ts": ts, "channel": said["channel"]}

    def _chat_update(self, said):
        if said["ts"] not in self.messages:
            raise Refused("message_not_found")
        self._checked(said, "message")
        self.messages[said["ts"]] |= said
        return {"ts": said["ts"], "channel": said["channel"]}

    def _chat_postephemeral(self, said):
        if said["user"] not in self.channels[said["channel"]]["members"]:
            raise Refused("user_not_in_channel")
        self._checked(said, "message")
        self.ephemeral.append(dict(said))
        return {"message_ts": f"{next(self._ids)}.1"}

    def _views_open(self, said):
        if self.triggers.pop(said["trigger_id"], 0.0) < time.monotonic():
            raise Refused("expired_trigger_id")
        self._checked(said["view"], "modal")
        name = f"V{next(self._ids)}"
        self.views[name] = {**said["view"], "id": name, "hash": f"h{next(self._ids)}"}
        return {"view": self.views[name]}

    def _views_update(self, said):
        if said["view_id"] not in self.views:
            raise Refused("not_found")
        self._checked(said["view"], "modal")
        self.views[said["view_id"]] |= {**said["view"], "hash": f"h{next(self._ids)}"}
        return {"view": self.views[said["view_id"]]}

    def _checked(self, payload, surface):
        if "blocks" in payload and (found := limits.problems(payload, surface)):
            raise Refused("invalid_blocks" + str(found))

    # Socket Mode

    def _apps_connections_open(self, _said):
        self.tickets += 1
        return {"url": f"{self.url.replace('http', 'ws')}/socket/{self.tickets}"}

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.down or int(request.match_info["ticket"]) != self.tickets:
            return web.Response(status=408)  # a ticket is good once
        self.tickets += 1
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0RF"}})
        self.sockets.append(socket)
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                said = json.loads(message.data)
                self.acks[said["envelope_id"]] = (time.monotonic(), said.get("payload") or {})
        self.sockets.remove(socket)
        return socket

    async def connected(self, within_s: float = 5.0) -> web.WebSocketResponse:
        async with asyncio.timeout(within_s):
            while not self.sockets:
                await asyncio.sleep(0.01)
        return self.sockets[-1]

    async def envelope(self, kind: str, payload: dict[str, Any], name: str = "") -> str:
        """Send one over the newest connection; its id."""
        name = name or f"E{next(self._ids)}"
        await (await self.connected()).send_json(
            {"envelope_id": name, "type": kind, "payload": payload, "accepts_response_payload": True}
        )
        return name

    async def acked(self, name: str, within_s: float = 3.0) -> dict[str, Any]:
        async with asyncio.timeout(within_s):
            while name not in self.acks:
                await asyncio.sleep(0.005)
        return self.acks[name][1]


class Refused(Exception):
    """What Slack answers with ok: false."""
