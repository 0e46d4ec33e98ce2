"""Whether each connection and foothold leads to something that a connector knows: names that lead nowhere, keys that it
does not take, values that are ill-formed, secrets that stand there themselves, and what a person left open.

It asks no provider, and opens no secret.
"""  # noqa: D205

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from connectors.core import Connector, Secret
from connectors.core.connector import KINDS
from inventory.integrations.model import FootholdEntry, OwnEntry
from inventory.integrations.source import Source, Written, footholds_of, integrations_of, own_of
from inventory.integrations.spelling import is_left_open
from inventory.model import ConnectionEntry
from inventory.part import is_id, is_reference
from language.complaints import plainly
from language.errors import Problem, nearest, short
from language.source import Items, Keys, Node, Scalar, place_in, plain

_DUMMY = Secret("stands for what is read by reference, which is not opened here")
_BY_REFERENCE = "a secret stands here by reference only: env:NAME or file:PATH"


@dataclass(frozen=True)
class Reach:
    """The connections of `ringfence.yaml`: name -> system; and reference of a credential -> whose it is."""

    connections: Mapping[str, str]
    systems: Mapping[str, Connector]
    credentials: Mapping[str, str]

    def system(self, connection: str) -> Connector | None:
        """The connector of a connection; None where there is none, which is told at the connection."""
        return self.systems.get(self.connections.get(connection, ""))


def unfit(config: Source | None, sources: Sequence[Source], systems: Mapping[str, Connector]) -> list[Problem]:
    """Find what does not fit these connectors. Without a configuration nobody knows what a connection leads to."""
    found: list[Problem] = []
    for part in (*integrations_of(sources), *own_of(sources)):
        found += _left_open(part)
    if config is None:
        return found
    entries = {one.name: one for one in _connections(config)}
    credentials = {one.text("secret"): name for name, one in entries.items() if one.text("secret")}
    reach = Reach({name: one.text("system") for name, one in entries.items()}, systems, credentials)
    for one in entries.values():
        found += _connection(one, reach)
    for one in integrations_of(sources):
        if owner := credentials.get(one.text("canary")):
            said = f"canary: this is the credential of {owner}: a canary is one of the vendor's kind, made to be tried"
            found.append(one.says("secret", "canary", said))
        for foothold in footholds_of(one):
            found += _foothold(foothold, reach)
    for own in own_of(sources):
        found += _own(own, reach)
    return found


def _connections(config: Source) -> Iterator[Written]:
    listed = config.root.nodes.get("connections") if isinstance(config.root, Keys) else None
    for name, node in listed.nodes.items() if isinstance(listed, Keys) else ():
        if isinstance(node, Keys) and isinstance(listed, Keys) and is_id(name):
            yield Written(config, name, listed.keys[name], node)


def secret_keys(connector: Connector | None, kind: str) -> frozenset[str]:
    """The keys of a foothold whose values are secrets: they stand in a file by reference, and are shown to nobody."""
    model = connector.footholds.get(kind) if connector is not None else None
    return (
        frozenset(key for key, field in model.model_fields.items() if field.annotation is Secret)
        if model
        else frozenset()
    )


def _connection(one: Written, reach: Reach) -> Iterator[Problem]:
    system = one.text("system")
    connector = reach.systems.get(system)
    if connector is None:
        if system:
            said = f"connection {one.name}: no connector for '{short(system)}'{nearest(system, reach.systems)}"
            yield one.says("unknown_name", "system", said)
        return
    yield from _fields(one, f"connection {one.name}", connector.settings, {*ConnectionEntry.model_fields})


def _foothold(one: Written, reach: Reach) -> Iterator[Problem]:
    here, kind, at = f"foothold {short(one.name)}", one.text("kind"), one.text("at")
    if "at" not in one.keys.nodes:
        yield from _forgotten(one, here, reach)
        return
    if at not in reach.connections:
        yield one.says("unknown_name", "at", f"{here}: no connection '{short(at)}'{nearest(at, reach.connections)}")
        return
    connector = reach.system(at)
    if connector is None or kind not in KINDS:  # told at the connection, and by its model
        return
    model = connector.footholds.get(kind)
    if model is None:
        known = f"it has {', '.join(connector.footholds)}" if connector.footholds else "it has none"
        yield one.says("kind", "kind", f"{here}: {connector.name} knows no foothold of kind '{kind}'; {known}")
        return
    yield from _fields(one, here, model, {*FootholdEntry.model_fields})
    for key in sorted(secret_keys(connector, kind)):
        if (owner := reach.credentials.get(one.text(key), at)) != at:
            yield one.says("secret", key, f"{here}: {key}: this is the credential of {owner}, and {at} would see it")


def _forgotten(one: Written, here: str, reach: Reach) -> Iterator[Problem]:
    """Without `at` no run can close it: that is meant, or `at` was misspelled."""
    for key in one.keys.nodes.keys() - FootholdEntry.model_fields.keys():
        if len(key) <= len("att") and "mean" in nearest(key, ["at"]):
            yield one.says("unknown_key", key, f"{here}: '{short(key)}' names no connection, did you mean 'at'?")
        elif one.text(key) in reach.connections:
            yield one.says(
                "unknown_key", key, f"{here}: '{one.text(key)}' is a connection, did you mean `at: {one.text(key)}`?"
            )


def _own(one: Written, reach: Reach) -> Iterator[Problem]:
    kind, at = one.text("kind"), one.text("at")
    if at and at not in reach.connections:
        yield one.says("unknown_name", "at", f"ours: no connection '{short(at)}'{nearest(at, reach.connections)}")
    connector = reach.system(at)
    if connector is None or not kind:
        return
    kinds = {*connector.footholds, *(survey.kind for survey in connector.surveys.values())}
    if kind not in kinds:
        yield one.says(
            "kind", "kind", f"ours: {connector.name} knows nothing of kind '{short(kind)}'{nearest(kind, kinds)}"
        )
    elif (model := connector.footholds.get(kind)) is not None:
        named = one.keys.nodes.keys() - OwnEntry.model_fields.keys()
        for key in sorted(named - model.model_fields.keys()):
            yield one.says("unknown_key", key, f"ours: unknown key '{short(key)}'{nearest(key, model.model_fields)}")


def _fields(one: Written, here: str, model: type[BaseModel], ours: set[str]) -> Iterator[Problem]:
    """Compare what stands there with the fields that a connector wants."""
    given = {key: node for key, node in one.keys.nodes.items() if key not in ours}
    fields = model.model_fields
    for key in given:
        if key not in fields:
            yield one.says("unknown_key", key, f"{here}: unknown key '{short(key)}'{nearest(key, fields)}")
    for key, field in fields.items():
        if field.is_required() and key not in given:
            yield one.says("missing", "", f"{here}: '{key}' is missing")
    values: dict[str, Any] = {}
    for key, node in given.items():
        if key not in fields:
            continue
        values[key] = plain(node)
        if fields[key].annotation is Secret:
            if not _refers(node):
                yield one.says("secret", key, f"{here}: {key}: {_BY_REFERENCE}")
            values[key] = _DUMMY
    yield from _ill_formed(one, here, model, values)


def _ill_formed(one: Written, here: str, model: type[BaseModel], values: Mapping[str, Any]) -> Iterator[Problem]:
    try:
        model.model_validate(values)
    except ValidationError as error:
        for mistake in error.errors(include_url=False, include_input=False):
            loc = mistake["loc"]
            if mistake["type"] in {"missing", "extra_forbidden"}:
                continue
            name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")
            said = f"{here}: {name}: {plainly(mistake)}" if name else f"{here}: {plainly(mistake)}"
            yield one.source.says("value", place_in(one.keys, loc, one.place), said)


def _refers(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, str) and is_reference(node.value)


def _left_open(one: Written) -> Iterator[Problem]:
    """Find what somebody is still to say, in an integration or in what names a thing."""
    todo: list[tuple[str, Node]] = [*one.keys.nodes.items()]
    while todo:
        key, node = todo.pop()
        if isinstance(node, Items):
            todo += [(key, part) for part in node.nodes]
        elif isinstance(node, Keys):
            todo += [*node.nodes.items()]
        elif isinstance(node.value, str) and is_left_open(node.value):
            yield one.source.says("left_open", node.place, f"{key}: '{short(node.value)}' is for a person to fill in")
