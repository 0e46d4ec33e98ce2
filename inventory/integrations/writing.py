"""Values as YAML text. What comes from a provider may be the attacker's: whatever it is, it stays one value, one line.

Plain is what reads as nothing but itself everywhere; all else stands in double quotes, and what cannot be seen is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./@-]*(?: [A-Za-z0-9_./@-]+)*")
_OTHERWISE = re.compile(r"(?i:yes|no|on|off|y|n|true|false|null)")
_LONGEST_PLAIN, _LONGEST_NOTE = 200, 300
WIDE = 110
"""A foothold that is longer than this is written on several lines."""


def scalar(value: Any) -> str:
    """A text, a whole number, true or false. Raises TypeError for what is none of these."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is no value of such a file")
    if len(value) <= _LONGEST_PLAIN and _PLAIN.fullmatch(value) and not _OTHERWISE.fullmatch(value):
        return value
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    if letter.isprintable():
        return letter
    number = ord(letter)
    return f"\\x{number:02X}" if number < 0x100 else f"\\u{number:04X}" if number < 0x10000 else f"\\U{number:08X}"


def inline(value: Any) -> str:
    """Any value on one line, as it may stand in brackets."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {inline(part)}" for key, part in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(inline, value)) + "]"
    return scalar(value)


def comment(note: str) -> str:
    """One comment line of a text, whatever is in it."""
    flat = "".join(letter if letter.isprintable() else " " for letter in note)
    return ("# " + " ".join(flat.split())[:_LONGEST_NOTE]).rstrip()


def item(value: Mapping[str, Any], column: int, *, flow: bool) -> list[str]:
    """The lines of a list's item whose dash stands at a column."""
    blank = " " * column
    line = f"{blank}- {inline(value)}"
    if flow and len(line) <= WIDE:
        return [line]
    lines = [f"{scalar(key)}: {inline(part)}" for key, part in value.items()]
    return [f"{blank}{'  ' if at else '- '}{one}" for at, one in enumerate(lines)]


def block(
    name: str, fields: Mapping[str, Any], column: int, step: int, notes: Mapping[str, Sequence[str]]
) -> list[str]:
    """The lines of an integration whose key stands at a column. `notes`: comment lines above a key; "" is its own."""
    outer, inner = " " * column, " " * (column + step)
    lines = [outer + comment(note) for note in notes.get("", ())] + [f"{outer}{scalar(name)}:"]
    for key, value in fields.items():
        lines += [inner + comment(note) for note in notes.get(key, ())]
        if isinstance(value, Sequence) and not isinstance(value, str) and any(isinstance(v, Mapping) for v in value):
            lines.append(f"{inner}{scalar(key)}:")
            for each in value:
                lines += item(each, column + step + 2, flow=True)
        else:
            lines.append(f"{inner}{scalar(key)}: {inline(value)}")
    return lines
