"""What a run's events amount to: counts, times and states that every report shows alike. Reads the fold and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journal.event import Event
from journal.replay import CLOSED_WORDS, Effect, Run
from reports.text import between_s, clock, many, safe, whole
from reports.words import EFFECT_MEANING, FINAL, GRADES

QUIET_KINDS = frozenset({"message", "look", "find"})
"""Kinds of steps that close nothing."""

STATES = frozenset({"closed", "residual", "open", "unknown", "not-in-playbook"})


@dataclass(frozen=True, slots=True)
class Standing:
    """How one foothold stands.

    Attributes:
        state: closed, residual (closed, and something lives on until a known time), open, unknown, not-in-playbook, or
            given-back (open again, by us).
    """

    id: str
    state: str
    why: str


def rows(run: Run) -> list[Mapping[str, Any]]:
    """The steps of the plan; none where the run ended before it had one."""
    return [row for row in run.planned.get("steps") or () if isinstance(row, dict)]


def row_of(run: Run, step: str) -> Mapping[str, Any]:
    """One step of the plan; empty where the plan does not have it."""
    return next((row for row in rows(run) if row.get("id") == step), {})


def kinds(run: Run) -> dict[str, str]:
    """Step -> hold, cut, message, look or find."""
    return {str(row.get("id", "")): str(row.get("kind", "")) for row in rows(run)}


def acting(run: Run) -> list[Effect]:
    """The effects that close something. A step that the plan does not know counts: better too many than too few."""
    kind = kinds(run)
    return [effect for effect in run.effects.values() if kind.get(effect.step) not in QUIET_KINDS]


def untold(run: Run) -> list[Effect]:
    """Messages that may not have arrived: somebody may wait for word of this."""
    kind = kinds(run)
    return [e for e in run.effects.values() if kind.get(e.step) in QUIET_KINDS and word_of(e) != "requested"]


def word_of(effect: Effect) -> str:
    """The effect's word as people are told it: what was sent and never settled is in doubt, or requested."""
    if effect.word and (effect.word not in EFFECT_MEANING or (effect.back and effect.word in CLOSED_WORDS)):
        return "in-doubt"
    if effect.word or not effect.sends:
        return effect.word or "planned"
    if effect.came == "ok":
        return "requested"
    return "in-doubt" if effect.came in {None, "unsure"} else "planned"


def standings(run: Run) -> list[Standing]:
    """Each foothold, declared or discovered: as judged last, unless the journal knows better since."""
    judged: Mapping[str, Any] = next((e.body["footholds"] for e in reversed(run.words) if e.body.get("footholds")), {})
    declared = run.opened.get("footholds") or {}
    missing = set(run.planned.get("not_covered") or ())
    found = []
    for name in dict.fromkeys([*declared, *judged]):
        if name in judged:
            state, why = str(judged[name].get("state", "unknown")), str(judged[name].get("why", ""))
        elif name in missing:
            state, why = "not-in-playbook", ""
        else:
            state, why = "unknown", "not judged yet"
        state = state if state in STATES else "unknown"
        if state in {"closed", "residual"}:
            state, why = _closed_still(run, name, state, why)
        reason = declared.get(name, {}).get("found", "")
        if reason and state not in {"closed", "residual", "given-back"} and reason not in why:
            why = f"{why}; found, not declared: {reason}" if why else f"found, not declared: {reason}"
        found.append(Standing(str(name), state, why))
    return found


def uncovered(run: Run) -> list[str]:
    """Each foothold that no step of the plan covers, a sentence each: what it is, where, and why it counts."""
    footholds = run.opened.get("footholds") or {}
    rows_ = run.planned.get("uncovered")
    if rows_ is None:  # a record from before discovery
        rows_ = [{"id": name, **footholds.get(name, {})} for name in run.planned.get("not_covered") or ()]
    said = []
    for row in rows_:
        named = f"{safe(row.get('kind', ''), 40)} {safe(row.get('name', row['id']), 120)}"
        at = f" at {safe(row['at'], 60)}" if row.get("at") else ", which no connection of ours reaches"
        why = row.get("why") or (f"found, not declared: {row['found']}" if row.get("found") else "")
        head = "LEFT ALONE" if row.get("why") else "NOT IN THIS PLAYBOOK"
        said.append(
            f"{head}: {safe(row['id'], 60)}, {named}{at}: {safe(why, 600) + '. No' if why else 'no'} run of it can be contained"
        )
    return said


def discovered(run: Run) -> frozenset[str]:
    """Ids of the footholds that discovery found and nobody declared."""
    listed = (run.opened.get("declared") or {}).get("footholds") or ()
    return frozenset(str(one["id"]) for one in listed if one.get("found"))


def _closed_still(run: Run, foothold: str, state: str, why: str) -> tuple[str, str]:
    """What was judged closed and is no more: given back, drifted, contested; or rests on a list that was empty."""
    mine = [row for row in rows(run) if row.get("foothold") == foothold]
    effects = [effect for row in mine for effect in run.of_step(str(row.get("id")))]
    words = {word_of(effect): effect.id for effect in effects}
    if "contested" in words:
        return "open", f"{words['contested']}: switched back on"
    if "undone" in words:
        return "given-back", "by recovery"
    for word, said in (("drifted", "changed since we left it"), ("in-doubt", "in doubt")):
        if word in words:
            return "unknown", f"{words[word]}: {said}"
    if run.word == "nothing-found":
        empty = [str(row["id"]) for row in mine if row.get("kind") == "cut" and not run.of_step(str(row["id"]))]
        if empty:
            return "unknown", f"{empty[0]}: nothing was found to cut"
    return state, why


def footholds(run: Run) -> dict[str, int]:
    """How many are declared, covered, closed, residual, open, unknown. What was given back is open."""
    states = [standing.state for standing in standings(run)]
    covered = len(states) - states.count("not-in-playbook")
    closed, again = states.count("closed"), states.count("open") + states.count("given-back")
    lives_on = states.count("residual")
    return {
        "declared": len(states), "covered": covered, "closed": closed, "residual": lives_on, "open": again,
        "unknown": covered - closed - lives_on - again,
    }  # fmt: skip


def planned(run: Run) -> int:
    """How many effects there were to be, or are by now."""
    wanted = sum(
        whole(row.get("missing")) + whole(row.get("held")) for row in rows(run) if row.get("kind") in {"hold", "cut"}
    )
    return max(wanted, len(acting(run)))


def effects(run: Run) -> dict[str, int]:
    """Effects by word. `residual`: those of the effective ones after which something lives on for a while."""
    mine = acting(run)
    words = [word_of(effect) for effect in mine]
    lives_on = {str(row.get("id")) for row in rows(run) if row.get("residual")}
    return {
        "planned": planned(run),
        "effective": words.count("effective"),
        "residual": sum(1 for e in mine if e.step in lives_on and word_of(e) == "effective"),
        "held_already": words.count("held-already"),
        "failed": words.count("failed"),
        "contested": sum(1 for effect in mine if effect.contested),
        "in_doubt": words.count("in-doubt"),
    }


def proof(run: Run) -> dict[str, int]:
    """Proven effects by grade. `said` counts what a 2xx alone speaks for, messages too: none of it is effective."""
    counts = dict.fromkeys(GRADES, 0)
    for effect in acting(run):
        if word_of(effect) in CLOSED_WORDS:
            counts[effect.grade if effect.grade in counts else "said"] += 1
    counts["said"] += sum(1 for effect in run.effects.values() if word_of(effect) == "requested")
    return counts


def proof_text(run: Run) -> str:
    """`3 tried, 228 seen, 0 said`: said is always named, since nothing may hide behind it. Messages stand apart."""
    counts = proof(run)
    kind = kinds(run)
    messages = sum(1 for e in run.effects.values() if kind.get(e.step) in QUIET_KINDS and word_of(e) == "requested")
    counts["said"] -= messages
    text = ", ".join(f"{count} {grade}" for grade, count in counts.items() if count or grade == "said")
    return f"{text}; {many(messages, 'message')} requested" if messages else text


def seconds(run: Run, events: Iterable[Event]) -> dict[str, float | None]:
    """Command to last hold proven; approval to last cut proven; command to the last final word."""
    kind = kinds(run)
    last: dict[str, str] = {}
    proven: set[object] = set()
    approved = ""
    recovering = False
    for event in events:
        body = event.body
        if event.type == "worded" and body.get("word") == "recovering":
            recovering = True
        elif event.type == "approved" and not approved and not recovering:
            approved = event.at
        elif event.type == "settled" and body.get("word") in CLOSED_WORDS and not body.get("back"):
            if body.get("effect") not in proven:  # closed again after somebody switched it back: not a new beginning
                last[kind.get(str(body.get("step")), "")] = event.at
            proven.add(body.get("effect"))
    word = last_word(run)
    return {
        "hold": between_s(run.opened_at, last.get("hold", "")),
        "cut": between_s(approved, last.get("cut", "")) if approved else None,
        "total": between_s(run.opened_at, word.at) if word is not None else None,
    }


def last_word(run: Run) -> Event | None:
    """The last final word; None while there is none."""
    return next((event for event in reversed(run.words) if event.body.get("word") in FINAL), None)


def residual_until(run: Run) -> str | None:
    """When the last path dies by itself, as the newest word has it; None where nothing lives on."""
    return str(run.words[-1].body.get("until")) if run.words and run.words[-1].body.get("until") else None


def since_approval(run: Run, step: str) -> int:
    """How many targets of a step were met beyond those that its approver was shown: the same scope, so not asked again."""
    row = row_of(run, step)
    if row.get("kind") != "cut" or not run.approved:
        return 0
    return max(len(run.of_step(step)) - whole(row.get("count")), 0)


def by_hand(run: Run) -> dict[str, str]:
    """Steps that wait for a person: id -> what is to be done. `STEP/by-hand` is the effect of one that is done."""
    return {
        name: str(body.get("why", "")) for name, body in run.steps.items()
        if body.get("state") == "asked" and not _done(run, name, back=bool(body.get("back")))
    }  # fmt: skip


def _done(run: Run, step: str, *, back: bool) -> bool:
    effect = run.effects.get(f"{step}/by-hand")
    return effect is not None and effect.word == ("undone" if back else "effective")


def ended(events: Sequence[Event]) -> Mapping[str, Any]:
    """The body of the run's end; empty when it has none: it goes on, was taken up again, or was cut off."""
    newest = next((event for event in reversed(events) if event.type in {"ended", "leased"}), None)
    return newest.body if newest is not None and newest.type == "ended" else {}


def live(run: Run, row: Mapping[str, Any]) -> int:
    """How many targets of a cut still work: by its newest listing, or by the plan where nothing was listed since."""
    step = str(row.get("id"))
    if row.get("kind") != "cut" or run.steps.get(step, {}).get("state") == "skipped":
        return 0
    listing = run.listings.get(step)
    closed = [effect for effect in run.of_step(step) if effect.word in CLOSED_WORDS]
    if listing is None:
        return max(whole(row.get("missing")) - sum(1 for effect in closed if effect.sends), 0)
    return max(listing.open - sum(1 for effect in closed if effect.n > listing.n), 0)


def since_word(run: Run) -> str:
    """What happened after the newest word, so that nobody takes an old word for the state of now; "" if nothing did."""
    if not run.words or run.word in {"running", "contested", "recovering"}:
        return ""
    at, n = run.words[-1].at, run.words[-1].n
    mine = acting(run)
    counts = {
        "switched back on": sum(1 for effect in mine if effect.n > n and effect.word == "contested"),
        "sent": sum(1 for effect in mine if effect.sent_at > at),
        "approved": sum(1 for event in run.approved.values() if event.n > n),
    }
    found = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return f"Since that word, at {clock(at)}: {found}; not judged again yet." if found else ""
