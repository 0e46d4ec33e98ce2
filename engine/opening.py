"""Opens a run: fits a checked playbook to this inventory, journals the opening. Or takes one up again."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import ValidationError

from connectors.core import Connection, Reader, Secret, Sender, Wire, connect, needs_of
from engine.bound import Bound, NotBound, bind
from engine.registry import Registry, catalogue, registry
from engine.state import Desk, Link, Live, View, seal_of
from inventory.model import FootholdEntry, Integration, Mode
from inventory.read import Inventory
from journal.canonical import sound
from journal.clock import now
from journal.errors import IncidentClosed, UnknownRun
from journal.event import Draft, Private
from journal.replay import Run, advance, replay
from journal.store import Journal
from journal.write.lease import Lease
from language import BadInput, Checked, read


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
    """

    checked: Checked
    file: str
    raw: Mapping[str, object]
    mode: Mode
    by: str
    reason: str = ""
    version: str = ""
    yes: bool = False


@dataclass(frozen=True)
class Prepared:
    """An order that fits: nothing was opened, looked at or sent yet."""

    order: Order
    run: str
    inputs: Any
    name: str | None
    integration: Integration | None
    bound: dict[str, Bound]
    links: dict[str, Link]
    inventory: Inventory
    pool: dict[str, Secret]

    async def begin(self, journal: Journal, desk: Desk) -> Live:
        """Journal the opening. Raises the journal's Busy when another run is at this integration."""
        body = _opened(self.order, self.inventory, self.name, self.integration, self.bound)
        lease, event = await journal.begin(
            self.run, f"INC-{self.run[2:]}", Draft("opened", sound(body)),
            lock=self.name if self.order.mode != "dry-run" else None,
            sealed=[seal_of(secret) for secret in self.pool.values()] if self.order.mode != "dry-run" else [],
        )  # fmt: skip
        return _live(journal, lease, advance(Run(), event), self, desk)


def prepare(inventory: Inventory, order: Order, *, opener: Opener = connect) -> Prepared:
    """Fit an order to this inventory: inputs, steps, connections. Raises NotBound, BadInput or BadInventory."""
    pool: dict[str, Secret] = {}
    name, integration = _integration(order.checked, order.raw, inventory)
    inputs = order.checked.parse_inputs(order.raw, _given(inventory, pool))
    for value in order.raw.values():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Secret):
                pool[one.fingerprint] = one
    bound = bind(order.checked, registry(), inventory, integration)
    links = _links(inventory, bound, opener, writes=order.mode != "dry-run")
    run = f"R-{now():%m%d-%H%M}-{secrets.token_hex(3)}"
    return Prepared(order, run, inputs, name, integration, bound, links, inventory, pool)


async def reopen(
    journal: Journal, inventory: Inventory, run_id: str, desk: Desk, *, look_only: bool = False, why: str = "resumed",
    resting: bool = True, opener: Opener = connect,
) -> Live:  # fmt: skip
    """Take a run up again, with its own playbook text, inputs and secrets, whatever the files say now.

    `look_only` takes no lease and opens connections for reading: for a check while somebody else carries it out.
    Without `resting` only a run whose process is gone is taken, not one that was released.
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
    checked = read(opened["text"], opened["file"], catalogue(registry(), names))
    pool = {
        name.removeprefix("secret/"): Secret(value.decode())
        for name, value in journal.unseal(run_id).items() if name.startswith("secret/")
    }  # fmt: skip
    raw = {name: _reveal(value, pool, name in opened["secret_inputs"]) for name, value in opened["inputs"].items()}
    integration = Integration.model_validate(opened["declared"]) if opened["declared"] else None
    used = Inventory(
        inventory.path, inventory.config, {opened["integration"]: integration} if integration else {},
        inventory.resolve, inventory.base,
    )  # fmt: skip
    inputs = checked.parse_inputs(raw, _given(used, pool))
    bound = bind(checked, registry(), used, integration)
    leads = {b.connection: inventory.base(inventory.config.connections[b.connection].url) for b in bound.values()}
    then = {name: entry["url"] for name, entry in opened["connections"].items()}
    if leads != then:
        raise NotBound(
            f"the connections of run {run_id} lead elsewhere now: then {then}, now {leads}. Mend the configuration"
        )
    links = _links(used, bound, opener, writes=not look_only and opened["mode"] != "dry-run")
    order = Order(checked, opened["file"], raw, opened["mode"], opened["by"])
    prepared = Prepared(order, run_id, inputs, opened["integration"] or None, integration, bound, links, used, pool)
    if look_only:
        return _live(journal, None, run, prepared, desk)
    heard = max((wish.id for wish in journal.asked(run_id, 0)), default=0)  # a stop from before this was for another
    lease, event = await journal.take(run_id, why=why, resting=resting)
    live = _live(journal, lease, advance(replay(journal.events(run_id)[: event.n - 1]), event), prepared, desk)
    live.heard = heard
    return live


ROLES = frozenset({"responder", "approver", "commander", "auditor"})


def _links(inventory: Inventory, bound: Mapping[str, Bound], opener: Opener, *, writes: bool) -> dict[str, Link]:
    return {
        name: Link(*opener(_connection(inventory, name, registry()), writes=writes))
        for name in sorted({b.connection for b in bound.values()})
    }


def _live(journal: Journal, lease: Lease | None, run: Run, prepared: Prepared, desk: Desk) -> Live:
    integration = prepared.integration
    live = Live(
        journal, lease, run, prepared.order.checked, prepared.bound, prepared.inputs, integration,
        {entry.id: needs_of(entry.kind) for entry in (integration.footholds if integration else ())},
        prepared.links, prepared.pool, desk, {name: View() for name in prepared.bound},
        datetime.fromisoformat(run.opened_at), prepared.inventory.config.org,
    )  # fmt: skip
    for link in prepared.links.values():
        link.wire.keeper = live.keep_secret
        link.wire.guard = live.may_send
    return live


def _connection(inventory: Inventory, name: str, found: Registry) -> Connection:
    entry = inventory.config.connections[name]
    connector = found.systems[entry.system]
    try:
        settings = connector.settings.model_validate(entry.settings)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise NotBound(f"connection {name} ({entry.system}): {said}") from None
    secret = Secret(inventory.resolve(entry.secret)) if entry.secret else None
    return Connection(name, connector, inventory.base(entry.url), secret, settings)


def _integration(
    checked: Checked, raw: Mapping[str, object], inventory: Inventory
) -> tuple[str | None, Integration | None]:
    wanted = [name for name, given in checked.playbook.inputs.items() if given.type == "integration"]
    if len(wanted) != 1 or not isinstance(raw.get(wanted[0]), str):
        return None, None
    name = str(raw[wanted[0]])
    try:
        return name, inventory.integration(name)
    except LookupError as error:
        raise BadInput([f"{wanted[0]}: {error}"]) from None


def _given(inventory: Inventory, pool: dict[str, Secret]) -> Callable[[str], Mapping[str, object]]:
    """An integration as playbooks see it: per system, the fields of its foothold there, secrets read by reference."""

    def given(name: str) -> Mapping[str, object]:
        integration = inventory.integration(name)
        shown: dict[str, object] = {
            "id": name, "title": integration.title, "owner": integration.owner, "vendor": integration.vendor,
            "addresses": list(integration.addresses),
            "footholds": [{"id": e.id, "kind": e.kind, "system": _system(inventory, e), "at": e.at} for e in integration.footholds],
        }  # fmt: skip
        for entry in integration.footholds:
            system, fields = _foothold(inventory, entry, pool)
            if system and fields is not None:
                several = shown.get(system)
                shown[system] = fields if several is None else [*(several if isinstance(several, list) else [several]), fields]
        return shown

    return given


def _system(inventory: Inventory, entry: FootholdEntry) -> str | None:
    connection = inventory.config.connections.get(entry.at or "")
    return connection.system if connection is not None else None


def _foothold(
    inventory: Inventory, entry: FootholdEntry, pool: dict[str, Secret]
) -> tuple[str, dict[str, object] | None]:
    try:
        needs_of(entry.kind)
    except LookupError as error:
        raise LookupError(f"foothold {entry.id}: {error}") from None
    if entry.at is None:
        return "", None
    if entry.at not in inventory.config.connections:
        raise LookupError(f"foothold {entry.id}: no connection '{entry.at}' in {inventory.path.name}")
    system = inventory.config.connections[entry.at].system
    connector = registry().systems.get(system)
    model = connector.footholds.get(entry.kind) if connector is not None else None
    if model is None:
        return system, None
    fields: dict[str, object] = dict(entry.names)
    for name, field in model.model_fields.items():
        if field.annotation is Secret and isinstance(fields.get(name), str):
            secret = Secret(inventory.resolve(str(fields[name])))
            fields[name] = pool[secret.fingerprint] = secret
    try:
        model.model_validate(fields)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise LookupError(f"foothold {entry.id} at {entry.at}: {said}") from None
    return system, fields


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
        "mode": order.mode, "integration": name or "",
        "integration_title": integration.title if integration else "", "owner": integration.owner if integration else "",
        "declared": integration.model_dump(mode="json") if integration else {},
        "footholds": {
            e.id: {"kind": e.kind, "at": e.at or "", "names": {k: str(v) for k, v in e.names.items()}, "needs": sorted(needs_of(e.kind))}
            for e in (integration.footholds if integration else ())
        },
        "connections": {
            b.connection: {"system": connections[b.connection].system, "url": inventory.base(connections[b.connection].url)}
            for b in bound.values()
        },
        "by": Private(order.by), "yes": order.yes, "reason": Private(order.reason), "attack": list(playbook.attack), "breaks": playbook.breaks,
        "does_not": playbook.does_not, "version": order.version, "config": str(inventory.path),
        "text": order.checked.source,
    }  # fmt: skip


def _reveal(value: Any, pool: Mapping[str, Secret], secret: bool) -> object:
    if not secret:
        return value
    if isinstance(value, list):
        return [pool[one.removeprefix("secret:")] for one in value]
    return pool[value.removeprefix("secret:")]
