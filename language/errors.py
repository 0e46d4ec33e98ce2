"""What is wrong with a playbook or its inputs, said so that the next keystroke is clear.

It does not decide what is wrong: that is for the checks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

MOST_PROBLEMS = 100
"""Nobody reads further, and a hostile file must not buy more of our time."""

_LONGEST_NAME = 80
_MOST_NAMES_SHOWN = 12


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line and a column, both from one, as editors count them."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. The code is for machines and tests; the message is for the person who wrote the line."""

    code: str
    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class BadPlaybook(Exception):
    """A playbook that may not run, with everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


class BadInput(Exception):
    """Inputs with which a run may not start, with everything that is wrong with them."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class Report:
    """Collects the problems of one file; stops the reading when nobody would read further."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._problems: dict[Problem, None] = {}
        self._warnings: dict[Problem, None] = {}

    def add(self, code: str, place: Place, message: str) -> None:
        """Note one problem; the same one twice is one."""
        self._problems[Problem(code, self.file, place.line, place.column, message)] = None
        if len(self._problems) >= MOST_PROBLEMS:
            self.settle()

    def warn(self, code: str, place: Place, message: str) -> None:
        """Note what may be meant as it stands, but seldom is."""
        if len(self._warnings) < MOST_PROBLEMS:
            self._warnings[Problem(code, self.file, place.line, place.column, message)] = None

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What was noted and stops nobody."""
        return tuple(sorted(self._warnings, key=lambda p: (p.line, p.column)))

    def settle(self) -> None:
        """End a stage: raise when it found anything, since the next stage builds on it."""
        if self._problems:
            raise BadPlaybook(sorted(self._problems, key=lambda p: (p.line, p.column)))


def nearest(name: str, known: Iterable[str]) -> str:
    """`, did you mean 'x'?`, or the few names that there are, or nothing."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1) if len(name) <= _LONGEST_NAME else []
    if close:
        return f", did you mean '{close[0]}'?"
    if names and len(names) <= _MOST_NAMES_SHOWN:
        return f"; known: {', '.join(names)}"
    return ""


def short(text: str) -> str:
    """Offending text as it can stand inside a sentence."""
    flat = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in " ".join(text.split()))
    return flat if len(flat) <= _LONGEST_NAME else flat[:_LONGEST_NAME] + "…"
