"""What all who act on a request share: the house, who it is, what may be said, and the plan that is shown before anything."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from inventory.proof import Sayer
from inventory.ways import SlackEntry
from journal.errors import JournalError
from journal.replay import Run
from triggers.house import Asked, House, Shown
from triggers.house.saying import Word, turned_away
from triggers.slack import forms
from triggers.slack.answers import Answers
from triggers.slack.channel import Channel
from triggers.slack.dark import why_dark
from triggers.slack.intake import Intake
from triggers.slack.methods import Slack, SlackFailed
from triggers.slack.requests import Request
from triggers.slack.screens import form as form_screen
from triggers.slack.screens import plan as plan_screen
from triggers.slack.screens import short
from triggers.slack.screens.parts import Message
from triggers.slack.who import Who

if TYPE_CHECKING:
    from triggers.page.links import Links

NOT_TAKEN = "Slack took no message"


@dataclass(frozen=True)
class Desk:
    """What acting on requests needs. `links`: makes the page's links; None: there is no page. `minutes`: how long one is good."""

    house: House
    entry: SlackEntry
    slack: Slack
    who: Who
    channel: Channel
    answers: Answers
    intake: Intake
    links: Links | None = None
    page: str = ""
    minutes: int = 15
    moved: Callable[[], None] = lambda: None
    """Called when a run began or somebody said something: whoever tells of runs looks at once."""

    async def refuse(self, request: Request, what: str, why: str, next_: str = "") -> None:
        """Tell whoever asked that nothing was done, and why."""
        await self.answers.tell(request, short.refused(what, why, next_))

    async def away(
        self, request: Request, run: str, sayer: Sayer | None, code: str, why: str, *, did: str, wall: str = ""
    ) -> None:
        """Tell them that it does nothing, and record that it was tried."""
        await self.refuse(request, did, why)
        word = Word(run, "approve" if did == "Approve" else "object" if did == "Object" else "stop", sayer)
        if sayer is None:
            stranger = Sayer("", "", frozenset(), "slack", (), f"slack:{request.team}/{request.user}")
            word = Word(run, word.what, stranger)
        try:
            await turned_away(word, self.house.journal, code, why, wall=wall)
        except JournalError as error:
            self.house.tell(f"What was turned away in Slack could not be recorded: {error}")
        self.moved()

    async def open_form(
        self, request: Request, *, playbook: str = "", integration: str = "", reason: str = "", incident: str = "",
        given: dict[str, str] | None = None, view: str = "",
    ) -> None:  # fmt: skip
        """Open the form of a plan, or change the one that is open. Raises Refused; SlackFailed where it does not open."""
        made = await asyncio.to_thread(
            forms.make, self.house.inventory, self.house.journal.database, drill=self.house.sandbox, playbook=playbook,
            integration=integration, reason=reason, incident=incident, given=given,
        )  # fmt: skip
        shown = form_screen.form(made)
        if view:
            await self.slack.call("views.update", view_id=view, view=shown)
        else:
            await self.slack.call("views.open", trigger_id=request.trigger, view=shown)

    async def show_plan(self, request: Request, asked: Asked) -> None:
        """Look, and show what would be done. Raises Refused and the engine's sentences; nothing is sent but looks."""
        shown = await self.house.plan(asked)
        if why_dark(shown.run, self.house.inventory.config):
            await self.answers.tell(request, short.neutral(shown.run.incident))
            return
        try:
            unfit = await self.channel.unfit()
            message = short.neutral(shown.run.incident) if unfit else self.plan_message(shown.run, asked.by.name)
            await self.slack.call(
                "chat.postMessage", channel=self.channel.id, unfurl_links=False, unfurl_media=False, **message.body()
            )
        except SlackFailed as failed:
            await self.refuse(request, "", f"{NOT_TAKEN} ({failed.code}). On the command line: ringfence contain")
            return
        if unfit:
            await self.answers.tell(request, short.neutral(shown.run.incident))

    def plan_message(self, run: Run, asked_by: str) -> Message:
        """The plan with its buttons."""
        return plan_screen.plan(run, drill=self.house.sandbox, asked_by=asked_by, buttons_for=run.id)

    async def without_buttons(self, request: Request, run: Run, said: str) -> None:
        """Take a plan's buttons away, and say why. That it fails hides nothing: they do nothing any more."""
        try:
            planned = plan_screen.plan(run, drill=self.house.sandbox, note=said)
            if request.ts and not why_dark(run, self.house.inventory.config) and not await self.channel.unfit():
                await self.slack.call("chat.update", channel=self.channel.id, ts=request.ts, **planned.body())
        except SlackFailed as failed:
            self.house.tell(f"A plan in Slack keeps its buttons ({failed.code}); they do nothing any more.")


def digest_of(message: Message) -> str:
    """What the record keeps of a message that somebody was shown."""
    packed = json.dumps([message.text, *message.blocks], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(packed.encode()).hexdigest()


def asked_of(run: Run, by: Sayer, *, reason: str = "") -> Asked:
    """What a run that only looked was asked for, asked for again by somebody."""
    inputs: dict[str, str | Sequence[str]] = {
        name: [str(one) for one in value] if isinstance(value, list) else str(value)
        for name, value in (run.opened.get("inputs") or {}).items()
    }
    said = reason or str(run.opened.get("reason", ""))
    if run.opened.get("trigger") != "alert":
        return Asked(str(run.opened.get("playbook", "")), inputs, by, said)
    first = str(run.opened.get("since") or "")  # an alert knows when it began, and to which incident it belongs
    since = datetime.fromisoformat(first) if first else None
    return Asked(str(run.opened.get("playbook", "")), inputs, by, said, incident=run.incident, since=since)


__all__ = ["Desk", "Shown", "asked_of", "digest_of"]
