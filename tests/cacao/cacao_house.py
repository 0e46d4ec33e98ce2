"""Playbooks of CACAO 2.0 for tests, made by hand as small as they can be, and what reads them."""

import datetime as dt
import functools
import json
import uuid
from pathlib import Path

from engine.registry import catalogue as _catalogue
from engine.registry import registry
from language.cacao import import_playbook

NOW = dt.datetime(2026, 3, 1, 2, 40, tzinfo=dt.UTC)
SHARED = Path(__file__).parents[3] / "shared" / "cacao"
_SPACE = uuid.UUID("00000000-0000-4000-8000-00000000cac0")


@functools.cache
def catalogue():
    return _catalogue(registry())


def ident(kind, name):
    """Give an identifier of CACAO that tests can tell by name."""
    return f"{kind}--{uuid.uuid5(_SPACE, f'{kind}/{name}')}"


def action(name, following=None, **more):
    step = {
        "type": "action",
        "name": name,
        "commands": [{"type": "manual", "command": f"do {name}"}],
        "agent": ident("group", "us"),
    }
    if following:
        step["on_completion"] = following
    return step | more


def book(workflow=None, **more):
    """Make a playbook: start, one action, end; or a workflow of one's own."""
    start, first, end = ident("start", "s"), ident("action", "a"), ident("end", "e")
    steps = {start: {"type": "start", "on_completion": first}, first: action("Block it", end), end: {"type": "end"}}
    made = {
        "type": "playbook",
        "spec_version": "cacao-2.0",
        "id": ident("playbook", "p"),
        "name": "Test of a playbook",
        "created_by": ident("identity", "i"),
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "workflow_start": start,
        "workflow": steps if workflow is None else workflow,
        "agent_definitions": {ident("group", "us"): {"type": "group", "name": "The desk"}},
    }
    return made | more


def chain(*names, **steps):
    """Make a workflow: start, these steps by name (given by keyword, or plain actions), each leading to the next, end."""
    ids = [ident(steps.get(name, {"type": "action"})["type"], name) for name in names]
    flow = {ident("start", "s"): {"type": "start", "on_completion": ids[0]}}
    for step_id, name, following in zip(ids, names, [*ids[1:], ident("end", "e")], strict=True):
        flow[step_id] = {"on_completion": following, **steps.get(name, action(name))}
    return flow | {ident("end", "e"): {"type": "end"}}


def take(playbook, now=NOW):
    """Import a playbook given as JSON values or as bytes."""
    data = playbook if isinstance(playbook, bytes) else json.dumps(playbook).encode()
    return import_playbook(data, catalogue(), now)


def codes(refused):
    return {fault.code for fault in refused.value.faults}


def pointers(losses):
    return {loss.pointer for loss in losses}
