"""Writes YAML as a person would, and as our own strict reader takes it. Every value reads back as it was."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

# Not every text that YAML would take without quotes: those that nobody has to think about.
_PLAIN = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_./()-]|[ ](?=[A-Za-z0-9_./(-]))*|[1-9][0-9]{0,5}[smhd%]")
_PLAIN_LINE = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_./()',;-]|[ ](?=[A-Za-z0-9_./(-]))*")
"""Between `{` and `}` a comma would end the value; on a line of its own it is one."""

_WORDS = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false", "null"})
_WIDEST = 110


def scalar(value: Any, plain: re.Pattern[str] = _PLAIN) -> str:
    """Write one value on one line; without quotes where the pattern allows it."""
    if not isinstance(value, str):
        return json.dumps(value)
    if (plain.fullmatch(value) or _PLAIN.fullmatch(value)) and value.lower() not in _WORDS:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else _escaped(c) for c in quoted)


def _escaped(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def entry(key: str, value: Any, indent: int = 0) -> Iterator[str]:
    """Write `key: value`, over as many lines as it takes."""
    pad = " " * indent
    name = scalar(key)
    if isinstance(value, str) and _is_block(value):
        yield f"{pad}{name}: |-"
        yield from (f"{pad}  {line}" if line else "" for line in value.split("\n"))
    elif isinstance(value, Mapping) and value:
        flat = _flat(value)
        nested = any(isinstance(each, Mapping) for each in value.values())
        if not nested and len(pad) + len(name) + len(flat) < _WIDEST:
            yield f"{pad}{name}: {flat}"
            return
        yield f"{pad}{name}:"
        for inner, each in value.items():
            yield from entry(inner, each, indent + 2)
    elif isinstance(value, list) and value:
        flat = _flat(value)
        if len(pad) + len(name) + len(flat) < _WIDEST:
            yield f"{pad}{name}: {flat}"
            return
        yield f"{pad}{name}:"
        for each in value:
            yield from item(each, indent + 2)
    else:
        yield f"{pad}{name}: {scalar(value, _PLAIN_LINE) if isinstance(value, str) else _flat(value)}"


def item(value: Any, indent: int = 2) -> Iterator[str]:
    """Write one `- …` of a list."""
    pad = " " * indent
    if isinstance(value, Mapping) and value:
        lines = [line for key, each in value.items() for line in entry(key, each, indent + 2)]
        yield f"{pad}- {lines[0][indent + 2 :]}"
        yield from lines[1:]
    else:
        yield f"{pad}- {_flat(value)}"


def comment(text: str, indent: int = 0) -> Iterator[str]:
    """Write text as comment lines of a readable width."""
    pad = " " * indent + "#"
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            if line and len(line) + len(word) > _WIDEST - indent:
                yield f"{pad}{line}"
                line = ""
            line += f" {word}"
        if line:
            yield f"{pad}{line}"


def _is_block(text: str) -> bool:
    lines = text.split("\n")
    sound = all(line.isprintable() and line == line.rstrip() for line in lines)
    return len(lines) > 1 and sound and bool(lines[0]) and not lines[0].startswith(" ") and bool(lines[-1])


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {_flat(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flat, value)) + "]"
    return scalar(value)
