"""What a named person may say of a step or an effect: that it is done, or that it is to be sent again."""

from __future__ import annotations

from typing import Any

from engine.approvals.question import target_among, targets_of
from engine.by_hand import ASKED
from inventory.proof import Sayer
from journal.event import Draft, Private
from journal.run import Run


class NotTaken(Exception):
    """Why what was said does nothing, and what to do. `code`: for the record; "" where it is not even recorded."""

    def __init__(self, why: str, code: str = "") -> None:
        """Keep the code beside the sentence."""
        super().__init__(why)
        self.code = code


def _heard(run: Run, sayer: Sayer, targets: frozenset[str]) -> None:
    """Raise NotTaken for somebody whose word does not count: unproven, or among what the incident acts on."""
    if not sayer.proven and run.opened.get("mode") != "drill":
        raise NotTaken(
            f"{sayer.os or 'The user of this machine'} alone is no proof of who sits there. Say it with --token or --key.",
            "unproven",
        )
    if account := target_among(sayer.accounts, targets | targets_of(run)):
        raise NotTaken(
            f"{sayer.name} has no say in incident {run.incident}: {account} is among what it acts on.", "target"
        )


def attested(run: Run, what: str, sayer: Sayer, reason: str, targets: frozenset[str] = frozenset()) -> Draft:
    """The event that a person says something is done. Raises NotTaken where a look can tell, or nobody was asked."""
    _heard(run, sayer, targets)
    body: dict[str, Any] = {"by": Private(sayer.by), "how": sayer.how, "reason": Private(reason)}
    step = run.steps.get(what)
    if step is not None and step.get("state") == ASKED:
        return Draft("attested", {"step": what, "back": bool(step.get("back")), **body})
    effect = run.effects.get(what)
    if effect is None:
        waits = [name for name, one in run.steps.items() if one.get("state") == ASKED]
        unproven = [one.id for one in run.effects.values() if not one.closed and one.grade in {"said", ""}]
        known = ", ".join([*waits, *unproven][:10]) or "nothing"
        raise NotTaken(f"Run {run.id} has no '{what}' that waits for a person's word. What does: {known}.")
    if effect.grade != "said" or effect.closed:
        state = "is proven already" if effect.closed else "can be looked at"
        raise NotTaken(f"{what} {state}: a person's word adds nothing. `ringfence check {run.id}` looks now.")
    return Draft("attested", {"step": effect.step, "effect": effect.id, **body})


def ticked(
    run: Run, what: str, sayer: Sayer, reason: str, targets: frozenset[str] = frozenset(), *, people: bool
) -> Draft:
    """The event that something tainted is to be given back all the same. Raises NotTaken where nothing of that name is.

    `people`: people are configured, so that it takes a commander who is no target; else whoever sits at this machine.
    """
    if people:
        _heard(run, sayer, targets)
        if "commander" not in sayer.roles:
            raise NotTaken(
                f"{sayer.name or sayer.by} may not tick what is tainted: a commander does (--as NAME --token @FILE).",
                "role",
            )
    off = [name for name in run.tainted if name not in run.ticked and run.effects[name].word != "undone"]
    meant = [name for name in off if what in {name, run.effects[name].step}]
    if not meant:
        known = f"What is: {', '.join(off[:10])}" if off else f"`ringfence recover {run.id}` says what is tainted"
        raise NotTaken(f"Run {run.id} has nothing tainted by the name '{what}' that is left off. {known}.")
    return Draft("ticked", {"effects": meant, "by": Private(sayer.by), "how": sayer.how, "reason": Private(reason)})


def retried(run: Run, what: str, sayer: Sayer, reason: str, targets: frozenset[str] = frozenset()) -> Draft:
    """The event that an effect is to be sent again, whatever became of it. Raises NotTaken where it is closed or unknown."""
    _heard(run, sayer, targets)
    effect = run.effects.get(what)
    if effect is None:
        open_ones = [one.id for one in run.effects.values() if not one.closed]
        raise NotTaken(f"Run {run.id} has no effect '{what}'. Not closed: {', '.join(open_ones[:10]) or 'none'}.")
    if effect.closed:
        raise NotTaken(f"{what} is {effect.word}, proven: there is nothing to send again.")
    return Draft("retried", {"effect": effect.id, "by": Private(sayer.by), "how": sayer.how, "reason": Private(reason)})
