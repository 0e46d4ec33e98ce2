"""What somebody is shown before they answer: the very lines, whose digest the record keeps with the answer.

The screen shows these lines and nothing else between its heading and its buttons; a test compares the two.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.approvals import Question, Standing
from inventory.people import PersonEntry
from journal.replay import Run
from reports.asked import Part, parts, scope
from reports.lists import meaning_of
from reports.text import safe
from reports.words import spoken
from triggers.house.asking import standing_lines

People = Mapping[str, PersonEntry]
_MILLIS = re.compile(r"\b(\d\d:\d\d:\d\d)\.\d{3}\b")


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
    """All that is shown of a run to whoever may answer it; what is asked stands last, right above the buttons."""
    reason = run.opened.get("reason")
    by, playbook = safe(run.opened.get("by", "?"), 120), safe(run.opened.get("playbook", "?"), 60)
    lines = [f"Playbook {playbook}, asked for by {by}", *([f"Reason: {safe(reason, 300)}"] if reason else [])]
    lines.append(f"{safe(spoken(run.word), 40).upper()}: {meaning_of(run)}")
    head = Part("about", f"{mode_word(run)} · run {safe(run.id, 60)} · incident {safe(run.incident, 60)}", tuple(lines))
    found = [head, *parts(run, question.wall if question is not None else None)]
    if question is not None and stands is not None:
        found.append(_asked(question, stands, people))
    return Sheet(found)


def _asked(question: Question, stands: Standing, people: People) -> Part:
    cost = f"; class {safe(question.name, 40)} ({safe(question.cost, 60)} if it is wrong)" if question.name else ""
    lines = [f"Wants {question.people} to say yes, {safe(question.role, 20)} or above{cost}"]
    lines += [_MILLIS.sub(r"\1 UTC", line.strip()) for line in standing_lines(stands, people)]
    return Part("asked", f"Scope {scope(question.scope_hash)}, question {safe(question.wall, 40)}", tuple(lines))
