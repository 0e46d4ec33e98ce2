"""What to do next about one effect: the table *after a send*, as a pure function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.core.wire import REQUEST_TIMEOUT_S
from journal.replay import Effect

MOST_TRIES = 3
"""Sends of the same calls that were answered 2xx and did nothing, before it is called *requested*, and sent seldom."""
MOST_ROUNDS = 20
"""Intents of one effect before it is given up as never coming to an end."""
UNSURE_WAIT_S = 2.0
"""How long a request without an answer may still be at work at the provider before it is sent again."""
ADRIFT_WAIT_S = REQUEST_TIMEOUT_S
"""The same for a request of an owner that may only be paused: woken just before its lease lapsed, it may have sent it then."""
SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.25, 8.0


@dataclass(frozen=True, slots=True)
class Send:
    """Send the calls that are missing. `contested`: it was proven closed before, so somebody switched it back."""

    contested: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Settle:
    """Journal this word, unless it is the effect's word already."""

    word: str
    why: str = ""


Move = Send | Wait | Settle


def next_for(effect: Effect | None, missing: Sequence[str], elapsed_s: float, settles_within_s: float) -> Move:
    """Decide by the effect's record, the digests of the calls that a fresh look says are missing, and the time since
    its newest intent (never since a counter began: that would not survive a crash).
    """  # noqa: D205
    if effect is not None and effect.back:
        effect = None if effect.word == "undone" else effect
    if not missing:
        return Settle("effective" if effect is not None and effect.sends else "held-already")
    if effect is None or effect.sends == 0:
        return Send()
    if effect.word == "contested" and effect.rounds == 0:  # once it is sent again, it needs its time like any other
        return Send()
    if effect.closed:
        return Send(contested=True)
    if effect.rounds >= MOST_ROUNDS:
        return Settle("failed", f"still not there after {effect.rounds} rounds of calls")
    return _after_a_send(effect, missing, elapsed_s, settles_within_s)


def _after_a_send(effect: Effect, missing: Sequence[str], elapsed_s: float, settles_within_s: float) -> Move:
    backoff = Wait(min(max(elapsed_s, SHORTEST_WAIT_S), LONGEST_WAIT_S))
    match effect.came:
        case None | "unsure":
            unsure_s = ADRIFT_WAIT_S if effect.adrift else UNSURE_WAIT_S
            if elapsed_s < unsure_s:
                return Wait(max(SHORTEST_WAIT_S, min(backoff.seconds, unsure_s - elapsed_s)))
            if effect.once:
                return Settle("in-doubt", "sent, and no answer came; sending it again could do it twice")
            return Send()
        case "busy":
            left_s = effect.wait_ms / 1000 - elapsed_s
            return Wait(left_s) if left_s > 0 else Send()
        case "not-sent":
            return Send() if elapsed_s >= 1 else Wait(1 - elapsed_s)
        case "refused":
            return Settle("failed", f"the provider refused: {effect.why}")
    if tuple(missing) != effect.calls:
        return Send()
    if elapsed_s < settles_within_s and effect.tries <= MOST_TRIES:
        return backoff
    if effect.tries < MOST_TRIES and not effect.once:
        return Send()
    if effect.word == "requested" and not effect.once and elapsed_s >= LONGEST_WAIT_S:
        return Send()  # an admin attacker who undid it each time may be gone by now
    return Settle("requested", "answered 2xx, but a fresh look does not show it")


def next_unproven(effect: Effect | None, elapsed_s: float) -> Move:
    """The same for what no look can prove: sent once; a 2xx is *requested*, never effective."""
    if effect is None or effect.sends == 0:
        return Send()
    if effect.word in {"requested", "in-doubt", "failed"}:
        return Settle(effect.word, effect.why)
    match effect.came:
        case "ok" if effect.status == 404:  # elsewhere a look decides what that means; here there is none
            return Settle("failed", "answered 404: there is no such thing, or our credential may not see it")
        case "ok":
            return Settle("requested", "answered 2xx; nothing can be looked at")
        case "busy" | "not-sent":
            left_s = max(effect.wait_ms / 1000, 1.0) - elapsed_s
            return Wait(left_s) if left_s > 0 else Send()
        case "refused":
            return Settle("failed", f"the provider refused: {effect.why}")
    return Settle("in-doubt", "sent, for all we know, and no answer came; sending it again could do it twice")
