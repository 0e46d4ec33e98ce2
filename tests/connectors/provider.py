"""A provider down to the bytes: a raw server that counts what it receives, and answers, drops or hangs as told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from connectors.core import Connection, Connector, NotAllowed, Params, Rate, Reader, Secret, State, Unseen, Wire

HANG = b"hang"
"""In place of an answer: keep the connection, and say nothing."""


@dataclass(frozen=True)
class Got:
    """One request as it came in, and on which connection."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


@dataclass
class Provider:
    """Attributes: `answer` gives the bytes of an answer, None to drop the connection, HANG to be silent."""

    answer: Callable[[Got], bytes | None]
    got: list[Got] = field(default_factory=list)
    url: str = ""
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, target, _ = first.split(" ")
                self.got.append(Got(method, target, headers, body, number))
                said = self.answer(self.got[-1])
                if said == HANG:
                    await asyncio.sleep(30)
                if said is None:
                    return
                writer.write(said)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def says(status: int = 200, body: Any = None, **headers: str) -> bytes:
    """The bytes of one answer; `retry_after="1"` becomes a header."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status} x", f"content-length: {len(content)}", *lines])
    return head.encode("latin-1") + b"\r\n\r\n" + content


@asynccontextmanager
async def provider(answer: Callable[[Got], bytes | None]) -> AsyncIterator[Provider]:
    """Run one on a port of its own."""
    made = Provider(answer)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()


class Thing(Params):
    name: str


class Holder(Params):
    token: Secret


class ThingSeen(State):
    on: bool


toy = Connector("toy", rate=Rate(5000, in_flight=50), meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen})


@toy.look(permission="toy.read")
async def thing(read: Reader, p: Thing) -> ThingSeen:
    """One thing."""
    return ThingSeen(on=(await read.get("/things/{name}", p))["on"])


@toy.look(permission="toy.search", asks=("/search/{name}",))
async def searched(read: Reader, p: Thing) -> ThingSeen:
    """One thing, by a POST that only reads."""
    return ThingSeen(on=(await read.ask("/search/{name}", p, form={"q": p.name}))["on"])


@toy.look(permission="toy.search", asks=("/check",))
async def checked(read: Reader, p: Holder) -> ThingSeen:
    """A secret, by a POST that only reads."""
    return ThingSeen(on=(await read.ask("/check", form={"token": p.token}))["on"])


@asynccontextmanager
async def wired(
    url: str, *, writes: bool = True, connector: Connector = toy, secret: Secret | None = None, **settings: Any
) -> AsyncIterator[Wire]:
    """An open connection; closed afterwards."""
    wire = Wire(Connection("here", connector, url, secret, connector.settings(**settings)), writes=writes)
    try:
        yield wire
    finally:
        await wire.close()
