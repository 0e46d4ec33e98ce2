"""Tells people what a run came to, beside it and never in front of it: bounded in time, and it raises nothing.

    drafts = await told(inventory, run, "waiting")       # `told` events, to be journaled by whoever may
    teller = Teller(inventory, live.note); teller.word(run, "waiting"); ...; await teller.end()

A channel that rides on a system which the incident is about is not used: whoever is in there reads it. What is told
names the run, its word and what to do next; never a secret, nor a provider's text.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

from connectors.core import Action, Came, Connection, ConnectorError, Mark, Secret, connect
from engine.registry import registry
from inventory.model import SPEAK
from inventory.part import is_reference
from inventory.people import TellEntry
from inventory.read import BadInventory, Inventory
from journal.errors import JournalError
from journal.event import Draft, Private
from journal.replay import Run

Give = Callable[[Run, str], Awaitable[str]]
"""Makes a link that opens a run on this person's phone; "" where they are given none."""
WITHIN_S = 15.0
"""For how long at most one channel is waited for."""
WORDS = {
    "waiting": "waiting", "partially-contained": "partial", "nothing-found": "failed", "failed": "failed",
    "expired": "lapsed", "lapsed": "lapsed", "contested": "contested", "objected": "waiting",
    "break-glass": "break-glass", "frozen": "frozen", "held": "held", "contained": "contained",
    "partially-recovered": "partial",
}  # fmt: skip
"""What a run's word is called where the configuration says who hears of it."""


async def told(inventory: Inventory, run: Run, of: str, more: str = "", give: Give | None = None) -> list[Draft]:
    """Tell whoever is to hear of this word; give the events that say who was told how, or why not.

    `of`: a run's word, or break-glass, frozen, lapsed. `more`: a sentence of ours that is added. `give`: makes a link.
    """
    if run.opened.get("mode") == "dry-run":
        return []
    entries = [entry for entry in inventory.config.tell if WORDS.get(of, of) in entry.of]
    text = _text(run, of, more)
    radius = radius_of(run)
    asks = of in {"waiting", "objected", "expired"} and bool(run.asked)
    return list(await asyncio.gather(*(
        _one(inventory, entry, of, text, radius, partial(_address, inventory, entry, run, give) if asks else None)
        for entry in entries
    )))  # fmt: skip


async def told_of_alert(
    inventory: Inventory, of: str, text: str, *, run: Run | None = None, radius: Iterable[str] = (), everybody: bool = False
) -> list[Draft]:  # fmt: skip
    """Tell of what an alert came to where no run's word tells of it: whoever hears of what waits for people, or everybody.

    `text`: sentences of ours. `radius`: connections and systems that it is about, beside those of the `run`.
    """
    entries = [one for one in inventory.config.tell if everybody or "waiting" in one.of]
    around = frozenset(radius) | (radius_of(run) if run is not None else frozenset())
    return list(await asyncio.gather(*(_one(inventory, entry, of, text, around, None) for entry in entries)))


async def _address(inventory: Inventory, entry: TellEntry, run: Run, give: Give | None) -> str:
    """Where a phone answers it: somebody's own channel gets a link of theirs; others the address, which asks who comes."""
    if entry.person is not None and give is not None:
        link = await give(run, entry.person)
        return f". On your phone, once: {link}" if link else ""
    page = inventory.config.page
    return f". On a phone: {page.url}/page/runs/{run.id}" if page is not None else ""


class Teller:
    """Tells beside a run: `word` begins to, and never waits; `end` waits for what is on its way, in bounded time.

    `note` journals the events that say who was told; what it raises is not this teller's to hear.
    """

    def __init__(self, inventory: Inventory, note: Callable[..., Awaitable[object]], give: Give | None = None) -> None:
        """Hold what tells, and where it is recorded. `give`: makes a link for a person, as in `told`."""
        self._inventory, self._note, self._give = inventory, note, give
        self._under_way: set[asyncio.Task[None]] = set()

    def word(self, run: Run, of: str, more: str = "") -> None:
        """Begin to tell of a run's word."""
        if any(WORDS.get(of, of) in entry.of for entry in self._inventory.config.tell):
            task = asyncio.ensure_future(self._tell(run, of, more))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def end(self) -> None:
        """Wait for what is on its way: each channel has its own time-out, so this ends soon after it."""
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _tell(self, run: Run, of: str, more: str) -> None:
        if drafts := await told(self._inventory, run, of, more, self._give):
            with contextlib.suppress(JournalError):  # the run is another's now, or ends by the same error
                await self._note(*drafts)


def radius_of(run: Run) -> frozenset[str]:
    """The connections and systems that a run's incident is about: those of its footholds, and of what it holds or cuts."""
    connections = run.opened.get("connections") or {}
    footholds = (run.opened.get("footholds") or {}).values()
    about = {str(foothold.get("at", "")) for foothold in footholds if foothold.get("sure", True)}
    about |= {
        str(row.get("connection", "")) for row in run.planned.get("steps") or () if row.get("kind") in {"hold", "cut"}
    }
    systems = {str((connections.get(one) or {}).get("system", "")) for one in about}
    return frozenset((about | systems) - {""})


def _text(run: Run, of: str, more: str) -> str:
    opened = run.opened
    said = [f"Ringfence {str(opened.get('mode', '')).upper()}: {of.upper()}"]
    if run.id:
        said.append(f"run {run.id}, incident {run.incident}, {opened.get('integration') or opened.get('playbook', '')}")
    asked = max(run.asked.values(), key=lambda event: event.n, default=None)
    if asked is not None and of in {"waiting", "objected"}:
        scope, wanted = str(asked.body["scope_hash"])[:8], f"{asked.body.get('people', 1)} x {asked.body['role']}"
        said.append(f"asks {wanted} about scope {scope}: ringfence approve {run.id}")
    if of == "break-glass":
        said.append(f"to be reviewed by somebody else: ringfence review {run.id}")
    return ". ".join([*said, *([more] if more else [])])


async def _one(
    inventory: Inventory, entry: TellEntry, of: str, text: str, radius: Iterable[str],
    address: Callable[[], Awaitable[str]] | None,
) -> Draft:  # fmt: skip
    """Tell by one channel; the event that says how that went. A link is made only for a channel that is used."""
    how = entry.to
    if rides := _rides_on(inventory, entry) & frozenset(radius):
        why = f"it rides on {', '.join(sorted(rides))}, which this incident is about"
    else:
        try:
            where = await asyncio.wait_for(address(), WITHIN_S) if address is not None else ""
            why = await asyncio.wait_for(_sent(inventory, entry, text + where), WITHIN_S)
        except TimeoutError:
            why = f"no answer in {WITHIN_S:g} s"
        except (BadInventory, ConnectorError, LookupError, ValueError) as error:
            why = f"{type(error).__name__}: the channel cannot be used as it is configured"
        except Exception as error:  # noqa: BLE001  # a channel must not end what it tells of
            why = f"{type(error).__name__} in the channel"
    return Draft("told", {"whom": Private(how), "of": of, "how": _kind(entry), "why": why})


def _kind(entry: TellEntry) -> str:
    return "apprise" if is_reference(entry.to) else "notify"


def _rides_on(inventory: Inventory, entry: TellEntry) -> frozenset[str]:
    known = inventory.config.connections
    own = frozenset() if is_reference(entry.to) else frozenset({entry.to})
    named = own | (frozenset({entry.rides_on}) if entry.rides_on else frozenset())
    return named | {known[one].system for one in named if one in known and known[one].system not in SPEAK}


async def _sent(inventory: Inventory, entry: TellEntry, text: str) -> str:
    """Send it; "" when it went out, else why not."""
    if is_reference(entry.to):
        return await _by_apprise(inventory.resolve(entry.to), text)
    return await _by_connection(inventory, entry.to, text)


async def _by_connection(inventory: Inventory, name: str, text: str) -> str:
    entry = inventory.config.connections.get(name)
    if entry is None or entry.system not in SPEAK:
        return f"there is no connection {name} that sends messages"
    connector, message = registry().systems[entry.system], registry().actions[f"{entry.system}.message"]
    secret = Secret(inventory.resolve(entry.secret)) if entry.secret else None
    settings = connector.settings.model_validate(entry.settings)
    connection = Connection(name, connector, inventory.base(entry.url), secret, settings)
    return await _by(connection, message, text)


async def _by_apprise(url: str, text: str) -> str:
    """By an Apprise URL that stands under `tell` itself, without a connection."""
    connector, message = registry().systems["apprise"], registry().actions["apprise.message"]
    return await _by(Connection("tell", connector, "apprise://tell", Secret(url)), message, text)


async def _by(connection: Connection, message: Action[Any, Any], text: str) -> str:
    _, sender, wire = connect(connection, writes=True)
    assert sender is not None, "opened for writing"
    marks = {Mark.ME: f"tell/{secrets.token_hex(8)}", Mark.RUN: "", Mark.NOW: ""}
    try:
        (call,) = message.fn(message.params(to="Ringfence", text=text))
        outcome = await sender.send(call, marks)
    finally:
        await wire.close()
    if outcome.came is Came.OK and outcome.status == 404:
        return f"there is no such channel: {outcome.why}"
    return "" if outcome.came is Came.OK else f"{outcome.came.value}: {outcome.why}"
