"""Text from outside made fit to be drawn: one line that hides nothing, and how wide it is."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

LONGEST = 300
_MARKS_IN_A_ROW = 2
"""Marks on one letter that are kept: a heap of them runs over the lines above and below."""


def shown(text: object, limit: int = LONGEST) -> str:
    """One line of printable text: controls, bidi marks and lone surrogates are shown as escapes, blanks as one."""
    said = "".join(_printable(str(text)[: limit + 1]))
    said = " ".join(said.split())
    return said if len(said) <= limit else f"{said[: limit - 1]}…"


def contact(security: str) -> str:
    """How a vendor's security people are reached, as a person reads it: `security@vendor.example`."""
    return shown(security.removeprefix("mailto:").removeprefix("https://"))


def _printable(text: str) -> Iterator[str]:
    marks = 0
    for letter in text:
        marks = marks + 1 if unicodedata.category(letter) in {"Mn", "Me"} else 0
        if marks > _MARKS_IN_A_ROW:
            continue
        yield letter if letter.isprintable() else " " if letter in "\t\n\r" else ascii(letter)[1:-1]


def width(text: str, size: float, *, bold: bool = False) -> float:
    """At most how wide a text is in pixels, in any of the usual sans-serif fonts: measured at DejaVu Sans, the widest."""
    return sum(map(_share, text)) * size * (1.1 if bold else 1.0)


def _share(letter: str) -> float:
    """A letter's width, as a share of the font's size."""
    if unicodedata.east_asian_width(letter) in {"W", "F"}:
        return 1.05
    if unicodedata.category(letter) in {"Mn", "Me"}:
        return 0.0
    if letter in "iljI.,:;'|!()[] /-ft·":
        return 0.42
    if letter in "mwMW@%—…":
        return 1.0
    if letter.isupper():
        return 0.74
    return 0.64 if letter.isascii() else 1.0


def cut(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """The text, or as much of its beginning as there is room for."""
    if width(text, size, bold=bold) <= room:
        return text
    while text and width(f"{text}…", size, bold=bold) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def wrapped(text: str, room: float, size: float, most: int, *, bold: bool = False) -> list[str]:
    """The text in at most so many lines; what is left over ends in an ellipsis."""
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < most:
        line = words.pop(0)
        if len(lines) == most - 1:
            lines.append(cut(" ".join([line, *words]), room, size, bold=bold))
            break
        while words and width(f"{line} {words[0]}", size, bold=bold) <= room:
            line = f"{line} {words.pop(0)}"
        if width(line, size, bold=bold) > room:  # a word longer than a line
            at = _break(cut(line, room, size, bold=bold)[:-1])
            line, rest = line[:at], line[at:]
            words.insert(0, rest)
        lines.append(line)
    return lines


def _break(part: str) -> int:
    """Where a word that is too long is broken: before its last mark, or where it must be."""
    at = max(part.rfind(mark) for mark in "@/.-_:")
    return at if at > len(part) // 3 else max(len(part), 1)
