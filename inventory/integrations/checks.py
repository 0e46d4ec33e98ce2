"""What the shape of `integrations.yaml` does not show: things that stand twice, names that lead nowhere, texts unlike any.

It reads the trees as they were written, so that one mistake hides no other. What of it needs the connectors is in `fit`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network

import orjson

from inventory.integrations.known_as import known_twice
from inventory.integrations.model import FootholdEntry, Integration, OwnEntry
from inventory.integrations.source import Source, Written, footholds_of, integrations_of, own_of, texts_in
from inventory.integrations.spelling import MOST_NAME, is_left_open, unlike_line
from inventory.part import is_id, is_reference
from language.credential import is_credential
from language.errors import Place, Problem, nearest, short
from language.source import Items, Keys, Node, Scalar, plain

SHARED = frozenset({"path", "user", "role", "principal", "database_role", "sso"})
"""Kinds that may serve two integrations: an account, role or sign-in that both work as, a way that both come by. What is
issued to one holder (client, app, installation, key, token, webhook) cannot: whoever closes it for one closes it for both,
and would not know."""
_BY_DISCOVERY = ("found", "sure")
_LISTS = tuple(name for name, field in Integration.model_fields.items() if field.annotation not in {str, bool})


def alone(source: Source) -> Iterator[Problem]:
    """What is wrong in one file, whatever stands in others."""
    yield from forbidden(source, nothing=True)
    for one in integrations_of([source]):
        yield from _twice(one)
        for foothold in footholds_of(one):
            yield from (
                foothold.says("by_discovery", key, f"{key}: is written by discovery alone: take it out")
                for key in _BY_DISCOVERY
                if key in foothold.keys.nodes
            )
            yield from _names(foothold, {*FootholdEntry.model_fields})
    for own in own_of([source]):
        if not own.keys.nodes.keys() - OwnEntry.model_fields:
            what = own.text("kind") or "thing"
            yield own.says(
                "names_nothing", "", f"names no {what}: add what it is called there, as `client: our-portal`"
            )
        yield from _names(own, {*OwnEntry.model_fields})


def together(sources: Sequence[Source], *, all_read: bool = True) -> Iterator[Problem]:
    """What is wrong between the integrations of all files. Without `all_read` some are unknown, so no name leads nowhere."""
    first: dict[str, Written] = {}
    for one in integrations_of(sources):
        if one.name in first:
            said = f"'{short(one.name)}' stands twice, first at {first[one.name]}"
            yield one.source.says("duplicate_id", one.place, said)
        first.setdefault(one.name, one)
    yield from _claimed_twice(sources)
    yield from known_twice(sources)
    yield from _needed_by(first) if all_read else _circles(first)


def forbidden(source: Source, *, nothing: bool = False) -> Iterator[Problem]:
    """Texts that look like a credential; with `nothing`, values that say nothing as well. What it is is not shown."""
    for scalar in _scalars(source.root):
        if isinstance(scalar.value, str) and is_credential(scalar.value):
            said = "this looks like a credential: write a reference to it, env:NAME or file:PATH"
            yield source.says("credential", scalar.place, said)
        if scalar.value is None and nothing:
            yield source.says("nothing", scalar.place, "null says nothing: write a value, or take the key out")


def _twice(one: Written) -> Iterator[Problem]:
    """What stands twice inside an integration."""
    ids: dict[str, Written] = {}
    for foothold in footholds_of(one):
        if foothold.name in ids:
            said = f"foothold {short(foothold.name)}: this id stands twice, first at {ids[foothold.name].place}"
            yield foothold.says("duplicate_id", "id", said)
        elif foothold.name:
            ids[foothold.name] = foothold
    for key in _LISTS:
        seen: dict[str, Place] = {}
        for text, place in texts_in(one.keys, key):
            known = _normal(text) if key == "addresses" else text
            if known in seen:
                yield one.source.says("twice", place, f"{key}: '{short(text)}' stands twice, first at {seen[known]}")
            seen.setdefault(known, place)


def _names(part: Written, ours: set[str]) -> Iterator[Problem]:
    """Check the keys that name a thing at its system, and what they say."""
    for key, node in part.keys.nodes.items():
        if key in ours:
            continue
        if not is_id(key):
            yield part.says("key", key, f"'{short(key)}': a key is lower-case letters, digits and _, from a letter on")
        values = node.nodes if isinstance(node, Items) else [node]
        for at, value in enumerate(values):
            name = f"{short(key)}[{at}]" if isinstance(node, Items) else short(key)
            if not isinstance(value, Scalar):
                said = "must be text, a whole number, true or false, or a list of those"
                yield part.source.says("name", value.place, f"{name}: {said}")
            elif isinstance(value.value, str) and (wrong := unlike_line(value.value, MOST_NAME)):
                yield part.source.says("name", value.place, f"{name}: {wrong}")


def _claimed_twice(sources: Sequence[Source]) -> Iterator[Problem]:
    """Find the same thing declared for two, or as somebody's and our own."""
    own: dict[str, Written] = {}
    for entry in own_of(sources):
        known = _identity(entry, OwnEntry.model_fields)
        if known in own:
            yield entry.says("twice", "", f"the same stands at {own[known]} already")
        if known:
            own.setdefault(known, entry)
    first: dict[str, list[Written]] = defaultdict(list)
    for one in integrations_of(sources):
        for foothold in footholds_of(one):
            known = _identity(foothold, FootholdEntry.model_fields)
            if not known:
                continue
            if known in own:
                said = f"foothold {short(foothold.name)}: `ours:` has the same at {own[known]}: it is somebody's or our own"
                yield foothold.says("claimed_twice", "id", said)
            if said := _other(foothold, first[known]):
                yield foothold.says("claimed_twice", "id", f"foothold {short(foothold.name)}: {said}")
            first[known].append(foothold)


def _other(foothold: Written, before: Iterable[Written]) -> str:
    kind = foothold.text("kind")
    for other in before:
        if other.of == foothold.of:
            return f"the same {kind} stands at {other} already"
        if kind not in SHARED:
            return (
                f"the same {kind} belongs to '{short(other.of)}' at {other}: a {kind} is issued to one holder, and whoever closes it"
                " for one closes it for both; declare it once, and say `needed_by` there"
            )
    return ""


def _identity(part: Written, ours: Mapping[str, object]) -> str:
    """What a thing is known by at its connection: what names it, without the secrets that open it.

    "" where that cannot be told: without a connection nobody knows where the name is one.
    """
    names = {key: plain(node) for key, node in part.keys.nodes.items() if key not in ours} if part.text("at") else {}
    shown = {
        key: value for key, value in names.items() if not (isinstance(value, str) and is_reference(value))
    } or names
    if not shown or any(isinstance(value, str) and is_left_open(value) for value in shown.values()):
        return ""
    return orjson.dumps([part.text("at"), part.text("kind"), shown], option=orjson.OPT_SORT_KEYS).decode()


def _needed_by(known: Mapping[str, Written]) -> Iterator[Problem]:
    for one in known.values():
        for name, place in texts_in(one.keys, "needed_by"):
            if name not in known and is_id(name):
                yield one.source.says(
                    "unknown_name", place, f"needed_by: no integration '{name}'{nearest(name, filter(is_id, known))}"
                )
    yield from _circles(known)


def _circles(known: Mapping[str, Written]) -> Iterator[Problem]:
    """Walk depth first, with a stack of our own: a file may hold a chain of thousands."""
    needs = {
        name: [(other, place) for other, place in texts_in(one.keys, "needed_by") if other in known]
        for name, one in known.items()
    }
    done: set[str] = set()
    for start, edges in needs.items():
        path, todo = ([start], [iter(edges)]) if start not in done else ([], [])
        while todo:
            other, place = next(todo[-1], ("", None))
            if place is None:
                todo.pop()
                done.add(path.pop())
            elif other in path:
                circle = " -> ".join(map(short, [*path[path.index(other) :], other]))
                said = f"needed_by: {circle} is a circle: which of them stops first?"
                yield known[path[-1]].source.says("circle", place, said)
            elif other not in done:
                path.append(other)
                todo.append(iter(needs[other]))


def _normal(address: str) -> str:
    try:
        return str(ip_network(address, strict=False))
    except ValueError:
        return address


def _scalars(root: Node) -> Iterator[Scalar]:
    todo = [root]
    while todo:
        node = todo.pop()
        if isinstance(node, Scalar):
            yield node
        elif isinstance(node, Keys):
            todo += node.nodes.values()
        else:
            todo += node.nodes
