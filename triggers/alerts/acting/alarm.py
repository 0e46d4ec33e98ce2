"""Tells people what an alert came to, beside it and never in front of it. No text of an alert is in what leaves the house."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.telling import told_of_alert
from journal.errors import JournalError
from journal.event import Draft
from journal.replay import Run, replay
from triggers.alerts.acting import seeing
from triggers.alerts.inbox.sealing import NO_INCIDENT

if TYPE_CHECKING:
    from engine.alert import Alert
    from inventory.read import Inventory
    from triggers.alerts.acting.conditions import Why
    from triggers.alerts.acting.wanted import Wanted
    from triggers.alerts.inbox import Act, Inbox, Row
    from triggers.house import House

AGAIN_AFTER_S = 3600.0
ENDS_S = 5.0
FOLLOWED_S = 300.0
NOT_HELD = frozenset({"refused", "failed", "nothing-found", "partially-contained"})
NOBODY_AT_IT = frozenset({"stopped", "expired", "objected"})
HERALDED, HERALD_AGAIN_S = 5, 2.0


class Alarm:
    """Tells."""

    def __init__(self, house: House, inbox: Inbox) -> None:
        """Hold both; nobody is told."""
        self._house, self._inbox = house, inbox
        self._under_way: set[asyncio.Task[None]] = set()
        self._said_at: dict[str, float] = {}

    async def end(self) -> None:
        """Wait a moment for what is on its way."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=ENDS_S)

    def tell(
        self, of: str, text: str, *, run: str = "", key: str = "", radius: Sequence[str] = (), everybody: bool = False
    ) -> None:
        """Begin to tell. `key`: it is also said where responders are, once."""
        self._house.tell(text)
        self._beside(self._told(of, text, run, radius, everybody=everybody))
        if key:
            self._beside(self._heralded(key, of, text, radius))

    def started(self, name: str, integration: str, run: str) -> None:
        """Tell of a run that nobody asked for; and once more where it comes to no hold."""
        self.tell("auto", f"Ringfence: an alert of {name} begins to hold {integration}, run {run}. Nothing one-way is done. Go on"
                          f" with it: ringfence resume {run}", run=run)  # fmt: skip
        self._beside(self._followed(name, integration, run))

    async def joined(self, name: str, integration: str, run: str) -> None:
        """Tell of an alert about an integration whose run nobody goes on with: else it would change nothing, unheard."""
        word = replay(await asyncio.to_thread(self._house.journal.events, run, names=False)).word
        if word in NOBODY_AT_IT:
            self.tell("auto", f"Ringfence: an alert of {name} would hold {integration}, and run {run} is {word}: nobody is at it. Go on"
                              f" with it: ringfence resume {run}", run=run)  # fmt: skip

    async def _followed(self, name: str, integration: str, run: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FOLLOWED_S):
                async for found in self._house.changes(run):
                    if found.word in NOT_HELD:
                        self.tell("auto", f"Ringfence: {integration} IS NOT HELD. An alert of {name} began run {run}, which is {found.word}:"
                                          f" ringfence status {run}", run=run)  # fmt: skip
                    if found.word != "running":
                        return

    def crowded(self, name: str) -> None:
        """More is proposed than people can look at: told once an hour, for each way in."""
        if self._first(f"crowded {name}"):
            self.tell("crowded", f"Ringfence: alerts of {name} would propose more than anybody can look at, and further ones are"
                                 " recorded only. Look at them: ringfence alert shadow", key=f"crowded:{name}:{int(time.time() // 3600)}")  # fmt: skip

    async def proposed(self, wanted: Wanted, whys: Sequence[Why], run: str, *, loud: bool) -> None:
        """Tell of a proposal. A plan stands where runs are told of; where there is none, what to do is said there."""
        what = f"{wanted.match.name} at {wanted.integration}" if wanted.integration else wanted.match.name
        codes = ", ".join(dict.fromkeys(one.code for one in whys))
        head = f"Ringfence: an alert of {wanted.row.name} {'would hold but does not' if loud else 'proposes'}: {what} ({codes})."
        plan = f" Plan: run {run}." if run else " No plan could be made."
        text = f"{head}{plan} Nothing was done. To begin: {wanted.command}"
        self.tell("proposed", text, run=run, key="" if run else f"proposed:{wanted.act.number}")

    async def our_credential(
        self, row: Row, act: Act, alert: Alert, ours: Mapping[str, frozenset[str]], inventory: Inventory
    ) -> None:  # fmt: skip
        """The loudest alarm there is: somebody holds a credential of our own. Everybody is told, once an hour for each."""
        connections = sorted(frozenset().union(*ours.values()))
        mark = hashlib.sha256("\0".join([row.name, *sorted(ours)]).encode()).hexdigest()[:16]
        key = f"ours {mark}"
        if not self._first(key):
            return
        body = {
            **seeing.said(row, alert), "inbox": act.inbox, "place": act.place, "connections": connections,
            "credentials": [seeing.text(one, 80) for one in sorted(ours)][:20],
        }  # fmt: skip
        try:
            await self._house.journal.record(Draft("our_credential", body))
        except BaseException:
            self._said_at.pop(key, None)  # it is decided again, and told then
            raise
        systems = [inventory.config.connections[one].system for one in connections]
        text = (
            f"Ringfence: OUR OWN CREDENTIAL IN STRANGE HANDS, says an alert of {row.name}: that of {', '.join(connections)} was used,"
            " and no call of ours fits. Replace it now, from another machine, and look at what it did:"
            f" ringfence alert replay --row {act.inbox}"
        )
        self.tell("our-credential", text, key=f"ours:{act.number}", radius=[*connections, *systems], everybody=True)

    def _first(self, key: str) -> bool:
        """Whether nobody was told of it in this hour."""
        if time.monotonic() - self._said_at.get(key, -AGAIN_AFTER_S) < AGAIN_AFTER_S:
            return False
        self._said_at[key] = time.monotonic()
        return True

    async def _told(self, of: str, text: str, run: str, radius: Sequence[str], *, everybody: bool) -> None:
        inventory = await asyncio.to_thread(lambda: self._house.inventory)
        about: Run | None = None
        if run:
            about = replay(await asyncio.to_thread(self._house.journal.events, run, names=False))
        drafts = await told_of_alert(inventory, of, text, run=about, radius=radius, everybody=everybody)
        with contextlib.suppress(JournalError):
            if drafts and run:
                await self._house.journal.say(run, drafts)
            elif drafts:
                within: dict[str, Any] = {"incident": NO_INCIDENT}
                await self._house.journal.record(*(replace(one, body={**one.body, **within}) for one in drafts))

    async def _heralded(self, key: str, of: str, text: str, connections: Sequence[str]) -> None:
        for herald in self._house.heralds:
            for _ in range(HERALDED):
                if await herald(key, of, [text], list(connections)):
                    break
                await asyncio.sleep(HERALD_AGAIN_S)

    def _beside(self, telling: Coroutine[Any, Any, None]) -> None:
        async def safely() -> None:
            try:
                await telling
            except Exception as error:  # noqa: BLE001  telling must not end what it tells of
                self._house.tell(f"Somebody could not be told of an alert ({type(error).__name__}).")

        task = asyncio.create_task(safely())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
