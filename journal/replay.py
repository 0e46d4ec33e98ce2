"""The state of a run as a fold over its events: one reducer for resume, status, recovery and reports.

Event types and their bodies (a `?` marks what may be missing):

    opened    playbook title sha256 text inputs mode integration footholds connections by reason ...
    leased    fence owner why gone                 gone: how the owner before went: rested, dead, lapsed
    left      why                                  its process let it go before its end: another goes on
    planned   plan_hash scope_hash scope steps first_line
    asked     wall role people scope_hash shown class interrupted hours ladder within_s rung_s targets
    decided   wall answer scope_hash by seat how role source shown reason code? signed_at? public? signature?
              evidence?                              of a passkey: what it signed, and the signature
    approved  wall scope_hash by how shown glass? review_by?   the wall is open; with the say that completes it
    objected  wall scope_hash by reason            declined  wall by how
    turned_away wall answer by code why            a say that does not count, and why
    reviewed  wall by how reason                   a break-glass approval was looked at by somebody else
    told      whom of how why                      why: what kept it from being told; "" where it was
    linked    whom did purpose until by?           a link to the page was given out for somebody, or opened
    attested  step effect by how reason            retried   step effect by how reason
    tainted   effect step target why snapshot snapshot_at   changed before we came, so recovery leaves it off
    ticked    effects by how reason              a person has them given back all the same
    intended  effect step action target params calls lines once back round before? answers
    ordered   phase by yes leave                   who started a recovery, and what they decided beforehand
    answered  effect sends=[{came status wait_ms request_id why kept=[{field replaces fingerprint}]}]
    rotated   field replaces fingerprint         a secret that a read rotated
    settled   effect step action target params word grade after? why back
    contested effect times                       switched back on while we contain
    listed    step after count open              after: journal position at which the listing began
    step      step state why                     closed, open, failed, skipped, waiting
    worded    word footholds why                 stopped   by                          noted  text
    darkened  by why                               nothing more of it in channels that others may read
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from journal.event import Event
from journal.run import CLOSED_WORDS, RESTS, Effect, Listing, Run

__all__ = ["CLOSED_WORDS", "RESTS", "Effect", "Listing", "Run", "advance", "catch_up", "replay"]


def replay(events: Iterable[Event]) -> Run:
    """Fold events, oldest first, into the run's state."""
    run = Run()
    for event in events:
        advance(run, event)
    return run


def catch_up(run: Run, events: Iterable[Event]) -> list[Event]:
    """Take in what is not taken in yet, oldest first; give it. For a live run beside which people say things.

    `events` follow each other without a gap, from anywhere up to the run's next place on: raises ValueError where one
    is left out, for a state that skipped an event is not what a replay gives.
    """
    fresh = [event for event in events if event.n > run.n]
    for event in fresh:
        if event.n != run.n + 1:
            raise ValueError(f"run {event.run}: event {run.n + 1} is left out")
        advance(run, event)
    return fresh


def advance(run: Run, event: Event) -> Run:
    """Take one more event in. The live engine and a replay use this very function, so they cannot differ."""
    run.id, run.incident, run.n, run.head, run.at = event.run, event.incident, event.n, event.hash, event.at
    handler = _HANDLERS.get(event.type)
    if handler is not None:
        handler(run, event)
    return run


def _opened(run: Run, event: Event) -> None:
    run.opened, run.opened_at = event.body, event.at


def _leased(run: Run, event: Event) -> None:
    run.left = False
    run.leased_why = str(event.body.get("why", ""))
    run.went_on = run.went_on or run.leased_why == "resumed"
    if event.body.get("gone") == "lapsed":
        for effect in run.effects.values():
            effect.adrift = effect.adrift or bool(effect.sends and not effect.answered)


def _left(run: Run, _event: Event) -> None:
    run.left = True


def _planned(run: Run, event: Event) -> None:
    run.planned = event.body


def _effect(run: Run, body: Mapping[str, Any]) -> Effect:
    effect = run.effects.get(body["effect"])
    if effect is None:
        effect = Effect(body["effect"], body["step"], body["action"], body["target"], body["params"])
        run.effects[effect.id] = effect
    return effect


def _intended(run: Run, event: Event) -> None:
    body = event.body
    effect = _effect(run, body)
    if bool(body["back"]) != effect.back:
        effect.tries = effect.rounds = 0
    if effect.before is None and not body["back"]:
        effect.before = body.get("before")
    effect.calls, effect.once, effect.back = tuple(body["calls"]), bool(body["once"]), bool(body["back"])
    effect.came, effect.answered, effect.sent_at, effect.sent_n = None, False, event.at, event.n
    effect.got, effect.adrift = 0, False
    effect.tries, effect.sends, effect.rounds = effect.tries + 1, effect.sends + 1, effect.rounds + 1
    for answer in body["answers"]:
        run.awaiting[answer["replaces"]] = {**answer, "effect": effect.id}


def _answered(run: Run, event: Event) -> None:
    effect = run.effects[event.body["effect"]]
    sends = event.body["sends"]
    last = sends[-1]
    effect.got += len(sends)
    effect.answered = last["came"] != "ok" or effect.got >= len(
        effect.calls
    )  # else the next call went out, for all we know
    effect.came, effect.status, effect.why = last["came"] if effect.answered else None, last["status"], last["why"]
    effect.wait_ms, effect.answered_at = last["wait_ms"], event.at
    for send in sends:
        for kept in send["kept"]:
            run.rotated[kept["replaces"]] = kept["fingerprint"]
            run.awaiting.pop(kept["replaces"], None)
    if last["came"] in {"busy", "not-sent", "refused"}:  # nothing was rotated where nothing was done
        for replaces in [name for name, waiting in run.awaiting.items() if waiting["effect"] == effect.id]:
            del run.awaiting[replaces]
    if last["came"] in {"busy", "not-sent"}:
        effect.tries, effect.rounds = effect.tries - 1, effect.rounds - 1


def _ordered(run: Run, event: Event) -> None:
    run.orders[event.body["phase"]] = event.body
    for effect in run.effects.values():
        if effect.back and effect.word != "undone":  # ordered anew by a person: what was given up is tried again
            effect.tries = effect.rounds = 0
            effect.came = "not-sent" if effect.came == "refused" else effect.came


def _rotated(run: Run, event: Event) -> None:
    run.rotated[event.body["replaces"]] = event.body["fingerprint"]


def _settled(run: Run, event: Event) -> None:
    body = event.body
    effect = _effect(run, body)
    effect.word, effect.grade, effect.after = body["word"], body["grade"], body.get("after")
    effect.why, effect.n, effect.settled_at, effect.back = body["why"], event.n, event.at, bool(body["back"])
    effect.held = effect.held or (effect.word == "held-already" and not effect.sends)
    if effect.closed or effect.word == "undone":
        effect.tries = effect.rounds = 0


def _contested(run: Run, event: Event) -> None:
    effect = run.effects[event.body["effect"]]
    effect.word, effect.contested, effect.n = "contested", event.body["times"], event.n
    effect.tries = effect.rounds = 0


def _listed(run: Run, event: Event) -> None:
    body = event.body
    run.listings[body["step"]] = Listing(body["after"], body["count"], body["open"], event.n)
    run.seen_counts[body["step"]] = max(run.seen_counts.get(body["step"], 0), body["count"])


def _step(run: Run, event: Event) -> None:
    run.steps[event.body["step"]] = {**event.body, "at": event.at, "n": event.n}


def _worded(run: Run, event: Event) -> None:
    run.words.append(event)


def _wall(kind: str) -> Any:
    def take(run: Run, event: Event) -> None:
        getattr(run, kind)[event.body["wall"]] = event

    return take


def _darkened(run: Run, event: Event) -> None:
    run.darkened = event


def _approved(run: Run, event: Event) -> None:
    run.approved[event.body["wall"]] = event
    run.scopes[event.body["wall"]] = {name: run.planned.get(name) or {} for name in ("scope", "guardrails")}


def _attested(run: Run, event: Event) -> None:
    """A person's word that it is done: of a person's step, or of what no look can prove."""
    body = event.body
    if (effect := run.effects.get(str(body.get("effect", "")))) is not None:
        effect.word, effect.grade, effect.n, effect.settled_at, effect.why = (
            "effective",
            "attested",
            event.n,
            event.at,
            "",
        )
        return
    run.attested[f"{body['step']}!back" if body.get("back") else body["step"]] = event


def _retried(run: Run, event: Event) -> None:
    """A person has it sent again, whatever became of it: as if it had never been sent."""
    effect = run.effects[event.body["effect"]]
    effect.tries = effect.rounds = 0
    effect.word, effect.came, effect.answered, effect.once, effect.wait_ms = "", "not-sent", True, False, 0


def _tainted(run: Run, event: Event) -> None:
    run.tainted.setdefault(event.body["effect"], event.body)


def _ticked(run: Run, event: Event) -> None:
    run.ticked.update(dict.fromkeys(event.body["effects"], event))


def _adopted(run: Run, event: Event) -> None:
    """A mended playbook in the place of the one that was opened: it is planned anew, and what is more is asked anew."""
    run.opened = {**run.opened, **{name: event.body[name] for name in ("text", "sha256", "file", "subs")}}
    run.planned = {}


def _preserved(run: Run, event: Event) -> None:
    run.preserved[event.body["step"]] = event.body


def _asked(run: Run, event: Event) -> None:
    wall = event.body["wall"]
    run.asked[wall] = event
    first = run.questions.get(wall)
    if first is None or first.body["scope_hash"] != event.body["scope_hash"]:
        run.questions[wall] = event


def _decided(run: Run, event: Event) -> None:
    run.decisions.setdefault(event.body["wall"], []).append(event)


def _kept(kind: str) -> Any:
    def take(run: Run, event: Event) -> None:
        getattr(run, kind).append(event)

    return take


_HANDLERS = {
    "opened": _opened,
    "leased": _leased,
    "left": _left,
    "planned": _planned,
    "intended": _intended,
    "answered": _answered,
    "ordered": _ordered,
    "rotated": _rotated,
    "settled": _settled,
    "contested": _contested,
    "listed": _listed,
    "step": _step,
    "worded": _worded,
    "asked": _asked,
    "decided": _decided,
    "reviewed": _wall("reviewed"),
    "turned_away": _kept("turned_away"),
    "told": _kept("told"),
    "noted": _kept("notes"),
    "darkened": _darkened,
    "lapsed": _kept("lapsed"),
    "approved": _approved,
    "attested": _attested,
    "retried": _retried,
    "adopted": _adopted,
    "tainted": _tainted,
    "ticked": _ticked,
    "preserved": _preserved,
    "declined": _wall("declined"),
}
