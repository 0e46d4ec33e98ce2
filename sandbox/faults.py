"""Faults on request: what real providers do now and then, done to the tool's requests only."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sandbox.ask import Refuse

Fault = Literal["", "busy", "lost", "false_200", "status_5xx"]

SHARES = ("busy", "lost", "false_200", "status_5xx")


@dataclass(slots=True)
class Faults:
    """How often requests of ours go wrong.

    Attributes:
        busy: share of requests answered 429 with `Retry-After: 1`; nothing happens.
        lost: share of requests that take effect and whose connection is then dropped without an answer.
        false_200: share of writes that answer as if done and do nothing.
        status_5xx: share of requests answered 503; nothing happens.
        slow_s: seconds that each request waits before it is looked at.
        seed: of the dice.
    """

    busy: float = 0.0
    lost: float = 0.0
    false_200: float = 0.0
    status_5xx: float = 0.0
    slow_s: float = 0.0
    seed: int = 7
    _dice: random.Random = field(default_factory=lambda: random.Random(7), repr=False)  # noqa: S311 - no secret

    def draw(self, *, write: bool) -> Fault:
        """Throw the dice for one request."""
        thrown = self._dice.random()
        for name, share in (("busy", self.busy), ("lost", self.lost), ("status_5xx", self.status_5xx)):
            if thrown < share:
                return name  # type: ignore[return-value] # one of the words above
            thrown -= share
        return "false_200" if write and thrown < self.false_200 else ""

    def told(self) -> dict[str, Any]:
        """Show the settings."""
        return {name: value for name, value in asdict(self).items() if not name.startswith("_")}

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Faults:
        """Read new settings; what is not named is off."""
        known = set(cls().told())
        if unknown := set(body) - known:
            raise Refuse(422, f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
        for name, value in body.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise Refuse(422, f"{name} is a number from 0")
        seed = int(body.get("seed", 7))
        shares = {name: float(body.get(name, 0)) for name in SHARES}
        if sum(shares.values()) > 1:
            raise Refuse(422, "the shares together are at most 1")
        dice = random.Random(seed)  # noqa: S311 - no secret
        return cls(**shares, slow_s=float(body.get("slow_s", 0)), seed=seed, _dice=dice)
