"""Paths into a payload, as tolerant as feeds are careless: `target[type=User].id`, `detail.findings[]`, `$headers.x-y`.

A name is looked up exactly, then in any case and with any marks (`detail-type`, `DetailType`, `at_sign_odata_type`),
then as one flat key of several names (`actor.email`, `actor_email`). A list under a name is gone through; one of
`{name, value}` is taken for a mapping. A text that holds JSON, or a mapping as Java prints one, is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from triggers.alerts.reading.body import inner

MOST = 500
"""Values that one path finds at most: who writes more of them into one finding does not want to be read."""
_PIECE = re.compile(
    r"(?:^|\.)(?:'(?P<quoted>[^']+)'|(?P<name>[$\w@-]+)|(?P<all>\*))"
    r"|\[(?P<key>[\w@.$-]+)(?P<how>[=~])(?P<text>[^\]]*)\]|\[(?P<index>\d+)\]|(?P<each>\[\])"
)
_NAMES = ("name", "key", "Name", "Key")
_VALUES = ("value", "Value", "multiValue", "intValue", "boolValue", "multiIntValue", "ValueString", "valueString")
_JAVA = re.compile(r"\{\s*([\w .-]+=[^{}]*)\}")
_JAVA_PAIR = re.compile(r"([\w.-]+)=((?:(?!, ?[\w.-]+(?: [\w.-]+)*=)[^{}])*)(?:, ?|$)")
_LONGEST_JAVA = 1_000
_SEPARATED = re.compile(r"[._/\s-]")


@dataclass(frozen=True, slots=True)
class Name:
    """One name below the value before it."""

    text: str
    alike: str


@dataclass(frozen=True, slots=True)
class Each:
    """Every element of a list; what is no list is taken for one of one."""


@dataclass(frozen=True, slots=True)
class Index:
    """One element of a list."""

    number: int


@dataclass(frozen=True, slots=True)
class Where:
    """The elements whose value at a path is one of some texts, in any case; `~` asks whether it holds one of them."""

    path: Path
    texts: tuple[str, ...]
    holds: bool


@dataclass(frozen=True, slots=True)
class Members:
    """What a mapping holds, as `{key, value}` each: for keys that are data."""


@dataclass(frozen=True)
class Path:
    """A path that was read. `root` is "" for the finding, "$outer" for what it came in, "$headers" for the request's."""

    text: str
    root: str
    steps: tuple[Name | Each | Index | Where | Members, ...]


@lru_cache(2_000)
def path_of(text: str) -> Path:
    """Read a path. Raises ValueError for what is none."""
    steps: list[Name | Each | Index | Where | Members] = []
    at = 0
    while at < len(text):
        match = _PIECE.match(text, at)
        if match is None:
            raise ValueError(f"'{text}' is no path: see character {at + 1}")
        at = match.end()
        if name := match["quoted"] or match["name"]:
            steps.append(Name(name, alike(name)))
        elif match["all"]:
            steps.append(Members())
        elif match["key"]:
            texts = tuple(one.strip().lower() for one in match["text"].split("|"))
            steps.append(Where(path_of(match["key"]), texts, match["how"] == "~"))
        elif match["index"]:
            steps.append(Index(int(match["index"])))
        else:
            steps.append(Each())
    if not steps:
        raise ValueError("an empty path leads nowhere")
    root = ""
    if isinstance(steps[0], Name) and steps[0].text.startswith("$"):
        root = steps[0].text
        if root not in {"$outer", "$headers", "$item"}:
            raise ValueError(f"'{text}': a path begins at the finding, at $outer or at $headers")
        steps = steps[1:]
    return Path(text, "" if root == "$item" else root, tuple(steps))


def alike(key: str) -> str:
    """Give a key without case, marks and the names that pipelines give `@`."""
    return _alike(key) if len(key) <= 80 else key


@lru_cache(8_000)
def _alike(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower().removeprefix("at_sign_")) or key


def says(found: Sequence[Any], texts: Sequence[str], *, holds: bool) -> bool:
    """Whether one of the values, or of the lists among them, is one of some texts in any case; or holds one."""
    flat = (part for one in found for part in (one if isinstance(one, list) else (one,)))
    said = [str(one).lower() for one in flat if isinstance(one, str | int)]
    if holds:
        return any(wanted in one for one in said for wanted in texts)
    return any(one in texts for one in said)


def _straight(value: Any, steps: Sequence[Any]) -> Any:
    """Follow names that are spelt as in the path, as nearly all are; None where one is not."""
    for step in steps:
        if type(step) is not Name or type(value) is not dict:
            return None
        value = value.get(step.text)
    return value


class Payload:
    """One finding, with what it came in. Paths lead into it; what was opened or indexed for one serves the next."""

    def __init__(self, item: Any, outer: Sequence[Any] = (), headers: Mapping[str, str] | None = None) -> None:
        self.item = item
        self.outer = outer
        self.headers = dict(headers or {})
        self._indexes: dict[int, dict[str, Any]] = {}
        self._opened: dict[str, Any] = {}
        # Indexes are known by identity: what is made on the way must live as long as they do.
        self._made: list[Any] = []

    def at(self, path: Path, start: Any = None) -> list[Any]:
        """Everything that a path leads to, from the finding or from a value in it; nothing that is null."""
        if not path.root and (straight := _straight(self.item if start is None else start, path.steps)) is not None:
            return [straight]
        found: list[Any] = []
        if path.root == "$outer":
            for layer in self.outer:
                found = list(self._walk(layer, path.steps))
                if found:
                    break
        elif path.root == "$headers":
            found = list(self._walk(self.headers, path.steps))
        else:
            for value in self._walk(self.item if start is None else start, path.steps):
                found.append(value)
                if len(found) >= MOST:
                    break
        return found[:MOST]

    def _walk(self, value: Any, steps: Sequence[Any]) -> Iterator[Any]:
        if value is None:
            return
        if not steps:
            yield value
            return
        step, rest = steps[0], steps[1:]
        if isinstance(value, str):
            value = self._open(value)
        if isinstance(step, Name):
            yield from self._named(value, step, steps)
        elif isinstance(step, Members):
            if isinstance(value, dict):
                for key, one in value.items():
                    pair = {"key": key, "value": one}
                    self._made.append(pair)
                    yield from self._walk(pair, rest)
        elif isinstance(step, Index):
            if isinstance(value, list):
                yield from self._walk(value[step.number] if step.number < len(value) else None, rest)
            elif step.number == 0:
                yield from self._walk(value, rest)
        else:
            for one in value if isinstance(value, list) else [value]:
                if isinstance(step, Each) or self._fits(one, step):
                    yield from self._walk(one, rest)

    def _named(self, value: Any, step: Name, steps: Sequence[Any]) -> Iterator[Any]:
        if isinstance(value, dict):
            found = value.get(step.text)
            if found is None:
                found = self._index(value).get(step.alike)
            if found is not None:
                some = False
                for one in self._walk(found, steps[1:]):
                    some = True
                    yield one
                if some:
                    return
            yield from self._flat(value, steps)
        elif isinstance(value, list):
            pair = self._pair(value, step)
            if pair is not None:
                yield from self._walk(pair, steps[1:])
                return
            for one in value[:MOST]:
                # A list in a list is nobody's carelessness: it is not gone into.
                if isinstance(one, dict):
                    yield from self._named(one, step, steps)

    def _flat(self, value: dict[str, Any], steps: Sequence[Any]) -> Iterator[Any]:
        """Look for several names in one key: `actor.email`, `actor_email`."""
        joined = steps[0].alike
        for number, step in enumerate(steps[1:4], 2):
            if not isinstance(step, Name):
                return
            joined += step.alike
            found = self._index(value).get(f"flat {joined}")
            if found is not None:
                yield from self._walk(found, steps[number:])
                return

    def _index(self, value: dict[str, Any]) -> dict[str, Any]:
        index = self._indexes.get(id(value))
        if index is None:
            index = {}
            for key, one in value.items():
                # A log pipeline's own columns say nothing of the finding.
                if one is None or key.startswith("p_"):
                    continue
                plain = alike(key)
                index.setdefault(plain, one)
                if _SEPARATED.search(key):
                    index.setdefault(f"flat {plain}", one)
            self._indexes[id(value)] = index
        return index

    def _pair(self, value: list[Any], step: Name) -> Any:
        """Find what a list of `{name, value}` says under a name."""
        for one in value[:MOST]:
            if not isinstance(one, dict):
                return None
            name = next((one[key] for key in _NAMES if isinstance(one.get(key), str)), None)
            if name is not None and alike(name) == step.alike:
                return next((one[key] for key in _VALUES if one.get(key) is not None), None)
        return None

    def _fits(self, value: Any, step: Where) -> bool:
        return says(self.at(step.path, value), step.texts, holds=step.holds)

    def _open(self, text: str) -> Any:
        if text not in self._opened:
            opened = inner(text)
            if opened is None and len(text) <= _LONGEST_JAVA and (java := _JAVA.fullmatch(text.strip())):
                opened = {key.strip(): said.strip() for key, said in _JAVA_PAIR.findall(java[1])}
            self._opened[text] = opened
        return self._opened[text]
