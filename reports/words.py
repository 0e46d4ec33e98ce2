"""What each word means, in a sentence. No other words for a run or an effect are shown to people."""

from __future__ import annotations

from typing import Literal

Tone = Literal["good", "wait", "bad"]

MEANING: dict[str, str] = {
    "planned": "Looked at; nothing was sent.",
    "running": "Not judged yet: take the attacker to be still in.",
    "held": "What can be undone is off, and proven. Nothing one-way was done: what is live still works.",
    "waiting": "What cannot be undone waits for a person. What is live still works for the attacker.",
    "closing": "Closed, but something given out before lives on until a known time.",
    "contained": "Every foothold of the integration is closed, and that is proven.",
    "partially-contained": "A foothold is open, unknown or not in this playbook: take the attacker to be still in.",
    "contested": "Somebody switches things back on while we contain: take the attacker to be still in.",
    "nothing-found": "A list that should hold something was empty. That proves nothing: is it the right client?",
    "failed": "No foothold is proven closed: take the attacker to be still in.",
    "stopped": "Ended by a person before the last word. What was sent stays sent; nothing new was started.",
    "refused": "Not started: nothing was sent.",
    "objected": "A person objected. What is held stays held.",
    "expired": "Nobody answered in time. What is held stays held; nothing one-way was done.",
    "dry-run": "Only looked at: nothing was sent, nothing is closed.",
    "recovering": "What this run switched off is being given back.",
    "recovered": "What was clean before is given back, and proven.",
    "partially-recovered": "Some of it was not given back: it stays off until a person has looked.",
}

FINAL = frozenset({
    "contained", "partially-contained", "nothing-found", "failed", "stopped", "refused", "objected", "expired",
    "dry-run", "recovered", "partially-recovered",
})  # fmt: skip
RECOVERY = frozenset({"recovering", "recovered", "partially-recovered"})
GRADES = ("tried", "seen", "quiet", "attested", "said")
"""How an effect is known, strongest first."""

GRADE_MEANING = {
    "tried": "used, and turned away",
    "seen": "a fresh look shows it",
    "quiet": "the provider's log shows no success since",
    "attested": "a named person's word",
    "said": "a 2xx only: not proven",
}
EFFECT_MEANING = {
    "effective": "proven",
    "held-already": "was so before we came",
    "requested": "a 2xx, not proven",
    "failed": "not there",
    "contested": "switched back on while we contain",
    "in-doubt": "sent for all we know; nothing says what came of it",
    "undone": "given back, proven",
    "drifted": "changed since we left it, so left alone",
    "planned": "not sent",
}


def meaning(word: str) -> str:
    """The sentence of a run's word."""
    return MEANING.get(word, "A word that this version does not know: take the attacker to be still in.")


def spoken(word: str) -> str:
    """A state as it is read: without its hyphens, and `not-in-playbook` in full."""
    return "not in this playbook" if word == "not-in-playbook" else word.replace("-", " ")


def tone(word: str) -> Tone:
    """How loud a state is shown. What is not known to be good is bad."""
    if word in {"contained", "recovered", "closed", "effective", "held-already"}:
        return "good"
    if word in {
        "residual", "held", "waiting", "closing", "planned", "running", "recovering", "dry-run", "requested", "undone", "skipped",
        "given-back",
    }:  # fmt: skip
        return "wait"
    return "bad"
