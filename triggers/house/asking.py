"""What a person is shown before they decide, and what became of what they said, in lines."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reports.text import clock, safe

if TYPE_CHECKING:
    from engine.approvals import Decision, Question, Standing
    from inventory.people import PersonEntry
    from journal.replay import Run

People = Mapping[str, "PersonEntry"]


def shown(run: Run, question: Question, stands: Standing, people: People) -> str:
    """The text that is approved or objected to: its digest is what the record keeps of it."""
    from reports.plan import lines

    opened = run.opened
    mode = safe(opened.get("mode", "?"), 20).upper()
    what = safe(opened.get("integration") or opened.get("playbook", ""), 80)
    reason = f": {safe(opened['reason'], 200)}" if opened.get("reason") else ""
    by, playbook = safe(opened.get("by", "?"), 120), safe(opened.get("playbook", "?"), 60)
    said = [f"{mode}  run {run.id}, incident {run.incident}: {playbook} on {what}, asked for by {by}{reason}"]
    said += [safe(one, 2000) for one in lines(run)]
    said += later(run)
    scope, since = question.scope_hash[:8], clock(question.asked_at.isoformat())
    wanted = f"{_class(question)}{question.people} to say yes, {question.role} or above"
    said.append(f"Question {question.wall}: scope {scope}, asked {since} UTC; {wanted}")
    said += standing_lines(stands, people)
    return "\n".join(said)


def digest(text: str) -> str:
    """What the record keeps of a text that somebody was shown."""
    return hashlib.sha256(text.encode()).hexdigest()


def later(run: Run) -> list[str]:
    """What came up since the plan inside what is asked about: it is swept in, and never asked about again."""
    said = []
    for row in run.planned.get("steps") or ():
        planned, now = row.get("count", 0), run.seen_counts.get(str(row.get("id")), 0)
        if isinstance(planned, int) and now > planned:
            said.append(
                f"Since the plan: {safe(row.get('id'), 40)} +{now - planned} (at most {row.get('at_most')} in all)"
            )
    return said


def standing_lines(stands: Standing, people: People) -> list[str]:
    """Who said what, who is asked, since when and until when, and who is not asked, and why."""
    said = [
        f"  {one.answer.upper()}  {_by(one, people)}, {clock(one.at.isoformat())}{_why(one)}" for one in _both(stands)
    ]
    if stands.state == "open":
        return [*said, "  The wall is open."]
    if stands.state == "objected":
        said.append(
            f"  An objection does not end it: it wants a yes of more authority than {stands.over}, or"
            f" {stands.people} in all of which one answers it with that authority."
        )
    since, until = clock(stands.since.isoformat()), stands.until
    if stands.asked:
        then = f"; the next rung is asked too at {clock(until.isoformat())}" if until is not None else ""
        said.append(f"  Asked since {since}: {_named(stands.asked, people)}{then}")
    if stands.rung == "codes":
        said.append(f"  Sealed codes count since {since}: --code -")
    if not stands.asked and stands.rung != "codes":
        said.append('  Nobody is left to ask. `--break-glass "reason"` opens the wall, and is reviewed afterwards.')
    said += [f"  Not asked: {safe(_name(name, people), 60)}, {safe(why, 160)}" for name, why in stands.barred.items()]
    return said


def waits_for(stands: Standing, people: People) -> str:
    """For whom it waits, in one line."""
    more = f"{stands.missing} more to say yes"
    if stands.asked:
        return f"{more}: {_named(stands.asked, people)}"
    return f"{more}: a sealed code" if stands.rung == "codes" else f"{more}, and nobody is left to ask"


def as_body(question: Question, stands: Standing) -> dict[str, Any]:
    """How a question stands, for programs."""
    return {
        "wall": question.wall, "scope_hash": question.scope_hash, "class": question.name, "cost": question.cost,
        "role": question.role, "people": stands.people, "state": stands.state, "missing": stands.missing,
        "rung": stands.rung, "since": stands.since, "until": stands.until, "asked": list(stands.asked),
        "barred": dict(stands.barred),
        "said": [{"by": one.by, "answer": one.answer, "role": one.role, "at": one.at} for one in _both(stands)],
    }  # fmt: skip


def _class(question: Question) -> str:
    cost = f" ({safe(question.cost, 60)} if it is wrong)" if question.cost else ""
    return f"class {safe(question.name, 40)}{cost}: " if question.name else ""


def _both(stands: Standing) -> Sequence[Decision]:
    return sorted([*stands.yes, *stands.no], key=lambda one: one.n)


def _by(one: Decision, people: People) -> str:
    name = safe(_name(one.by.removeprefix("person:"), people), 60)
    if one.code:
        return f"{name} with a sealed code"
    return f"{name} by breaking the glass" if one.role == "glass" else f"{name}, {safe(one.role, 20)}"


def _why(one: Decision) -> str:
    return f": {safe(one.reason, 200)}" if one.reason else ""


def _named(ids: Iterable[str], people: People) -> str:
    return ", ".join(f"{safe(_name(one, people), 60)} ({'/'.join(people[one].roles)})" for one in ids)


def _name(one: str, people: People) -> str:
    return people[one].name if one in people else one
