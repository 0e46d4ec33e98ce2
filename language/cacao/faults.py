"""What is wrong with a CACAO file, and what was left out of what was made of it. Never a value: one may be a secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from language.errors import short

MOST_FAULTS = 100
"""Nobody reads further, and a hostile file must not buy more of our time."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason why a file cannot be taken: where it stands (a JSON pointer; empty: the whole file), and what it is."""

    code: str
    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer or '(the file)'}: {self.message}"


@dataclass(frozen=True, slots=True)
class Loss:
    """One field that was not carried over, or not exactly: where it stood, what kind of value it held, and why."""

    pointer: str
    kind: str
    why: str

    def __str__(self) -> str:
        return f"{self.pointer} ({self.kind}): {self.why}"


class CannotImport(Exception):
    """A CACAO playbook that is not taken, with every reason at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(dict.fromkeys(faults))[:MOST_FAULTS]
        super().__init__("\n".join(map(str, self.faults)))


class Faults:
    """Collects reasons; a stage ends with `settle`, since the next one builds on it."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, code: str, pointer: str, message: str) -> None:
        """Note one reason."""
        self.found.append(Fault(code, pointer, message))

    def settle(self) -> None:
        """Refuse when anything was found."""
        if self.found:
            raise CannotImport(self.found)


def pointer(*parts: str | int) -> str:
    """Make a JSON pointer (RFC 6901). A long or odd key is shortened: it is for people to find the place."""
    return "".join("/" + _shown(str(part)).replace("~", "~0").replace("/", "~1") for part in parts)


def _shown(key: str) -> str:
    printable = "".join(c if c.isprintable() else "?" for c in key)
    return printable if len(printable) <= 120 else short(printable)


def kind_of(value: Any) -> str:
    """Name the kind of a JSON value, with its size but without the value."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return f"list of {len(value)}"
    if isinstance(value, dict):
        return f"object of {len(value)}"
    return "null"
