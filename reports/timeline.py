"""What happened, a line for each thing worth a person's notice. Many effects of a kind are one line; times are UTC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from journal.event import Event
from reports.said import said
from reports.text import between_s, clock, many, safe, short, whole
from reports.words import spoken

GAP_S = 60.0
"""Effects of a kind further apart than this are two lines."""
PAST = {
    "block": "blocked", "deactivate": "deactivated", "delete": "deleted", "detach": "detached", "disable": "disabled",
    "end": "ended", "expire": "expired", "freeze": "frozen", "lock": "locked", "remove": "removed",
    "revoke": "revoked", "rotate": "rotated", "suspend": "suspended", "unlink": "unlinked",
}  # fmt: skip


@dataclass(slots=True)
class _Group:
    """Settlements of one step with one word."""

    step: str
    action: str
    word: str
    grade: str
    why: str
    first: str
    last: str
    targets: set[str]
    count: int = 0


def lines(events: Iterable[Event]) -> list[str]:
    """Say it oldest first, with the date where it changes."""
    found: list[str] = []
    date = ""
    for at, text in entries(events):
        if at[:10] != date:
            date = at[:10]
            found.append(f"{safe(date)} (UTC)")
        found.append(f"{clock(at)}  {text}")
    return found


def entries(events: Iterable[Event]) -> Iterator[tuple[str, str]]:
    """Give each line as (its journal time, its text)."""
    shown: list[tuple[str, str] | _Group] = []
    groups: dict[tuple[str, str, str], _Group] = {}
    said = ("", "")
    steps: dict[str, str] = {}
    for event in events:
        if event.type in {"settled", "contested"}:
            _grouped(event, groups, shown, steps)
            continue
        if event.type == "intended":
            steps[str(event.body.get("effect"))] = str(event.body.get("action", ""))
        if event.type == "worded":
            now = (str(event.body.get("word")), str(event.body.get("why", "")))
            if now == said:
                continue
            said = now
        if text := _line(event):
            groups.clear()
            shown.append((event.at, text))
    for entry in shown:
        yield (entry.first, _told(entry)) if isinstance(entry, _Group) else entry


def _grouped(
    event: Event,
    groups: dict[tuple[str, str, str], _Group],
    shown: list[tuple[str, str] | _Group],
    actions: dict[str, str],
) -> None:
    body = event.body
    effect = str(body.get("effect", ""))
    step = str(body.get("step") or effect.partition("/")[0])
    word = "contested" if event.type == "contested" else str(body.get("word", ""))
    grade, why = str(body.get("grade", "")), str(body.get("why", ""))
    group = groups.get((step, word, grade))
    gap_s = between_s(group.last, event.at) if group is not None else None
    if group is None or (gap_s is not None and gap_s > GAP_S):
        action = str(body.get("action") or actions.get(effect, ""))
        group = groups[step, word, grade] = _Group(step, action, word, grade, why, event.at, event.at, set())
        shown.append(group)
    group.last = event.at
    group.count += 1
    group.targets.add(str(body.get("target") or effect))


def _told(group: _Group) -> str:
    action = group.action.rpartition(".")[2]
    verb, _, noun = action.partition("_")
    count = len(group.targets)
    step = safe(group.step, 40)
    if group.word == "contested":
        times = f", {group.count} times" if group.count > 1 else ""
        text = f"CONTESTED  {safe(next(iter(group.targets)), 120) if count == 1 else f'{step}: {count}'} switched back on{times}"
    elif group.word == "effective" and verb in PAST and noun:
        text = f"{many(count, safe(noun, 40).replace('_', ' '))} {PAST[verb]} ({step}; {safe(group.grade, 20)})"
    else:
        why = f": {safe(group.why, 160)}" if group.why else ""
        grade = f"; {safe(group.grade, 20)}" if group.grade and group.word in {"held-already", "effective"} else ""
        text = f"{count} {safe(action, 60)} {_spoken(group.word)} ({step}{grade}){why}"
    return text if group.count == 1 else f"{text}, first {clock(group.first)}, last {clock(group.last)}"


def _spoken(word: str) -> str:
    return {"undone": "given back", "requested": "requested, not proven"}.get(word, safe(spoken(word), 40))


def _line(event: Event) -> str:
    body = event.body
    match event.type:
        case "opened":
            reason = f": {safe(body['reason'], 200)}" if body.get("reason") else ""
            what = safe(body.get("integration") or body.get("playbook", ""), 80)
            mode = safe(body.get("mode", "?"), 20).upper()
            return (
                f"{mode}  {safe(body.get('playbook', '?'), 60)} on {what}, by {safe(body.get('by', '?'), 120)}{reason}"
            )
        case "leased":
            return "" if event.fence <= 1 else f"taken up by another process (lease {event.fence}), from the journal"
        case "left":
            return "let go by its process; whoever has room goes on, from the journal"
        case "planned":
            rows = [row for row in body.get("steps") or () if row.get("kind") in {"hold", "cut"}]
            missing, held = (sum(whole(row.get(key)) for row in rows) for key in ("missing", "held"))
            return f"planned: {many(missing, 'effect')} missing, {held} held already; scope {short(body.get('scope_hash', ''), 8)}"
        case (
            "decided" | "objected" | "turned_away" | "reviewed" | "attested" | "retried" | "ticked" | "told" | "linked"
        ):
            return said(event)
        case "asked":
            return f"asked for {_wanted(body)} at {safe(body.get('wall'), 40)}: scope {short(body.get('scope_hash', ''), 8)}"
        case "approved" | "declined":
            scope = f", scope {short(body['scope_hash'], 8)}" if body.get("scope_hash") else ""
            if body.get("review_by"):
                scope += f"; by one person alone, to be reviewed by another until {clock(body['review_by'])}"
            how = f" ({safe(body['how'], 80)})" if body.get("how") else ""
            return (
                f"{event.type.upper()} by {safe(body.get('by', '?'), 120)}{how} at {safe(body.get('wall'), 40)}{scope}"
            )
        case "step":
            if body.get("state") == "closed":
                return ""
            why = f": {safe(body['why'], 200)}" if body.get("why") else ""
            return f"step {safe(body.get('step'), 40)} {safe(body.get('state'), 40)}{why}"
        case "refused":
            return f"refused to give back {safe(body.get('effect'), 120)}: {safe(body.get('alive'), 20)} that it would revive still live"
        case "tainted":
            return f"TAINTED  {safe(body.get('effect'), 120)}: {safe(body.get('why', ''), 300)}"
        case "adopted":
            return f"MENDED playbook taken by {safe(body.get('by', '?'), 120)}: {short(body.get('sha256', ''), 8)}, planned anew"
        case "preserved":
            kept = safe(body.get("kept") or body.get("why") or "kept nowhere but here", 120)
            return f"evidence of {safe(body.get('step'), 60)}: {many(whole(body.get('count')), 'line')}, SHA-256 {short(body.get('sha256', ''), 8)}, {kept}"
        case "lapsed":
            return f"its holds were to last {safe(body.get('expires'), 20)}, and still hold: people are asked; nothing was lifted"
        case "worded":
            why = f": {safe(body['why'], 200)}" if body.get("why") else ""
            return f"{safe(body.get('word'), 40).upper()}{why}"
        case "stopped":
            return f"stopped by {safe(body.get('by', '?'), 120)}"
        case "darkened":
            why = f": {safe(body['why'], 200)}" if body.get("why") else ""
            return f"WENT DARK, by {safe(body.get('by', '?'), 120)}: nothing more of it in Slack{why}"
        case "noted":
            by = f" by {safe(body['by'], 120)}" if body.get("by") else ""
            return f"note{by}: {safe(body.get('text', ''), 200)}"
    return ""


def _wanted(body: Mapping[str, Any]) -> str:
    """Who was asked for, and how many; one where it does not say."""
    people, name = whole(body.get("people", 1)), f" (class {safe(body['class'], 40)})" if body.get("class") else ""
    return (
        f"{_who(body.get('role'))}{name}"
        if people <= 1
        else f"{people} people from {safe(body.get('role'), 40)} up{name}"
    )


def _who(role: object) -> str:
    return f"the {safe(role, 40)}" if role else "a person"
