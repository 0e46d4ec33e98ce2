"""Fault points for tests: end this process hard before or after the journal event, or the send, that was named.

RINGFENCE_KILL_AT is one of

    60                      after the 60th event that this process writes
    -60                     just before it
    SIDE:POINT[@STEP][#N]   before:settled@tokens#2, after:opened, before:send@told

SIDE is before or after. POINT is an event's type, or `send`: right before a request leaves, or when its answer came
and is not yet journaled. STEP is the playbook's step (of `asked` and `approved`: the wall). N: the n-th such, 1 when
left out. Numbers count the events of runs alone; records of the journal's own chain are named: before:own-closed,
after:own-anchored; what an alert becomes: before:alert-kept. Before such a record nothing of its transaction is durable, after it all of it is.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NoReturn

VARIABLE = "RINGFENCE_KILL_AT"

Side = Literal["before", "after"]

_POINT = re.compile(
    r"(?P<side>before|after):(?P<point>[a-z][a-z_-]*)(?:@(?P<step>[a-z][a-z0-9_.]*))?(?:#(?P<count>[1-9][0-9]{0,8}))?"
)
_NUMBER = re.compile(r"-?[1-9][0-9]{0,8}")


@dataclass(slots=True)
class KillAt:
    """Where this process is to be killed (SIGKILL).

    Before an event: all earlier ones are durable, this one is not. After it: it is durable, and nothing later is. The
    batch that holds it is cut there, in the middle of one append if need be.

    Attributes:
        point: type of the event, or "send"; "" for any event.
        step: of which step; "" for any.
        count: at the how many-th of them.
        seen: how many of them there were so far. Of events of runs: how many are durable.
    """

    side: Side
    point: str = ""
    step: str = ""
    count: int = 1
    seen: int = 0

    @staticmethod
    def read(text: str) -> KillAt:
        """Read a fault point. Raises ValueError when it is none."""
        if _NUMBER.fullmatch(text):
            return KillAt("before" if text[0] == "-" else "after", count=abs(int(text)))
        if (found := _POINT.fullmatch(text)) is None:
            raise ValueError(
                f"{VARIABLE}={text[:80]!r} is no fault point: give n (after the n-th event), -n (before it), or"
                " before|after:EVENT or :send, with @STEP and #COUNT where wanted, as in before:settled@tokens#2."
            )
        side: Side = "before" if found["side"] == "before" else "after"
        return KillAt(side, found["point"], found["step"] or "", int(found["count"] or 1))

    @staticmethod
    def from_env() -> KillAt | None:
        """Read RINGFENCE_KILL_AT: None when unset or empty, else one and the same counter for this process."""
        text = os.environ.get(VARIABLE, "").strip()
        return _shared(text) if text else None

    def names(self, type_: str, body: Mapping[str, Any]) -> bool:
        """Whether such an event is one of those that count."""
        return (not self.point or self.point == type_) and (not self.step or self.step == _step_of(body))

    def at_own(self, type_: str) -> bool:
        """Whether the process is to die around this record of the journal's own chain."""
        if self.point != f"own-{type_}":
            return False
        self.seen += 1
        return self.seen == self.count

    def die(self) -> NoReturn:
        """End this process now, as a power cut would."""
        os.kill(os.getpid(), signal.SIGKILL)
        raise SystemExit(f"{VARIABLE} did not end the process")


def at_send(side: Side, step: str) -> None:
    """A send's own fault point: dies here if it is the one that was named."""
    kill = KillAt.from_env()
    if kill is None or kill.point != "send" or kill.side != side or kill.step not in {"", step}:
        return
    kill.seen += 1
    if kill.seen == kill.count:
        kill.die()


def at_point(side: Side, point: str) -> None:
    """A fault point that is neither an event nor a send: of what a way in keeps. Dies here if it is the one that was named."""
    kill = KillAt.from_env()
    if kill is not None and kill.point == point and kill.side == side:
        kill.seen += 1
        if kill.seen == kill.count:
            kill.die()


def _step_of(body: Mapping[str, Any]) -> str:
    """The step that an event is about; "" for the run's own."""
    return str(body.get("step") or body.get("wall") or str(body.get("effect") or "").partition("/")[0])


@cache
def _shared(text: str) -> KillAt:
    return KillAt.read(text)
