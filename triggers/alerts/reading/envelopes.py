"""What findings travel in, one inside the other: a queue's message, a topic's, a bus's event, a push; taken off in a loop.

A layer is told by its own keys. Layers that hold several findings give them one by one, so that one that cannot be read
spoils no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from triggers.alerts.reading.body import inner, of_base64, of_token
from triggers.alerts.reading.paths import alike

DEEPEST = 8
MOST_ITEMS = 1_000


@dataclass(frozen=True, slots=True)
class Item:
    """One finding as it came out. `outer`: what it came in, innermost first; `number` its place in the payload, from 1."""

    value: Any
    outer: tuple[Any, ...] = ()
    number: int = 1
    why: str = ""
    """Why it is none, where a layer could not be taken off."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One kind of envelope: the keys that tell it, and what is in it."""

    keys: frozenset[str]
    inside: Callable[[Mapping[str, Any]], Any]
    some: frozenset[str] = frozenset()


def _key(name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda keys: keys.get(name)


def _decoded(keys: Mapping[str, Any]) -> Any:
    data = keys.get("data")
    return of_base64(data) if isinstance(data, str) else data


def _message(keys: Mapping[str, Any]) -> Any:
    message = keys.get("message")
    return _decoded(plain(message)) if isinstance(message, dict) else None


def _original(keys: Mapping[str, Any]) -> Any:
    event = keys.get("event")
    return plain(event).get("original") if isinstance(event, dict) else None


def _values(keys: Mapping[str, Any]) -> Any:
    sets = keys.get("sets")
    return list(sets.values()) if isinstance(sets, dict) else None


LAYERS: Mapping[str, tuple[Layer, ...]] = {
    "sqs": (
        Layer(frozenset({"messages"}), _key("messages")),
        Layer(frozenset({"records"}), _key("records")),
        Layer(frozenset({"body", "receipthandle"}), _key("body")),
        Layer(frozenset({"body", "messageid"}), _key("body")),
    ),
    "sns": (
        Layer(frozenset({"records"}), _key("records")),
        Layer(frozenset({"eventsource", "sns"}), _key("sns")),
        Layer(frozenset({"message", "topicarn"}), _key("message")),
    ),
    "eventbridge": (Layer(frozenset({"detailtype", "source", "detail"}), _key("detail")),),
    "pubsub": (
        Layer(frozenset({"message", "subscription"}), _message),
        Layer(frozenset({"data", "messageid", "publishtime"}), _decoded),
    ),
    # Elastic keeps what it was sent as a text beside what it made of it.
    "elastic": (Layer(frozenset({"ecs", "event"}), _original),),
    "records": (Layer(frozenset({"records"}), _key("records")),),
    "cloudevents": (
        Layer(frozenset({"specversion", "type", "database64"}), lambda k: of_base64(str(k["database64"]))),
        Layer(frozenset({"specversion", "type", "data"}), _key("data")),
    ),
    "sets": (Layer(frozenset({"sets"}), _values),),
    "graph": (Layer(frozenset({"value"}), _key("value"), frozenset({"odatacontext", "validationtokens"})),),
}
"""The envelopes that a source's file may name. Text that holds JSON, and lists, are opened anywhere."""


_SETS = LAYERS["sets"][0]


def plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping by its keys in any case and with any marks."""
    return {alike(key): one for key, one in value.items()}


def unwrap(body: Any, envelopes: tuple[str, ...]) -> list[Item]:
    """Take a payload out of what it came in. Never empty; what cannot be opened says so in `why`."""
    layers = [layer for name in envelopes for layer in LAYERS[name]]
    found: list[Item] = []
    for one in _open(body, (), layers, DEEPEST):
        found.append(replace(one, number=len(found) + 1))
        if len(found) == MOST_ITEMS:
            found[-1] = replace(found[-1], value=None, why=f"more than {MOST_ITEMS:,} of them: the rest is not read")
            break
    return found


def _open(value: Any, outer: tuple[Any, ...], layers: list[Layer], left: int) -> Iterator[Item]:
    if left < 0:
        yield Item(None, outer, why=f"wrapped more than {DEEPEST} times")
        return
    if isinstance(value, list):
        for one in value:
            yield from _open(one, outer, layers, left - 1)
        return
    if isinstance(value, str):
        opened = inner(value)
        if opened is None and _SETS in layers:
            opened = of_token(value)
        if isinstance(opened, dict | list | str):
            yield from _open(opened, outer, layers, left - 1)
        else:
            yield Item(value, outer, why="a text, not JSON")
        return
    if not isinstance(value, dict):
        yield Item(None, outer, why="not an object")
        return
    keys = plain(value) if layers else {}
    for layer in layers:
        if layer.keys <= keys.keys() and (not layer.some or layer.some & keys.keys()):
            inside = layer.inside(keys)
            if isinstance(inside, dict | list | str):
                yield from _open(inside, (value, *outer), layers, left - 1)
                return
    yield Item(value, outer)
