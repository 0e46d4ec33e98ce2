"""Slack, as one part of the service: takes requests in, acts on them, tells of runs. What fails here stops nothing else.

slack = SlackService(house, entry, page=page_of(house.inventory))
await slack.start()
slack.http                             # the application behind /slack/events; None with Socket Mode alone
await slack.end()
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from starlette.routing import Route

from inventory.ways import SlackEntry
from journal.errors import JournalError
from journal.event import Draft
from triggers.house import House
from triggers.keeping_up import kept_up
from triggers.page.links import Links
from triggers.page.shelf import Shelf
from triggers.page.where import key_of
from triggers.slack import forms
from triggers.slack.acting import Actor
from triggers.slack.answers import Answers
from triggers.slack.channel import Channel
from triggers.slack.commands import waits_for
from triggers.slack.desk import Desk
from triggers.slack.guard import PATH, Guard
from triggers.slack.heralding import Herald
from triggers.slack.intake import Intake
from triggers.slack.keeping import Keeper
from triggers.slack.listening import bolt
from triggers.slack.methods import Slack
from triggers.slack.outbox import Outbox
from triggers.slack.screens.form import MENU_MOST, choice_option
from triggers.slack.socket_mode import Socket
from triggers.slack.telling import Sender, Teller, follow
from triggers.slack.who import Who

if TYPE_CHECKING:
    from slack_sdk.signature import Clock

    from inventory.ways import PageEntry

COUNTED_EVERY_S = 60.0


def slack_of(house: House, page: PageEntry | None) -> SlackService | None:
    """Slack as it is configured; None where it is not. Raises BadInventory, NoKey."""
    entry = house.inventory.config.slack
    return SlackService(house, entry, page=page) if entry is not None else None


class SlackService:
    """One workspace.

    Attributes:
        http: the ASGI application for what Slack posts, its guard in front; None without a signing secret.
    """

    def __init__(
        self, house: House, entry: SlackEntry, *, page: PageEntry | None = None, clock: Clock | None = None
    ) -> None:  # fmt: skip
        """Read the secrets. Raises BadInventory where one cannot be read, NoKey where the page's key cannot."""
        resolve = house.inventory.resolve
        self._house, self._entry = house, entry
        self._slack = Slack(resolve(entry.token), entry.api)
        self._moved = asyncio.Event()
        url = page.url.rstrip("/") if page is not None else ""
        who = Who(house, self._slack, entry.team)
        channel = Channel(self._slack, who, entry.channel)
        self._intake = Intake(house.journal.database)
        self._outbox = Outbox(house.journal.database, entry.channel)
        self._desk = Desk(
            house, entry, self._slack, who, channel, Answers(self._slack, entry.channel, entry.api), self._intake,
            _links(house, page), url, page.link if page is not None else 0, self._moved.set,
        )  # fmt: skip
        self._keeper = Keeper(self._intake)
        self._actor = Actor(self._desk, self._keeper)
        sender = Sender(self._slack, channel, self._outbox)
        self._herald = Herald(house, self._slack, channel, self._outbox)
        self._teller = Teller(house, sender, channel, self._outbox, page=url, waits_for=self._waits_for)
        signing = resolve(entry.signing) if entry.signing is not None else None
        self.bolt = bolt(self._slack.client, self._keeper, self._menu, signing)
        self.http: Guard | None = None
        if signing is not None:
            handler: Any = AsyncSlackRequestHandler(self.bolt, path=PATH)
            self.http = Guard(handler, signing, entry.team, clock=clock)
        self._socket = Socket(self.bolt, resolve(entry.app_token)) if entry.app_token is not None else None
        self._tasks: list[asyncio.Task[None]] = []
        self._counted: Counter[str] = Counter()

    async def start(self) -> None:
        """Begin to take, act and tell. Slack being away now is no failure: it is tried until it is there."""
        self._house.heralds.append(self._herald)
        self._keep_up("acting on requests", self._actor.run)
        self._keep_up("telling of runs", lambda: follow(self._teller, self._house, self._outbox, self._moved))
        if self.http is not None:
            self._keep_up("counting what was turned away", self._count)
        if self._socket is not None:
            self._keep_up("Socket Mode", self._socket.run)

    def routes(self) -> list[APIRouter]:
        """What is mounted beside the other ways in: where Slack posts to us, with its guard in front."""
        if self.http is None:
            return []
        router = APIRouter()
        router.routes.append(Route(PATH, self.http, methods=None, include_in_schema=False))
        return [router]

    async def end(self) -> None:
        """Take nothing more in; what is begun comes to its end, what is kept stays for whoever comes next."""
        self._house.heralds.remove(self._herald)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.record_turned_away()
        self._intake.close()

    @property
    def turned_away(self) -> Counter[str]:
        """What was turned away before it was read, by why: for metrics."""
        return Counter() if self.http is None else self.http.turned_away

    def counted(self) -> Iterator[Metric]:
        """The same, as Prometheus has it."""
        refused = CounterMetricFamily(
            "ringfence_slack_turned_away", "Requests at Slack's door that were turned away unread.", labels=["why"]
        )
        for why, count in sorted(self.turned_away.items()):
            refused.add_metric([why], count)
        yield refused

    def _keep_up(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        self._tasks.append(asyncio.create_task(kept_up(f"Slack, {what}", work, self._house.tell)))

    async def _waits_for(self, run: Any) -> str:
        return await waits_for(self._desk, run)

    async def _menu(self, action: str, typed: str) -> list[dict[str, Any]]:
        """What a long menu offers to what is typed so far: integrations, and nothing beside them."""
        del action
        return await asyncio.to_thread(self._matching, typed.casefold())

    def _matching(self, typed: str) -> list[dict[str, Any]]:
        inventory = self._house.inventory
        used = forms.last_used(self._house.journal.database)
        found = [one for one in forms.every(inventory, used) if typed in f"{one.id} {one.title}".casefold()]
        return [choice_option(one).to_dict() for one in found[:MENU_MOST]]

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(COUNTED_EVERY_S)
            await self.record_turned_away()

    async def record_turned_away(self) -> None:
        """Record in the journal's own chain how much was turned away since it was last recorded: counts, and no text of it."""
        fresh = self.turned_away - self._counted
        if not fresh:
            return
        counts = {why: min(count, 2**31) for why, count in sorted(fresh.items())}
        with contextlib.suppress(JournalError):
            await self._house.journal.record(Draft("knocked", {"at_door": "slack", "turned_away": counts}))
            self._counted += fresh


def _links(house: House, page: PageEntry | None) -> Links | None:
    if page is None:
        return None
    journal = house.journal
    return Links(Shelf(journal.database, journal.id), key_of(house.inventory, house.state, page))
