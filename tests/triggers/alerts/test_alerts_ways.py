"""The door over the real inbox and journal: what is posted is there, once; what is turned away is counted in the record."""

from __future__ import annotations

import asyncio
import json

import httpx
from fastapi import FastAPI

from journal.event import JOURNAL
from tests.triggers.alerts.alert_house import SOURCES, alert, body
from triggers.alerts.ways import Ways


async def posted(ways, name, raw, secret="a secret of these tests"):
    app = FastAPI()
    app.include_router(ways.router())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        return (await client.post(f"/alerts/{name}", content=raw, headers={"Authorization": secret})).status_code


def knocked(it):
    return [event.body for event in it.journal.events(JOURNAL) if event.type == "knocked"]


async def test_the_same_delivery_at_the_same_time_is_one_and_holds_once(house):
    async with house(sources=SOURCES) as it:
        ways = Ways(it.house, it.alerts.inbox)
        await ways.start()
        raw = body(alert())
        assert await asyncio.gather(*(posted(ways, "okta", raw) for _ in range(20))) == [200] * 20
        await it.settled()
        assert (ways._counts.accepted["okta"], ways._counts.again["okta"]) == (1, 19)
        assert len(it.runs()) == 1
        await ways.end()
        assert knocked(it) == []


async def test_what_is_turned_away_starts_nothing_and_is_recorded_as_counts(house):
    async with house(sources=SOURCES) as it:
        ways = Ways(it.house, it.alerts.inbox)
        await ways.start()
        for secret in ("wrong", "canary-of-a-header"):
            assert await posted(ways, "okta", body(alert(title="canary-of-a-title")), secret) == 401
        assert await posted(ways, "nobody", b"{}") == 401
        assert await posted(ways, "okta", b"\xff") == 400
        assert await it.settled() == []
        await ways.record_turned_away()
        await ways.record_turned_away()
        assert knocked(it) == [
            {"at_door": "alerts/", "turned_away": {"unknown": 1}},
            {"at_door": "alerts/okta", "turned_away": {"forged": 2, "unreadable": 1}},
        ]
        await ways.end()
        assert not it.runs("drill", "dry-run")
        assert "canary" not in json.dumps(it.told)


async def test_what_is_read_and_asked_follows_the_configuration(house, monkeypatch):
    from triggers.alerts import ways as module

    begun, ended = [], []

    class Stub:
        def __init__(self, name, *_more, **_how):
            self.name = name

        async def run(self):
            begun.append(self.name)
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(self.name)

    monkeypatch.setattr(module, "Queue", Stub)
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    queue = {"source": "okta", "queue": {"url": "https://sqs.eu-west-1.amazonaws.com/1/q"}}
    async with house(sources={"first": queue, "mute": {"source": "okta", "poll": "practice_idp"}}) as it:
        ways = Ways(it.house, it.alerts.inbox)
        await ways.start()
        async with asyncio.timeout(20):
            while begun != ["first"] or not any("no such log" in line for line in it.told):
                await asyncio.sleep(0.01)
            alerts = it.inventory.config.alerts.model_copy(update={"sources": {}})
            config = it.inventory.config.model_copy(update={"alerts": alerts})
            it.house._inventory = configured(it.inventory, config)
            while ended != ["first"]:
                await asyncio.sleep(0.01)
        await ways.end()
        assert sum("no such log" in line for line in it.told) == 1


def configured(inventory, config):
    from dataclasses import replace

    return replace(inventory, config=config)
