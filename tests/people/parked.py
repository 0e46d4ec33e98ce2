"""A run on the practice company that waits at its wall, as the engine leaves it in the journal; nobody carries it out."""

from __future__ import annotations

import asyncio
from typing import Any

from journal import Draft, Journal
from journal.event import Private
from triggers.cli import place

SCOPE = "7c1e90ab" * 8
OTHER = "19d022c4" * 8
FOOTHOLDS = {
    "client": {"kind": "client", "at": "practice_idp", "names": {"client": "drift-prod"}, "needs": ["blocks-reissue"]},
    "run_as": {"kind": "user", "at": "practice_crm", "names": {"user": "svc-drift"}, "needs": ["ends-sessions"]},
}
CONNECTIONS = {name: {"system": name, "url": "http://127.0.0.1:1"} for name in ("practice_idp", "practice_crm")}


def opened(by: str = "os:robin", mode: str = "drill", config: str = str(place.COMPANY)) -> Draft:
    return Draft("opened", {
        "playbook": "stolen_oauth_tokens", "title": "t", "sha256": "5b" * 32, "text": "playbook: p\n", "file": "p.yaml",
        "inputs": {"integration": "drift"}, "secret_inputs": [], "mode": mode, "integration": "drift", "owner": "sales",
        "integration_title": "Drift", "footholds": FOOTHOLDS, "connections": CONNECTIONS, "by": Private(by), "yes": False,
        "reason": Private("vendor advisory"), "attack": [], "breaks": "Chat to CRM stops.", "does_not": "",
        "version": "0", "config": config, "declared": {},
    })  # fmt: skip


def planned(scope: str = SCOPE) -> Draft:
    def row(name: str, uses: str, kind: str, many: int, connection: str, targets: list[str]) -> dict[str, Any]:
        return {
            "id": name, "uses": uses, "kind": kind, "connection": connection, "layer": "identity", "foothold": "client",
            "count": many, "missing": many, "held": 0, "at_most": 64, "targets": targets, "calls": [], "residual": "",
            "irreversible": "its users consent again" if kind == "cut" else "", "permission": "", "why": "",
        }  # fmt: skip

    return Draft("planned", {
        "plan_hash": "c3" * 32, "scope_hash": scope, "scope": [], "not_covered": [],
        "first_line": "Drift at practice_idp; last used 02:39 from 185.220.101.34; 41 people",
        "steps": [
            row("block", "practice_idp.disable_client", "hold", 1, "practice_idp", ["drift-prod"]),
            row("tokens", "practice_idp.revoke_token", "cut", 40, "practice_idp", ["tk_00000001"]),
        ],
    })  # fmt: skip


def asked(scope: str = SCOPE, *, people: int = 1, role: str = "approver", wall: str = "wall", **more: Any) -> Draft:
    return Draft("asked", {
        "wall": wall, "role": role, "people": people, "scope_hash": scope, "shown": "ab" * 32, "class": "large",
        "cost": "41 people x 4 h", "ladder": ["approver", "commander"], "within_s": 600, "rung_s": 600, **more,
    })  # fmt: skip


def waiting(why: str = "the cut waits for an approval") -> Draft:
    return Draft("worded", {"word": "waiting", "footholds": {}, "why": why})


def park(*drafts: Draft, run: str = "R1", incident: str = "INC-1", by: str = "os:robin", lock: str = "drift") -> None:
    """Write a run that waits: opened, planned, and what follows."""

    async def write(journal: Journal) -> None:
        lease, _ = await journal.begin(run, incident, opened(by), lock=lock)
        await journal.append(lease, [planned(), *drafts])
        await journal.release(lease, unlock=False)

    _with_journal(write)


def go_on(*drafts: Draft, run: str = "R1") -> None:
    """Take the run up, add these, and let it rest again."""

    async def write(journal: Journal) -> None:
        lease, _ = await journal.take(run)
        await journal.append(lease, drafts)
        await journal.release(lease, unlock=False)

    _with_journal(write)


def events(run: str = "R1") -> list[Any]:
    journal = place.open_journal(place.own_key("sandbox"))
    try:
        return journal.events(run)
    finally:
        journal.close()


def _with_journal(write: Any) -> None:
    journal = place.open_journal(place.own_key("sandbox"))
    try:
        asyncio.run(write(journal))
    finally:
        journal.close()
