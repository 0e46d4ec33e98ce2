"""The word of a run, judged over the integration's footholds: a pure function of how each step stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from connectors.core import Family

StandingState = Literal["closed", "open", "unknown", "skipped", "waiting"]
FootholdState = Literal["closed", "residual", "open", "unknown", "not-in-playbook"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one step stands.

    Attributes:
        foothold: id of the foothold that it works on; None: on none of ours.
        state: closed: proven; unknown: what was seen is missing, dirty or older than its block.
        empty: it listed, and has never found anything, without saying that this may be.
        residual_until: it is closed, and something that it ended lives on until then; "" where nothing does.
    """

    step: str
    foothold: str | None
    does: frozenset[Family]
    state: StandingState
    why: str = ""
    empty: bool = False
    residual_until: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A word, and what it rests on: foothold id -> (state, why). `residual_until`: when the last path dies by itself."""

    word: str
    footholds: Mapping[str, tuple[FootholdState, str]] = field(default_factory=dict)
    residual_until: str = ""

    def count(self, state: FootholdState) -> int:
        """How many footholds are in this state."""
        return sum(1 for found, _ in self.footholds.values() if found == state)

    def body(self) -> dict[str, dict[str, str]]:
        """As the journal holds it."""
        return {name: {"state": state, "why": why} for name, (state, why) in self.footholds.items()}


def judge(
    needs: Mapping[str, frozenset[Family]],
    standings: Sequence[Standing],
    aside: Mapping[str, tuple[FootholdState, str]] | None = None,
) -> Verdict:
    """The word for these footholds (id -> families that close it) and steps.

    `nothing-found` comes first: a block and an empty listing would make every foothold look closed. `aside`: footholds
    that no step may touch, as they stand: they count like the others.
    """
    left = aside or {}
    footholds = {name: left.get(name) or _foothold(name, wanted, standings) for name, wanted in needs.items()}
    states = {state for state, _ in footholds.values()}
    if any(standing.empty for standing in standings):
        word = "nothing-found"
    elif states <= {"closed"}:
        word = "contained"
    elif states <= {"closed", "residual"}:
        word = "closing"
    elif states & {"closed", "residual"} or any(s.state == "closed" and s.foothold is not None for s in standings):
        word = "partially-contained"
    else:
        word = "failed"
    until = max((standing.residual_until for standing in standings), default="")
    return Verdict(word, footholds, until if word == "closing" else "")


def _foothold(name: str, wanted: frozenset[Family], standings: Sequence[Standing]) -> tuple[FootholdState, str]:
    mine = [standing for standing in standings if standing.foothold == name]
    covered = frozenset[Family]().union(*(standing.does for standing in mine))
    if uncovered := wanted - covered:
        return "not-in-playbook", f"no step {' or '.join(sorted(uncovered))} here"
    until = max((standing.residual_until for standing in mine if standing.state == "closed"), default="")
    worst: tuple[FootholdState, str] = ("residual", f"until {until}") if until else ("closed", "")
    for family in sorted(wanted):
        steps = [standing for standing in mine if family in standing.does]
        unsettled = [s for s in steps if s.state not in {"closed", "skipped"}]
        if not unsettled and any(s.state == "closed" for s in steps):
            continue
        for standing in unsettled or steps:
            why = f"{standing.step}: {standing.why or standing.state}"
            if standing.state == "unknown":
                return "unknown", why
            worst = ("open", why) if worst[0] in {"closed", "residual"} else worst
    return worst
