"""A provider whose API lives at two hosts: both are configured, and one credential goes to both."""

from __future__ import annotations

import pytest

from connectors.core import (
    Call,
    Came,
    Connector,
    Impossible,
    NotAllowed,
    Params,
    Rate,
    Reader,
    Secret,
    Sender,
    Settings,
    State,
    Unseen,
)
from tests.connectors.provider import provider, says, wired


class TwoHosts(Settings):
    other: str | None = None


class Thing(Params):
    name: str


class ThingSeen(State):
    on: bool


odd = Connector(
    "odd",
    rate=Rate(5000, in_flight=50),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
    settings=TwoHosts,
    hosts=("other",),
)


@odd.look(permission="odd.read")
async def elsewhere(read: Reader, p: Thing) -> ThingSeen:
    """One thing at the other host."""
    return ThingSeen(on=(await read.get("@other/things/{name}", p))["on"])


async def test_a_part_at_another_host_is_asked_there_by_the_same_credential():
    async with (
        provider(lambda _: says(200, {"on": True})) as there,
        provider(lambda _: says(500)) as here,
        wired(here.url, connector=odd, secret=Secret("ours"), other=f"{there.url}/v2/") as wire,
    ):
        assert (await elsewhere(Reader(wire), Thing(name="a/b"))).on
        assert (await Sender(wire).send(Call.patch("@other/things/{name}", Thing(name="c")), {})).came is Came.OK
    assert [(got.method, got.target) for got in there.got] == [("GET", "/v2/things/a%2Fb"), ("PATCH", "/v2/things/c")]
    assert there.got[0].headers["authorization"] == "Bearer ours"
    assert here.got == []


async def test_a_host_that_nobody_configured_is_never_asked():
    async with provider(lambda _: says(200, {"on": True})) as here, wired(here.url, connector=odd) as wire:
        with pytest.raises(Impossible, match="Give it other"):
            await elsewhere(Reader(wire), Thing(name="a"))
        outcome = await Sender(wire).send(Call.post("@url/things"), {})
        assert outcome.came is Came.REFUSED, "only what the connector declares as a host is one"
    assert here.got == []


async def test_a_host_must_be_a_plain_url():
    with pytest.raises(Impossible, match="other"):
        async with wired("http://127.0.0.1:1", connector=odd, other="file:///etc"):
            pass
