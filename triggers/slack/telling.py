"""Tells of runs in the channel: a head that is edited, replies in order below it. Slack being away delays words and no run.

What is told is made from the journal alone. A message that may not have arrived is sent once more and says so; one that
arrived is never sent again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from journal.clock import now, spelled
from journal.errors import JournalError
from journal.event import Event
from journal.replay import Run
from journal.rows import RunRow
from reports.words import FINAL
from triggers.house import House
from triggers.slack import limits
from triggers.slack.channel import Channel
from triggers.slack.dark import why_dark
from triggers.slack.methods import Slack, SlackFailed
from triggers.slack.outbox import Outbox, Told
from triggers.slack.screens.card import card
from triggers.slack.screens.parts import Message, lines
from triggers.slack.screens.plan import plan
from triggers.slack.screens.replies import Replies, Reply
from triggers.slack.screens.short import neutral

HEAD = "card"
TOLD_STAYS = timedelta(days=7)
"""For so long it is looked at, after a start, whether all of a run that is over was told."""
PROPOSED_STAYS = timedelta(minutes=30)
"""And so long what an alert proposes: as long as its plan may be carried out."""
CARD_EVERY_S = 1.0
"""A head is edited at most so often."""
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})
"""The head cannot be edited, or replied to, any more: another one takes its place."""
REFUSED = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "no_text"})
"""Slack does not take this message as it is: its words alone are sent."""
Waits = Callable[[Run], Awaitable[str]]


@dataclass
class Thread:
    """One run in the channel.

    Attributes:
        replies: the fold. pending: what is not told yet, oldest first. told: what is, by key.
        shown: up to which event the head tells.
    """

    run_id: str
    replies: Replies
    told: dict[str, Told]
    pending: list[Reply] = field(default_factory=list)
    shown: int = 0
    edited_at: float = 0.0
    ended: bool = False

    @property
    def run(self) -> Run:
        """The run as far as it was read."""
        return self.replies.run

    @property
    def ts(self) -> str:
        """Where its head stands; "" before it does."""
        return self.told[HEAD].ts if HEAD in self.told and self.told[HEAD].sent else ""

    def take(self, events: list[Event]) -> None:
        """Read on."""
        for event in events:
            self.ended = event.type == "ended" or (self.ended and event.type != "leased")
        fresh = self.replies.take(events)
        seen = {reply.key for reply in self.pending}
        for reply in fresh:
            told = self.told.get(reply.key)
            if not (told is not None and told.sent) and reply.key not in seen:
                self.pending.append(reply)
                seen.add(reply.key)

    def idle(self) -> bool:
        """Whether nothing is left to tell."""
        return not self.pending and self.shown >= self.run.n


class Sender:
    """Puts messages into the channel, one at a time, and waits as long as Slack asks to."""

    def __init__(self, slack: Slack, channel: Channel, outbox: Outbox) -> None:
        """Hold them; nothing is sent."""
        self._slack, self._channel, self._outbox = slack, channel, outbox
        self._until = 0.0

    @property
    def waits(self) -> bool:
        """Whether Slack asked to wait, and still does."""
        return time.monotonic() < self._until

    async def post(self, thread: Thread, key: str, message: Message, n: int, **more: Any) -> bool:
        """Post a message under its key; whether it stands there now."""
        kind = "card" if key == HEAD else "reply"
        before = await asyncio.to_thread(self._outbox.try_, thread.run_id, kind, key, n)
        stood = key in thread.told and thread.told[key].sent
        shown = _again(message) if before and not stood else message
        try:
            answer = await self._call("chat.postMessage", shown, **more)
        except SlackFailed as failed:
            if not failed.sent:
                await asyncio.to_thread(self._outbox.not_sent, thread.run_id, key)
            raise
        ts = str(answer.get("ts", ""))
        await asyncio.to_thread(self._outbox.sent, thread.run_id, key, n, ts)
        thread.told[key] = Told(key, ts, n, before + 1, sent=True)
        return True

    async def edit(self, thread: Thread, message: Message) -> None:
        """Edit the head. An edit may be sent any number of times."""
        await self._call("chat.update", message, ts=thread.ts)
        head = thread.told[HEAD]
        await asyncio.to_thread(self._outbox.sent, thread.run_id, HEAD, thread.run.n, head.ts)

    async def _call(self, method: str, message: Message, **more: Any) -> Any:
        body = message.body()
        if limits.problems(body, "message"):
            body = {"text": message.text}
        said = {"channel": self._channel.id, "unfurl_links": False, "unfurl_media": False, **more}
        said = {name: value for name, value in said.items() if method == "chat.postMessage" or "unfurl" not in name}
        try:
            return await self._slack.call(method, **said, **body)
        except SlackFailed as failed:
            if failed.code in REFUSED and "blocks" in body:
                return await self._slack.call(method, **said, text=message.text)
            self.wait(failed)
            raise

    def wait(self, failed: SlackFailed) -> None:
        """Take Slack at its word, or give it a moment."""
        pause = failed.wait_s or (2.0 if failed.sent or failed.code == "unreachable" else 0.0)
        self._until = max(self._until, time.monotonic() + pause)


def _again(message: Message) -> Message:
    """A message that may stand there already: it says so, for nobody may count one thing as two."""
    note = lines(["Perhaps said before: Slack gave no answer."])
    assert note is not None
    return replace(message, blocks=(*message.blocks, note.to_dict()))


class Teller:
    """Follows all runs, and tells of each in its thread."""

    def __init__(
        self, house: House, sender: Sender, channel: Channel, outbox: Outbox, *, page: str = "", waits_for: Waits
    ) -> None:
        """Hold them; nothing is read. `page`: URL of the page, for links that everybody may see; they open nothing by themselves."""
        self._house, self._sender, self._channel, self._outbox, self._page = house, sender, channel, outbox, page
        self._waits_for = waits_for
        self._threads: dict[str, Thread] = {}

    async def tell(self, run_id: str) -> bool:
        """Read one run on and tell what can be told now; whether nothing is left."""
        thread = await self._thread(run_id)
        thread.take(await asyncio.to_thread(self._house.journal.events, run_id, thread.run.n))
        run = thread.run
        if run.opened.get("trigger") == "alert" and run.opened.get("mode") == "dry-run":
            return await self._proposed(thread)
        if run.opened.get("mode") not in {"live", "drill"} or not self._house.is_ours(run):
            return True
        if not run.planned and not run.words and not thread.ended:
            return False  # whom it is about is not known yet: nothing is said before that
        if self._sender.waits:
            return False
        try:
            neutral_only = bool(why_dark(run, self._house.inventory.config)) or bool(await self._channel.unfit())
            await (self._only_neutral(thread) if neutral_only else self._told(thread))
        except SlackFailed as failed:
            self._sender.wait(failed)
            return False
        if thread.idle() and thread.ended:
            self._threads.pop(run_id, None)
            return True
        return thread.idle()

    async def _thread(self, run_id: str) -> Thread:
        if run_id not in self._threads:
            told = await asyncio.to_thread(self._outbox.of, run_id)
            self._threads[run_id] = Thread(run_id, Replies(self._page), told)
            head = told.get(HEAD)
            self._threads[run_id].shown = head.n if head is not None and head.sent else 0
        return self._threads[run_id]

    async def _proposed(self, thread: Thread) -> bool:
        """Show what an alert proposes, once: a plan with its buttons, for whoever begins it."""
        run = thread.run
        thread.pending.clear()
        if thread.ts or not self._house.is_ours(run):
            return True
        if not run.planned or self._sender.waits:
            return thread.ended and not run.planned
        try:
            dark = why_dark(run, self._house.inventory.config) or await self._channel.unfit()
            by = str(run.opened.get("by", ""))
            shown = (
                neutral(run.incident) if dark else plan(run, drill=self._house.sandbox, asked_by=by, buttons_for=run.id)
            )
            await self._sender.post(thread, HEAD, shown, run.n)
        except SlackFailed as failed:
            self._sender.wait(failed)
            return False
        self._threads.pop(run.id, None)
        return True

    async def _told(self, thread: Thread) -> None:
        if not thread.ts:
            await self._sender.post(thread, HEAD, await self._card(thread), thread.run.n)
            thread.shown, thread.edited_at = thread.run.n, time.monotonic()
        while thread.pending:
            reply = thread.pending[0]
            n = int(reply.key.rpartition(":")[2]) if reply.key.rpartition(":")[2].isdigit() else thread.run.n
            try:
                await self._sender.post(
                    thread, reply.key, reply.message, n, thread_ts=thread.ts, reply_broadcast=reply.loud
                )
            except SlackFailed as failed:
                if failed.code not in GONE:
                    raise
                await self._another_head(thread, failed)
                continue
            thread.pending.pop(0)
        last = thread.ended or thread.run.word in FINAL
        if thread.shown < thread.run.n and (last or time.monotonic() - thread.edited_at >= CARD_EVERY_S):
            await self._edited(thread)

    async def _edited(self, thread: Thread) -> None:
        n = thread.run.n
        try:
            await self._sender.edit(thread, await self._card(thread))
        except SlackFailed as failed:
            if failed.code not in GONE:
                raise
            await self._another_head(thread, failed)
        thread.shown, thread.edited_at = n, time.monotonic()

    async def _another_head(self, thread: Thread, failed: SlackFailed) -> None:
        """Post another head where the one that stood there is gone; what follows stands below it."""
        self._house.tell(f"The head of run {thread.run_id} is gone in Slack ({failed.code}): another is posted.")
        await self._sender.post(thread, HEAD, await self._card(thread), thread.run.n)

    async def _card(self, thread: Thread) -> Message:
        run = thread.run
        page = f"{self._page}/page/runs/{run.id}" if self._page else ""
        return card(run, page=page, waits_for=await self._waits_for(run))

    async def _only_neutral(self, thread: Thread) -> None:
        """The one line, when it opens and for each question; nothing else of it, now and later."""
        questions = [f"neutral:{reply.key}" for reply in thread.pending if reply.key.startswith("asked:")]
        for key in ["neutral", *questions]:
            if not (key in thread.told and thread.told[key].sent):
                await self._sender.post(thread, key, neutral(thread.run.incident), thread.run.n)
        thread.pending.clear()
        thread.shown = thread.run.n


async def follow(teller: Teller, house: House, outbox: Outbox, moved: asyncio.Event, *, every_s: float = 0.3) -> None:
    """Tell of all runs that move, until it is cancelled. Of several processes one does it."""
    known: dict[str, int] = {}
    over: dict[str, int] | None = None
    held_at = 0.0
    try:
        while True:
            moved.clear()
            try:
                if time.monotonic() - held_at > 3.0:
                    if not await asyncio.to_thread(outbox.hold):
                        await asyncio.sleep(1.0)
                        continue
                    held_at = time.monotonic()
                rows = await house.runs()
                over = over if over is not None else await _over(house, rows, outbox)
                for row in reversed(rows):
                    if row.n in {known.get(row.run), over.get(row.run)}:
                        continue
                    if await teller.tell(row.run):
                        known[row.run] = row.n
            except JournalError:  # it may be away: what happened meanwhile is told when it is back
                await asyncio.sleep(1.0)
            try:
                async with asyncio.timeout(every_s):  # not wait_for: on 3.11 it can swallow a cancellation
                    await moved.wait()
            except TimeoutError:
                continue
    finally:
        await asyncio.shield(asyncio.to_thread(outbox.let_go))


async def _over(house: House, rows: list[RunRow], outbox: Outbox) -> dict[str, int]:
    """Runs that were over before we came and are not told of: neither begun to be, nor from after the last words.

    A plan that an alert proposes is over as soon as it is made: a fresh one is told of whoever made it.
    """
    begun, last = await asyncio.to_thread(outbox.known, spelled(now() - TOLD_STAYS))
    over = [row for row in rows if row.lock is None and row.run not in begun and (not last or row.last_at <= last)]
    fresh = spelled(now() - PROPOSED_STAYS)
    proposed = {row.run for row in over if row.last_at >= fresh and await _by_alert(house, row.run)}
    return {row.run: row.n for row in over if row.run not in proposed}


async def _by_alert(house: House, run: str) -> bool:
    events = await asyncio.to_thread(house.journal.events, run, names=False)
    return bool(events) and events[0].body.get("trigger") == "alert"
