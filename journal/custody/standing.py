"""What the journal's own chain says of incidents and runs: a pure fold for custody, export and retention."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from journal.event import Event


@dataclass(slots=True)
class Standing:
    """How things stand after the last event of the journal's own chain.

    Attributes:
        runs: every run that was opened, by id, and its incident; pruned ones too.
        released: the runs that ended and were not taken up again: the newest `closed` event of each.
        pruned: the runs that were taken out: the tombstone of each, an event of type "pruned".
    """

    runs: dict[str, str] = field(default_factory=dict)
    released: dict[str, Event] = field(default_factory=dict)
    pruned: dict[str, Event] = field(default_factory=dict)
    _closed: set[str] = field(default_factory=set)
    _holds: set[str] = field(default_factory=set)
    _erased: set[str] = field(default_factory=set)
    _shredded: set[str] = field(default_factory=set)

    def runs_of(self, incident: str) -> list[str]:
        """Give the runs of an incident in the order of their opening, pruned ones too."""
        return [run for run, of in self.runs.items() if of == incident]

    def closed(self, incident: str) -> bool:
        """Whether people closed the incident, and no run was opened or taken up in it since."""
        return incident in self._closed

    def on_hold(self, incident: str) -> bool:
        """Whether a legal hold covers it: nothing of it may be shredded, erased or pruned."""
        return incident in self._holds

    def shredded(self, incident: str) -> bool:
        """Whether the keys of its runs were shredded, and no run was opened or taken up in it since."""
        return incident in self._shredded

    def erased(self, incident: str) -> bool:
        """Whether the names in it were erased, and no run was opened or taken up in it since."""
        return incident in self._erased

    def step(self, event: Event) -> None:
        """Take in the next event. Types that custody has nothing to do with are passed by."""
        body = event.body
        match event.type:
            case "opened":
                self.runs[body["run"]] = body["incident"]
                self._lives(body["incident"])
            case "resumed":
                self.released.pop(body["run"], None)
                self._lives(self.runs.get(body["run"], ""))
            case "closed":
                if body["run"] in self.released:  # somebody said something of a run that had ended
                    self._erased.discard(self.runs.get(body["run"], ""))
                self.released[body["run"]] = event
            case "pruned":
                self.pruned[body["run"]] = event
            case "incident_closed":
                self._closed.add(body["incident"])
            case "shredded":
                self._shredded.add(body["incident"])
            case "erased":
                self._erased.add(body["incident"])
            case "legal_hold" if body["on"]:
                self._holds.add(body["incident"])
            case "legal_hold":
                self._holds.discard(body["incident"])

    def _lives(self, incident: str) -> None:
        """A run is at work in it: it is closed no more, and has keys and names again."""
        for done in (self._closed, self._shredded, self._erased):
            done.discard(incident)


def standing(events: Iterable[Event]) -> Standing:
    """Fold the events of the journal's own chain, in order."""
    found = Standing()
    for event in events:
        found.step(event)
    return found
