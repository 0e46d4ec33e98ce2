"""The short ones: what is said where nothing else may be, and what somebody alone is told of what they pressed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from journal.replay import Run
from reports.words import spoken
from triggers.slack.screens.card import head, still_in, title
from triggers.slack.screens.parts import Message, button, buttons, header, heading, lines, message, small
from triggers.slack.screens.text import NAME, shown

COMMANDS = (
    ("contain [INTEGRATION] [REASON]", "shows the plan of what would be held and cut; nothing is sent before you press Hold now"),
    ("check RUN", "looks again at what a run closed"),
    ("status [RUN]", "what runs, what waits for whom, what is still open"),
    ("recover RUN REASON", "gives back, in stages, what was clean; a commander is asked"),
    ("stop RUN", "ends what is in flight; what is held stays held"),
    ("note RUN TEXT", "adds a remark to the record"),
    ("dark RUN", "says nothing more of it in Slack: it goes on on the page and the command line"),
    ("help", "this"),
)  # fmt: skip
LINK = "link_page"


def neutral(incident: str) -> Message:
    """All that is said where Slack may be what was breached, or others may read along: no name, no word, no link."""
    return message(
        f"incident {shown(incident, NAME)}, see the page", [lines([f"incident {shown(incident, NAME)}, see the page"])]
    )


def refused(what: str, why: str, next_: str = "") -> Message:
    """For whoever pressed or typed, alone: it did nothing, why, and what to do next."""
    text = f"Nothing was done. {what}: {why}" if what else f"Nothing was done. {why}"
    return message(text, [heading("Nothing was done"), lines([shown(what), shown(why, 600), shown(next_)]
                                                             if what else [shown(why, 600), shown(next_)])])  # fmt: skip


def answer(text: str, rest: Iterable[str] = ()) -> Message:
    """For whoever asked, alone."""
    return message(text, [lines([shown(text, 600), *rest], 20, 2400)])


def link(run: str, url: str, minutes: int) -> Message:
    """The way to the page for one person, alone: it is theirs, good for one time and a short while."""
    said = f"This link is yours alone, good for one time and {minutes} minutes. There you approve with your passkey or code."
    return message(f"Run {run}: approve on the page.", [
        lines([said]), buttons(button("Open the page and decide", LINK, url=url, style="primary")),
        small(f"Run {shown(run, NAME)}"),
    ])  # fmt: skip


def busy(integration: str, run: str) -> Message:
    """Somebody is at it already."""
    return message(f"Run {run} is at it", [
        heading("Somebody is at it already"),
        lines([f"Run {shown(run, NAME)} is at {shown(integration, NAME)}. Nothing new was started; its thread has how it stands."]),
    ])  # fmt: skip


def status(runs: Sequence[Run], waits: Sequence[str] = ()) -> Message:
    """What runs, the newest first, for whoever asked."""
    if not runs:
        return message("Nothing runs.", [lines(["No run is under way, and none waits for anybody."])])
    found = []
    for at, run in enumerate(runs):
        alive, waiting = still_in(run), waits[at] if at < len(waits) else ""
        parts = [f"{head(run)} · {shown(title(run), NAME)} · run {shown(run.id, NAME)}"]
        parts += [f"he is still in by {alive}"] if alive else []
        parts += [f"waits for {shown(waiting)}"] if waiting else []
        found.append("; ".join(parts))
    return message(f"{len(runs)} under way. {found[0]}", [header(f"{len(runs)} under way"), lines(found, 15, 2600)])


def usage() -> Message:
    """What can be typed."""
    found = [f"/ringfence {words}: {what}" for words, what in COMMANDS]
    return message("What /ringfence takes", [
        heading("What /ringfence takes"), lines(found, 20, 2600),
        small("A target is chosen from a menu, never typed. No secret belongs into Slack."),
    ])  # fmt: skip


def started(run: Run) -> str:
    """What takes the place of a plan's buttons once it was begun."""
    return f"Begun: run {shown(run.id, NAME)} ({spoken(run.word)})"
