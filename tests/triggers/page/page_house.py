"""A page that is served, and what is behind it: runs that wait, links, passkeys, forms."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from journal import Draft
from journal.clock import wall
from journal.event import Private
from tests.triggers.page.soft_key import SoftKey, text
from triggers.house import House
from triggers.page.codes import read_secret
from triggers.page.giving import give
from triggers.page.links import Links
from triggers.page.shelf import Passkey, Shelf
from triggers.page.where import key_of

SCOPE = "7c1e90ab" * 8
OTHER = "19d022c4" * 8
FOOTHOLDS = {
    "client": {"kind": "client", "at": "idp", "names": {"client": "drift-prod"}, "needs": ["blocks-reissue"]},
    "run_as": {"kind": "user", "at": "crm", "names": {"user": "svc-drift"}, "needs": ["ends-sessions"]},
}
FIRST = {
    "title": "Drift, chat to CRM", "ways": ["client drift-prod at idp (acme, production)", "user svc-drift at crm"],
    "use": "last used 2 min ago (02:39:10 UTC) from 185.220.101.34, NOT an address of the vendor", "others": "",
    "people": 41, "alike": ["drift-sandbox"], "unused": False, "used_from": "185.220.101.34",
    "strange_addresses": ["185.220.101.34"], "text": "Drift",
}  # fmt: skip


def row(name: str, uses: str, kind: str, many: int, foothold: str = "client", **more: Any) -> dict[str, Any]:
    return {
        "id": name, "uses": uses, "kind": kind, "connection": uses.partition(".")[0], "layer": "identity",
        "foothold": foothold, "count": many, "missing": many, "held": 0, "at_most": 500 if kind == "cut" else 1,
        "targets": [], "calls": [], "residual": "", "permission": "", "why": "", "later": "",
        "irreversible": "its users consent again" if kind == "cut" else "", "wanted": "Stop a client from getting tokens",
        **more,
    }  # fmt: skip


def opened(by: str = "person:ana", mode: str = "live", config: str = "", **more: Any) -> Draft:
    return Draft("opened", {
        "playbook": "stolen_oauth_tokens", "title": "t", "sha256": "5b" * 32, "text": "playbook: p\n", "file": "p.yaml",
        "inputs": {"integration": "drift"}, "secret_inputs": [], "mode": mode, "integration": "drift", "owner": "sales",
        "integration_title": "Drift, chat to CRM", "footholds": FOOTHOLDS, "by": Private(by), "yes": False,
        "connections": {name: {"system": f"practice_{name}", "url": "http://127.0.0.1:1"} for name in ("idp", "crm")},
        "reason": Private("vendor advisory"), "attack": [], "breaks": "Chat to CRM stops; its users consent again.",
        "does_not": "Tell what was read.", "version": "0", "config": config, "declared": {}, **more,
    })  # fmt: skip


def planned(scope: str = SCOPE, many: int = 40, **more: Any) -> Draft:
    return Draft("planned", {
        "plan_hash": "c3" * 32, "scope_hash": scope, "scope": [], "not_covered": [], "first": FIRST,
        "first_line": "Drift at idp", "not_told": [], "guardrails": {
            "people": 41, "services": 1, "max_people": 400, "max_services": None, "people_so_far": 0, "services_so_far": 0,
            "asks": [], "needs": "approver", "approvals": 1,
        },
        "not_asked": [{"account": "practice_crm:svc-drift", "roles": ["approver"]}],
        "steps": [row("block", "idp.disable_client", "hold", 1), row("tokens", "idp.revoke_token", "cut", many)], **more,
    })  # fmt: skip


def asked(scope: str = SCOPE, *, people: int = 1, role: str = "approver", wall: str = "approve", **more: Any) -> Draft:
    return Draft("asked", {
        "wall": wall, "role": role, "people": people, "scope_hash": scope, "shown": "ab" * 32, "class": "usual",
        "cost": "41 people x 4 h", "ladder": ["approver", "commander"], "within_s": 600, "rung_s": 600, **more,
    })  # fmt: skip


def effect(step: str, target: str, action: str) -> list[Draft]:
    named = {"effect": f"{step}/{target}", "step": step, "action": action, "target": target, "params": {}}
    calls = {
        "calls": ["d"],
        "lines": ["POST /x"],
        "once": False,
        "back": False,
        "round": 1,
        "before": {"on": True},
        "answers": [],
    }
    send = {"came": "ok", "status": 200, "wait_ms": 0, "request_id": "", "why": "", "kept": []}
    return [
        Draft("intended", {**named, **calls}), Draft("answered", {"effect": named["effect"], "sends": [send]}),
        Draft("settled", {**named, "word": "effective", "grade": "seen", "why": "", "back": False, "after": {}}),
    ]  # fmt: skip


HELD = [*effect("block", "drift-prod", "idp.disable_client"), asked()]
WAITING = Draft("worded", {
    "word": "waiting", "why": "the cut waits for an approval of the approver",
    "footholds": {"client": {"state": "open", "why": "tokens: waiting"}, "run_as": {"state": "open", "why": "not closed"}},
})  # fmt: skip


@dataclass
class Served:
    """A page that is served, and what is behind it."""

    url: str
    house: House
    folder: Path
    tokens: dict[str, str]
    secrets: dict[str, str]
    shelf: Shelf = field(init=False)
    links: Links = field(init=False)

    def __post_init__(self) -> None:
        journal, inventory = self.house.journal, self.house.inventory
        self.shelf = Shelf(journal.database, journal.id)
        assert inventory.config.page is not None
        self.links = Links(self.shelf, key_of(inventory, self.house.state, inventory.config.page))

    async def park(
        self, *drafts: Draft, run: str = "R-1", incident: str = "INC-7", by: str = "person:ana", mode: str = "live",
        plan: Draft | None = None, start: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Write a run that waits at its wall, as the engine leaves it."""
        journal = self.house.journal
        opening = opened(by, mode, str(self.house.inventory.path), **(start or {}))
        lease, _ = await journal.begin(run, incident, opening, lock=f"drift-{run}")
        rest = [plan or planned(), *(drafts or [*HELD, WAITING])]
        for begin in range(0, len(rest), 5000):
            await journal.append(lease, rest[begin : begin + 5000])
        await journal.release(lease, unlock=False)

    async def go_on(self, *drafts: Draft, run: str = "R-1") -> None:
        lease, _ = await self.house.journal.take(run)
        await self.house.journal.append(lease, drafts)
        await self.house.journal.release(lease, unlock=False)

    async def link(self, person: str = "ben", run: str = "R-1", minutes: int = 15) -> str:
        found = await self.house.run(run)
        path = await give(
            self.links, self.house.journal, self.house.inventory, found, person, minutes=minutes, by="os:robin"
        )
        return f"{self.url}{path}"

    async def passkey(self, person: str = "ben", *, chained: bool = True) -> SoftKey:
        """A passkey of somebody's, made and confirmed; without `chained` only a row says so."""
        key = SoftKey()
        kept = Passkey(text(key.id), person, key.public, 0, "phone", wall())
        assert self.shelf.add_passkey(kept)
        if chained:
            await self.house.journal.record(self.shelf.said(kept, "token", on=True))
        return key

    def events(self, kind: str, run: str = "R-1") -> list[Any]:
        return [event for event in self.house.journal.events(run) if event.type == kind]

    def client(self) -> httpx.AsyncClient:
        """Somebody's browser, without one: keeps cookies, and says where its forms are from."""
        return httpx.AsyncClient(base_url=self.url, headers={"Origin": self.url}, trust_env=False)

    async def opened_by(self, client: httpx.AsyncClient, person: str = "ben", run: str = "R-1") -> httpx.Response:
        """Open a link; the run's screen."""
        link = (await self.link(person, run)).removeprefix(self.url)
        answer = await client.post(link, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer


def fields(html: str, action: str = "answer") -> dict[str, str]:
    """The hidden fields of the first form that leads there."""
    form = re.search(rf'<form[^>]*{action}".*?</form>', html, re.DOTALL)
    assert form is not None, html
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0]))


def challenge_of(html: str, answer: str = "approve") -> str:
    """The challenge of an answer's button."""
    found = re.search(rf'value="{answer}" data-challenge="([^"]+)"', html)
    assert found is not None, html
    return found[1]


def code_of(secret: str, at_s: float | None = None) -> str:
    """What an app shows for a secret."""
    raw = read_secret(secret)
    assert raw is not None
    return TOTP(raw, 6, SHA1(), 30).generate(at_s if at_s is not None else time.time()).decode()
