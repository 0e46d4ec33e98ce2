"""Sentences that the closing summary and the after-action page share: numbers, what is left, what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journal.event import Event
from journal.replay import CLOSED_WORDS, Run
from reports import facts, reach
from reports.matrix import noun
from reports.text import day, many, safe, took, whole
from reports.words import EFFECT_MEANING, RECOVERY, meaning, spoken

SHOWN = 10
"""Lines of one kind that a terminal shows; the page has the rest."""
TOGETHER = 3
"""More effects of a step than this, with the same word and reason, are one line."""


def mode_line(run: Run) -> str:
    """What must be said first where it was not the real thing; "" where it was."""
    match run.opened.get("mode"):
        case "drill":
            return "DRILL: on the practice company. Nothing real was touched."
        case "dry-run":
            return "DRY RUN: only looked. Nothing was sent, nothing is closed."
        case _:
            return ""


def meaning_of(run: Run) -> str:
    """The word's sentence; where something happened since the word, that first."""
    since = facts.since_word(run)
    begun = any(effect.sends and facts.row_of(run, effect.step).get("kind") == "cut" for effect in facts.acting(run))
    said = meaning(run.word)
    if begun and run.word in {"held", "waiting", "expired"}:
        said = "What can be undone is off; the cut has begun and is not through."
    return f"{since} {said}" if since else said


def named(run: Run) -> str:
    """What was contained, by which playbook."""
    opened = run.opened
    if not opened:
        return "The journal of this run has no opening: it was cut off at its first event."
    what = safe(opened.get("integration_title") or opened.get("integration") or "no integration", 120)
    return f"{what} · playbook {safe(opened.get('playbook', '?'), 60)} · by {safe(opened.get('by', '?'), 120)}"


def timings(run: Run, events: Sequence[Event]) -> list[tuple[str, str, str]]:
    """Hold, cut and last word: (what, how long, what it says or why there is none)."""
    seconds = facts.seconds(run, events)
    kind = facts.kinds(run)
    found = []
    for name, since, none in (
        ("hold", "from the command to the last hold proven", "no hold is proven"),
        ("cut", "from the approval to the last cut proven", "nothing is proven cut after an approval"),
    ):
        wanted = sum(
            whole(row.get("missing")) + whole(row.get("held")) for row in facts.rows(run) if row.get("kind") == name
        )
        mine = [effect for effect in facts.acting(run) if kind.get(effect.step) == name]
        proven = sum(1 for effect in mine if facts.word_of(effect) in CLOSED_WORDS)
        counted = (
            "" if run.word in RECOVERY or not (wanted or mine) else f"; {proven} of {max(wanted, len(mine))} proven"
        )
        say = none if seconds[name] is None else since
        if name == "cut" and seconds[name] is None and not run.approved:
            say = "not approved"
        found.append((name, took(seconds[name]), say + counted))
    word = facts.last_word(run)
    said = f"from the command to the word {word.body['word']}" if word is not None else "there is no last word yet"
    return [*found, ("last word", took(seconds["total"]), said)]


def reached(run: Run) -> list[str]:
    """What the integration reaches and what stops with it, as planned; nothing where the plan does not say."""
    head, ask = reach.head(run), reach.ask(run)
    return [head, *reach.stops(run), *([ask] if ask else [])] if head else []


def attacker_line(events: Sequence[Event], told: Mapping[str, Any] | None) -> str:
    """What still got through after the command; "" where nobody counted."""
    known = told or facts.ended(events).get("attacker") or {}
    if "after_command" not in known:
        return ""
    line = f"Attacker since the command: {many(known['after_command'], 'call')} got through"
    if "refused_after" in known:
        line += f", {known['refused_after']} refused"
    return line + (f"; {known['after_word']} got through after the last word" if "after_word" in known else "") + "."


def irreversible(run: Run) -> list[str]:
    """What was done and cannot be undone, with what it takes to get it back."""
    found = []
    for row in facts.rows(run):
        sent = [effect for effect in run.of_step(str(row.get("id"))) if effect.sends]
        if row.get("kind") == "cut" and sent:
            back = safe(row.get("irreversible") or "the playbook does not say")
            since = facts.since_approval(run, str(row.get("id")))
            many_ = f"{len(sent)}{f' (+{since} since approval)' if since else ''}"
            found.append(f"{safe(row.get('id'), 40)}: {many_} by {safe(row.get('uses'), 60)}; to get back: {back}")
    return found


def residual(run: Run) -> list[str]:
    """What lives on for a while after it was proven closed."""
    return [
        f"{safe(row.get('id'), 40)}: {safe(row['residual'])}"
        for row in facts.rows(run)
        if row.get("residual") and any(effect.word == "effective" for effect in run.of_step(str(row.get("id"))))
    ]


def contested(run: Run) -> list[str]:
    """What was switched back on while we contained, how often, and how it is now."""
    return [
        f"{safe(effect.id, 120)}: switched back on {many(effect.contested, 'time')}; now {spoken(facts.word_of(effect))}"
        for effect in run.effects.values()
        if effect.contested
    ]


def tainted(run: Run) -> list[str]:
    """What was changed before this run came, and what people made of it."""
    found = []
    for name, body in run.tainted.items():
        effect, tick = run.effects.get(name), run.ticked.get(name)
        said = [f"ticked by {safe(tick.body.get('by', '?'), 120)}"] if tick is not None else []
        said += ["given back"] if effect is not None and effect.word == "undone" else []
        found.append(
            f"{safe(name, 120)}: {safe(body.get('why', ''))}; {', '.join(said) or 'off until a person ticks it'}"
        )
    return found


def not_done(run: Run) -> list[str]:
    """What is not proven, the steps that failed, were skipped or waited, and what the plan could not look at."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for effect in [*facts.acting(run), *facts.untold(run)]:
        word = facts.word_of(effect)
        if word not in CLOSED_WORDS and word != "undone":
            why = (safe(effect.why, 160) if effect.word else "") or EFFECT_MEANING.get(word, "")
            groups.setdefault((effect.step, word, why), []).append(effect.id)
    found = []
    for (step, word, why), ids in groups.items():
        said = f"{spoken(word)}{', ' + why if why else ''}"
        if len(ids) > TOGETHER:
            found.append(f"{safe(step, 40)}: {len(ids)} {said}; the first is {safe(ids[0], 120)}")
        else:
            found += [f"{safe(name, 120)}: {said}" for name in ids]
    hands = facts.by_hand(run)
    for step, body in run.steps.items():
        if body.get("state") == "asked":
            found += [f"step {safe(step, 40)}: a person does it: {safe(hands[step], 160)}"] if step in hands else []
        elif body.get("state") != "closed":
            why = safe(body.get("why", ""), 160)
            found.append(f"step {safe(step, 40)}: {safe(body.get('state'), 40)}{', ' + why if why else ''}")
    for row in facts.rows(run):
        if row.get("why"):
            found.append(f"step {safe(row.get('id'), 40)}: not known when planned, {safe(row['why'], 160)}")
        sent = len(run.of_step(str(row.get("id"))))
        wanted = whole(row.get("missing")) + whole(row.get("held"))
        skipped = run.steps.get(str(row.get("id")), {}).get("state") == "skipped"
        if row.get("kind") in {"hold", "cut"} and sent < wanted and not skipped:
            found.append(f"step {safe(row.get('id'), 40)}: {wanted - sent} of {wanted} not begun")
    return found


def next_steps(run: Run) -> list[str]:
    """The command to type now; first what is left to be looked at of walls that one person opened alone."""
    return [*_to_review(run), *_next(run)]


def _to_review(run: Run) -> list[str]:
    seen = {wall: event.n for wall, event in run.reviewed.items()}
    return [
        f"Another person looks at {safe(wall, 40)}, which {safe(event.body.get('by', '?'), 120)} opened alone, until"
        f" {day(event.body['review_by'])}: `ringfence review {safe(run.id, 60)}`."
        for wall, event in run.approved.items()
        if event.body.get("review_by") and seen.get(wall, 0) < event.n
    ]


def _hands(run: Run) -> list[str]:
    """What people do, each with the command that says it is done."""
    return [
        f"By hand: {safe(what, 300)}. Then: `ringfence attest {safe(run.id, 60)} {safe(step, 60)} --reason '...'`."
        for step, what in facts.by_hand(run).items()
    ]


def _approvals(run: Run, resume: str) -> list[str]:
    """The command that approves what is asked; nothing where every wall is open."""
    waits = [wall for wall in run.asked if wall not in run.approved]
    if waits or not run.asked:
        proven = f"`ringfence approve {safe(run.id, 60)}`, or sits down at {resume}" if run.asked else resume
        return [f"An approver reads the scope and approves the cut: {proven}."]
    return [] if facts.by_hand(run) else [f"Go on: {resume}."]


def _next(run: Run) -> list[str]:
    name = safe(run.id, 60)
    resume = f"`ringfence resume {name}`"
    if run.opened.get("mode") == "dry-run":
        return ["To carry it out: the same command without --dry-run."]
    match run.word:
        case "planned":
            return ["To carry it out: `ringfence contain` with the same playbook and inputs."]
        case "contained":
            return [
                f"Look again at any time: `ringfence check {name}`.",
                f"When what he planted is gone and secrets are rotated: `ringfence recover {name}`.",
            ]
        case "waiting" | "held" | "expired" | "objected" if "recovering" not in _words(run) and not facts.since_word(
            run
        ):
            return [*_hands(run), *_approvals(run, resume), *still_in(run)]
        case "recovered":
            return [f"Look at what was given back: `ringfence check {name}` says what is open again."]
        case "partially-recovered":
            tick = ", `--tick STEP/TARGET --reason '...'` for what is tainted and yet clean" if run.tainted else ""
            return [
                f"Look at what it stopped at; then `ringfence recover {name}`, with `--leave STEP` for what stays{tick}."
            ]
        case "nothing-found":
            return ["Check that the integration names the right client and that the connection may see its tokens.",
                    *still_in(run)]  # fmt: skip
        case "refused":
            return ["Nothing was sent. Mend what was refused, then start again."]
        case "partially-contained" | "failed":
            return [
                f"Close by hand what is open or not in this playbook (see the footholds); then {resume}.",
                *still_in(run),
            ]
        case _:
            return [f"If no process is at it, go on from the journal: {resume}.", *still_in(run)]


def still_in(run: Run) -> list[str]:
    """By how many live things he is still in; nothing where there are none that a cut of the plan would end."""
    found = [(facts.live(run, row), row) for row in facts.rows(run)]
    by = ", ".join(many(alive, f"live {noun([row])}") for alive, row in found if alive)
    return [f"Still in by {by}."] if by else []


def _words(run: Run) -> list[str]:
    return [str(event.body.get("word")) for event in run.words]


def capped(lines: Sequence[str], most: int = SHOWN) -> list[str]:
    """The first of them, and how many more there are."""
    return [*lines[:most], f"and {len(lines) - most} more"] if len(lines) > most else list(lines)
