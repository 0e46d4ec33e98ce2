"""The message at the head of a run's thread: how each foothold stands now, by how much he is still in, who is waited for."""

from __future__ import annotations

from journal.replay import CLOSED_WORDS, Run
from reports import facts, lists
from reports.matrix import Matrix, Row, matrix, noun
from reports.plan.shown import about
from reports.text import many, moment, whole
from reports.words import FINAL, spoken
from triggers.slack.screens.parts import Message, button, buttons, header, heading, lines, message, small
from triggers.slack.screens.text import LINE, NAME, shown

STOP, PAGE = "run_stop", "run_page"
ROWS = 12
_WORST = ("open", "unknown", "not-in-playbook", "given-back", "residual", "", "closed")


def mode(run: Run) -> str:
    """What every message of a run begins with: nobody may take a drill for the real thing, nor the other way round."""
    return {"drill": "DRILL", "dry-run": "ONLY LOOKED", "live": "LIVE"}.get(str(run.opened.get("mode")), "MODE UNKNOWN")


def word_of(run: Run) -> str:
    """The run's word; where people approved since, and it is judged anew only at the end, that it goes on."""
    word = run.words[-1].n if run.words else 0
    if run.word in {"waiting", "held", "objected", "expired"} and any(one.n > word for one in run.approved.values()):
        return "recovering" if run.recovers else "running"
    return run.word


def meaning_of(run: Run) -> str:
    """What the word means, of a recovery too."""
    if run.recovers and run.word == "waiting" and word_of(run) == "waiting":
        return "Giving back waits for a person: everything stays as it is."
    if word_of(run) != run.word:
        return (
            "Approved: going on."
            if run.recovers
            else "Approved: the cut is under way. What is live still works for the attacker."
        )
    return lists.meaning_of(run)


def head(run: Run) -> str:
    """`DRILL · HELD · INC-7`."""
    return f"{mode(run)} · {spoken(word_of(run)).upper()} · {shown(run.incident, NAME)}"


def card(run: Run, *, page: str = "", waits_for: str = "") -> Message:
    """Show a run. `page`: URL of its page. `waits_for`: in words, who is asked and until when; "" where nobody is."""
    seen = matrix(run)
    alive = still_in(run)
    over = run.word in FINAL
    why = shown(run.words[-1].body.get("why", "")) if run.words else ""
    parts = [
        header(f"{head(run)} · {shown(title(run), NAME)}"),
        heading("DRILL: the practice company. Nothing real is touched.") if mode(run) == "DRILL" else None,
        lines([meaning_of(run), *([f"Why: {why}"] if why and word_of(run) == run.word else [])]),
        heading(f"He is still in by {alive}") if alive else None,
        lines(_rows(seen), ROWS),
        lines([_sentence(seen.total), *_lives_on(run), *eta(run)]),
        lines([f"Waits for {shown(waits_for)}"]) if waits_for and not over else None,
        buttons(
            button("Open the page", PAGE, url=page) if page else None,
            button("Stop", STOP, run.id, sure=(
                "Stop this run?",
                "What is in flight ends and nothing new starts. What is held stays held; the attacker keeps what is open.",
                "Stop",
            )) if not over else None,
        ),
        small(f"Run {shown(run.id, NAME)} · {lists.named(run).replace('person:', '')}", f"As of {_clock(run.at)} UTC, event {run.n}"),
    ]  # fmt: skip
    in_by = f" Still in by {alive}." if alive else ""
    return message(f"{head(run)}. {shown(title(run), NAME)}: {seen.total}.{in_by}", parts, run.id)


def title(run: Run) -> str:
    """What is contained, as people know it."""
    return str(run.opened.get("integration_title") or run.opened.get("integration") or "no integration")


def still_in(run: Run) -> str:
    """`212 live tokens, 6 live sessions`; "" where none is known to live."""
    if run.word in {"recovered", "dry-run"}:
        return ""
    found = [(facts.live(run, row), row) for row in facts.rows(run)]
    return ", ".join(many(alive, f"live {noun([row])}") for alive, row in found if alive)


def _rows(seen: Matrix) -> list[str]:
    """The worst first: where not all fit, what is left out is the better part, and is counted."""
    worst = sorted(seen.rows, key=lambda row: _WORST.index(row.state) if row.state in _WORST else 0)
    return [_row(row) for row in worst]


def _row(row: Row) -> str:
    cells = [f"{layer} {', '.join(cell.lines)}" for layer, cell in row.cells.items() if cell.state]
    state = f" {spoken(row.state).upper()}" if row.state else ""
    why = f" ({shown(row.why, 120)})" if row.why else ""
    return shown(f"{shown(row.name, NAME)}:{state}{why}{'; ' if cells else ''}{'; '.join(cells)}", 2 * LINE)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _lives_on(run: Run) -> list[str]:
    until = moment(facts.residual_until(run) or "")
    return [f"The last path dies by itself at {until:%H:%M:%S} UTC."] if until else []


def eta(run: Run) -> list[str]:
    """How long the cut still takes at its pace so far; by the plan's rate limits where none of it is proven yet."""
    if run.word in FINAL or not run.approved or run.recovers:
        return []
    cuts = {str(row.get("id")): row for row in facts.rows(run) if row.get("kind") == "cut"}
    effects = [effect for effect in run.effects.values() if effect.step in cuts]
    proven = sum(1 for effect in effects if effect.word in CLOSED_WORDS)
    wanted = max(sum(whole(row.get("missing")) + whole(row.get("held")) for row in cuts.values()), len(effects))
    if not (left := wanted - proven):
        return []
    begun = moment(max(event.at for event in run.approved.values()))
    now = moment(run.at)
    if proven and begun and now and now > begun:
        return [f"{left} of {wanted} left to cut, {about((now - begun).total_seconds() / proven * left)} at this pace."]
    planned_ms = whole((run.planned.get("time") or {}).get("ms"))
    return [f"{left} of {wanted} left to cut, {about(planned_ms / 1000)} by rate limits."] if planned_ms else []


def _clock(at: str) -> str:
    found = moment(at)
    return f"{found:%H:%M:%S}" if found is not None else "an unknown time"
