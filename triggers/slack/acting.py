"""Acts on requests that were kept: one at a time each, several side by side, and each to its end before its row is closed."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from functools import partial

from connectors.core import ConnectorError
from engine.bound import NotBound
from engine.plan.looking import NothingSeen
from inventory.read import BadInventory
from journal.clock import now, spelled
from journal.errors import JournalError, UnknownRun
from language.errors import BadInput, BadPlaybook
from triggers.house import Refused
from triggers.slack.commands import command
from triggers.slack.desk import Desk
from triggers.slack.intake import Row
from triggers.slack.keeping import Keeper
from triggers.slack.methods import SlackFailed
from triggers.slack.presses import from_alert, press, sent_form
from triggers.slack.requests import Request
from triggers.slack.screens import replies
from triggers.slack.screens.card import PAGE, STOP
from triggers.slack.screens.short import LINK

AT_ONCE = 8
EVERY_S = 0.5
LONGEST_S = 120.0
KEYS_STAY = timedelta(days=2)
KNOWN = (
    Refused, NotBound, NothingSeen, BadInput, BadPlaybook, BadInventory, ConnectorError, JournalError,
)  # fmt: skip
"""Errors whose text is the sentence for whoever asked."""
_LINKS = frozenset({PAGE, LINK})
"""Buttons that lead to a page: Slack tells of them too, and nothing is to be done."""
_OF_RUNS = frozenset({STOP, replies.APPROVE, replies.OBJECT, replies.DONE})


class Actor:
    """Takes rows and acts on them, until it is cancelled. Of a row that it has begun it lets go only when that is through."""

    def __init__(self, desk: Desk, keeper: Keeper) -> None:
        """Hold both; nothing is read."""
        self._desk, self._keeper = desk, keeper
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Act on what comes, and on what is left of before."""
        await asyncio.to_thread(self._desk.intake.forget, spelled(now() - KEYS_STAY))
        try:
            while True:
                self._keeper.fresh.clear()
                with contextlib.suppress(JournalError):  # it may be away for a while: what is kept stays kept
                    await self._take()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(EVERY_S):  # not wait_for: on 3.11 it can swallow a cancellation
                        await self._keeper.fresh.wait()
        finally:
            await asyncio.shield(self.drained())

    async def drained(self) -> None:
        """Wait for what is begun."""
        while self._busy:
            await asyncio.wait(self._busy.values())

    async def _take(self) -> None:
        for row in await asyncio.to_thread(self._desk.intake.waiting):
            if row.id in self._busy or not row.free():
                continue
            claimed = await asyncio.to_thread(self._desk.intake.claim, row)
            if claimed is not None:
                task = asyncio.create_task(self._one(claimed))
                self._busy[row.id] = task
                task.add_done_callback(partial(self._let_go, row.id))

    def _let_go(self, name: str, _done: asyncio.Task[None]) -> None:
        self._busy.pop(name, None)

    async def _one(self, row: Row) -> None:
        async with self._at_once:
            request = Request.unpacked(row.body)
            try:
                async with asyncio.timeout(LONGEST_S):
                    await self._act(request, begun=row.begun)
            except TimeoutError:
                await self._desk.refuse(
                    request, "", "It took longer than two minutes. Look at the status before you say it again."
                )
            except KNOWN as error:
                await self._desk.refuse(request, "", str(error))
            except SlackFailed as failed:
                await self._slack_failed(request, failed)
            except Exception as error:  # noqa: BLE001  one request's fault ends no other's
                kind = type(error).__name__
                self._desk.house.tell(f"A request from Slack ({request.kind}) ended in a fault of ours: {kind}")
                await self._desk.refuse(request, "", f"Ringfence stopped at an error that it does not know ({kind}).",
                                        "On the command line: ringfence status")  # fmt: skip
            await self._ended(row)

    async def _slack_failed(self, request: Request, failed: SlackFailed) -> None:
        late = failed.code in {"expired_trigger_id", "trigger_expired"}
        why = "It took longer than the three seconds in which Slack lets a form open." if late else f"{failed}."
        await self._desk.refuse(request, "", why, "Say it again.")

    async def _ended(self, row: Row) -> None:
        while True:
            try:
                await asyncio.to_thread(self._desk.intake.end, row)
            except JournalError:  # nothing else may act on it meanwhile: it is ours as long as we live
                await asyncio.sleep(EVERY_S)
            else:
                return

    async def _act(self, request: Request, *, begun: bool) -> None:
        if request.name in _LINKS:
            return
        sayer, why = await self._desk.who.of(request)
        if sayer is None:
            await self._stranger(request, why)
        elif request.kind == "command":
            await command(self._desk, request, sayer)
        elif request.kind == "press":
            await press(self._desk, request, sayer, begun=begun)
        elif request.kind == "form":
            await sent_form(self._desk, request, sayer)
        else:
            await from_alert(self._desk, request, sayer)

    async def _stranger(self, request: Request, why: str) -> None:
        """Somebody whom nothing proves: told, and where it was about a run, in its record."""
        run = request.value.partition("|")[0] if request.name in _OF_RUNS or request.name.startswith("plan_") else ""
        try:
            known = run and await self._desk.house.run(run)
        except (Refused, UnknownRun):
            known = ""
        if known:
            did = {replies.APPROVE: "Approve", replies.OBJECT: "Object"}.get(request.name, "")
            await self._desk.away(request, run, None, "unknown", why, did=did)
        else:
            await self._desk.refuse(request, "", why)
