"""What is worth a notification: replies in a run's thread, one for each thing that a person must know or do.

A fold over a run's events: whoever starts it again from the first event gets the same replies with the same keys, so
that nothing is said twice and nothing is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from journal.event import Event
from journal.replay import Run, advance
from reports import facts, lists
from reports.said import said
from reports.text import clock, day, many, moment, short, whole
from reports.words import FINAL, meaning, spoken
from triggers.slack.screens.card import meaning_of, mode, still_in
from triggers.slack.screens.parts import Message, button, buttons, header, heading, lines, message, small
from triggers.slack.screens.text import NAME, shown

APPROVE, OBJECT, DONE = "ask_approve", "ask_object", "hand_done"
QUIET = frozenset({"running", "planned", "dry-run"})
LOUD = FINAL | {"contested", "closing", "held"}
"""Words that are shown in the channel too, for an edited message notifies nobody."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply.

    Attributes:
        key: unique to what it says; the same for the same event.
        loud: shown in the channel too. question: somebody is to act on it.
    """

    key: str
    message: Message
    loud: bool = False
    question: bool = False


@dataclass
class Replies:
    """The replies of one run, event by event."""

    page: str = ""
    run: Run = field(default_factory=Run)
    word: tuple[str, str] = ("running", "")
    told_why: str = ""
    opened: bool = False

    def take(self, events: Iterable[Event]) -> list[Reply]:
        """Take events in, in order; give what they are worth."""
        found = []
        for event, following in pairwise([*events, None]):
            assert event is not None
            advance(self.run, event)
            self.opened = following is not None and following.type == "approved"
            make = _MAKES.get(event.type)
            if make is not None and (reply := make(self, event)) is not None:
                found.append(reply)
        return found

    def reply(self, event: Event, first: str, rest: Iterable[str] = (), *, key: str = "", loud: bool = False) -> Reply:
        """Make a plain reply: a bold line of ours, then lines of anybody's text."""
        return self.of(event, f"{mode(self.run)} · {first}", [heading(f"{mode(self.run)} · {first}"), lines(rest)],
                       key=key, loud=loud)  # fmt: skip

    def of(self, event: Event, text: str, blocks: Iterable[object], *, key: str = "", loud: bool = False,
           question: bool = False) -> Reply:  # fmt: skip
        """Make one of any blocks."""
        last = small(f"{clock(event.at)[:8]} UTC · run {shown(self.run.id, NAME)} · event {event.n}")
        return Reply(key or f"{event.type}:{event.n}", message(text, [*blocks, last], self.run.id), loud, question)  # type: ignore[list-item]


def _worded(of: Replies, event: Event) -> Reply | None:
    run, word, why = of.run, str(event.body.get("word")), str(event.body.get("why", ""))
    first_time, of.word = of.word[0] != word, (word, why) if word not in QUIET else of.word
    if word in QUIET or (not first_time and of.told_why == why):
        return None
    of.told_why = why
    if word == "waiting" and first_time and any(wall not in run.approved for wall in run.asked):
        return None  # the question above says so; that the next are asked too is said again
    first = f"{mode(run)} · {spoken(word).upper()} · {shown(run.incident, NAME)}"
    alive = still_in(run)
    until = moment(facts.residual_until(run) or "")
    body = [
        meaning_of(run),
        *([f"Why: {shown(why)}"] if why else []),
        *([f"He is still in by {alive}."] if alive else []),
        *([f"The last path dies by itself at {until:%H:%M:%S} UTC."] if until else []),
        *(f"{spoken(one.state)}: {shown(one.id, NAME)}{': ' + shown(one.why, 160) if one.why else ''}"
          for one in facts.standings(run) if one.state != "closed"),
    ]  # fmt: skip
    proof = f"Proof: {facts.proof_text(run)}."
    blocks = [header(first), lines(body, 12), lines([proof])]
    return of.of(event, f"{first}. {meaning(word)} {why}", blocks, loud=word in LOUD, question=word in FINAL)


def _asked(of: Replies, event: Event) -> Reply:
    body, run = event.body, of.run
    wall, scope = str(body.get("wall")), str(body.get("scope_hash", ""))
    people = whole(body.get("people", 1))
    who = (
        f"{people} people from {shown(body.get('role'), 20)} up" if people > 1 else f"one {shown(body.get('role'), 20)}"
    )
    what = "HOLD (can be undone)" if wall == "hold" else "GIVE BACK" if run.recovers else "CUT (one-way)"
    first = f"{mode(run)} · ASKED TO {what} · scope {short(scope, 8)}"
    rows = [row for row in facts.rows(run) if row.get("kind") == ("hold" if wall == "hold" else "cut")]
    about = [] if run.recovers else [
        f"{shown(row.get('id'), NAME)}: {shown(row.get('uses'), NAME)}, {whole(row.get('missing'))} now, at most"
        f" {whole(row.get('at_most'))}" for row in rows
    ]  # fmt: skip
    whom = [f"Asks {who}; nobody approves their own request, and no target of the incident has a say."]
    hot = [f"HE IS AT IT NOW: {shown(body['hot'])}"] if body.get("hot") else []
    alive = still_in(run)
    value = f"{run.id}|{wall}|{scope[:16]}"
    blocks = [
        header(first),
        lines([*hot, *whom, *_ladder(body), *([f"Until then he is still in by {alive}."] if alive else [])]),
        lines(about),
        buttons(
            button("Approve on the page", APPROVE, value, style="primary"),
            button("Object", OBJECT, value),
        ),
    ]  # fmt: skip
    return of.of(event, f"{first}. Asks {who}.", blocks, loud=True, question=True)


def _ladder(body: Mapping[str, object]) -> list[str]:
    rungs = body.get("ladder")
    ladder = [shown(one, 20) for one in rungs] if isinstance(rungs, list | tuple) else []
    within = whole(body.get("within_s"))
    role = str(body.get("role"))
    later = ladder[ladder.index(role) + 1 :] if role in ladder else ladder[1:]
    names = ["sealed codes count" if one == "codes" else f"the {one} is asked too" for one in later[:2]]
    following = f"; then {', then '.join(names)}" if names else ""
    return [f"Answer within {max(within // 60, 1)} min{following}. No clock ever says yes."] if within else []


def _step(of: Replies, event: Event) -> Reply | None:
    body, run = event.body, of.run
    name, why = shown(body.get("step"), NAME), shown(body.get("why", ""))
    if body.get("state") == "asked":
        first = f"{mode(run)} · BY HAND · {name}"
        done = buttons(button("Done", DONE, f"{run.id}|{shown(body.get('step'), 60)}"))
        return of.of(event, f"{first}: {why}", [heading(first), lines([why]), done], loud=True, question=True)
    if body.get("state") == "failed":
        return of.reply(event, f"STEP FAILED · {name}", [why, "The others go on."])
    return None


def _contested(of: Replies, event: Event) -> Reply:
    effect = of.run.effects[str(event.body["effect"])]
    key = f"contested:{effect.step}:{event.at[:16]}"  # one a minute and step: the card has the rest
    first = f"CONTESTED · {shown(effect.step, NAME)}"
    return of.reply(event, first, [
        f"{shown(effect.id, 160)} was switched back on ({many(whole(event.body.get('times')), 'time')} so far). It is closed again.",
        "Somebody with an admin's power is at it. Who is it?",
    ], key=key, loud=True)  # fmt: skip


def _leased(of: Replies, event: Event) -> Reply | None:
    if event.fence <= 1 or event.body.get("gone") not in {"dead", "lapsed"}:
        return None
    doubt = sum(1 for effect in of.run.effects.values() if effect.sends and not effect.answered)
    rest = [f"{many(doubt, 'call')} in doubt: looked at before anything is sent again."] if doubt else []
    return of.reply(
        event, "WORKER LOST · another goes on from the journal", ["Nothing is lost, nothing is doubled.", *rest]
    )


def _approved(of: Replies, event: Event) -> Reply:
    body = event.body
    alone = (
        [f"One person alone opened it: another looks at it until {day(str(body['review_by']))}."]
        if body.get("review_by")
        else []
    )
    by = f"{named(body.get('by'))}, by {PROOF.get(str(body.get('how')), shown(body.get('how') or 'nothing that the record has', 60))}"
    said = [
        one
        for one in of.run.decisions.get(str(body.get("wall")), ())
        if one.n == event.n - 1 and one.body.get("reason")
    ]
    alone += [f"“{shown(said[0].body['reason'], 300)}”"] if said else []
    return of.reply(event, f"APPROVED · scope {short(body.get('scope_hash', ''), 8)}", [f"{by}.", *alone], loud=True)


def _decided(of: Replies, event: Event) -> Reply | None:
    if event.body.get("answer") != "yes" or of.opened:
        return None  # the objection beside it, or that the wall is open with it, says so
    return of.reply(event, f"A YES · scope {short(event.body.get('scope_hash', ''), 8)}", [_plain(event)])


def _lapsed(of: Replies, event: Event) -> Reply:
    still = [f"They were to last {shown(event.body.get('expires'), 40)}. People decide; nothing was lifted."]
    return of.reply(event, "HOLDS PAST THEIR TIME, and still holding", still, loud=True)


def _told(of: Replies, event: Event) -> Reply | None:
    return of.reply(event, "NOT TOLD", [_plain(event)], loud=True) if event.body.get("why") else None


def _ended(of: Replies, event: Event) -> Reply | None:
    line = lists.attacker_line([event], None) if event.body.get("word") in FINAL else ""
    return of.reply(event, "ATTACKER, as the record has it", [line]) if line else None


def _line(title: str, *, loud: bool = False) -> Callable[[Replies, Event], Reply]:
    """A reply whose sentence is the timeline's own."""
    return lambda of, event: of.reply(event, title, [_plain(event)], loud=loud)


def _plain(event: Event) -> str:
    return shown(said(event).replace("person:", ""), 600)


def _noted(of: Replies, event: Event) -> Reply:
    return of.reply(event, "NOTE", [f"{named(event.body.get('by'))}: {shown(event.body.get('text', ''), 600)}"])


def _ordered(of: Replies, event: Event) -> Reply:
    return of.reply(
        event, f"{shown(event.body.get('phase'), 20).upper()} ORDERED", [f"By {named(event.body.get('by'))}."]
    )


PROOF = {
    "passkey": "their passkey", "totp": "a code of their app", "token": "their token", "key": "their key", "slack": "their Slack account",
}  # fmt: skip
"""How somebody was proven, as people say it."""


def named(by: object) -> str:
    """Who, as the record names them: `person:ben` is ben."""
    return shown(str(by or "somebody").removeprefix("person:"), NAME)


_MAKES: Mapping[str, Callable[[Replies, Event], Reply | None]] = {
    "worded": _worded, "asked": _asked, "step": _step, "contested": _contested, "leased": _leased,
    "approved": _approved, "decided": _decided, "lapsed": _lapsed, "told": _told, "ended": _ended, "noted": _noted,
    "ordered": _ordered, "objected": _line("OBJECTED: more authority, or one more person, is asked", loud=True),
    "declined": lambda of, event: of.reply(event, "NOT APPROVED", [f"By {named(event.body.get('by'))}. What is held stays held."]),
    "turned_away": _line("TURNED AWAY: it counts for nothing"), "reviewed": _line("REVIEWED"),
    "attested": _line("SAID TO BE THERE"), "retried": _line("SENT AGAIN, on a person's word"),
}  # fmt: skip
