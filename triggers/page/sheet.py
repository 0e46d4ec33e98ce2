"""What somebody is shown before they answer: the very lines, whose digest the record keeps with the answer.

The screen shows these lines and nothing else between its heading and its buttons; a test compares the two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.approvals import Question, Standing
from inventory.people import PersonEntry
from journal.replay import Run
from reports.asked import Kind, Part, parts, scope
from reports.lists import meaning_of, named
from reports.text import clock, safe
from triggers.house.asking import standing_lines

People = Mapping[str, PersonEntry]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The parts, in the order in which they are read."""

    parts: Sequence[Part]

    @property
    def text(self) -> str:
        """Every line that is shown."""
        return "\n".join(line for part in self.parts for line in (part.title, *part.lines))

    @property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


def mode_word(run: Run) -> str:
    """LIVE, DRILL, DRY RUN."""
    return safe(run.opened.get("mode", "?"), 20).upper().replace("-", " ")


def sheet(run: Run, question: Question | None, stands: Standing | None, people: People) -> Sheet:
    """All that is shown of a run to whoever may answer it."""
    reason = run.opened.get("reason")
    lines = [named(run), meaning_of(run), *([f"Reason: {safe(reason, 300)}"] if reason else [])]
    head = Part("about", f"{mode_word(run)} · run {safe(run.id, 60)} · incident {safe(run.incident, 60)}", tuple(lines))
    found = [head]
    if question is not None and stands is not None:
        found.append(_asked(question, stands, people))
    return Sheet([*found, *parts(run, question.wall if question is not None else None)])


def _asked(question: Question, stands: Standing, people: People) -> Part:
    cost = f", class {safe(question.name, 40)} ({safe(question.cost, 60)} if it is wrong)" if question.name else ""
    lines = [f"Wants {question.people} to say yes, {safe(question.role, 20)} or above{cost}"]
    lines.append(f"Asked at {clock(question.asked_at.isoformat())[:8]} UTC at {safe(question.wall, 40)}")
    lines += [line.strip() for line in standing_lines(stands, people)]
    kind: Kind = "about"
    return Part(kind, f"Scope {scope(question.scope_hash)}", tuple(lines))
