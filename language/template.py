"""Values of `with:`: literals, and `${…}` in them, checked against the parameter's type and filled in later."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from language.expression import Expression, Language
from language.values import Doubt, Heard, Values


@dataclass(frozen=True)
class Hole:
    """One `${…}` in a text: where its expression begins, and what it is."""

    offset: int
    source: str


@dataclass(frozen=True)
class Joined:
    """Text with expressions in it."""

    parts: tuple[str | Expression, ...]


Template = Any
"""A literal, an Expression, a Joined, or a list or dict of templates."""


def split(text: str) -> list[str | Hole] | int:
    """Take a text apart; a number is where a `${` begins that has no end."""
    parts: list[str | Hole] = []
    said, at = "", 0
    while at < len(text):
        if text.startswith("$${", at):
            said, at = said + "${", at + 3
        elif text.startswith("${", at):
            end = _end(text, at + 2)
            if end < 0:
                return at
            if said:
                parts.append(said)
            parts.append(Hole(at + 2, text[at + 2 : end]))
            said, at = "", end + 1
        else:
            said, at = said + text[at], at + 1
    return [*parts, said] if said or not parts else parts


def _end(text: str, at: int) -> int:
    """Find the brace that closes; those in quotes are text."""
    depth, quote = 0, ""
    while at < len(text):
        char = text[at]
        if quote:
            at += char == "\\"
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "{":
            depth += 1
        elif char == "}":
            if depth == 0:
                return at
            depth -= 1
        at += 1
    return -1


def expressions(template: Template) -> Iterator[Expression]:
    """Go through all expressions of a template."""
    if isinstance(template, Expression):
        yield template
    elif isinstance(template, Joined):
        yield from (p for p in template.parts if isinstance(p, Expression))
    elif isinstance(template, Mapping):
        for value in template.values():
            yield from expressions(value)
    elif isinstance(template, list):
        for value in template:
            yield from expressions(value)


def filled(template: Template, language: Language, values: Values | Heard, item: object) -> Any | Doubt:
    """Put answers in the place of expressions; one doubt makes a doubt of the whole."""
    if isinstance(template, Expression):
        return language.answer(template, values, item)
    if isinstance(template, Joined):
        said = ""
        for part in template.parts:
            value = language.answer(part, values, item) if isinstance(part, Expression) else part
            if isinstance(value, Doubt):
                return value
            said += as_text(value)
        return said
    if isinstance(template, Mapping):
        found = {key: filled(value, language, values, item) for key, value in template.items()}
        return next((v for v in found.values() if isinstance(v, Doubt)), found)
    if isinstance(template, list):
        each = [filled(value, language, values, item) for value in template]
        return next((v for v in each if isinstance(v, Doubt)), each)
    return template


def as_text(value: object) -> str:
    """Show a value inside a sentence."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, dt.timedelta):
        return f"{value.total_seconds():g}s"
    return str(getattr(value, "value", value))
