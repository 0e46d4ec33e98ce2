"""The practice playbook fitted to an inventory, and looks at it made up by the test: nothing is opened or sent."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

from connectors.core import Connection, Secret
from engine import opening
from engine.guardrails import CutOff
from engine.observe import Observation, Sight
from engine.opening import Order, prepare
from engine.plan.body import body
from engine.registry import item_of, registry
from journal.replay import Run
from tests.simulation import ours

DESK = SimpleNamespace(attended=False, say=lambda text: None, changed=lambda run: None)


def opener(connection: Connection, *, writes: bool):
    return None, None, SimpleNamespace(connection=connection)


def live(*, run="R-1", text=None, inventory=None, opened_at="2026-11-24T02:40:00Z", plan_file=None, mode="dry-run"):
    inventory = inventory or ours.inventory()
    checked = ours.playbook()
    if text is not None:
        from engine.registry import catalogue
        from language import read

        names = {"connections": frozenset(inventory.config.connections), "roles": opening.ROLES}
        checked = read(text, "p.yaml", catalogue(registry(), names))
    order = Order(checked, "p.yaml", {"integration": "drift"}, mode, "os:me", version="9", plan_file=plan_file)
    prepared = prepare(inventory, order, opener=opener)
    state = Run(id=run, incident=f"INC-{run[2:]}", opened_at=opened_at)
    state.opened = opening._opened(order, inventory, prepared.name, prepared.integration, prepared.bound)

    async def made():  # its clock is a loop's
        return opening._live(None, None, state, prepared, DESK)

    return asyncio.run(made())


def company(tokens=3, *, enabled=True, mode="any", user="user{}", used_at="2026-11-24T02:39:00Z", version=1):
    """What is seen of each step: step -> (params, state) pairs."""
    actions = registry().actions
    client, freeze = actions["practice_idp.disable_client"], actions["practice_crm.freeze_user"]
    path, token = actions["practice_firewall.allow_only"], actions["practice_idp.revoke_token"]
    session = actions["practice_crm.end_session"]
    return {
        "client": [(client.params(client="drift-prod"), client.state(enabled=enabled, version=version, name="n", users=41))],
        "user": [(freeze.params(user="svc-drift"), freeze.state(frozen=False, version=version))],
        "path": [(path.params(path="crm-api", addresses=("203.0.113.10",)), path.state(mode=mode, addresses=(), version=version))],
        "tokens": [
            (token.params(token=f"tk_{n:03}"), token.state(active=True, user=user.format(n), used_at=used_at, used_from="1.2.3.4"))
            for n in range(tokens)
        ],
        "sessions": [(session.params(session="se_1"), session.state(alive=True, user="svc-drift", address="1.2.3.4"))],
    }  # fmt: skip


def seen_of(live_, found):
    """As looks would have seen it."""
    finds = registry().finds
    seen = {}
    for name, pairs in found.items():
        bound = live_.bound[name]
        sights = {}
        for params, state in pairs:
            target = bound.action.target(params)
            missing = bound.action.missing(params, state, f"{live_.run.id}/{name}/{target}")
            sights[target] = Sight(target, params, state, missing)
        seen[name] = Observation(1, sights)
    for step, source, find in (
        ("found", "tokens", "practice_idp.tokens"),
        ("open_sessions", "sessions", "practice_crm.sessions"),
    ):
        if source in found:
            items = tuple(item_of(finds[find], p, s) for p, s in found[source])
            seen[step] = Observation(1, {}, items=items)
    return seen


def planned(live_, found, so_far=None):
    """The plan's body, kept as the run's, as if it had been journaled."""
    for name in ("client", "tokens"):
        live_.views[name].foothold = "client"
    live_.views["user"].foothold = live_.views["sessions"].foothold = "run_as"
    live_.views["path"].foothold = "api_path"
    live_.run.planned = body(live_, seen_of(live_, found), {}, so_far or CutOff())
    return live_.run.planned


def changed(found, step, at, **fields):
    """The same, with fields of one thing's state changed."""
    pairs = list(found[step])
    params, state = pairs[at]
    pairs[at] = (params, state.model_copy(update=fields))
    return {**found, step: pairs}


def with_config(**more):
    """The inventory of the simulation with more in its configuration."""
    inventory = ours.inventory()
    return replace(inventory, config=inventory.config.model_copy(update=more))


def secret(text="s" * 30):
    return Secret(text)
