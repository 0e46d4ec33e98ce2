"""How one step stands in this process, and one open connection. What must survive a crash is in the journal, not here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from connectors.core import Reader, Sender, Wire
from engine.judge import StandingState
from language import StepValue


@dataclass
class View:
    """How one step stands in this process. What must survive a crash is in the journal, not here."""

    state: StandingState = "waiting"
    why: str = ""
    foothold: str | None = None
    value: StepValue = field(default_factory=StepValue)
    found: int = 0
    requests: int = 1
    gave_up: bool = False
    outside: bool = False
    """All that it still misses is outside the plan file that is carried out: waiting brings nothing."""
    passed: bool = False
    """It was let begin."""
    broke: str = ""
    """Why it did not stay as expected; "" while it does."""
    true_since_s: float | None = None
    """Since when its `expect` has been true, by the loop's clock; `stays` counts from there."""
    looked_s: float = 0.0
    """When its newest round began, by the loop's clock; `came` is how that ended: see `keep.one_round`."""
    came: tuple[float | None, bool] = (0.0, False)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """It was decided whether it begins; the parts of a group wait for that."""
    sent_once: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    poke: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Link:
    """One open connection."""

    reader: Reader
    sender: Sender | None
    wire: Wire
