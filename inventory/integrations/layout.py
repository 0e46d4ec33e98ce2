"""Where the parts of a YAML text begin and end, so that something can be put between them. It reads values of nothing.

Only for a text that `language.source.load` takes: one document, no anchors, no tags, no empty values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

BREAK = re.compile("\r\n|[\n\r\u2028\u2029]")
"""What libyaml takes for the end of a line: in a comment too."""
BOM = "\ufeff"


@dataclass
class Part:
    """A value: a scalar, a list, a mapping.

    Attributes:
        start, end: indexes into the text. Of what is in block style, `end` is where its last value ends.
        column: from 0.
        flow: it is written in brackets or braces. parts: of a list its items, of a mapping its values.
        keys: of a mapping, the keys beside its values.
    """

    start: int
    end: int
    column: int
    flow: bool = False
    parts: list[Part] = field(default_factory=list)
    keys: list[Part] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def get(self, name: str) -> Part | None:
        """What stands under a key."""
        return self.parts[self.names.index(name)] if name in self.names else None


def laid_out(text: str) -> Part | None:
    """The whole of a document; None where there is nothing but comments."""
    shift = 1 if text.startswith(BOM) else 0
    events = iter(yaml.parse(text[shift:], Loader=yaml.CSafeLoader))
    for event in events:
        if isinstance(event, yaml.NodeEvent):
            return _part(event, events, shift)
    return None


def _part(event: yaml.Event, events: Iterator[yaml.Event], shift: int) -> Part:
    start, end = _mark(event.start_mark), _mark(event.end_mark)
    part = Part(start.index + shift, end.index + shift, start.column)
    if isinstance(event, yaml.ScalarEvent):
        return part
    part.flow = bool(getattr(event, "flow_style", False))
    closing: yaml.Event | None = None
    for inner in events:
        if isinstance(inner, yaml.CollectionEndEvent):
            closing = inner
            break
        child = _part(inner, events, shift)
        if isinstance(event, yaml.MappingStartEvent):
            part.keys.append(child)
            part.names.append(str(getattr(inner, "value", "")))
            child = _part(next(events), events, shift)
        part.parts.append(child)
    assert closing is not None
    part.end = _mark(closing.end_mark).index + shift if part.flow else max(child.end for child in part.parts)
    return part


def _mark(mark: Any) -> yaml.Mark:
    return cast("yaml.Mark", mark)  # libyaml's events always have theirs


def after_line(text: str, end: int) -> int:
    """Where the line of a value's end is over: behind its break, or at the end of the text."""
    if end and BREAK.fullmatch(text[end - 1]):
        return end  # a block scalar ends where the next line begins
    return _next_line(text, end)


def _next_line(text: str, at: int) -> int:
    found = BREAK.search(text, at)
    return found.end() if found else len(text)


def after_comments(text: str, at: int, column: int) -> int:
    """Pass the comment lines that belong to what ended before `at`, whose parts begin at `column`.

    Deeper ones do; those as deep do where nothing of the same depth follows, whose they could be.
    """
    passed, deeper = at, at
    while passed < len(text):
        following = _next_line(text, passed)
        line = text[passed:following]
        bare = line.lstrip(" \t")
        indent = len(line) - len(bare)
        if not bare.startswith("#") or indent < column:
            break
        if indent > column and deeper == passed:
            deeper = following
        passed = following
    return passed if _next_column(text, passed) < column or deeper == passed else deeper


def _next_column(text: str, at: int) -> int:
    """How deep the next content begins; -1 at the end of the text."""
    while at < len(text):
        following = _next_line(text, at)
        bare = text[at:following].lstrip(" \t")
        if bare.strip() and not bare.startswith("#"):
            return following - at - len(bare)
        at = following
    return -1


def line_break(text: str) -> str:
    """The line break of a text: that of its first line."""
    found = re.search("\r\n|[\n\r]", text)
    return found.group() if found else "\n"


def begins_line(text: str, at: int) -> bool:
    """Whether nothing but blanks stands before an index on its line."""
    before = text[max((found.end() for found in BREAK.finditer(text, 0, at)), default=0) : at]
    return not before.strip(" ")


def indent_at(text: str, at: int) -> int:
    """How deep the line of an index begins."""
    begin = max((found.end() for found in BREAK.finditer(text, 0, at)), default=0)
    line = text[begin : _next_line(text, begin)]
    return len(line) - len(line.lstrip(" "))
