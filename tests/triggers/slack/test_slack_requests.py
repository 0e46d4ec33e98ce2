"""What arrives over HTTP: signed and fresh it is one row, all else does nothing, is answered, and no word of it is logged."""

import asyncio
import io
import json
import logging
import time
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from journal.db.tables import intake
from journal.event import JOURNAL

CANARY = "canary-of-a-body"


def rows(office):
    with office.house.journal.database.engine.connect() as conn:
        return conn.execute(select(intake)).all()


@pytest.fixture
def logged():
    """All that any logger says, at any level."""
    said, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(said), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield said
    root.removeHandler(handler)
    root.setLevel(level)


def body(office, **more):
    return urlencode(office.slack.command(f"note R-1 {CANARY}", **more))


async def test_a_signed_command_is_one_row_and_answered_at_once(office, logged):
    begun = time.monotonic()
    answer = await office.command(f"help {CANARY}")
    assert (answer.status_code, answer.text) == (200, "")
    assert time.monotonic() - begun < 3
    await office.settled()
    assert "What /ringfence takes" in await office.answered("U0ANA")
    (row,) = rows(office)
    assert row.done_at is not None
    assert row.body == "", "what was typed is dropped once it was acted on"
    assert CANARY not in logged.getvalue()


@pytest.mark.parametrize(("how", "status", "why"), [
    ("unsigned", 401, "malformed"), ("forged", 401, "forged"), ("stale", 401, "stale"), ("future", 401, "stale"),
    ("altered", 401, "forged"), ("word for a number", 401, "malformed"), ("negative", 401, "malformed"),
    ("huge number", 401, "malformed"), ("not ascii", 401, "malformed"), ("two signatures", 401, "malformed"),
    ("not utf-8", 401, "not_utf8"), ("old scheme", 401, "malformed"), ("too large", 413, "too_large"),
    ("foreign", 403, "foreign"), ("no team", 403, "foreign"), ("bad json", 400, "unreadable"), ("get", 405, "method"),
])  # fmt: skip
async def test_what_is_not_slacks_does_nothing_and_is_told_so(office, logged, how, status, why):
    said = body(office)
    raw, headers = said.encode(), office.signed(said)
    method = "POST"
    match how:
        case "unsigned":
            headers = {}
        case "forged":
            headers["X-Slack-Signature"] = "v0=" + "0" * 64
        case "stale":
            headers = office.signed(said, time.time() - 301)
        case "future":
            headers = office.signed(said, time.time() + 302)
        case "altered":
            raw = said.replace("note", "stop").encode()
        case "word for a number":
            headers["X-Slack-Request-Timestamp"] = "soon"
        case "negative":
            headers["X-Slack-Request-Timestamp"] = "-1"
        case "huge number":
            headers["X-Slack-Request-Timestamp"] = "9" * 5000
        case "not ascii":
            headers["X-Slack-Signature"] = "v0=" + "\u00e9" * 64
        case "two signatures":
            headers = [*headers.items(), ("X-Slack-Signature", "v0=" + "0" * 64)]
        case "not utf-8":
            raw = b"\xff\xfe" + CANARY.encode()
        case "old scheme":
            headers["X-Slack-Signature"] = headers["X-Slack-Signature"].replace("v0", "v1")
        case "too large":
            said = said + "&x=" + "x" * 300_000
            raw, headers = said.encode(), office.signed(said)
        case "foreign":
            said = body(office, team="T0EVIL")
            raw, headers = said.encode(), office.signed(said)
        case "no team":
            said = urlencode({"command": "/ringfence", "text": CANARY})
            raw, headers = said.encode(), office.signed(said)
        case "bad json":
            said = urlencode({"payload": "{" + CANARY})
            raw, headers = said.encode(), office.signed(said)
        case "get":
            method = "GET"
    sent = [(k.encode(), v.encode("latin-1")) for k, v in (headers if isinstance(headers, list) else headers.items())]
    sent += [(b"content-type", b"application/x-www-form-urlencoded")]
    async with office.client() as client:
        answer = await client.request(method, "/slack/events", content=raw, headers=sent)
    assert (answer.status_code, answer.json()) == (status, {"error": why})
    await asyncio.sleep(0.05)
    assert rows(office) == []
    assert not office.slack.calls, "nothing was started, and Slack was asked nothing"
    assert CANARY not in logged.getvalue()
    await office.service.record_turned_away()
    knocked = [event.body for event in office.house.journal.events(JOURNAL) if event.type == "knocked"]
    assert knocked == [{"at_door": "slack", "turned_away": {why: 1}}]


async def test_the_very_window_of_slack(office):
    """300 seconds are fresh, 301 are not (the one above)."""
    said = body(office)
    assert (await office.post(said, office.signed(said, time.time() - 299))).status_code == 200


async def test_a_replayed_request_is_the_same_request(office):
    said = urlencode(office.slack.command("help"))
    signed = office.signed(said)
    for more in ({}, {"X-Slack-Retry-Num": "1"}, {"X-Slack-Retry-Num": "2"}):
        assert (await office.post(said, {**signed, **more})).status_code == 200
    both = await asyncio.gather(*(office.post(said, signed) for _ in range(5)))
    assert {one.status_code for one in both} == {200}
    await office.settled()
    assert len(rows(office)) == 1
    assert len(office.slack.ephemeral) == 1


async def test_a_hundred_commands_at_once_are_a_hundred_rows_acked_within_a_second(office):
    said = [urlencode(office.slack.command(f"status R-{n}", trigger_id=f"t{n}")) for n in range(100)]
    signed = [office.signed(one) for one in said]
    took = []

    async def one(text, headers):
        begun = time.monotonic()
        answer = await office.post(text, headers)
        took.append(time.monotonic() - begun)
        return answer.status_code

    assert set(await asyncio.gather(*map(one, said, signed))) == {200}
    assert len(rows(office)) == 100
    assert max(took) < 1, f"the slowest took {max(took):.2f} s"
    await office.until(lambda: len(office.slack.ephemeral) == 100, 20)


async def test_a_crash_between_answer_and_act_loses_and_doubles_nothing(tmp_path, monkeypatch, slack):
    from tests.triggers.slack.conftest import begun, opened_office

    dead = await opened_office(tmp_path, monkeypatch, slack, start=False)
    await dead.park()
    for n in range(3):
        assert (await dead.command(f"note R-1 remark {n}")).status_code == 200
    waiting = dead.service._intake.waiting()
    assert len(waiting) == 3
    half = dead.service._intake.claim(waiting[0])  # begun, and never ended
    assert half is not None
    assert dead.service._intake.claim(waiting[0]) is None, "it is somebody's"
    dead.service._intake.close()  # its process is dead

    alive = await begun(dead.house, slack, [], False)
    await alive.settled()
    assert sorted(event.body["text"] for event in alive.events("noted")) == ["remark 0", "remark 1", "remark 2"]
    assert len(rows(alive)) == 3
    await alive.service.end()
    await dead.house.journal.aclose()


async def test_what_cannot_be_kept_is_not_said_to_be_taken(office, monkeypatch):
    from journal.errors import JournalFailed

    def away(_requests):
        raise JournalFailed("the disk is full")

    monkeypatch.setattr(office.service._intake, "keep", away)
    answer = await office.command("help")
    assert answer.json()["text"].startswith("Nothing was done: what you asked could not be kept.")
    await office.park()
    head = await office.until(office.slack.heads)
    assert (await office.press(head[0]["ts"], "run_stop")).status_code != 200, "Slack shows that it failed"


async def test_setting_up_and_health_are_answered(office):
    said = json.dumps({"type": "url_verification", "challenge": "c1", "token": "x"})
    answer = await office.post(said, kind="application/json")
    assert "c1" in answer.text
    said = urlencode({"ssl_check": "1", "token": "x"})
    assert (await office.post(said)).status_code == 200
    said = json.dumps(
        {"type": "event_callback", "team_id": "T0ACME", "event_id": "Ev1", "event": {"type": "app_home_opened"}}
    )
    assert (await office.post(said, kind="application/json")).status_code == 200
    assert rows(office) == []
    async with office.client() as client:
        assert (await client.post("/slack/other")).status_code == 404
