"""Every action at the practice company as a process: it reaches its goal, a second pass asks for nothing, undo gets back."""

from __future__ import annotations

import asyncio

import pytest

from connectors.core import Came, Connection, Secret, connect
from connectors.practice_crm import Key, Session, User, Webhook
from connectors.practice_firewall import AllowList
from connectors.practice_idp import Client, Token
from engine.registry import registry
from tests.sandbox.practice import Practice

AGAINST = "the practice company"

PARTS = {"practice_idp": "idp", "practice_crm": "crm", "practice_firewall": "firewall"}
ASKED = {
    "practice_idp.disable_client": Client(client="calendar-sync"),
    "practice_idp.revoke_token": None,
    "practice_crm.end_session": None,
    "practice_crm.freeze_user": User(user="svc-calendar"),
    "practice_crm.disable_key": Key(key="ak_0001"),
    "practice_crm.disable_webhook": Webhook(webhook="wh_0001"),
    "practice_firewall.allow_only": AllowList(path="crm-api", addresses=("203.0.113.10",)),
}
"""What each action is asked about; None: the first thing that its own listing names."""


@pytest.fixture
def company(tmp_path):
    running = Practice(tmp_path, ["--attacker", "none", "--lag-s", "0", "--asleep"])
    yield running
    running.end(at_once=True)


def test_every_action_of_the_practice_company_is_here():
    assert set(ASKED) == {name for name in registry().actions if name.startswith("practice_")}


async def first(reader, system):
    if system.name == "practice_idp":
        return [p async for p, _ in system.finds["practice_idp.tokens"](reader, Client(client="calendar-sync"))][0]
    return [p async for p, _ in system.finds["practice_crm.sessions"](reader, User(user="svc-calendar"))][0]


@pytest.mark.parametrize("name", ASKED)
async def test_an_action_reaches_its_goal_and_its_undo_what_was_before(company, name):
    system, action = registry().system_of(name), registry().actions[name]
    part = PARTS[system.name]
    secret = Secret(company.secrets[f"{part}_key"])
    reader, sender, wire = connect(Connection(part, system, f"{company.told['url']}/{part}", secret), writes=True)

    async def look():
        return await action.sees(
            reader, action.sees.params(**{n: getattr(p, n) for n in action.sees.params.model_fields})
        )

    async def send(calls):
        assert calls, "something was missing"
        for call in calls:
            assert (await sender.send(call, {})).came is Came.OK

    try:
        p = ASKED[name] or await first(reader, system)
        assert isinstance(p, (Token, Session)) == (ASKED[name] is None)
        before = await look()
        await send(action.missing(p, before, "run/step/target"))
        for _ in range(100):
            if not action.missing(p, seen := await look(), "run/step/target"):
                break
            await asyncio.sleep(0.05)
        assert action.missing(p, seen, "run/step/target") == ()
        if action.back is not None:
            await send(action.missing_back(p, seen, before))
            for _ in range(100):
                if (after := await look()).governed() == before.governed():
                    break
                await asyncio.sleep(0.05)
            assert after.governed() == before.governed()
    finally:
        await wire.close()
