"""Opens a run: fits a checked playbook to this inventory, journals the opening. Or takes one up again."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import ValidationError

from connectors.core import Connection, Reader, Secret, Sender, Wire, connect, needs_of
from engine.alike import lookalikes
from engine.binding import bind
from engine.bound import Bound, NotBound
from engine.found import Aside, acted_on, of_discovery, set_aside
from engine.given import asks_for_canary, fields_of, given_by, integration_of
from engine.guardrails import limits_of, unknown_lists
from engine.plan_file import Allowed, PlanFile, PlanFileRefused
from engine.registry import Registry, catalogue, registry
from engine.since import earliest, recorded, since_of
from engine.state import Desk, Live, seal_of
from engine.view import Link, View
from inventory.integrations.model import Integration
from inventory.model import Mode
from inventory.radius import downstream
from inventory.read import Inventory
from journal.canonical import sound
from journal.clock import now
from journal.errors import IncidentClosed, UnknownRun
from journal.event import Draft, Private
from journal.replay import Run, advance, replay
from journal.store import Journal
from journal.write.lease import Lease
from language import Checked, read


class Opener(Protocol):
    """Opens a connection: `connectors.core.connect`, or what stands in its place where no network may be touched."""

    def __call__(self, connection: Connection, *, writes: bool) -> tuple[Reader, Sender | None, Wire]:
        """Its reader, its sender (None in a dry run), and the wire to close."""


@dataclass(frozen=True)
class Order:
    """What a trigger asks for.

    Attributes:
        raw: input name -> text, Secret, or list of them.
        by: who asked, as the trigger knows them.
        reason: why, in their words; "" where nobody said.
        yes: they approved the scope that is printed, beforehand; a resume keeps to it.
        incident: the incident that it is widened to; "" opens one of its own.
        hold_only: only what can be undone; the rest once a person goes on with it.
        by_how: what proves who asked: token, key, or the machine's user.
        plan_file: the plan file that is carried out, and its digest: that and nothing beside it.
        yes_scope: the scope that `yes` is about, or its first letters; "" for whatever is printed.
        since: the first sign of the attacker, where somebody knows of one before the opening.
        declared_only: it touches footholds that people declared, and none that discovery found: what an alert starts.
        run: its id, where whoever orders it had to know that beforehand: the same order twice is one run.
    """

    checked: Checked
    file: str
    raw: Mapping[str, object]
    mode: Mode
    by: str
    reason: str = ""
    version: str = ""
    yes: bool = False
    incident: str = ""
    hold_only: bool = False
    by_how: str = "os"
    yes_scope: str = ""
    plan_file: tuple[PlanFile, str] | None = None
    since: datetime | None = None
    declared_only: bool = False
    run: str = ""


@dataclass(frozen=True)
class Mended:
    """A playbook that takes the place of a run's own: checked, where from, who says so, and why."""

    checked: Checked
    file: str
    by: str
    reason: str


@dataclass(frozen=True)
class Prepared:
    """An order that fits: nothing was opened, looked at or sent yet.

    Attributes:
        integration: with all its footholds, declared and found. aside: those of them that no step touches.
    """

    order: Order
    run: str
    inputs: Any
    name: str | None
    integration: Integration | None
    bound: dict[str, Bound]
    links: dict[str, Link]
    inventory: Inventory
    pool: dict[str, Secret]
    aside: Aside

    async def begin(self, journal: Journal, desk: Desk) -> Live:
        """Journal the opening. Raises the journal's Busy when another run is at this integration."""
        body = _opened(self.order, self.inventory, self.name, self.integration, self.bound)
        if self.order.incident:  # whoever saw him first in this incident saw him for all of its runs
            known = await asyncio.to_thread(earliest, journal, self.order.incident)
            body["since"] = recorded(min((at for at in (known, self.order.since) if at is not None), default=None))
        lease, event = await journal.begin(
            self.run, self.order.incident or f"INC-{self.run[2:]}", Draft("opened", sound(body)),
            lock=self.name if self.order.mode != "dry-run" else None,
            sealed=[seal_of(secret) for secret in self.pool.values()] if self.order.mode != "dry-run" else [],
        )  # fmt: skip
        return _live(journal, lease, advance(Run(), event), self, desk)


def prepare(inventory: Inventory, order: Order, *, opener: Opener = connect) -> Prepared:
    """Fit an order to this inventory: inputs, steps, connections. Raises NotBound, BadInput or BadInventory."""
    if order.since is not None and order.since > now():
        raise NotBound(f"since {recorded(order.since)} is still to come: the first sign of the attacker is in the past")
    pool: dict[str, Secret] = {}
    name, integration = integration_of(order.checked, order.raw, inventory)
    given = given_by(inventory, pool, declared_only=order.declared_only, canary=asks_for_canary(order.checked))
    inputs = order.checked.parse_inputs(order.raw, given)
    for value in order.raw.values():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Secret):
                pool[one.fingerprint] = one
    aside = set_aside(inventory, integration, declared_only=order.declared_only)
    bound = _bound(order.checked, inventory, integration, aside, pool)
    if unknown := unknown_lists(order.checked.playbook.guardrails, inventory.config):
        named = ", ".join(unknown)
        raise NotBound(f"guardrails: no protected list {named} in {inventory.path.name}; add it under `protected:`")
    if order.plan_file is not None:
        limits = limits_of(order.checked.playbook.guardrails, inventory.config).body()
        if differ := order.plan_file[0].differences(_opened(order, inventory, name, integration, bound), limits):
            raise PlanFileRefused("\n".join(["This is not what was planned. Plan anew, or put it back:", *differ]))
    links = _links(inventory, bound, opener, writes=order.mode != "dry-run")
    run = order.run or f"R-{now():%m%d-%H%M}-{secrets.token_hex(3)}"
    return Prepared(order, run, inputs, name, integration, bound, links, inventory, pool, aside)


async def reopen(
    journal: Journal, inventory: Inventory, run_id: str, desk: Desk, *, look_only: bool = False, why: str = "resumed",
    resting: bool = True, opener: Opener = connect, mended: Mended | None = None,
) -> Live:  # fmt: skip
    """Take a run up again, with its own playbook text, inputs and secrets, whatever the files say now.

    `look_only` takes no lease and opens connections for reading: for a check while somebody else carries it out.
    Without `resting` only a run whose process is gone is taken, not one that was released. `mended`: another playbook
    in the place of its own; what it does beyond what was approved is asked anew.
    """
    run = replay(journal.events(run_id))
    opened = run.opened
    if not opened:
        raise UnknownRun(run_id)
    if (closed := journal.closed_at(run.incident)) is not None:
        raise IncidentClosed(run_id, run.incident, closed)
    if not look_only:
        journal.need_names(run.incident)
    names = {"connections": frozenset(inventory.config.connections), "roles": ROLES}
    checked = (
        mended.checked
        if mended is not None
        else read(opened["text"], opened["file"], catalogue(registry(), names), pinned(opened).get)
    )
    pool = {
        name.removeprefix("secret/"): Secret(value.decode())
        for name, value in journal.unseal(run_id).items() if name.startswith("secret/")
    }  # fmt: skip
    raw = {name: _reveal(value, pool, name in opened["secret_inputs"]) for name, value in opened["inputs"].items()}
    integration = Integration.recorded(opened["declared"]) if opened["declared"] else None
    used = Inventory(
        inventory.path, inventory.config, {opened["integration"]: integration} if integration else {},
        inventory.resolve, inventory.base, discovered=str(opened.get("discovered", {}).get("source", "")),
    )  # fmt: skip
    declared_only = bool(opened.get("declared_only"))
    given = given_by(used, pool, declared_only=declared_only, canary=asks_for_canary(checked))
    inputs = checked.parse_inputs(raw, given)
    aside = set_aside(used, integration, declared_only=declared_only)
    bound = _bound(checked, used, integration, aside, pool)
    leads = {name: inventory.base(inventory.config.connections[name].url) for name in _connections(bound)}
    then = {name: entry["url"] for name, entry in opened["connections"].items()}
    if leads != then:
        raise NotBound(
            f"the connections of run {run_id} lead elsewhere now: then {then}, now {leads}. Mend the configuration"
        )
    links = _links(used, bound, opener, writes=not look_only and opened["mode"] != "dry-run")
    order = Order(checked, opened["file"], raw, opened["mode"], opened["by"])
    prepared = Prepared(
        order, run_id, inputs, opened["integration"] or None, integration, bound, links, used, pool, aside
    )
    if look_only:
        return _live(journal, None, run, prepared, desk)
    heard = max((wish.id for wish in journal.asked(run_id, 0)), default=0)  # a stop from before this was for another
    lease, event = await journal.take(run_id, why=why, resting=resting)
    live = _live(journal, lease, advance(replay(journal.events(run_id)[: event.n - 1]), event), prepared, desk)
    live.heard = heard
    if mended is not None:
        await live.note(Draft("adopted", {
            "text": checked.source, "sha256": checked.sha256, "file": mended.file, "subs": _subs(checked),
            "by": Private(mended.by), "reason": Private(mended.reason),
        }))  # fmt: skip
    return live


ROLES = frozenset({"responder", "approver", "commander", "auditor"})


def _bound(
    checked: Checked, inventory: Inventory, integration: Integration | None, aside: Aside, pool: dict[str, Secret]
) -> dict[str, Bound]:
    """The playbook's steps, over those footholds that steps may act on."""
    ours = acted_on(integration, aside) if integration is not None else None
    return bind(checked, registry(), inventory, ours, fields_of(inventory, pool))


def _links(inventory: Inventory, bound: Mapping[str, Bound], opener: Opener, *, writes: bool) -> dict[str, Link]:
    return {name: Link(*opener(connection(inventory, name, registry()), writes=writes)) for name in _connections(bound)}


def _connections(bound: Mapping[str, Bound]) -> list[str]:
    """The connections that these steps work over."""
    return sorted({b.connection for b in bound.values()} - {""})


def pinned(opened: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The sub-playbooks of a run as they were when it was opened: id -> (text, file)."""
    return {name: (text, f"{name} (as recorded)") for name, text in opened.get("subs", {}).items()}


def _subs(checked: Checked) -> dict[str, str]:
    """The texts of all sub-playbooks, those in sub-playbooks too, by playbook id."""
    found: dict[str, str] = {}
    for sub in checked.subs.values():
        found |= {sub.playbook.id: sub.source, **_subs(sub)}
    return found


def _live(journal: Journal, lease: Lease | None, run: Run, prepared: Prepared, desk: Desk) -> Live:
    integration = prepared.integration
    live = Live(
        journal, lease, run, prepared.order.checked, prepared.bound, prepared.inputs,
        acted_on(integration, prepared.aside) if integration else None,
        {entry.id: needs_of(entry.kind) for entry in (integration.footholds if integration else ())},
        prepared.links, prepared.pool, desk, {n: View(foothold=b.foothold) for n, b in prepared.bound.items()},
        since_of(run), prepared.inventory.config, prepared.aside, Allowed.of(run.opened),
    )  # fmt: skip
    live.hold_only = bool(run.opened.get("hold_only")) and not run.went_on
    live.yes_scope = str(run.opened.get("yes_scope", ""))
    live.attended = desk.attended
    for link in prepared.links.values():
        link.wire.keeper = live.keep_secret
        link.wire.guard = live.may_send
    return live


def connection(inventory: Inventory, name: str, found: Registry) -> Connection:
    """A configured connection, its secret read. Raises NotBound, BadInventory."""
    entry = inventory.config.connections[name]
    connector = found.systems[entry.system]
    try:
        settings = connector.settings.model_validate(entry.settings)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise NotBound(f"connection {name} ({entry.system}): {said}") from None
    secret = Secret(inventory.resolve(entry.secret)) if entry.secret else None
    return Connection(name, connector, inventory.base(entry.url), secret, settings)


def _opened(
    order: Order, inventory: Inventory, name: str | None, integration: Integration | None, bound: Mapping[str, Bound]
) -> dict[str, Any]:
    playbook = order.checked.playbook
    connections = inventory.config.connections
    given = {n: list(v) if isinstance(v, list) else [v] for n, v in order.raw.items()}
    shown = {n: [repr(one) if isinstance(one, Secret) else str(one) for one in v] for n, v in given.items()}
    return {
        "playbook": playbook.id, "title": playbook.title, "sha256": order.checked.sha256, "file": order.file,
        "inputs": {n: v if isinstance(order.raw[n], list) else v[0] for n, v in shown.items()},
        "secret_inputs": [n for n, v in given.items() if v and isinstance(v[0], Secret)],
        "mode": order.mode, "integration": name or "", "since": recorded(order.since),
        "integration_title": integration.title if integration else "", "owner": integration.owner if integration else "",
        "declared": integration.model_dump(mode="json") if integration else {},
        "footholds": {
            e.id: {
                "kind": e.kind, "at": e.at or "", "names": {k: str(v) for k, v in e.names.items()},
                "needs": sorted(needs_of(e.kind)), "found": e.found, "sure": e.sure,
            }
            for e in (integration.footholds if integration else ())
        },
        "discovered": of_discovery(inventory) if integration else {}, "declared_only": order.declared_only,
        "connections": {
            name: {
                "system": connections[name].system, "url": inventory.base(connections[name].url),
                "tenant": connections[name].tenant, "environment": connections[name].environment,
            }
            for name in _connections(bound)
        },
        "downstream": [asdict(each) for each in downstream(inventory.integrations, name)] if name else [],
        "alike": lookalikes(name, inventory.integrations) if name else [],
        "by": Private(order.by), "by_how": order.by_how, "trigger": "alert" if order.by_how == "alert" else "person", "yes": order.yes, "yes_scope": order.yes_scope, "reason": Private(order.reason), "attack": list(playbook.attack), "breaks": playbook.breaks, "expires": playbook.expires or "",
        "does_not": playbook.does_not, "version": order.version, "config": str(inventory.path),
        "text": order.checked.source, "subs": _subs(order.checked), "hold_only": order.hold_only,
        "plan_file": order.plan_file[0].body(order.plan_file[1]) if order.plan_file is not None else {},
    }  # fmt: skip


def _reveal(value: Any, pool: Mapping[str, Secret], secret: bool) -> object:
    if not secret:
        return value
    if isinstance(value, list):
        return [pool[one.removeprefix("secret:")] for one in value]
    return pool[value.removeprefix("secret:")]
