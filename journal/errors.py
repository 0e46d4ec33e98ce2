"""What the journal says when it can not do what was asked. Each message tells the operator what to do.

JournalError
  Busy           another run holds the integration
  Held           another process holds the run
  Rested         the run was released, and only one whose process is gone was to be taken
  UnknownRun     no such run in this journal
  UnknownIncident  no such incident
  IncidentClosed what resuming the run would need was shredded
  NotNow         it can not be done as things stand
  Pruned         the run was taken out, and left a tombstone
  Overtaken      somebody else said something meanwhile that may change one's mind
  Used           it is good for one time, and was used
  LeaseLost      this process no longer holds the run: it must not send anything more
  JournalFailed  the data base can not be written or read
  NoKey          a secret must be sealed and there is no (right) key
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class JournalError(Exception):
    """Any of the below."""


class Busy(JournalError):
    """The integration is locked by another run: one run an integration."""

    def __init__(self, lock: str, run: str) -> None:
        super().__init__(f"Run {run} is at {lock} already: join it, or stop it with `ringfence stop {run}`.")
        self.lock = lock
        self.run = run


class Held(JournalError):
    """The run has an owner whose lease has not lapsed and who is not known to be dead."""

    def __init__(self, run: str, owner: str, seconds_left: float) -> None:
        super().__init__(
            f"Run {run} is being carried out by {owner}. If that process hangs, its lease lapses in"
            f" {seconds_left:.1f} s: try again then.",
        )
        self.run = run
        self.owner = owner
        self.seconds_left = seconds_left


class Rested(JournalError):
    """The run was released: it waits, was stopped, or ended. Whoever only takes over what was left alone leaves it."""

    def __init__(self, run: str) -> None:
        super().__init__(f"Run {run} was released by its process: nothing was left alone. `ringfence resume {run}`.")
        self.run = run


class UnknownRun(JournalError):
    """The journal has no such run."""

    def __init__(self, run: str) -> None:
        super().__init__(f"This journal has no run {run}: `ringfence status` lists the runs that it has.")
        self.run = run


class Pruned(JournalError):
    """The run was taken out on purpose: what is left is its tombstone in the journal's own chain."""

    def __init__(self, at: str, tombstone: Mapping[str, Any]) -> None:
        super().__init__(
            f"Run {tombstone['run']} was pruned on {at[:10]}: its {tombstone['n']} events, {tombstone['first_at']} to"
            f" {tombstone['last_at']}, are gone. Evidence exported before can be checked against its head:"
            f" {tombstone['head']}.",
        )
        self.tombstone = tombstone


class UnknownIncident(JournalError):
    """The journal has no such incident. `of`: the incident of the run that was named in its place."""

    def __init__(self, named: str, of: str | None) -> None:
        what = f"{named} is a run; its incident is {of}." if of else f"This journal has no incident {named}."
        super().__init__(f"{what} `ringfence status --json` lists runs with their incidents.")


class IncidentClosed(JournalError):
    """Nothing of the run's incident is resumed or recovered any more."""

    def __init__(self, run: str, incident: str, at: str) -> None:
        super().__init__(
            f"Run {run} can not go on: its incident {incident} was closed on {at[:10]}, and what resuming or recovering"
            " needs is shredded or waits for that. Its record stays: `ringfence journal show`.",
        )


class NotNow(JournalError):
    """What was asked can not be done as things stand; the message says what stands against it. Nothing was changed."""


class Overtaken(JournalError):
    """Since the one who says something read the run, it went on in a way that matters. Nothing was written."""

    def __init__(self, run: str, type_: str) -> None:
        super().__init__(f"Run {run} went on meanwhile ({type_}): look at it again, and decide again.")
        self.run = run


class Used(JournalError):
    """A code for one use was used before, in this run or another. Nothing was written."""

    def __init__(self, digest: str) -> None:
        super().__init__("This code was used before: each opens one wall, once. Take the next one.")
        self.digest = digest


class LeaseLost(JournalError):
    """Another process took the run, or it was released: nothing was written and nothing more may be sent."""

    def __init__(self, run: str, fence: int, now: int | None) -> None:
        why = f"it is at fence {now} now" if now is not None and now != fence else "it was released"
        super().__init__(
            f"This process no longer holds run {run} (fence {fence}: {why}). Nothing was written; send nothing more.",
        )
        self.run = run
        self.fence = fence
        self.now = now


class JournalFailed(JournalError):
    """The data base can not be written or read. The message is a sentence for the operator."""


class NoKey(JournalError):
    """There is no master key, or not the one with which the run was sealed."""
