"""A run as an alert asks for it, before it is decided whether it starts or is proposed."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from inventory.proof import of_alert
from triggers.alerts.acting import seeing
from triggers.house import Asked

if TYPE_CHECKING:
    from engine.alert import Alert
    from inventory.read import Inventory
    from triggers.alerts.acting.library import Match
    from triggers.alerts.inbox import Act, Row


_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:/-]*")


class Waits(Exception):
    """It cannot be done now, by no fault of the alert: it stays open, for this process or another."""


@dataclass
class Wanted:
    """What is known when it is decided.

    Attributes:
        given: the inputs, as far as they are known. integration: "" where it is not one, known for sure. doubt: why not.
        also: other playbooks that wait for such an alert. would: of an alert in shadow, what would have come of it.
    """

    row: Row
    act: Act
    alert: Alert
    match: Match
    given: dict[str, str | list[str]]
    integration: str
    doubt: str
    inventory: Inventory
    also: tuple[str, ...] = ()
    would: str = ""

    def asked(self, run: str, incident: str = "", *, hold_only: bool = True) -> Asked:
        """As the house takes it: what can be undone, at declared footholds, in nobody's name; or all, to be shown."""
        at = datetime.fromisoformat(self.row.at)
        return Asked(
            self.match.name, self.given, of_alert(self.row.name), seeing.reason(self.row.name, self.alert),
            incident=incident, hold_only=hold_only, since=seeing.since(self.alert, at), run=run, checked=self.match.checked,
        )  # fmt: skip

    def run_id(self, journal: str, what: str) -> str:
        """The id that its run has, whoever opens it: of the same act of the same journal always the same."""
        told = hashlib.sha256(f"{journal}\0{self.act.number}\0{self.act.finding}\0{what}".encode()).hexdigest()
        at = datetime.fromisoformat(self.act.at)
        return f"R-{at:%m%d-%H%M}-{told[:10]}"

    def said(self) -> dict[str, object]:
        """What the record holds of it."""
        return {**seeing.said(self.row, self.alert), "also": list(self.also)}

    @property
    def command(self) -> str:
        """What somebody types to do it. What the alert chose is its sender's text, which nobody is to copy into a shell."""
        inputs = self.match.checked.playbook.inputs
        given = " ".join(
            f"-i {name}={self._typed(name, value, inputs[name].type)}" for name, value in self.given.items()
        )
        return f"ringfence contain {self.match.name} {given}".strip()

    def _typed(self, name: str, value: str | list[str], kind: str) -> str:
        """An integration's id is ours, whoever named it; a value of the playbook's own is fit to be typed, or left out."""
        ours = kind == "integration" or name not in self.match.chosen
        return value if ours and isinstance(value, str) and _PLAIN.fullmatch(value) else "..."
