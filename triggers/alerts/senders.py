"""Who may send alerts, as the configuration has it now: each with what proves it, or with why nobody can be let in for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from inventory.alerting import SourceEntry
from inventory.read import BadInventory, Inventory
from triggers.alerts.trust.model import Secret, Trust
from triggers.alerts.trust.signing import key_of

SHORTEST_SECRET = 16
AGAIN_S = 2.0
"""For so long what was read holds: a rotated secret counts after it."""


class Form(Protocol):
    """Of a source's own file, what the door needs."""

    @property
    def trust(self) -> Trust:
        """How it proves itself."""

    @property
    def largest(self) -> int:
        """Bytes that one delivery may have."""


@dataclass(frozen=True, slots=True)
class Sender:
    """One that may send.

    Attributes:
        trust: whole. largest: bytes of a body.
        shut: why nothing of it can be taken at the door, as a sentence; "" where it can.
    """

    name: str
    source: str
    entry: SourceEntry
    trust: Trust
    largest: int
    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    shut: str = ""


class Senders:
    """Reads them anew as the configuration, or a secret behind a reference, changes."""

    def __init__(
        self, inventory: Callable[[], Inventory], forms: Mapping[str, Form], tell: Callable[[str], None] = lambda _line: None
    ) -> None:  # fmt: skip
        """`tell` hears once of each that is shut."""
        self._inventory, self._forms, self._tell = inventory, forms, tell
        self._found: Mapping[str, Sender] = {}
        self._at = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self._told: set[str] = set()

    async def now(self) -> Mapping[str, Sender]:
        """All of them by name. What is a moment old is given at once, and read anew beside it."""
        if time.monotonic() - self._at > AGAIN_S and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self._read())
        if self._at == float("-inf") and self._reading is not None:
            await asyncio.shield(self._reading)
        return self._found

    async def _read(self) -> None:
        try:
            self._found = await asyncio.to_thread(self.read)
        except Exception as error:  # noqa: BLE001  # those of before hold on; without any, nobody is let in
            self._tell(
                f"Alerts: who may send them could not be read ({type(error).__name__}); those of before hold on."
            )
        self._at = time.monotonic()
        shut = {sender.shut for sender in self._found.values() if sender.shut}
        for why in sorted(shut - self._told):
            self._tell(why)
        self._told = shut

    def read(self) -> Mapping[str, Sender]:
        """All of them, read now. Blocks."""
        inventory = self._inventory()
        return {name: self._one(name, entry, inventory) for name, entry in inventory.config.alerts.sources.items()}

    def _one(self, name: str, entry: SourceEntry, inventory: Inventory) -> Sender:
        source = inventory.config.alerts.form_of(name)
        form = self._forms.get(source)
        if form is None:
            known = ", ".join(sorted(self._forms))
            return _shut(
                name, source, entry, f"no source is called {source}: name one with `source:`; there are {known}"
            )
        trust = entry.trust.over(form.trust)
        if entry.unsigned:
            trust = Trust(scheme="none", challenge=trust.challenge, delivery=trust.delivery)
        trust = trust.whole()
        try:
            secrets = tuple(Secret(reference, inventory.resolve(reference)) for reference in entry.secrets)
        except BadInventory as bad:
            return _shut(name, source, entry, str(bad))
        why = _wrong(trust, entry, secrets)
        largest = entry.body_kib * 1024 if entry.body_kib is not None else form.largest
        return Sender(name, source, entry, trust, largest, secrets, f"alerts from {name}: {why}" if why else "")


def _shut(name: str, source: str, entry: SourceEntry, why: str) -> Sender:
    return Sender(name, source, entry, Trust(scheme="none"), 0, (), f"alerts from {name}: {why}")


def _wrong(trust: Trust, entry: SourceEntry, secrets: tuple[Secret, ...]) -> str:
    """Why nothing can be taken in; "" where it can, or where nobody is to post at all."""
    if trust.lacks():
        return f"{trust.lacks()} (`trust:`)"
    if trust.scheme == "none" and not entry.unsigned and entry.queue is None and entry.poll is None:
        return (
            "nothing proves who sends: say how with `trust:` and `secrets:`, or `unsigned: true`, and they only propose"
        )
    if trust.scheme == "graph" and entry.poll is None:
        return "scheme graph needs `poll: CONNECTION`: a notification names an alert, and does not hold it"
    if trust.needs_secret and not secrets and entry.queue is None and entry.poll is None:
        return f"scheme {trust.scheme} needs `secrets: [...]`; without one, say `unsigned: true`, and they only propose"
    if trust.scheme == "sns" and not entry.topics and entry.queue is None:
        return "scheme sns needs `topics: [...]`: anybody may have SNS send to an address"
    for secret in secrets:
        if len(secret.value) < SHORTEST_SECRET:
            return f"secret {secret.name} is shorter than {SHORTEST_SECRET} letters: it can be guessed"
        if not key_of(trust, secret):
            return f"secret {secret.name} is not base64 (whsec_...), as scheme {trust.scheme} has it"
    return ""
