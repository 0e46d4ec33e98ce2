"""Nothing is resent behind our back, and what came back is told as what it is."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest

from connectors.core import Call, Came, Reader, Secret, Sender, Unexpected, Unreachable
from connectors.core import wire as wire_module
from connectors.core.wire import NoAnswer, NotSent
from tests.connectors.provider import HANG, Got, Thing, provider, says, thing, wired

METHODS = ("GET", "PUT", "DELETE", "POST")


def drops(got: Got) -> bytes | None:
    """Answers whatever warms a connection up, and drops it on everything else."""
    return says(200, {}) if got.target == "/warm" else None


@pytest.mark.parametrize("method", METHODS)
async def test_a_drop_on_a_kept_alive_connection_is_not_sent_again(method):
    async with provider(drops) as there, wired(there.url) as wire:
        await wire.exchange("GET", "/warm")
        with pytest.raises(NoAnswer):
            await wire.exchange(method, "/x", body=None if method == "GET" else {})
        await asyncio.sleep(0.1)
        assert [(g.method, g.connection) for g in there.got if g.target == "/x"] == [(method, 1)]


@pytest.mark.parametrize("method", METHODS)
async def test_a_drop_on_a_fresh_connection_is_not_sent_again(method):
    async with provider(drops) as there, wired(there.url) as wire:
        with pytest.raises(NoAnswer):
            await wire.exchange(method, "/x")
        assert len(there.got) == 1


async def test_fifty_kept_alive_connections_that_drop_get_one_write_each():
    async def one(wire, n):
        with pytest.raises(NoAnswer):
            await wire.exchange("PUT", f"/x{n}", body={})

    async with provider(drops) as there, wired(there.url) as wire:
        await asyncio.gather(*(wire.exchange("GET", "/warm") for _ in range(50)))
        await asyncio.gather(*(one(wire, n) for n in range(50)))
        assert sorted(g.target for g in there.got if g.method == "PUT") == sorted(f"/x{n}" for n in range(50))


async def test_left_alone_aiohttp_would_resend_so_the_switch_is_needed_and_works():
    """Guards a private attribute: should aiohttp drop or rename it, this fails before anything is sent twice."""
    async with provider(drops) as there, aiohttp.ClientSession() as left_alone:
        assert left_alone._retry_connection is True
        async with left_alone.get(there.url + "/warm") as answer:
            await answer.read()
        with pytest.raises(aiohttp.ClientConnectionError):
            await left_alone.put(there.url + "/x")
        assert len([g for g in there.got if g.target == "/x"]) == 2
    async with provider(drops) as there, wired(there.url) as wire:
        await wire.exchange("GET", "/warm")
        assert wire.transport().client._retry_connection is False


async def test_only_a_refused_port_is_not_sent():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        async with wired(url) as wire:
            outcome = await Sender(wire).send(Call.put("/x", json={}), {})
            with pytest.raises(NotSent):
                await wire.exchange("GET", "/x")
    assert (outcome.came, outcome.status) == (Came.NOT_SENT, 0)


@pytest.mark.parametrize(
    ("said", "came"),
    [
        (None, Came.UNSURE),
        (HANG, Came.UNSURE),
        (b"HTTP/1.1 200 x\r\ncontent-length: 10\r\n\r\n{", Came.UNSURE),  # and no more
        (b"garbage\r\n\r\n", Came.UNSURE),
        (says(500), Came.UNSURE),
        (says(502), Came.UNSURE),
        (says(503), Came.UNSURE),
        (says(408), Came.UNSURE),
        (says(200, {}), Came.OK),
        (says(204), Came.OK),
        (says(404), Came.OK),
        (says(302, location="/elsewhere"), Came.REFUSED),
        (says(400, {"error": "invalid_request"}), Came.REFUSED),
        (says(401), Came.REFUSED),
        (says(409), Came.REFUSED),
        (says(429, retry_after="7"), Came.BUSY),
        (says(503, retry_after="7"), Came.BUSY),
    ],
    ids=str,
)
async def test_each_end_of_a_send_has_its_word_and_is_sent_once(said, came, monkeypatch):
    monkeypatch.setattr(wire_module, "REQUEST_TIMEOUT_S", 0.5)
    async with provider(lambda _: said) as there, wired(there.url) as wire:
        outcome = await Sender(wire).send(Call.put("/x", json={"on": False}), {})
        await asyncio.sleep(0.05)
        assert outcome.came is came
        assert len(there.got) == 1


async def test_a_refusal_says_the_providers_word_and_no_more_of_its_body():
    said = says(400, {"error": "invalid_request", "error_description": "a lot"})
    async with provider(lambda _: said) as there, wired(there.url) as wire:
        assert (await Sender(wire).send(Call.delete("/x"), {})).why == "400 invalid_request"


async def test_the_request_id_is_kept_where_it_is_plain_text():
    def answer(got):
        return says(200, {}, x_request_id="req-1" if got.target == "/plain" else "\xff\xfe")

    async with provider(answer) as there, wired(there.url) as wire:
        assert (await Sender(wire).send(Call.delete("/plain"), {})).request_id == "req-1"
        assert (await Sender(wire).send(Call.delete("/odd"), {})).request_id == ""


async def test_a_redirect_is_not_followed():
    async with provider(lambda _: says(200, {"on": True})) as other:
        said = says(302, location=other.url + "/things/a")
        async with provider(lambda _: said) as there, wired(there.url, secret=Secret("ours")) as wire:
            with pytest.raises(Unexpected, match="302"):
                await thing(Reader(wire), Thing(name="a"))
            outcome = await Sender(wire).send(Call.post("/x", json={}), {})
        assert (outcome.came, outcome.status) == (Came.REFUSED, 302)
        assert other.got == []


async def test_cookies_are_not_kept():
    async with provider(lambda _: says(200, {}, set_cookie="session=theirs; Path=/")) as there:
        async with wired(there.url) as wire:
            await wire.exchange("GET", "/x")
            await wire.exchange("PUT", "/x", body={})
        assert [g.headers.get("cookie") for g in there.got] == [None, None]


async def test_a_proxy_from_the_environment_is_not_used(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with provider(lambda _: says(200, {})) as there, wired(there.url) as wire:
        assert (await wire.exchange("GET", "/x")).status == 200


async def test_an_endless_answer_is_cut_off(monkeypatch):
    monkeypatch.setattr(wire_module, "LONGEST_ANSWER", 1000)
    async with provider(lambda _: says(200, b"[" + b"1," * 100_000)) as there, wired(there.url) as wire:
        with pytest.raises(NoAnswer, match="16 MiB"):
            await wire.exchange("GET", "/x")


@pytest.mark.parametrize("body", [b"<html>", b"[" * 100_000, b"\xff\xfe", b"NaN"], ids=["html", "deep", "bytes", "nan"])
async def test_an_answer_that_is_no_json_is_unexpected(body):
    async with provider(lambda _: says(200, body)) as there, wired(there.url) as wire:
        with pytest.raises(Unexpected, match="without JSON"):
            await thing(Reader(wire), Thing(name="a"))


@pytest.mark.parametrize("body", [{}, [], {"on": "perhaps"}, {"on": None}, "text", 7], ids=str)
async def test_an_answer_of_another_shape_is_unexpected_and_not_shown(body):
    async with provider(lambda _: says(200, body)) as there, wired(there.url) as wire:
        with pytest.raises(Unexpected, match="another shape") as error:
            await thing(Reader(wire), Thing(name="a"))
    assert "perhaps" not in str(error.value)


@pytest.mark.parametrize("said", [None, says(500), says(503)], ids=["drop", "500", "503"])
async def test_a_read_without_an_answer_is_tried_again_for_a_while_and_then_says_so(said):
    async with provider(lambda _: said) as there, wired(there.url) as wire:
        with pytest.raises(Unreachable, match="Nothing was changed"):
            await thing(Reader(wire, patience_s=0.5), Thing(name="a"))
        assert len(there.got) == 2


async def test_a_read_goes_on_after_a_short_failure():
    answers = iter([None, says(502), says(200, {"on": True})])
    async with provider(lambda _: next(answers)) as there, wired(there.url) as wire:
        assert (await thing(Reader(wire), Thing(name="a"))).on
    assert len(there.got) == 3


async def test_nothing_is_sent_once_the_lease_is_unsure():
    async with provider(lambda _: says(200, {"on": True})) as there, wired(there.url) as wire:
        wire.guard = lambda: False
        outcome = await Sender(wire).send(Call.put("/x", json={}), {})
        assert outcome.came is Came.NOT_SENT
        assert there.got == []
        assert (await thing(Reader(wire), Thing(name="a"))).on


@pytest.mark.parametrize("url", ["ftp://h", "http://", "http://u:p@h", "http://h?q=1", "h", "file:///etc/passwd"])
def test_only_plain_http_urls_are_connections(url):
    from connectors.core import Connection, Impossible, Wire
    from tests.connectors.provider import toy

    with pytest.raises(Impossible, match="no plain http"):
        Wire(Connection("here", toy, url), writes=False)
