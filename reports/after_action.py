"""The after-action page: one file that needs nothing else, for a phone, a printer and an auditor.

It says what the journal says. What only the provider's logs know (records read, minutes of people) is not on it.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journal.event import Event
from journal.replay import Run
from reports import facts, lists, reach, timeline
from reports.matrix import LAYERS, coverage, matrix
from reports.text import clock, day, many, safe, safe_lines, short
from reports.words import EFFECT_MEANING, GRADE_MEANING, GRADES, spoken, tone

if TYPE_CHECKING:
    from jinja2 import Template

EFFECTS_SHOWN = 500
LINES_SHOWN = 1000


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).parent)
    found = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    found.filters.update(spoken=spoken, tone=tone)
    return found.get_template("after_action.html.j2")


def html(run: Run, events: Sequence[Event], **extras: Any) -> str:
    """The page. `extras`: attacker {after_command, after_word, refused_after}, page (Prefect's page of the run), key (id of the key that signs heads)."""
    lines = [(at[:10], clock(at), text) for at, text in timeline.entries(events)]
    since = facts.since_word(run)
    opened = run.opened
    return _template().render(
        run={"id": safe(run.id, 60), "incident": safe(run.incident, 60), "word": safe(run.word, 60)},
        since=since,
        meaning=lists.meaning_of(run),
        tone="bad" if since else tone(run.word),
        why=safe(run.words[-1].body.get("why", "")) if run.words else "",
        mode=lists.mode_line(run),
        label=lists.mode_line(run).partition(":")[0],
        named=lists.named(run),
        title=safe(opened.get("title", "")),
        reason=safe(opened.get("reason", ""), 1000),
        about=_about(run),
        first_line=safe(run.planned.get("first_line", "the run ended before it had a plan"), 2000),
        numbers=_numbers(run, events, extras.get("attacker")),
        matrix=matrix(run),
        layers=LAYERS,
        footholds=[{"id": safe(s.id, 60), "state": s.state, "why": safe(s.why)} for s in facts.standings(run)],
        grades=_grades(run),
        not_done=lists.capped(lists.not_done(run), EFFECTS_SHOWN),
        tainted=lists.capped(lists.tainted(run), EFFECTS_SHOWN),
        contested=lists.capped(lists.contested(run), EFFECTS_SHOWN),
        irreversible=lists.irreversible(run),
        residual=lists.residual(run),
        reached=lists.reached(run),
        gaps=lists.capped(reach.gaps(run), EFFECTS_SHOWN),
        next_steps=lists.next_steps(run),
        approvals=_approvals(events),
        days=_days(lines[:LINES_SHOWN]),
        timeline_left=max(len(lines) - LINES_SHOWN, 0),
        effects=_effects(run)[:EFFECTS_SHOWN],
        effects_left=max(len(run.effects) - EFFECTS_SHOWN, 0),
        effects_words=_words_of_effects(run),
        playbook="\n".join(safe_lines(opened.get("text", ""))),
        playbook_sha=safe(opened.get("sha256", "-"), 64),
        hashes=[(name, safe(run.planned.get(key) or "-", 64)) for name, key in _HASHES],
        journal={"events": run.n, "head": safe(run.head, 64) or "-", "at": day(run.at)},
        key=safe(extras.get("key") or "", 16),
        page=safe(extras.get("page") or "", 1000),
    )


_HASHES = (("plan hash", "plan_hash"), ("scope hash", "scope_hash"))


def write(run: Run, events: Sequence[Event], path: Path, **extras: Any) -> Path:
    """Write the page, for its owner's eyes only: whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp gives 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(html(run, events, **extras))
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return path


def _about(run: Run) -> list[tuple[str, str]]:
    """Who, when, with what: the facts of the opening."""
    opened = run.opened
    connections = opened.get("connections") or {}
    inputs = opened.get("inputs") or {}
    found = [
        ("opened", day(run.opened_at)),
        ("last event", day(run.at)),
        ("attacker since", safe(opened.get("since") or "not said")),
        ("other ways in as of", _discovered(opened)),
        ("asked by", safe(opened.get("by", "?"))),
        ("owner of the integration", safe(opened.get("owner") or "not said")),
        ("breaks", safe(opened.get("breaks") or "not said", 1000)),
        ("does not", safe(opened.get("does_not") or "not said", 1000)),
        ("ATT&CK", ", ".join(safe(tag, 20) for tag in opened.get("attack") or ()) or "-"),
        ("inputs", "; ".join(f"{safe(name, 40)} = {safe(value, 160)}" for name, value in inputs.items()) or "-"),
        ("connections", "; ".join(_connection(name, entry) for name, entry in connections.items()) or "-"),
        ("tool", " ".join(safe(opened[key], 40) for key in ("version", "commit") if opened.get(key)) or "-"),
    ]
    return [(name, value) for name, value in found if value]


def _discovered(opened: Mapping[str, Any]) -> str:
    """The snapshot that says which ways in there are beside those that were declared."""
    recorded = opened.get("discovered") or {}
    return safe(recorded.get("source") or "") if recorded.get("snapshot") else ""


def _connection(name: object, entry: object) -> str:
    known = entry if isinstance(entry, dict) else {}
    return f"{safe(name, 40)} ({safe(known.get('system', '?'), 40)} at {safe(known.get('url', '?'), 200)})"


def _numbers(run: Run, events: Sequence[Event], attacker: Any) -> list[dict[str, str]]:
    """The headline: exposure, coverage, times, proof. What nobody counted says so."""
    counts, effects = facts.footholds(run), facts.effects(run)
    known = attacker or facts.ended(events).get("attacker") or {}
    after = known.get("after_command")
    exposure = "; ".join(
        f"{safe(known[key], 20)} {name}"
        for key, name in (("refused_after", "refused"), ("after_word", "got through after the last word"))
        if key in known
    )
    proven = effects["effective"] + effects["held_already"]
    times = [
        {"label": f"time to {name}" if name != "last word" else "time to the last word", "value": value, "note": note}
        for name, value, note in lists.timings(run, events)
    ]
    return [
        {
            "label": "attacker calls after the command",
            "value": "?" if after is None else safe(after),
            "note": exposure or "nobody counted them",
        },
        {
            "label": "footholds closed",
            "value": f"{counts['closed']} of {counts['declared']}",
            "note": safe(coverage(run)),
        },
        *times,
        {
            "label": "effects proven",
            "value": f"{proven} of {effects['planned']}",
            "note": facts.proof_text(run),
        },
    ]


def _days(lines: Sequence[tuple[str, str, str]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The timeline, day by day."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for date, at, text in lines:
        if not found or found[-1][0] != safe(date):
            found.append((safe(date), []))
        found[-1][1].append((at, text))
    return found


def _grades(run: Run) -> list[dict[str, Any]]:
    counts = facts.proof(run)
    return [{"grade": grade, "count": counts[grade], "meaning": GRADE_MEANING[grade]} for grade in GRADES]


def _approvals(events: Sequence[Event]) -> list[dict[str, str]]:
    """Each question and each answer: who, how, which scope, the digest of what they were shown."""
    found = []
    for event in events:
        body = event.body
        if event.type not in {"asked", "decided", "approved", "declined", "objected", "turned_away", "reviewed"}:
            continue
        who = body.get("role", "?") if event.type == "asked" else body.get("by", "?")
        found.append({
            "at": day(event.at), "what": event.type, "wall": safe(body.get("wall", "?"), 40), "who": safe(who, 120),
            "how": safe(body.get("how") or "-", 120), "scope": short(body.get("scope_hash", ""), 8),
            "shown": " / ".join(safe_lines(body.get("shown") or "-", 20)),
        })  # fmt: skip
    return found


def _effects(run: Run) -> list[dict[str, Any]]:
    """What is not proven first, then as the journal has them."""
    order = {"effective": 2, "held-already": 2, "undone": 1}
    effects = sorted(run.effects.values(), key=lambda effect: order.get(facts.word_of(effect), 0))
    return [
        {
            "step": safe(effect.step, 40), "target": safe(effect.target, 120), "action": safe(effect.action, 60),
            "word": facts.word_of(effect), "meaning": EFFECT_MEANING.get(facts.word_of(effect), ""),
            "grade": safe(effect.grade, 20) or "-", "sends": effect.sends, "contested": effect.contested,
            "at": clock(effect.settled_at), "why": safe(effect.why, 160),
        }
        for effect in effects[:EFFECTS_SHOWN]
    ]  # fmt: skip


def _words_of_effects(run: Run) -> str:
    """`40 effective, 2 failed`."""
    counts = Counter(facts.word_of(effect) for effect in run.effects.values())
    return ", ".join(f"{count} {spoken(word)}" for word, count in counts.most_common()) or many(0, "effect")
