"""Puts something into a person's file of integrations and leaves every other byte of it as it is: comments, order, style.

    after = add_footholds(before, "drift", [{"id": "hook", "kind": "webhook", "at": "crm", "hook": "wh-7"}], "found 2026-03-01")
    save(path, before, after)

What comes out is read again, and must say what the file said before and what was added, and nothing else; otherwise
nothing is written. One thing is put in at one place, so that a difference shows what was done.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from inventory.integrations.files import WHAT, Gathered, take
from inventory.integrations.layout import (
    BOM,
    BREAK,
    Part,
    after_comments,
    after_line,
    begins_line,
    indent_at,
    laid_out,
    line_break,
)
from inventory.integrations.save import save, text_at
from inventory.integrations.writing import block, comment, inline, item, scalar
from inventory.part import is_id
from language.errors import BadPlaybook, Report, short
from language.source import load, plain

__all__ = ["NotWritten", "add_footholds", "add_integration", "add_ours", "save", "text_at"]

_TOP = "integrations"
_STEP = 2


class NotWritten(Exception):
    """Nothing was written into a file; says why not, and what to do."""


def add_integration(
    text: str, name: str, fields: Mapping[str, Any], notes: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Add an integration. `notes`: comment lines above each key, and under "" above the whole. Raises NotWritten."""
    known = _read(text)
    there = known.get(_TOP, {})
    if name in there:
        raise NotWritten(f"'{short(name)}' stands in the file already")
    expected = copy.deepcopy(known)
    expected.setdefault(_TOP, {})[name] = _copied(fields)
    _sound([name], [fields])
    root = laid_out(text)
    listed = root.get(_TOP) if root is not None else None
    if listed is not None and listed.flow:
        return _checked(text, *_in_flow(text, listed, [f"{scalar(name)}: {inline(fields)}"], ""), expected)
    if root is not None and root.flow:
        return _checked(text, *_in_flow(text, root, [f"{_TOP}: {{{scalar(name)}: {inline(fields)}}}"], ""), expected)
    column = listed.keys[0].column if listed is not None else _root_column(root) + _STEP
    lines = block(name, fields, column, _step(listed), notes or {})
    if listed is None:
        lines.insert(0, " " * _root_column(root) + f"{_TOP}:")
    return _checked(text, *_below(text, listed or root, lines, column), expected)


def add_footholds(text: str, integration: str, footholds: Sequence[Mapping[str, Any]], note: str = "") -> str:
    """Add footholds to an integration. `note` becomes a comment line above them. Raises NotWritten."""
    known = _read(text)
    if integration not in known.get(_TOP, {}):
        raise NotWritten(f"there is no integration '{short(integration)}' in the file")
    expected = copy.deepcopy(known)
    expected[_TOP][integration]["footholds"] += [_copied(one) for one in footholds]
    root = laid_out(text)
    listed = root
    for key in (_TOP, integration, "footholds"):
        listed = listed.get(key) if listed is not None else None
    return _added(text, listed, footholds, note, expected)


def add_ours(text: str, entries: Sequence[Mapping[str, Any]], note: str = "") -> str:
    """Add things that are no third party's, under `ours:`. Raises NotWritten."""
    known = _read(text)
    expected = copy.deepcopy(known)
    expected.setdefault("ours", []).extend(_copied(one) for one in entries)
    root = laid_out(text)
    listed = root.get("ours") if root is not None else None
    if listed is not None or not entries:
        return _added(text, listed, entries, note, expected)
    _sound([], entries)
    if root is not None and root.flow:
        return _checked(text, *_in_flow(text, root, [f"ours: {inline(entries)}"], note), expected)
    column = _root_column(root)
    lines = [" " * column + "ours:", *([" " * (column + _STEP) + comment(note)] if note else [])]
    for entry in entries:
        lines += item(entry, column + _STEP, flow=True)
    return _checked(text, *_below(text, root, lines, column), expected)


def _added(
    text: str, listed: Part | None, entries: Sequence[Mapping[str, Any]], note: str, expected: dict[str, Any]
) -> str:
    """Add items to a list that is there."""
    if not entries:
        return text
    _sound([], entries)
    if listed is None:
        raise NotWritten("the list to add to cannot be found in the file: write it in by hand")
    if listed.flow:
        return _checked(text, *_in_flow(text, listed, [inline(entry) for entry in entries], note), expected)
    lines = [" " * listed.column + comment(note)] if note else []
    for entry in entries:
        lines += item(entry, listed.column, flow=listed.parts[-1].flow)
    return _checked(text, *_below(text, listed, lines, listed.column), expected)


def _below(text: str, last: Part | None, lines: Sequence[str], column: int) -> tuple[int, str]:
    """Put lines below what ended last, whose parts begin at a column: at which index, and what."""
    at = after_comments(text, after_line(text, last.end), column) if last is not None else len(text)
    new = line_break(text)
    piece = new.join(lines)
    if at == len(text) and text.removeprefix(BOM) and not BREAK.fullmatch(text[-1]):
        return at, new + piece
    return at, piece + new


def _in_flow(text: str, listed: Part, values: Sequence[str], note: str) -> tuple[int, str]:
    """Put values behind the last one in brackets or braces: at which index, and what."""
    last = listed.parts[-1] if listed.parts else None
    own_line = last is not None and begins_line(text, (listed.keys or listed.parts)[-1].start)
    new = line_break(text)
    at = last.end if last is not None else listed.start + 1
    if not own_line and not note:
        return at, (", " if last is not None else "") + ", ".join(values)
    column = (listed.keys or listed.parts)[-1].column if own_line else indent_at(text, listed.start) + 2 * _STEP
    gap = new + " " * column
    piece = ("," if last is not None else "") + gap + (comment(note) + gap if note else "")
    return at, piece + ("," + gap).join(values)


def _read(text: str) -> dict[str, Any]:
    """What the file says, which may be nothing yet. Raises NotWritten where it cannot be read."""
    if laid_out_nothing(text):
        return {}
    report = Report("the file")
    try:
        tree = load(text, report, WHAT)
        assert tree is not None
        found = plain(tree)
    except BadPlaybook as bad:
        raise NotWritten(f"the file cannot be read as it is:\n{bad}") from None
    listed = found.get(_TOP, {}) if isinstance(found, dict) else None
    footholds = (
        [one.get("footholds") if isinstance(one, dict) else None for one in listed.values()]
        if isinstance(listed, dict)
        else [None]
    )
    if (
        not isinstance(found, dict)
        or not all(isinstance(one, list) and one for one in footholds)
        or not isinstance(found.get("ours", []), list)
    ):
        raise NotWritten("the file is not laid out as integrations are: `ringfence integrations lint` says where")
    return found


def laid_out_nothing(text: str) -> bool:
    """Whether nothing but comments stands there."""
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.removeprefix("\ufeff").splitlines())


def _checked(before: str, at: int, piece: str, expected: dict[str, Any]) -> str:
    """The text with a piece in it, if it says what is expected and has no mistake that was not there before."""
    after = before[:at] + piece + before[at:]
    report = Report("the file with it")
    try:
        tree = load(after, report, WHAT)
    except BadPlaybook as bad:
        raise NotWritten(f"what would be written cannot be read again: write it in by hand.\n{bad}") from None
    assert tree is not None
    if orjson.dumps(plain(tree)) != orjson.dumps(expected):
        raise NotWritten(
            "what would be written reads as something else: the file's layout is unusual, write it in by hand"
        )
    known = _mistakes(before)
    if fresh := [said for said in _mistakes(after) if said not in known]:
        raise NotWritten("what would be written is no valid entry: " + "; ".join(fresh))
    return after


def _mistakes(text: str) -> list[str]:
    found = Gathered()
    if not laid_out_nothing(text):
        take(found, "", lambda: text)
    return [problem.message for problem in found.problems]


def _sound(names: Sequence[str], values: Sequence[Mapping[str, Any]]) -> None:
    """Refuse what YAML cannot hold, and keys that are none: those are never quoted."""
    todo: list[Any] = [*values]
    keys: list[Any] = [*names]
    while todo:
        value = todo.pop()
        if isinstance(value, Mapping):
            keys += value.keys()
            todo += value.values()
        elif isinstance(value, list | tuple):
            todo += value
        elif isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise NotWritten("a value is no text of Unicode, which no file can hold")
        elif not isinstance(value, str | int):
            raise NotWritten(f"a value is {type(value).__name__}, which such a file cannot hold")
    for key in keys:
        if not isinstance(key, str) or not is_id(key):
            raise NotWritten(
                f"'{short(str(key))}' is no key: lower-case letters, digits and _, from a letter on, at most 40"
            )


def _copied(value: Any) -> Any:
    """A value as it will be read again: lists, not tuples."""
    if isinstance(value, Mapping):
        return {key: _copied(part) for key, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list | tuple) else value


def _root_column(root: Part | None) -> int:
    return root.keys[0].column if root is not None and root.keys else 0


def _step(listed: Part | None) -> int:
    """How much deeper the keys of an integration stand than its id."""
    for key, part in zip(listed.keys, listed.parts, strict=True) if listed is not None else ():
        if not part.flow and part.keys:
            return part.keys[0].column - key.column
    return _STEP
