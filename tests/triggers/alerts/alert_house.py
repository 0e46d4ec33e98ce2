"""A house that alerts come to, over a practice company that runs: for this process, and for one that is to die."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import yaml

from engine.alert import Alert
from engine.released import sign
from flows import launch
from inventory.read import read_inventory
from journal import Journal, Keys, KillAt
from journal.clock import wall
from journal.event import JOURNAL
from journal.proof.sign import Signer
from journal.replay import replay
from triggers.alerts.acting import AlertService
from triggers.alerts.trust.model import Verified
from triggers.cli import place
from triggers.house import House
from triggers.serve.workers import Workers

ROOT = Path(__file__).resolve().parents[3]
COMPANY = ROOT / "sandbox" / "company"
PLAYBOOK = """
playbook: alert_holds
title: Our client at the vendor is in strange hands
breaks: What the vendor does for us stops.
does_not: Tell what was read.
inputs:
  integration: {type: integration, has: [practice_idp, practice_firewall]}
triggers:
  - alert: okta
    when: alert.type == 'token.reuse' && has(alert.app)
    mode: auto
    with: {integration: "${alert.app}"}
  - alert: okta
    when: alert.type == 'token.odd' && has(alert.app)
    with: {integration: "${alert.app}"}
contain:
  - id: client
    uses: practice_idp.disable_client
    with: {client: "${inputs.integration.practice_idp.client}"}
  - approve: approver
  - id: found
    uses: practice_idp.tokens
    with: {client: "${inputs.integration.practice_idp.client}"}
  - id: tokens
    uses: practice_idp.revoke_token
    for_each: steps.found.items
    with: {token: "${item.token}"}
recover:
  - approve: commander
  - undo: contain
"""
SOURCES = {"okta": {"secrets": ["env:ALERT_SECRET"], "auto": "hold"}, "loose": {"source": "okta", "unsigned": True},
           "dry": {"source": "okta", "secrets": ["env:ALERT_SECRET"], "auto": "shadow"}}  # fmt: skip
CHAT = "chat"


def read(source, raw, headers=None, *, provenance):
    """Reads what these tests deliver: alerts as we have them, spelled as JSON."""
    del headers
    found = json.loads(raw)
    alerts = tuple(Alert.model_validate({"source": source, "provenance": provenance, **one}) for one in found["alerts"])
    return SimpleNamespace(source=source, alerts=alerts, ignored=tuple(found.get("ignored", ())), delivery_id=None)


def alert(id_="F1", **more):
    """One finding, as the source tells of it."""
    at = datetime.now(UTC) - timedelta(minutes=3)
    return {
        "source_alert_id": id_, "dedupe_key": id_, "type": "token.reuse", "title": "A token was used twice", "severity": 80,
        "severity_label": "high", "app": "drift-prod", "time": at.isoformat(), **more,
    }  # fmt: skip


def body(*alerts):
    return json.dumps({"alerts": list(alerts)}).encode()


def laid_out(
    folder, handshake, *, sources=None, playbook=PLAYBOOK, critical=(), release=True, identity=None, ways=None, **more
):
    """A configuration of its own over the company, with a playbook that waits for alerts, released."""
    config = yaml.safe_load((COMPANY / "ringfence.yaml").read_text())
    listed = yaml.safe_load((COMPANY / "integrations.yaml").read_text())
    for name in critical:
        listed["integrations"][name]["critical"] = True
    for name, known in (identity or {}).items():
        config["connections"][name]["identity"] = known
    for name, changed in (ways or {}).items():
        for entry in listed["integrations"][name]["footholds"]:
            entry |= {key: copy.copy(value) for key, value in changed.items() if key in entry or key == "known_as"}
    (folder / "playbooks").mkdir(parents=True, exist_ok=True)
    file = folder / "playbooks" / "alert_holds.yaml"
    file.write_text(playbook)
    (folder / "integrations.yaml").write_text(yaml.safe_dump(listed))
    signer = Signer.of_file(folder / "release.key")
    import base64

    public = base64.b64encode(bytes.fromhex(signer.public)).decode()
    config |= {
        "playbooks": ["playbooks"], "releases": {"keys": [f"ed25519:{public}"]},
        "alerts": {"sources": sources or SOURCES, **more},
    }  # fmt: skip
    (folder / "ringfence.yaml").write_text(yaml.safe_dump(config))
    told = {"url": str(handshake["url"]), **handshake["secrets"]}
    inventory = read_inventory(folder / "ringfence.yaml", sandbox=told)
    if release:
        checked = place.checked_playbook(file, inventory)
        file.with_name("alert_holds.release.json").write_text(sign(checked, 1, wall(), signer))
    return inventory


class AlertHouse:
    """A house, its service for alerts, and what the journal says of both."""

    def __init__(self, folder, handshake, *, workers=True, **config):
        self.folder = folder
        self.handshake = handshake
        self.inventory = laid_out(folder, handshake, **config)
        self.told = []
        self.workers_wanted = workers

    async def begin(self):
        launch.warm(Path(self.handshake["home"]))
        key = self.folder / "seal.key"
        keys = Keys.from_reference(f"file:{key}") if key.exists() else Keys.make_file(key)
        self.journal = Journal.open(
            f"sqlite:///{self.folder}/journal.db", keys=keys, kill=KillAt.from_env(), ttl_s=30.0, renew_s=5.0
        )
        self.house = House(
            self.inventory, self.journal, Path(self.handshake["home"]), sandbox=True, tell=self.told.append
        )
        self.workers = Workers(self.house, at_once=8, tell=self.told.append, config=None)
        self.house.workers = self.workers if self.workers_wanted else None
        self.sweeping = asyncio.create_task(self.workers.run()) if self.workers_wanted else None
        self.alerts = AlertService(self.house, read=read)
        await self.alerts.start()
        return self

    async def end(self):
        await self.alerts.end()
        await self.workers.drain(5.0)
        if self.sweeping is not None:
            self.sweeping.cancel()
            await asyncio.gather(self.sweeping, return_exceptions=True)
        await self.house.end()
        await self.journal.aclose()

    async def deliver(self, *alerts, name="okta", delivery=None, proven=True, raw=None):
        raw = raw if raw is not None else body(*alerts)
        verified = Verified("header" if proven else "none", "env:ALERT_SECRET" if proven else None,
                            delivery or hashlib.sha256(raw).hexdigest())  # fmt: skip
        return await self.alerts.inbox.keep(name, "okta", verified.replay, raw, verified)

    async def settled(self, seconds=40):
        """Until nothing of what was delivered is open; the acts, oldest first."""
        rows = await self.alerts.inbox.rows()
        end = asyncio.get_running_loop().time() + seconds
        from sqlalchemy import select

        from journal.db.tables import inbox

        while rows._read(select(inbox.c.id).where(inbox.c.done_at.is_(None))):
            assert asyncio.get_running_loop().time() < end, ("still open", self.told)
            await asyncio.sleep(0.02)
        return await rows.acts()

    async def acts(self, *alerts, **how):
        """Deliver, wait, and give what came of it."""
        await self.deliver(*alerts, **how)
        return await self.settled()

    def events(self, *types):
        found = [event for event in self.journal.events(JOURNAL) if event.type in {"alerted", "our_credential", "told"}]
        return [event.body for event in found if not types or event.type in types]

    def words(self):
        return [one["word"] for one in self.events("alerted")]

    def runs(self, *modes):
        """The runs that were opened, of these modes; without any: those that may send."""
        found = [replay(self.journal.events(row.run)) for row in self.journal.runs()]
        return [run for run in found if run.opened["mode"] in (modes or ("drill", "live"))]

    async def until_word(self, run, *words, seconds=40):
        end = asyncio.get_running_loop().time() + seconds
        while (found := replay(self.journal.events(run))).word not in words:
            assert asyncio.get_running_loop().time() < end, (found.word, self.told)
            await asyncio.sleep(0.05)
        return found


def opened(folder, handshake, **config):
    return around(AlertHouse(folder, handshake, **config))


@contextlib.asynccontextmanager
async def around(house):
    await house.begin()
    try:
        yield house
    finally:
        await house.end()
