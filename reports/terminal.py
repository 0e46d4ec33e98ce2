"""The closing summary: what a responder reads when the command comes back. Plain lines and rich say the same sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from journal.event import Event
from journal.replay import Run
from reports import facts, lists
from reports.matrix import STYLES, total
from reports.text import many, safe
from reports.words import Tone, spoken, tone

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and how loud it is."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """The summary: `lines()` where there is no terminal, itself where there is one."""

    word: str
    tone: Tone
    rest: tuple[Line, ...]

    def lines(self) -> list[str]:
        """Plain lines, without colour or frame."""
        return [self.word.upper(), *(line.text for line in self.rest)]

    def __rich__(self) -> RenderableType:
        """For rich. Every text is a `Text`: markup in a name stays text."""
        from rich.console import Group
        from rich.panel import Panel
        from rich.text import Text

        style = STYLES[self.tone]
        head = Panel(Text(self.word.upper(), style=f"bold {style}"), border_style=style, expand=False, padding=(1, 4))
        return Group(head, *(Text(line.text, style=line.style) for line in self.rest))


def told(run: Run, events: Sequence[Event], extras: Mapping[str, Any] | None = None) -> Told:
    """Say how a run stands.

    `extras`, each may be missing: attacker {after_command, after_word, refused_after}, report (where the page is),
    journal (its URL), key (id of the key that signs its heads), page (Prefect's page of the run).
    """
    known = extras or {}
    lines: list[Line] = []
    if mode := lists.mode_line(run):
        lines.append(Line(mode, "bold magenta"))
    lines += [
        Line(lists.meaning_of(run), "bold red" if facts.since_word(run) else ""),
        *_why(run),
        Line(f"Proof: {total(run)}."),
    ]
    lines.append(Line(f"{safe(run.id, 60)} · {safe(run.incident, 60)} · {lists.named(run)}", "dim"))
    lines += _section("Times", (f"{name:<9}  {value:>12}  {say}" for name, value, say in lists.timings(run, events)))
    if attacker := lists.attacker_line(events, known.get("attacker")):
        lines.append(Line(attacker, "bold red" if (known.get("attacker") or {}).get("after_word") else ""))
    lines += _footholds(run)
    lines += _section("What it reaches", lists.capped(lists.reached(run)))
    for title, found in (
        ("Contested", lists.contested(run)),
        ("Tainted", lists.tainted(run)),
        ("Not done or not proven", lists.not_done(run)),
        ("Cannot be undone", lists.irreversible(run)),
        ("Lives on for a while", lists.residual(run)),
        ("Next", lists.next_steps(run)),
    ):
        lines += _section(title, lists.capped(found))
    where = [
        f"{name}: {safe(known[key], 1000)}"
        for name, key in (("Report", "report"), ("Journal", "journal"), ("Prefect", "page"))
        if known.get(key)
    ]
    key = f", signed by key {safe(known['key'], 16)}" if known.get("key") else ""
    head = f"{many(run.n, 'event')}, head {safe(run.head[:16]) or '-'}{key}; check it: `ringfence journal verify --run {safe(run.id, 60)}`"
    lines += _section("Where", [*where, f"Record: {head}"])
    return Told(safe(run.word, 60), "bad" if facts.since_word(run) else tone(run.word), tuple(lines))


def _why(run: Run) -> list[Line]:
    why = safe(run.words[-1].body.get("why", "")) if run.words else ""
    label = "Said then" if facts.since_word(run) else "Why"
    return [Line(f"{label}: {why}")] if why else []


def _section(title: str, found: Iterable[str]) -> list[Line]:
    lines = [Line(f"  {line}") for line in found]
    return [Line(title, "bold"), *lines] if lines else []


def _footholds(run: Run) -> list[Line]:
    lines = [
        Line(
            f"  {spoken(s.state):<20}  {safe(s.id, 60)}{': ' + safe(s.why) if s.why else ''}",
            STYLES[tone(s.state)],
        )
        for s in facts.standings(run)
    ]
    return [Line("Footholds", "bold"), *lines] if lines else [Line("No foothold is in the journal.", "bold red")]
