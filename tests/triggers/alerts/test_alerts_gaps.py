"""What did not reach us is asked for: Okta's System Log (its requests and answers judged by its description), GitHub's
deliveries, Graph's alerts. Answers of the latter two are the examples of their documentation with the state put in.
"""  # noqa: D205

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from connectors.core import Reader, Secret
from connectors.entra import entra
from connectors.github import github
from tests.connectors.okta_fake import FakeOkta, at, with_drift
from tests.connectors.provider import provider, says, wired
from tests.triggers.alerts.doorway import Shelf
from triggers.alerts import gaps
from triggers.alerts.counting import Counts
from triggers.alerts.gaps import Gap, asks

NOW = datetime.now(UTC).replace(microsecond=0)


class Seat:
    """A gap, and all around it."""

    def __init__(self, tmp_path, system, reading, hook=""):
        self.shelf, self.counts, self.said = Shelf(), Counts(), []
        self.place, self.system, self.reading, self.hook = tmp_path / "asked" / system, system, reading, hook
        self.now = datetime.now(UTC)
        self.gap = self.again()

    def again(self):
        return Gap(self.system, self.system, "here", self.hook, self.reading, asks(self.system), self.shelf, self.counts,
                   self.place, self.said.append, now=lambda: self.now)  # fmt: skip

    @property
    def rows(self):
        return [json.loads(raw) for _, raw, _, _ in self.shelf.rows.values()]


def okta_seat(tmp_path, fake, hook=""):
    @asynccontextmanager
    async def reading():
        async with at(fake, writes=False) as (reader, _):
            yield reader

    return Seat(tmp_path, "okta", reading, hook)


async def test_oktas_log_is_asked_from_the_last_event_on_and_each_is_kept_once(tmp_path):
    fake = FakeOkta()
    seat = okta_seat(tmp_path, fake)
    fake.clock = datetime.now(UTC) - timedelta(hours=2)
    fake.happened("app.oauth2.token.detect_reuse", actor="0oa0")  # before our time
    fake.clock = datetime.now(UTC) - timedelta(minutes=30)
    fake.happened("app.oauth2.token.detect_reuse", actor="0oa1")
    fake.happened("user.session.start", actor="00u1")  # of no matter
    assert await seat.gap.once() == 1
    assert await seat.gap.once() == 0
    assert [row["actor"]["id"] for row in seat.rows] == ["0oa1"]
    ((_, _, verified, _),) = seat.shelf.rows.values()
    assert (verified.scheme, verified.key_id, verified.delivery_id, verified.proven) == ("poll", "here", "ev-1", True)
    fake.lag = 1  # the log shows it late
    fake.happened("system.api_token.create", actor="00u1")
    assert await seat.gap.once() == 0
    fake.happened("user.risk.detect", actor="00u2")
    assert await seat.gap.once() == 1
    fake.lag = 0
    assert await seat.gap.once() == 1
    assert [row["eventType"] for row in seat.rows][1:] == ["system.api_token.create", "user.risk.detect"]
    assert await seat.again().once() == 0  # another process goes on where this one came to
    assert seat.counts.accepted["okta"] == 3
    assert all("since" in parse_qs(urlsplit(got.target).query) for got in fake.got if "/logs" in got.target)


async def test_a_named_hook_says_which_events_are_asked_for(tmp_path):
    fake = with_drift()
    fake.log.clear()
    fake.clock = datetime.now(UTC) - timedelta(minutes=5)
    fake.happened("user.session.start", actor="00u1")
    fake.happened("app.oauth2.token.detect_reuse", actor="0oa1")
    seat = okta_seat(tmp_path, fake, hook="who1")
    assert await seat.gap.once() == 1
    assert seat.rows[0]["eventType"] == "user.session.start"


async def test_what_cannot_be_kept_is_asked_for_again_and_nothing_is_passed_over(tmp_path):
    fake = FakeOkta()
    fake.clock = datetime.now(UTC) - timedelta(minutes=5)
    for number in range(3):
        fake.happened("user.risk.detect", actor=f"00u{number}")
    seat = okta_seat(tmp_path, fake)
    seat.shelf.full = True
    with pytest.raises(RuntimeError):
        await seat.gap.once()
    assert not seat.place.exists()
    seat.shelf.full = False
    assert await seat.gap.once() == 3


async def test_it_is_told_once_that_nothing_can_be_asked_and_once_that_it_can_again(tmp_path, monkeypatch):
    import asyncio

    monkeypatch.setattr(gaps, "EVERY_S", 0.01)
    broken, asked = [True], []

    @asynccontextmanager
    async def reading():
        asked.append(1)
        if broken[0]:
            raise OSError("canary-of-a-host")
        yield None

    seat = Seat(tmp_path, "okta", reading)

    async def nothing(read, hook, since):
        for one in ():
            yield one

    seat.gap._ask = nothing
    running = asyncio.create_task(seat.gap.run())
    async with asyncio.timeout(20):
        while len(asked) < 4:
            await asyncio.sleep(0.01)
        broken[0] = False
        while len(seat.said) < 2:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert seat.said == [
        "Alerts from okta: what it may not have told us cannot be asked of here (OSError); it is asked again.",
        "Alerts from okta: here can be asked again.",
    ]


async def test_how_far_back_is_asked(tmp_path):
    seat = okta_seat(tmp_path, FakeOkta())
    assert seat.gap._reached() == seat.now - timedelta(hours=1, minutes=10)
    seat.gap._reach(seat.now - timedelta(days=90))
    assert seat.gap._reached() == seat.now - timedelta(days=3)
    seat.gap._reach(seat.now + timedelta(days=90))  # a clock that was wrong
    assert seat.gap._reached() == seat.now - timedelta(minutes=10)
    for text in ("", "soon", "\ud800"):
        seat.place.write_bytes(text.encode("utf-8", "surrogatepass"))
        assert seat.gap._reached() == seat.now - timedelta(hours=1, minutes=10)


def delivery(number, guid, minutes, code, event="secret_scanning_alert"):
    """docs.github.com/rest/orgs/webhooks#list-deliveries-for-an-organization-webhook."""
    return {
        "id": number, "guid": guid, "delivered_at": f"{NOW - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}", "redelivery": False,
        "duration": 0.27, "status": "OK" if code == 200 else "x", "status_code": code, "event": event, "action": "created",
        "installation_id": None, "repository_id": 1,
    }  # fmt: skip


async def test_githubs_failed_deliveries_are_fetched_and_nothing_is_sent(tmp_path):
    listed = [
        delivery(9, "g-5", 2, 502), delivery(8, "g-4", 3, 200), delivery(7, "g-4", 4, 500), delivery(6, "g-3", 5, 0),
        delivery(5, "g-2", 6, 200), delivery(4, "g-gone", 7, 503), delivery(3, "g-1", 8, 401), delivery(2, "g-0", 60 * 24, 502),
    ]  # fmt: skip
    got = []

    def answer(request):
        got.append((request.method, request.target))
        url = urlsplit(request.target)
        parts, query = url.path.strip("/").split("/"), dict(parse_qsl(url.query))
        assert parts[:5] == ["orgs", "acme", "hooks", "12", "deliveries"]
        if len(parts) == 6:
            one = next(item for item in listed if str(item["id"]) == parts[5])
            if one["guid"] == "g-gone":
                return says(404, {"message": "Not Found"})
            return says(
                200,
                one | {"request": {"headers": {"X-GitHub-Event": "x"}, "payload": {"n": one["id"]}}, "response": {}},
            )
        start = int(query.get("cursor", 0))
        link = f'<https://api.github.com/x?per_page=100&cursor={start + 3}>; rel="next"'
        return says(200, listed[start : start + 3], **({"link": link} if start + 3 < len(listed) else {}))

    @asynccontextmanager
    async def reading():
        async with (
            provider(answer) as there,
            wired(there.url, writes=False, connector=github, secret=Secret("t"), org="acme") as wire,
        ):
            yield Reader(wire)

    seat = Seat(tmp_path, "github", reading, "orgs/acme/hooks/12")
    assert await seat.gap.once() == 3
    assert sorted(row["n"] for row in seat.rows) == [3, 6, 9]
    headers = sorted(one["x-github-delivery"] for _, _, _, one in seat.shelf.rows.values())
    assert headers == ["g-1", "g-3", "g-5"]
    assert {one["x-github-event"] for _, _, _, one in seat.shelf.rows.values()} == {"secret_scanning_alert"}
    assert {method for method, _ in got} == {"GET"}
    assert await seat.gap.once() == 0
    listed.insert(0, delivery(10, "g-1", 1, 200))  # an operator had it sent again
    assert await seat.gap.once() == 0


async def test_graphs_alerts_are_asked_for_by_when_they_changed(tmp_path):
    changed = [f"{NOW - timedelta(minutes=9):%Y-%m-%dT%H:%M:%S}.1234567Z"]
    got = []

    def answer(request):
        got.append(dict(parse_qsl(urlsplit(request.target).query)))
        assert urlsplit(request.target).path == "/v1.0/security/alerts_v2"
        return says(200, {"value": [{"id": "da637", "title": "x", "lastUpdateDateTime": changed[0]}]})

    @asynccontextmanager
    async def reading():
        async with (
            provider(answer) as there,
            wired(f"{there.url}/v1.0", writes=False, connector=entra, secret=None, **SETTINGS) as wire,
        ):
            yield Reader(wire)

    seat = Seat(tmp_path, "entra", reading)
    assert await seat.gap.once() == 1
    assert got[0].keys() == {"$filter"}
    assert got[0]["$filter"].startswith("lastUpdateDateTime ge 20")
    assert await seat.gap.once() == 0
    changed[0] = f"{NOW - timedelta(minutes=8):%Y-%m-%dT%H:%M:%S}Z"
    assert await seat.gap.once() == 1
    assert seat.gap._reached() == datetime.fromisoformat(changed[0]) - timedelta(minutes=10)


SETTINGS = {
    "token_url": "https://login.microsoftonline.com/t/oauth2/v2.0/token", "client_id": "c",
    "scope": "https://graph.microsoft.com/.default",
}  # fmt: skip


def asked_over_and_over(tmp_path, monkeypatch, nudge):
    """A gap that is asked by itself only once a minute, and when; `nudge` hears of each time, while it is asked."""
    monkeypatch.setattr(gaps, "AT_MOST_EVERY_S", 0.2)
    times = []

    @asynccontextmanager
    async def reading():
        yield None

    async def ask(read, hook, since):
        del read, hook, since
        times.append(asyncio.get_running_loop().time())
        nudge(gap, len(times))
        for nothing in ():
            yield nothing

    gap = Gap(
        "graph", "microsoft-graph", "here", "", reading, ask, Shelf(), Counts(), tmp_path / "asked", lambda _: None
    )
    return gap, times


async def until(met):
    async with asyncio.timeout(20):
        while not met():
            await asyncio.sleep(0.01)


async def test_what_is_told_while_it_is_asked_is_asked_for_once_more(tmp_path, monkeypatch):
    """Its answer may have been on its way already: the alert would wait for a minute."""
    gap, times = asked_over_and_over(tmp_path, monkeypatch, lambda gap, count: gap.nudged.set() if count == 1 else None)
    running = asyncio.create_task(gap.run())
    await until(lambda: len(times) == 2)
    running.cancel()


async def test_whoever_tells_without_end_has_it_asked_only_so_often(tmp_path, monkeypatch):
    gap, times = asked_over_and_over(tmp_path, monkeypatch, lambda gap, _: gap.nudged.set())
    running = asyncio.create_task(gap.run())
    await until(lambda: len(times) == 4)
    running.cancel()
    assert all(then - before >= 0.15 for before, then in pairwise(times))
