"""The playbooks that wait for alerts, compiled before any comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from engine.alert import Alert
from engine.released import Release, file_of, released
from language.errors import BadPlaybook
from language.values import Doubt
from triggers.cli import place
from triggers.cli.shelf import names_of, nearest

if TYPE_CHECKING:
    from inventory.read import Inventory
    from language import Checked


@dataclass(frozen=True, slots=True)
class Match:
    """A playbook that an alert is meant for.

    Attributes:
        name: as people call the playbook. auto: its trigger starts what can be undone by itself.
        doubt: why it is not sure that the alert is meant; "" where it is. given: the inputs that the alert gives.
        chosen: inputs whose value the alert has a hand in; the others the playbook says itself.
    """

    name: str
    file: Path
    checked: Checked = field(repr=False)
    auto: bool
    doubt: str
    given: dict[str, Any]
    chosen: frozenset[str]

    def unreleased(self, inventory: Inventory) -> str:
        """Why this very text does not count as released; "" where it does. Reads one file."""
        found = released(self.checked, file_of(self.file), inventory.config.releases.public)
        return "" if isinstance(found, Release) else found.why


class Library:
    """Playbooks with triggers. What changed on the disk is read anew when it is asked for; one with a mistake is none."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self._read: dict[Path, tuple[tuple[object, ...], Checked | None]] = {}
        self._lock = Lock()
        self.broken: dict[str, str] = {}

    def matches(self, name: str, source: str, alert: Alert, inventory: Inventory) -> list[Match]:
        """The playbooks that an alert is meant for: what may start by itself first, then by name. Blocks."""
        with self._lock:  # one alert at a time: an expression's runtime is nobody else's meanwhile
            found = [
                match for file, checked in self._all(inventory) for match in _of(file, checked, {name, source}, alert)
            ]
        return sorted(found, key=lambda one: (bool(one.doubt), not one.auto, one.name))

    def ready(self, inventory: Inventory) -> int:
        """Compile what is there; how many wait for alerts."""
        with self._lock:
            return sum(bool(checked.playbook.triggers) for _, checked in self._all(inventory))

    def _all(self, inventory: Inventory) -> Iterator[tuple[Path, Checked]]:
        names = names_of(inventory)
        for file in nearest(inventory):
            try:
                stat = file.stat()
            except OSError:
                continue
            mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino, names)
            if self._read.get(file, ((), None))[0] != mark:
                self._read[file] = (mark, self._checked(file, inventory))
            checked = self._read[file][1]
            if checked is not None:
                yield file, checked

    def _checked(self, file: Path, inventory: Inventory) -> Checked | None:
        self.broken.pop(file.stem, None)
        try:
            return place.checked_playbook(file, inventory)
        except (BadPlaybook, place.Refused, OSError) as error:
            self.broken[file.stem] = str(error)
            return None


def _of(file: Path, checked: Checked, names: set[str], alert: Alert) -> Iterator[Match]:
    """At most one match of a playbook: the first of its triggers that is sure, else the first that is in doubt."""
    doubtful: Match | None = None
    for number, trigger in enumerate(checked.playbook.triggers):
        if trigger.alert not in names:
            continue
        answer = checked.trigger_matches(number, alert)
        if answer is False:
            continue
        given = checked.trigger_inputs(number, alert)
        doubts = [str(one) for one in (answer, given) if isinstance(one, Doubt)]
        chosen = frozenset(name for name, value in trigger.with_.items() if "${" in str(value))
        match = Match(
            file.stem, file, checked, trigger.mode == "auto", "; ".join(doubts),
            {} if isinstance(given, Doubt) else dict(given), chosen,
        )  # fmt: skip
        if not doubts:
            yield match
            return
        doubtful = doubtful or match
    if doubtful is not None:
        yield doubtful


__all__ = ["Library", "Match"]
