"""Is it closed *now*? Looks only: nothing is sent, nothing is journaled, whoever carries the run out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from connectors.core import ConnectorError
from engine.bound import Bound
from engine.observe import InDoubt, observe
from engine.state import Live


@dataclass(frozen=True)
class Checked:
    """One step as a fresh look shows it: `open` targets of `count`, or why it cannot be told."""

    step: str
    uses: str
    count: int
    open: tuple[str, ...]
    why: str = ""

    @property
    def closed(self) -> bool:
        """Every target was seen, and none is open."""
        return not self.open and not self.why


async def check(live: Live) -> list[Checked]:
    """Look afresh at every hold and cut of the run."""
    acting = [bound for bound in live.bound.values() if bound.kind in {"hold", "cut"}]
    return list(await asyncio.gather(*(_one(live, bound) for bound in acting)))


async def _one(live: Live, bound: Bound) -> Checked:
    try:
        seen = await observe(live, bound)
    except (ConnectorError, InDoubt) as error:
        return Checked(bound.id, bound.step.uses, 0, (), str(error))
    still = tuple(sight.target for sight in seen.sights.values() if sight.missing)
    return Checked(bound.id, bound.step.uses, len(seen.sights), still)
