"""What a run's events amount to: counts, times and states that every report shows alike. Reads the fold and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journal.event import Event
from journal.replay import CLOSED_WORDS, Effect, Run
from reports.text import between_s, whole
from reports.words import FINAL, GRADES

QUIET_KINDS = frozenset({"message", "look", "find"})
"""Kinds of steps that close nothing."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one foothold stands. `state`: closed, open, unknown or not-in-playbook."""

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


def word_of(effect: Effect) -> str:
    """The effect's word as people are told it: what was sent and never settled is in doubt, or requested."""
    if effect.back and effect.word in CLOSED_WORDS:
        return "in-doubt"
    if effect.word or not effect.sends:
        return effect.word or "planned"
    if effect.came == "ok":
        return "requested"
    return "in-doubt" if effect.came in {None, "unsure"} else "planned"


def standings(run: Run) -> list[Standing]:
    """Each foothold, declared or discovered. What recovery gave back is open again, whatever was judged before it."""
    judged: Mapping[str, Any] = next((e.body["footholds"] for e in reversed(run.words) if e.body.get("footholds")), {})
    declared = run.opened.get("footholds") or {}
    missing = set(run.planned.get("not_covered") or ())
    given_back = {row_of(run, effect.step).get("foothold") for effect in acting(run) if effect.word == "undone"}
    found = []
    for name in dict.fromkeys([*declared, *judged]):
        if name in judged:
            state, why = str(judged[name].get("state", "unknown")), str(judged[name].get("why", ""))
        elif name in missing:
            state, why = "not-in-playbook", ""
        else:
            state, why = "unknown", "not judged yet"
        if name in given_back and state == "closed":
            state, why = "open", "given back by recovery"
        found.append(Standing(str(name), state, why))
    return found


def footholds(run: Run) -> dict[str, int]:
    """How many are declared, covered, closed, open, unknown."""
    states = [standing.state for standing in standings(run)]
    beyond = states.count("not-in-playbook")
    return {
        "declared": len(states), "covered": len(states) - beyond, "closed": states.count("closed"),
        "open": states.count("open"), "unknown": len(states) - beyond - states.count("closed") - states.count("open"),
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
    """`3 tried, 228 seen, 0 said`: said is always named, since nothing may hide behind it."""
    counts = proof(run)
    return ", ".join(f"{count} {grade}" for grade, count in counts.items() if count or grade == "said")


def seconds(run: Run, events: Iterable[Event]) -> dict[str, float | None]:
    """Command to last hold proven; approval to last cut proven; command to the last final word."""
    kind = kinds(run)
    last: dict[str, str] = {}
    approved = ""
    recovering = False
    for event in events:
        body = event.body
        if event.type == "worded" and body.get("word") == "recovering":
            recovering = True
        elif event.type == "approved" and not approved and not recovering:
            approved = event.at
        elif event.type == "settled" and body.get("word") in CLOSED_WORDS and not body.get("back"):
            last[kind.get(str(body.get("step")), "")] = event.at
    word = last_word(run)
    return {
        "hold": between_s(run.opened_at, last.get("hold", "")),
        "cut": between_s(approved, last.get("cut", "")) if approved else None,
        "total": between_s(run.opened_at, word.at) if word is not None else None,
    }


def last_word(run: Run) -> Event | None:
    """The last final word; None while there is none."""
    return next((event for event in reversed(run.words) if event.body.get("word") in FINAL), None)


def ended(events: Sequence[Event]) -> Mapping[str, Any]:
    """The body of the run's end; empty when it has none: it goes on, was taken up again, or was cut off."""
    newest = next((event for event in reversed(events) if event.type in {"ended", "leased"}), None)
    return newest.body if newest is not None and newest.type == "ended" else {}


def live(run: Run, row: Mapping[str, Any]) -> int:
    """How many targets of a cut still work: by its newest listing, or by the plan where nothing was listed since."""
    if row.get("kind") != "cut" or run.steps.get(str(row.get("id")), {}).get("state") == "skipped":
        return 0
    step = str(row.get("id"))
    listing = run.listings.get(step)
    open_now = [effect for effect in run.of_step(step) if effect.word not in CLOSED_WORDS]
    settled = len(run.of_step(step)) - len(open_now)
    if listing is None:
        return max(whole(row.get("missing")) + whole(row.get("held")) - settled, 0)
    return listing.open
