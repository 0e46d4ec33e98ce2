"""A provider that answers as fast as it can: raw HTTP/1.1 over asyncio, in a process of its own, on loopback.

    GET  /tokens/ID           {"token": ID, "active": …}
    GET  /tokens?after=ID     a page of the tokens that live: {"items": […], "next": "" or the last ID}
    POST /tokens/ID/revoke    {"revoked": true}

It writes down every request, so that a bare client can send the very same ones. `/control` stands beside that.
Run as `python -m benchmarks.server`; it prints its port, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys
from urllib.parse import parse_qs, urlsplit

import orjson

PAGE = 500


class World:
    """Tokens by id, and what was asked so far."""

    def __init__(self) -> None:
        self.alive: dict[str, bool] = {}
        self.order: list[str] = []
        self.log: list[tuple[str, str]] = []

    def control(self, method: str, path: str) -> object:
        """Fill anew with so many tokens, or give what was asked since."""
        if method == "POST":
            count = int(path.rpartition("/")[2])
            self.order = [f"t{number:06}" for number in range(count)]
            self.alive = dict.fromkeys(self.order, True)
            self.log = []
            return {"tokens": count}
        return {"log": self.log, "alive": sum(self.alive.values())}

    def answer(self, method: str, path: str) -> object:
        """What one request gets; None: there is no such thing."""
        self.log.append((method, path))
        parts = path.split("/")
        if method == "POST":
            self.alive[parts[2]] = False
            return {"revoked": True}
        if len(parts) == 3:
            return {"token": parts[2], "active": self.alive[parts[2]]}
        return self.page(parse_qs(urlsplit(path).query).get("after", [""])[0])

    def page(self, after: str) -> object:
        """The next tokens that live."""
        items = []
        for token in self.order[int(after[1:]) + 1 if after else 0 :]:
            if self.alive[token]:
                items.append({"token": token, "active": True})
                if len(items) == PAGE:
                    return {"items": items, "next": token}
        return {"items": items, "next": ""}


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.buffer = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it to answer on."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each whole request in what came so far."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            length = 0
            if (at := head.lower().find(b"\r\ncontent-length:")) >= 0:
                length = int(head[at + 17 :].split(b"\r\n", 1)[0])
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length :]
            method, path, _ = head[: head.find(b"\r\n")].decode().split(" ")
            self.reply(method, path)

    def reply(self, method: str, path: str) -> None:
        """One answer."""
        found = self.world.control(method, path) if path.startswith("/control") else self.world.answer(method, path)
        body = orjson.dumps(found)
        self.transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        )


async def serve() -> None:
    """Serve on a free port until standard input ends: whoever started us is gone then."""
    loop, world = asyncio.get_running_loop(), World()
    server = await loop.create_server(lambda: Connection(world), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve())
