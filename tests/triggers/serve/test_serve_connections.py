"""Connections that ask nothing, from strangers: they are closed, and keep nobody out."""

import asyncio
import contextlib

import pytest
import uvicorn

from triggers.serve import connections
from triggers.serve.connections import Protocol

ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def app(scope, receive, send):
    del scope
    await receive()
    await asyncio.sleep(0.01)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
async def at(monkeypatch):
    monkeypatch.setattr(connections, "HEAD_WITHIN_S", 0.3)
    monkeypatch.setattr(Protocol, "limit", 5)
    config = uvicorn.Config(app, port=0, log_level="critical", http=Protocol, ws="none", lifespan="off")
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = server.force_exit = True
    await serving


async def ended(reader):
    """What came until it was closed."""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(20):
            return await reader.read()
    return b""


@pytest.mark.parametrize(
    "sent", [b"", ASK[:20], ASK + ASK[:20]], ids=["nothing", "half a head", "half of a second one"]
)
async def test_whoever_asks_nothing_is_let_go(at, sent):
    reader, writer = await asyncio.open_connection("127.0.0.1", at)
    writer.write(sent)
    assert (await ended(reader)).count(b"HTTP/1.1 200") == sent.count(b"\r\n\r\n")
    writer.close()


async def test_one_connection_is_used_again(at):
    reader, writer = await asyncio.open_connection("127.0.0.1", at)
    for _ in range(3):
        writer.write(ASK)
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.2)
    writer.close()


async def test_the_silent_keep_nobody_out(at):
    silent = [await asyncio.open_connection("127.0.0.1", at) for _ in range(40)]
    reader, writer = await asyncio.open_connection("127.0.0.1", at)
    writer.write(ASK)
    assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
    for _, one in [*silent, (reader, writer)]:
        one.close()


def test_strangers_have_but_half_of_the_files(monkeypatch):
    for limit, most in ((1024, 512), (1 << 20, connections.MOST), (20, 16)):
        monkeypatch.setattr(connections.resource, "getrlimit", lambda _, limit=limit: (limit, limit))
        assert connections.most() == most
