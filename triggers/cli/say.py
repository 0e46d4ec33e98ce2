"""What commands print: plain lines, or one JSON object as the last line. No colour, so that it reads the same in a file."""

from __future__ import annotations

import json
import sys
import textwrap
from typing import Any

WIDE = 100
"""Columns that a paragraph keeps to."""


def line(text: str) -> None:
    """Print one line. What comes from outside must not move the cursor: control characters are shown, not obeyed."""
    print("".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in text))


def paragraph(text: str, *, indent: str = "", further: str | None = None) -> None:
    """Print a text within the width, word by word. `further`: what its second and later lines begin with."""
    more = indent if further is None else further
    for one in textwrap.wrap(
        text, WIDE, initial_indent=indent, subsequent_indent=more, break_long_words=False, break_on_hyphens=False
    ):
        line(one)


def as_json(value: dict[str, Any]) -> None:
    """Print one JSON object on one line."""
    print(json.dumps(value, ensure_ascii=True, default=str))


def tell(said: Any) -> None:
    """Print a summary: drawn on a terminal, in plain lines elsewhere. `said` can do both (rich's protocol, and `lines`)."""
    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(said)
        return
    for one in said.lines():
        line(one)
