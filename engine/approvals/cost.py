"""What a mistake would cost, and how many people of which authority must therefore say yes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from inventory.people import ApprovalsEntry

_RANKS: Mapping[str, int] = {"auditor": 0, "responder": 1, "approver": 2, "commander": 3}


def rank(role: str) -> int:
    """How much authority a role has: a commander may do an approver's part. 0 for what is no role."""
    return _RANKS.get(role, 0)


def highest(roles: frozenset[str] | tuple[str, ...]) -> str:
    """The role of these with the most authority; "" without one."""
    return max(sorted(roles), key=rank, default="")


@dataclass(frozen=True, slots=True)
class Cost:
    """What it costs when it was wrong: people interrupted, and hours until each is restored."""

    people: int
    hours: Decimal

    @property
    def value(self) -> Decimal:
        """People x hours."""
        return self.people * self.hours

    def __str__(self) -> str:
        """It in words, as people and the record read it."""
        return f"{self.people} people x {self.hours.normalize():f} h"


@dataclass(frozen=True, slots=True)
class Needed:
    """What a wall wants.

    Attributes:
        people: how many must say yes. role: of which authority at least.
        name: the class that the cost is in.
    """

    role: str
    people: int
    name: str
    cost: Cost

    def body(self, approvals: ApprovalsEntry, *, within_s: float | None = None) -> dict[str, Any]:
        """The part of an `asked` event that says what is wanted, by which ladder: what is decided later is decided by it.

        `within_s`: how long the first rung is asked alone, where the playbook says.
        """
        return {
            "role": self.role, "people": self.people, "class": self.name, "cost": str(self.cost),
            "ladder": [rung for rung in approvals.ladder if rung != "codes" or approvals.codes],
            "within_s": int(within_s or approvals.rung_s), "rung_s": approvals.rung_s,
        }  # fmt: skip


def needed(cost: Cost, approvals: ApprovalsEntry, *, role: str = "approver", people: int = 1) -> Needed:
    """The more of what the playbook's wall wants (`role`, `people`) and what the class of the cost wants."""
    entry = next(one for one in approvals.classes if one.up_to is None or cost.value <= one.up_to)
    return Needed(max(role, entry.role, key=rank), max(people, entry.people), entry.name, cost)


def needed_beyond_guardrail(cost: Cost, approvals: ApprovalsEntry, *, people: int = 1) -> Needed:
    """Passing a guardrail asks, it does not refuse: a commander, and as many as the class of the cost wants."""
    return needed(cost, approvals, role="commander", people=people)
