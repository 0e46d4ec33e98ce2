"""A whole run against the small org, over HTTP and on real time: planned, held, approved, cut, given back."""

from __future__ import annotations

import json
from pathlib import Path

from engine.contain import contain
from engine.opening import Order, prepare, reopen
from engine.recover import Wanted, recover
from engine.registry import catalogue, registry
from engine.trial.record import shelf
from inventory.integrations.model import Integration
from inventory.model import Config
from inventory.read import Inventory
from journal.event import Draft
from language import read
from tests.connectors.provider import provider
from tests.connectors.salesforce_org import BASE, SECRET, company, id_of, token

AGAINST = "a fake of ours, after Salesforce's pages"

BOT = id_of("005", 4)
BOOK = """playbook: tried
title: Tried
breaks: It.
does_not: More.
inputs:
  integration: {type: integration, has: [salesforce]}
contain:
  - {id: apps, uses: isolate.application}
  - {id: users, uses: isolate.identity}
  - approve: approver
  - {id: cuts, uses: isolate.identity}
recover:
  - undo: contain
"""


class Desk:
    """Somebody who approves."""

    attended = True

    def __init__(self) -> None:
        self.said: list[str] = []

    async def ask(self, _wall, _role, _shown):
        return "yes", "somebody", "approved"

    def changed(self, run) -> None:
        """Nobody draws."""

    def say(self, line) -> None:
        self.said.append(line)


async def around(_, doing) -> None:
    await doing()


def inventory_at(url):
    config = Config.model_validate({"connections": {"salesforce": {
        "system": "salesforce", "url": url + BASE, "secret": "env:SF", "client_id": "ringfence",
    }}})  # fmt: skip
    gong = Integration.model_validate({
        "title": "Gong", "owner": "sales",
        "footholds": [
            {"id": "app", "kind": "client", "at": "salesforce", "app": "Gong"},
            {"id": "run_as", "kind": "user", "at": "salesforce", "user": BOT},
        ],
    })  # fmt: skip
    return Inventory(Path("ringfence.yaml"), config, {"gong": gong}, lambda _: SECRET, lambda at: at)


async def test_an_app_is_contained_and_given_back():
    org = company()
    org.tables["OauthToken"] += [token("Gong", BOT, 100 + n) for n in range(12)]
    org.lag = 3
    async with provider(org.answer) as there:
        inventory, desk = inventory_at(there.url), Desk()
        checked = read(BOOK, "b.yaml", catalogue(registry()))
        prepared = prepare(inventory, Order(checked, "b.yaml", {"integration": "gong"}, "live", "somebody", "tried"))
        with shelf() as kept, kept.journal() as journal:
            live = await prepared.begin(journal, desk)
            word = await contain(live, around)
            assert word == "contained", desk.said
            assert {name: said["state"] for name, said in live.run.words[-1].body["footholds"].items()} == {
                "app": "closed", "run_as": "closed",
            }  # fmt: skip
            await live.finish(Draft("ended", {"word": word}), unlock=True)
            await live.hang_up()
            assert {row["AppName"] for row in org.tables["OauthToken"]} == {"Drift", "drift"}, "of no other app"
            assert [row["UserId"] for row in org.tables["UserLogin"] if row["IsFrozen"]] == [BOT]
            assert len(org.tables["AuthSession"]) == len(org.tables["PermissionSetAssignment"]) == 1
            written = json.dumps([event.body for event in journal.events(live.run.id)], default=str)
            assert "Gong" in written
            assert "dt-10" not in written, "what ends a token lies sealed"

            live = await reopen(journal, inventory, live.run.id, desk, why="recover")
            assert await recover(live, around, Wanted("somebody")) == "recovered", desk.said
            await live.finish(Draft("ended", {"word": "recovered"}), unlock=True)
            await live.hang_up()
    assert not any(row["IsFrozen"] for row in org.tables["UserLogin"])
    assert len(org.tables["PermissionSetAssignment"]) == 3
    writes = [got for got in there.got if got.method != "GET" and not got.target.endswith("/token")]
    assert len(writes) == 13 + 2 + 1 + 2 + 1 + 2, "each once: tokens, assignments, freeze, sessions, and back"
