"""Socket Mode, through a local server that speaks its envelopes: the same rows, the same acks, and connections that end."""

import asyncio
import time

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from journal.db.tables import intake
from tests.triggers.slack.conftest import opened_office
from triggers.slack.socket_mode import Socket


@pytest_asyncio.fixture
async def office(tmp_path, monkeypatch, slack):
    found = await opened_office(tmp_path, monkeypatch, slack, start=False, socket=True)
    found.service._socket = Socket(found.service.bolt, "xapp-ours", ping_s=0.3, stale_s=0.3)
    await found.service.start()
    await slack.connected()
    yield found
    await found.service.end()
    await found.house.end(0.1)
    await found.house.journal.aclose()


def rows(office):
    with office.house.journal.database.engine.connect() as conn:
        return conn.execute(select(func.count()).select_from(intake)).scalar()


async def test_a_command_is_kept_and_acked_by_its_envelope(office):
    name = await office.slack.envelope("slash_commands", office.slack.command("help"))
    assert await office.slack.acked(name) == {}
    await office.settled()
    assert "What /ringfence takes" in await office.answered("U0ANA")


async def test_an_envelope_that_comes_again_is_the_same_request(office):
    said = office.slack.command("help")
    for n in range(3):
        await office.slack.acked(await office.slack.envelope("slash_commands", said, f"again-{n}"))
    await office.settled()
    assert rows(office) == 1
    assert len(office.slack.ephemeral) == 1


async def test_a_hundred_envelopes_at_once_are_acked_within_a_second(office):
    names, begun = [], time.monotonic()
    for n in range(100):
        names.append(await office.slack.envelope("slash_commands", office.slack.command("help", trigger_id=f"t{n}")))
    await asyncio.gather(*(office.slack.acked(name) for name in names))
    slowest = max(office.slack.acks[name][0] for name in names) - begun
    assert slowest < 1, f"{slowest:.2f} s"
    assert rows(office) == 100


async def test_another_workspaces_envelope_does_nothing(office):
    await office.park()
    name = await office.slack.envelope("slash_commands", office.slack.command("stop R-1", "U0BEN", team="T0OTHER"))
    await office.slack.acked(name)
    await office.settled()
    assert "You are of another workspace" in await office.answered("U0BEN")
    assert not office.events("stopped")


async def test_presses_and_forms_come_the_same_way(office):
    await office.park()
    ts = await office.until(lambda: next((m["ts"] for m in office.slack.messages.values() if "ASKED" in m["text"]), ""))
    await office.slack.acked(await office.slack.envelope("interactive", office.slack.press(ts, "ask_object", "U0BEN")))
    await office.until(lambda: office.slack.views)
    (view,) = office.slack.views.values()
    sent = office.slack.send(view["id"], {"reason": "no"}, "U0BEN")
    await office.slack.acked(await office.slack.envelope("interactive", sent))
    await office.settled()
    assert [event.body["answer"] for event in office.events("decided")] == ["no"]


@pytest.mark.parametrize("how", ["refresh_requested", "warning", "closed", "gone"])
async def test_a_connection_that_ends_is_begun_anew(office, how):
    first = await office.slack.connected()
    before = office.slack.tickets
    if how in {"refresh_requested", "warning"}:
        await first.send_json({"type": "disconnect", "reason": how, "debug_info": {"host": "x"}})
    elif how == "closed":
        await first.close()
    else:
        office.slack.down = True
        first._req.transport.abort()
        await asyncio.sleep(1.0)  # addresses that it was given meanwhile are good no more
        office.slack.down = False
    await office.until(lambda: office.slack.sockets and office.slack.sockets[-1] is not first, 10)
    assert office.slack.tickets > before
    name = await office.slack.envelope("slash_commands", office.slack.command("help"))
    await office.slack.acked(name)
    await office.settled()
    assert "What /ringfence takes" in await office.answered("U0ANA")


async def test_what_is_not_ours_to_read_breaks_nothing(office):
    socket = await office.slack.connected()
    for said in (
        "not json",
        "{",
        "[]",
        '{"type": "hello"}',
        '{"envelope_id": "e", "type": "slash_commands", "payload": {}}',
    ):
        await socket.send_str(said)
    name = await office.slack.envelope("slash_commands", office.slack.command("help"))
    await office.slack.acked(name)
