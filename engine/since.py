"""The first sign of the attacker: what was changed after it may be his doing."""

from __future__ import annotations

from datetime import UTC, datetime

from journal.replay import Run, replay
from journal.store import Journal


def since_of(run: Run) -> datetime:
    """The first sign that a run knows of; its opening, where nobody said an earlier one."""
    opened_at = datetime.fromisoformat(run.opened_at)
    said = str(run.opened.get("since") or "")
    return min(datetime.fromisoformat(said), opened_at) if said else opened_at


def earliest(journal: Journal, incident: str, *, beside: str = "") -> datetime | None:
    """The first sign that any run of an incident knows of, `beside` one of them; None where it has no other."""
    ids = [row.run for row in journal.runs() if row.incident == incident and row.run != beside]
    runs = [replay(journal.events(run, names=False)) for run in ids]
    return min((since_of(run) for run in runs if run.opened), default=None)


def recorded(since: datetime | None) -> str:
    """As an opening holds it; "" where nobody said."""
    return since.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if since is not None else ""
