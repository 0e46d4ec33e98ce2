"""The stage hands' entrance, /_sandbox: log, state, what is planted, faults, who is awake, stop. No part of the company; not logged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.ask import Answer, Ask
from sandbox.faults import Faults
from sandbox.logbook import Logbook
from sandbox.world import World


@dataclass(slots=True)
class Stage:
    """What the stage hands hold."""

    stop: Callable[[], None]
    logbook: Logbook = field(default_factory=Logbook)
    faults: Faults = field(default_factory=Faults)


def state(world: World) -> dict[str, Any]:
    """Show all that is true now, without secrets."""
    return {
        "clients": {name: {"enabled": client.enabled.now()} for name, client in world.clients.items()},
        "users": {name: {"frozen": user.frozen.now(), "admin": user.admin} for name, user in world.users.items()},
        "paths": {name: asdict(path.rule.now()) for name, path in world.paths.items()},
        "sessions": [
            {"id": s.id, "user": s.user, "address": s.address, "alive": s.alive} for s in world.sessions.values()
        ],
        "tokens": [
            {"id": t.id, "kind": t.kind, "client": t.client, "active": t.active, "parent": t.parent}
            for t in world.tokens.values()
        ],
        "keys": {name: {"enabled": key.enabled.now(), "app": key.app} for name, key in world.api_keys.items()},
        "webhooks": {name: {"enabled": hook.enabled.now(), "app": hook.app} for name, hook in world.webhooks.items()},
        "grants": {"all": len(world.consents.grants), "active": sum(g.active for g in world.consents.grants.values())},
        "messages": len(world.messages),
        "attacker": {"mode": world.options.attacker, "awake": world.awake.is_set(), **asdict(world.deeds)},
    }


def planted(world: World) -> list[dict[str, str]]:
    """Name all by which somebody else's software reaches this company now: what a discovery must find, and no more.

    Told from what there is, past the listings: what those leave out is missed there, and stands here.
    """
    there = {
        ("practice_idp", "client"): list(world.clients),
        ("practice_idp", "grant"): [name for name, grant in world.consents.grants.items() if grant.active],
        ("practice_crm", "user"): [name for name, user in world.users.items() if user.app],
        ("practice_crm", "key"): list(world.api_keys),
        ("practice_crm", "webhook"): list(world.webhooks),
        ("practice_firewall", "path"): list(world.paths),
    }
    return [{"system": system, "kind": kind, "key": key} for (system, kind), keys in there.items() for key in keys]


StageHandler = Callable[[World, Stage, Ask], Answer]


def read_log(_world: World, stage: Stage, ask: Ask) -> Answer:
    """Show the log, all or `since` a time."""
    return Answer(body=stage.logbook.since(ask.query.get("since", "")))


def read_state(world: World, _stage: Stage, _ask: Ask) -> Answer:
    """Show the truth."""
    return Answer(body=state(world))


def read_planted(world: World, _stage: Stage, _ask: Ask) -> Answer:
    """Show what there is to discover."""
    return Answer(body=planted(world))


def read_faults(_world: World, stage: Stage, _ask: Ask) -> Answer:
    """Show the faults in force."""
    return Answer(body=stage.faults.told())


def write_faults(_world: World, stage: Stage, ask: Ask) -> Answer:
    """Set the faults; they hold from the next request on."""
    stage.faults = Faults.of(ask.json())
    return Answer(body=stage.faults.told())


def wake(world: World, _stage: Stage, ask: Ask) -> Answer:
    """Wake thief and vendor, or lay them to sleep again."""
    awake = ask.flag("awake")
    if awake:
        world.awake.set()
    else:
        world.awake.clear()
    return Answer(body={"awake": awake})


def stop(_world: World, stage: Stage, _ask: Ask) -> Answer:
    """End the sandbox once this is answered."""
    return Answer(body={"ok": True}, effect=stage.stop)


ROUTES: list[tuple[str, str, StageHandler]] = [
    ("GET", "/_sandbox/log", read_log),
    ("GET", "/_sandbox/state", read_state),
    ("GET", "/_sandbox/planted", read_planted),
    ("GET", "/_sandbox/faults", read_faults),
    ("PUT", "/_sandbox/faults", write_faults),
    ("PUT", "/_sandbox/attacker", wake),
    ("POST", "/_sandbox/stop", stop),
]
