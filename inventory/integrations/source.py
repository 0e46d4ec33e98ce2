"""The files of integrations as they were read, with the place of every part: what a check says names file, line, column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from language.errors import Place, Problem
from language.source import Items, Keys, Node, Scalar, place_in


@dataclass(frozen=True)
class Source:
    """One file's tree."""

    file: str
    root: Node

    def says(self, code: str, place: Place, message: str) -> Problem:
        """A mistake of this file."""
        return Problem(code, self.file, place.line, place.column, message)


@dataclass(frozen=True)
class Written:
    """An integration, a foothold or an own thing as it stands in a file, whatever else may be wrong with it.

    Attributes:
        source: where it stands. place: its key, or its first character in a list.
        keys: what it says. of: of a foothold, the integration; "" for others.
    """

    source: Source
    name: str
    place: Place
    keys: Keys
    of: str = ""

    def at(self, key: str) -> Place:
        """Where a key stands, or the whole where that is missing."""
        return self.keys.keys.get(key, self.place)

    def text(self, key: str) -> str:
        """What stands under a key; "" for what is no text."""
        return text_in(self.keys, key)

    def says(self, code: str, key: str, message: str) -> Problem:
        """A mistake of this part, at a key of it."""
        return self.source.says(code, self.at(key), message)

    def __str__(self) -> str:
        return f"{self.source.file}:{self.place}"


def integrations_of(sources: Sequence[Source]) -> Iterator[Written]:
    """Every integration of these files, an id that stands in two of them twice."""
    for source in sources:
        listed = _under(source, "integrations")
        if isinstance(listed, Keys):
            for name, node in listed.nodes.items():
                if isinstance(node, Keys):
                    yield Written(source, name, listed.keys[name], node)


def footholds_of(one: Written) -> Iterator[Written]:
    """Every foothold of an integration."""
    listed = one.keys.nodes.get("footholds")
    for node in listed.nodes if isinstance(listed, Items) else ():
        if isinstance(node, Keys):
            yield Written(one.source, text_in(node, "id"), node.place, node, one.name)


def own_of(sources: Sequence[Source]) -> Iterator[Written]:
    """Every entry of `ours:`."""
    for source in sources:
        listed = _under(source, "ours")
        for node in listed.nodes if isinstance(listed, Items) else ():
            if isinstance(node, Keys):
                yield Written(source, "", node.place, node)


def where(sources: Sequence[Source], integration: str, *path: str | int) -> str:
    """FILE:LINE:COLUMN of an integration, or of a part of it: `"footholds", 2, "user"`. "" where it stands in none."""
    for one in integrations_of(sources):
        if one.name == integration:
            return f"{one.source.file}:{place_in(one.keys, path, one.place)}"
    return ""


def text_in(keys: Node, key: str) -> str:
    """What stands under a key; "" for what is no text."""
    node = keys.nodes.get(key) if isinstance(keys, Keys) else None
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""


def texts_in(keys: Keys, key: str) -> Iterator[tuple[str, Place]]:
    """The texts of a list, each with its place."""
    listed = keys.nodes.get(key)
    for node in listed.nodes if isinstance(listed, Items) else ():
        if isinstance(node, Scalar) and isinstance(node.value, str):
            yield node.value, node.place


def _under(source: Source, key: str) -> Node | None:
    return source.root.nodes.get(key) if isinstance(source.root, Keys) else None
