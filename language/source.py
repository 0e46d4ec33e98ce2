"""YAML as people write it under stress, and nothing cleverer: no anchors, no tags, no values of two readings.

It builds its own tree over libyaml's events, since PyYAML's composer needs a minute for a hostile file and forgets
where things stood. It knows nothing of playbooks.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import yaml

from language.errors import Place, Report, short

LARGEST_FILE = 1_000_000
DEEPEST = 20
MOST_NODES = 100_000

# What libyaml would stumble over without a place, and the marks that show a line in another order than it runs.
_UNSEEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]"
)
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_SURPRISE = re.compile(
    r"(?i:yes|no|on|off|y|n|true|false|null|~)"
    r"|[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?i:e[-+]?[0-9]+)?"
    r"|[-+]?0[xob][0-9a-fA-F_]+|[-+]?\.(?i:inf|nan)"
    r"|[-+]?[0-9]+(?::[0-9]+)+(?:\.[0-9]*)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?"
)
# Longer ones are no slips of anybody's, and these patterns take the square of their length.
_LONGEST_SURPRISE, _LONGEST_HINT = 100, 500
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_QUOTES = ("'", '"')


@dataclass(slots=True)
class Scalar:
    """A value without parts, and whether a position inside it can be told exactly."""

    value: str | int | bool | None
    place: Place
    shift: int | None = None
    plain: bool = True
    comment: bool = False

    def inside(self, offset: int, otherwise: Place) -> Place:
        """Find the place of one character of the text, or that of the key where folding or escapes hide it."""
        if self.shift is None:
            return otherwise
        return Place(self.place.line, self.place.column + self.shift + offset)


@dataclass(slots=True)
class Items:
    """A list."""

    place: Place
    nodes: "list[Node]" = field(default_factory=list)


@dataclass(slots=True)
class Keys:
    """A mapping, with the place of each key."""

    place: Place
    flow: bool = False
    nodes: "dict[str, Node]" = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)

    def at(self, key: str) -> Place:
        """Say where a key stands, or where the mapping does when it is missing."""
        return self.keys.get(key, self.place)


Node = Scalar | Items | Keys


def plain(node: Node) -> object:
    """Return the values alone, as JSON would hold them."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return [plain(n) for n in node.nodes]
    return {key: plain(n) for key, n in node.nodes.items()}


def place_in(node: Node, path: Sequence[str | int], place: Place | None = None) -> Place:
    """Follow a path from a node, which itself stands at `place`, as far as the file goes."""
    place = place or node.place
    for part in path:
        if isinstance(node, Keys) and part in node.nodes:
            place, node = node.keys[str(part)], node.nodes[str(part)]
        elif isinstance(node, Items) and isinstance(part, int) and part < len(node.nodes):
            node = node.nodes[part]
            place = node.place
        else:
            break
    return place


def load(text: str, report: Report, what: str = "playbook") -> Node | None:
    """Read one document. Ends the stage when anything is wrong. `what` it is to people: a mistake in it names that."""
    start = Place(1, 1)
    if len(text) > LARGEST_FILE:
        report.add("too_large", start, f"a {what} has at most {LARGEST_FILE:,} characters; here are {len(text):,}")
        report.settle()
    text = text.removeprefix("\ufeff")
    if hidden := _UNSEEN.search(text):
        before = text[: hidden.start()]
        place = Place(before.count("\n") + 1, hidden.start() - (before.rfind("\n") + 1) + 1)
        report.add("unseen", place, f"the character U+{ord(hidden.group()):04X} cannot be seen: take it out")
        report.settle()
    reader = _Reader(text, report, what)
    try:
        node = reader.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else start
        report.add("yaml", place, _hint(text, place, error))
        node = None
    except _Stop:
        node = None
    except yaml.YAMLError as error:  # no mark: nothing better can be said than what libyaml says
        report.add("yaml", start, f"not YAML: {short(str(error))}")
        node = None
    report.settle()
    return node


class _Stop(Exception):
    """Reading on would only cost time."""


def _hint(text: str, place: Place, error: yaml.MarkedYAMLError) -> str:
    said = f"not YAML: {error.problem or error}"
    lines = text.splitlines()
    line = lines[place.line - 1][:_LONGEST_HINT] if place.line <= len(lines) else ""
    if "\t" in line[: place.column]:
        return f"{said}: indent with blanks, not with a tab"
    if re.search(r":\s+([\"']).*\1\s*\S", line):
        return f"{said}: text after a closing quote; quote the whole value"
    if re.search(r":\s.*:\s", line):
        return f"{said}: a value that holds `: ` must be quoted"
    return said


class _Reader:
    """Builds the tree from events, under limits."""

    def __init__(self, text: str, report: Report, what: str) -> None:
        self._text = text
        self._what = what
        self._report = report
        self._events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
        self._count = 0

    def document(self) -> Node | None:
        """Read the only document."""
        node: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._report.add("documents", _place(event), f"one file holds one {self._what}: take out the `---`")
                    raise _Stop
            elif isinstance(event, yaml.NodeEvent):
                node = self._node(event, 1)
        if node is None:
            self._report.add("empty", Place(1, 1), "the file is empty")
        return node

    def _node(self, event: yaml.Event, depth: int) -> Node:
        place = _place(event)
        self._count += 1
        if depth > DEEPEST or self._count > MOST_NODES:
            what = f"more than {DEEPEST} deep" if depth > DEEPEST else f"more than {MOST_NODES:,} values"
            self._report.add("too_deep" if depth > DEEPEST else "too_many", place, f"{what}: this is no {self._what}")
            raise _Stop
        if isinstance(event, yaml.AliasEvent):
            self._report.add("anchor", place, f"'*{event.anchor}': write it out; a {self._what} has no anchors")
            return Scalar(None, place)
        if getattr(event, "anchor", None) is not None:
            self._report.add("anchor", place, f"a {self._what} has no anchors: write the value out where it is used")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place)
        start = cast("yaml.CollectionStartEvent", event)
        if start.tag is not None:
            self._tag(start.tag, place)
        if isinstance(start, yaml.SequenceStartEvent):
            return self._items(place, depth)
        return self._keys(place, depth, flow=bool(start.flow_style))

    def _items(self, place: Place, depth: int) -> Items:
        items = Items(place)
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.nodes.append(self._node(event, depth + 1))
        return items

    def _keys(self, place: Place, depth: int, *, flow: bool) -> Keys:
        keys = Keys(place, flow)
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._node(event, depth + 1)
            following = next(self._events)
            if flow and self._severed(key, following):
                rest = short(str(plain(key)))
                self._report.add("comma", key.place, f"a comma ended the value before `{rest}`: quote it")
                continue
            value = self._node(following, depth + 1)
            name = key.value if isinstance(key, Scalar) else None
            if not isinstance(name, str):
                self._report.add("key", key.place, "a key is a plain word")
            elif name in keys.nodes:
                self._report.add(
                    "duplicate_key", key.place, f"'{short(name)}' stands twice, first at {keys.keys[name]}"
                )
            else:
                keys.nodes[name] = value
                keys.keys[name] = key.place
        return keys

    @staticmethod
    def _severed(key: Node, value: yaml.Event) -> bool:
        """Whether a key is really the rest of an expression: `{if: f(a, b)}` is two keys to YAML."""
        empty = isinstance(value, yaml.ScalarEvent) and value.implicit[0] and value.value == ""
        return empty and isinstance(key, Scalar) and key.plain and not _WORD.fullmatch(str(key.value))

    def _scalar(self, event: yaml.ScalarEvent, place: Place) -> Scalar:
        start, end = _mark(event.start_mark).index, _mark(event.end_mark).index
        raw, value = self._text[start:end], event.value
        if event.tag is not None:
            self._tag(event.tag, place)
        if event.implicit[0] is False or raw[:1] in {*_QUOTES, "|", ">"}:
            exact = raw[:1] in _QUOTES and raw[1:-1] == value
            return Scalar(value, place, 1 if exact else None, plain=False)
        scalar = Scalar(value, place, 0 if raw == value else None, comment=self._comment(end))
        if value == "":
            self._report.add("nothing", place, "nothing stands here: write a value, or take the key out")
        elif value in _WORDS:
            scalar.value = _WORDS[value]
        elif _INTEGER.fullmatch(value):
            if len(value) > 18:
                self._report.add("surprise", place, "this number is too large")
            else:
                scalar.value = int(value)
        elif len(value) <= _LONGEST_SURPRISE and _SURPRISE.fullmatch(value):
            self._report.add(
                "surprise",
                place,
                f"'{short(value)}' reads as more than one thing; write true, false, 10, or quote it",
            )
        return scalar

    def _comment(self, end: int) -> bool:
        rest = self._text[end : end + 200].split("\n", 1)[0].lstrip(" \t")
        return rest.startswith("#")

    def _tag(self, tag: str, place: Place) -> None:
        hint = ": quote an expression that begins with `!`" if tag.startswith("!") else ""
        self._report.add("tag", place, f"'{short(tag)}' is a YAML tag, which a {self._what} has none of{hint}")


def _place(event: yaml.Event) -> Place:
    mark = _mark(event.start_mark)
    return Place(mark.line + 1, mark.column + 1)


def _mark(mark: object) -> yaml.Mark:
    return cast("yaml.Mark", mark)  # libyaml's events always have theirs
