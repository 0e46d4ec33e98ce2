"""A provider that asks us to wait is given its wait, on the whole connection, and no more than is sane."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate

import pytest

from connectors.core import Busy, Call, Came, Connector, Rate, Reader, Sender
from connectors.core import reader as reader_module
from connectors.core.waits import LONGEST_S, SHORTEST_S, asked_wait_s
from tests.connectors.provider import Thing, provider, says, thing, wired

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": " 3 "}, 3.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30.0),
        ({"retry-after": formatdate(NOW - 30, usegmt=True)}, SHORTEST_S),
        ({"retry-after": str(int(NOW) + 12)}, 12.0),
        ({"x-rate-limit-reset": str(int(NOW) + 12)}, 12.0),
        ({"x-ratelimit-reset": "12"}, 12.0),
        ({"ratelimit-reset": "12"}, 12.0),
        ({"retry-after": "2", "x-rate-limit-reset": "99"}, 2.0),
        ({"retry-after": "0"}, SHORTEST_S),
        ({"retry-after": "-5"}, SHORTEST_S),
        ({"retry-after": "99999"}, LONGEST_S),
        ({"retry-after": "inf"}, LONGEST_S),
        ({"retry-after": "nan"}, 1.0),
        ({"retry-after": "soon"}, 1.0),
        ({"retry-after": ""}, 1.0),
        ({}, 1.0),
    ],
    ids=str,
)
def test_each_form_of_a_wait_is_understood(headers, seconds):
    assert asked_wait_s(headers, now=NOW) == seconds


@pytest.mark.parametrize("form", ["seconds", "date", "epoch"])
async def test_a_busy_provider_says_for_how_long(form):
    value = {"seconds": "5", "date": formatdate(time.time() + 5, usegmt=True), "epoch": str(int(time.time()) + 5)}[form]
    async with provider(lambda _: says(429, retry_after=value)) as there, wired(there.url) as wire:
        outcome = await Sender(wire).send(Call.put("/x", json={}), {})
        assert outcome.came is Came.BUSY
        assert outcome.wait_s == pytest.approx(5, abs=1.2)
        assert len(there.got) == 1


async def test_one_429_holds_the_whole_connection_back():
    """Sends and reads, on other things as well."""
    said = iter([says(429, retry_after="0.6")])
    at = []

    def answer(_):
        at.append(time.monotonic())
        return next(said, says(200, {"on": True}))

    async with provider(answer) as there, wired(there.url) as wire:
        assert (await Sender(wire).send(Call.put("/x", json={}), {})).came is Came.BUSY
        await asyncio.gather(
            thing(Reader(wire), Thing(name="a")),
            thing(Reader(wire), Thing(name="b")),
            Sender(wire).send(Call.delete("/y"), {}),
        )
    assert len(at) == 4
    assert min(at[1:]) - at[0] >= 0.55


async def test_a_read_waits_out_a_429_and_goes_on():
    said = iter([says(429, retry_after="0.3"), says(503, retry_after="0.3")])
    async with provider(lambda _: next(said, says(200, {"on": True}))) as there, wired(there.url) as wire:
        began = time.monotonic()
        assert (await thing(Reader(wire), Thing(name="a"))).on
        assert time.monotonic() - began >= 0.55
        assert len(there.got) == 3


async def test_a_provider_that_says_429_for_ever_is_not_hammered_and_told_as_busy(monkeypatch):
    monkeypatch.setattr(reader_module, "BUSY_PATIENCE_S", 1.0)
    async with provider(lambda _: says(429, retry_after="0")) as there, wired(there.url) as wire:
        with pytest.raises(Busy, match="429"):
            await thing(Reader(wire), Thing(name="a"))
        assert len(there.got) <= 6


async def test_a_wait_beyond_patience_is_told_at_once():
    async with provider(lambda _: says(429, retry_after="120")) as there, wired(there.url) as wire:
        began = time.monotonic()
        with pytest.raises(Busy, match="120 s"):
            await thing(Reader(wire), Thing(name="a"))
        assert time.monotonic() - began < 10


async def test_a_connection_keeps_to_its_rate_and_its_number_in_flight():
    flying, most = 0, 0
    slow = Connector("slow", rate=Rate(20, per_s=1, in_flight=3), meaning={})
    async with provider(lambda _: says(200, {})) as there, wired(there.url, connector=slow) as wire:
        once = wire._once

        async def counted(*args, **more):
            nonlocal flying, most
            flying += 1
            most = max(most, flying)
            try:
                return await once(*args, **more)
            finally:
                flying -= 1

        wire._once = counted
        began = time.monotonic()
        await asyncio.gather(*(wire.exchange("GET", "/x") for _ in range(40)))
        took = time.monotonic() - began
    assert most <= 3
    assert 0.9 <= took <= 8  # 20 at once as a burst, the other 20 at 20 a second


async def test_who_gives_up_waiting_leaves_the_gate_open():
    one = Connector("one", rate=Rate(100, in_flight=1), meaning={})
    async with provider(lambda _: says(200, {})) as there, wired(there.url, connector=one) as wire:
        wire.gate.wait(0.5)
        waiting = asyncio.create_task(wire.exchange("GET", "/a"))
        await asyncio.sleep(0.05)
        waiting.cancel()
        assert (await asyncio.wait_for(wire.exchange("GET", "/b"), 2)).status == 200
    assert [g.target for g in there.got] == ["/b"]
