"""Slack's side of the tests: a small Slack, a house with people and runs, and requests as Slack signs them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio
from slack_sdk.signature import SignatureVerifier

TESTS = Path(__file__).resolve().parents[2]
for name in ("reports", "triggers/page"):
    sys.path.append(str(TESTS / name))
from inventory.proof import new_token  # noqa: E402
from inventory.read import read_inventory  # noqa: E402
from journal import Draft, Journal, Keys  # noqa: E402
from journal.event import Private  # noqa: E402
from tests.triggers.page import page_house as parked  # noqa: E402  # runs as the engine leaves them
from tests.triggers.slack.slack_fake import CHANNEL, TEAM, FakeSlack  # noqa: E402
from triggers.house import House  # noqa: E402
from triggers.page.where import page_of  # noqa: E402
from triggers.slack.service import SlackService  # noqa: E402

SIGNING = "a signing secret of the tests"
PEOPLE = {
    "ana": ("U0ANA", "responder", ""), "ben": ("U0BEN", "responder, approver", ""), "cleo": ("U0CLEO", "commander", ""),
    "eve": ("U0EVE", "approver", ', "practice_crm:svc-drift"'), "max": ("U0MAX", "auditor", ""),
}  # fmt: skip
SCOPE = "7c1e90ab" * 8


@dataclass
class Office:
    """A house, a Slack, and the service between them."""

    slack: FakeSlack
    house: House
    service: SlackService
    verifier: SignatureVerifier
    told: list[str] = field(default_factory=list)

    # Requests as Slack posts them

    def signed(self, body: str, at: float | None = None) -> dict[str, str]:
        import time

        stamp = str(int(time.time() if at is None else at))
        signature = self.verifier.generate_signature(timestamp=stamp, body=body)
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": str(signature)}

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.service.http), base_url="http://ours")

    async def post(self, body: str, headers: dict[str, str] | None = None, kind: str = "") -> httpx.Response:
        said = {"Content-Type": kind or "application/x-www-form-urlencoded", **(headers or self.signed(body))}
        async with self.client() as client:
            return await client.post("/slack/events", content=body.encode(), headers=said)

    async def command(self, text: str, user: str = "U0ANA", **more: Any) -> httpx.Response:
        return await self.post(urlencode(self.slack.command(text, user, **more)))

    async def interact(self, payload: dict[str, Any]) -> httpx.Response:
        return await self.post(urlencode({"payload": json.dumps(payload)}))

    async def press(self, ts: str, action: str, user: str = "U0ANA", **more: Any) -> httpx.Response:
        return await self.interact(self.slack.press(ts, action, user, **more))

    # What comes of them

    async def until(self, true: Any, within_s: float = 8.0) -> Any:
        async with asyncio.timeout(within_s):
            try:
                while not (found := true()):
                    await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                print("told:", self.told, [words(one) for one in self.slack.ephemeral])
                raise
        return found

    async def answered(self, user: str, after: int = 0) -> str:
        """The words of the newest thing that this person alone was told."""
        await self.until(lambda: [one for one in self.slack.ephemeral[after:] if one["user"] == user])
        return words([one for one in self.slack.ephemeral[after:] if one["user"] == user][-1])

    async def settled(self) -> None:
        """Until every request was acted on."""
        await self.until(lambda: not self.service._intake.waiting())
        await self.service._actor.drained()

    def events(self, kind: str, run: str = "R-1") -> list[Any]:
        return [event for event in self.house.journal.events(run) if event.type == kind]

    # Runs as the engine leaves them

    async def park(self, *drafts: Draft, run: str = "R-1", incident: str = "INC-7", **more: Any) -> None:
        journal = self.house.journal
        start = {name: more.pop(name) for name in ("footholds", "connections") if name in more}
        plan = more.pop("plan", None) or parked.planned(not_told=more.pop("not_told", []))
        opening = parked.opened(
            more.pop("by", "person:ana"), more.pop("mode", "live"), str(self.house.inventory.path), **start
        )
        lease, _ = await journal.begin(run, incident, opening, lock=f"drift-{run}")
        await journal.append(lease, [plan, *(drafts or [*parked.HELD, parked.WAITING])])
        await journal.release(lease, unlock=False)

    async def go_on(self, *drafts: Draft, run: str = "R-1", unlock: bool = False) -> None:
        lease, _ = await self.house.journal.take(run)
        await self.house.journal.append(lease, drafts)
        await self.house.journal.release(lease, unlock=unlock)


def words(message: dict[str, Any]) -> str:
    from tests.triggers.slack.slack_reading import aloud

    return aloud(message)


def configuration(folder: Path, slack: FakeSlack, *, more: str = "", integrations: str = "integrations: {}\n") -> Path:
    people = [
        f'  {name}: {{name: {name.title()}, roles: [{roles}], token: "{new_token()[1]}", accounts: ["slack:{TEAM}/{user}"{accounts}]}}'
        for name, (user, roles, accounts) in PEOPLE.items()
    ]
    file = folder / "ringfence.yaml"
    file.write_text(
        'connections:\n  chat: {system: notify, url: "http://127.0.0.1:1"}\n'
        '  okta: {system: practice_idp, url: "http://127.0.0.1:1/okta"}\n'
        f'slack: {{team: {TEAM}, channel: {CHANNEL}, token: "file:bot", app_token: "file:app", signing: "file:signing",'
        f' rides_on: [okta], api: "{slack.url}/api/"}}\n'
        'page: {url: "http://localhost:1"}\n' + more + "people:\n" + "\n".join(people) + "\n"
    )
    (folder / "integrations.yaml").write_text(integrations)
    for name, value in (("bot", "xoxb-ours"), ("app", "xapp-ours"), ("signing", SIGNING)):
        (folder / name).write_text(value)
    return file


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    found = FakeSlack()
    await found.start()
    for user, _, _ in PEOPLE.values():
        found.member(user)
    yield found
    await found.close()


@pytest_asyncio.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slack: FakeSlack) -> AsyncIterator[Office]:
    found = await opened_office(tmp_path, monkeypatch, slack)
    yield found
    await found.service.end()
    await found.house.end(0.1)
    await found.house.journal.aclose()


async def opened_office(
    folder: Path, monkeypatch: pytest.MonkeyPatch, slack: FakeSlack, *, start: bool = True, socket: bool = False
) -> Office:
    state = folder / "state"
    state.mkdir(mode=0o700, exist_ok=True)
    monkeypatch.setenv("RINGFENCE_HOME", str(state))
    monkeypatch.chdir(folder)
    file = folder / "ringfence.yaml"
    if not file.exists():
        configuration(folder, slack)
    names = folder / "names"
    keys = Keys.make_file(names) if not names.exists() else Keys.from_reference(f"file:{names}")
    journal = Journal.open(f"sqlite:///{state}/journal.db", keys=Keys.none(), names=[keys])
    told: list[str] = []
    house = House(read_inventory(file, may_be_empty=True), journal, state, tell=told.append)
    return (
        service_of(house, slack, told, start=start, socket=socket)
        if not start
        else await begun(house, slack, told, socket)
    )


def service_of(house: House, slack: FakeSlack, told: list[str], *, start: bool = False, socket: bool = False) -> Office:
    entry = house.inventory.config.slack
    assert entry is not None
    entry = entry if socket else entry.model_copy(update={"app_token": None})
    service = SlackService(house, entry, page=page_of(house.inventory, ""))
    return Office(slack, house, service, SignatureVerifier(SIGNING), told)


async def begun(house: House, slack: FakeSlack, told: list[str], socket: bool) -> Office:
    found = service_of(house, slack, told, socket=socket)
    await found.service.start()
    return found


__all__ = ["PEOPLE", "SIGNING", "Office", "Private", "configuration", "opened_office", "words"]
