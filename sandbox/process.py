"""The sandbox's process: listens on loopback, says where in the handshake file, ends by signal, request or idleness."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import FrameType

import orjson
import uvicorn

from sandbox.attacker import Attacker
from sandbox.caller import Caller
from sandbox.control import Stage
from sandbox.door import Door, open_door
from sandbox.seed import CALENDAR, DRIFT, DRIFT_USER, open_company
from sandbox.things import rfc3339, utc_now
from sandbox.vendor import Vendor
from sandbox.world import Options, World


class Server(uvicorn.Server):
    """Uvicorn that tells when it listens, and for which a signal is a clean end."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """End; do not raise the signal again afterwards."""
        self.should_exit = True


def write_handshake(file: Path, world: World) -> None:
    """Write where the sandbox is and its secrets, readable by its owner alone, all at once.

    The canaries are the first stolen token of each kind, known to us as a leaked copy would be; "" when none is.
    """
    stolen = {t.kind: t.secret for t in reversed(world.tokens.values()) if t.client == DRIFT}
    secrets = world.keys | {
        "client_secret": world.clients[DRIFT].secret,
        "run_as_password": world.users[DRIFT_USER].password,
        "canary": stolen.get("access", ""),
        "refresh_canary": stolen.get("refresh", ""),
        "calendar_secret": world.clients[CALENDAR].secret,
        "calendar_key": next(key.secret for key in world.api_keys.values() if key.app == CALENDAR),
    }
    if world.options.forgotten:
        secrets["forgotten_key"] = next(key.secret for key in world.api_keys.values() if key.app == DRIFT)
    body = {
        "url": world.url,
        "pid": os.getpid(),
        "started": rfc3339(utc_now()),
        "options": asdict(world.options),
        "secrets": secrets,
    }
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(orjson.dumps(body, option=orjson.OPT_INDENT_2))
    beside.replace(file)


def remove_handshake(file: Path) -> None:
    """Remove the handshake, unless another sandbox has written its own there since."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        if orjson.loads(file.read_bytes())["pid"] == os.getpid():
            file.unlink()


async def end_when_idle(server: uvicorn.Server, door: Door, idle_s: float) -> None:
    """End the process when nobody from outside has asked anything for so long."""
    while (left := door.last_used + idle_s - time.monotonic()) > 0:  # noqa: ASYNC110 - what it waits for is no event
        await asyncio.sleep(left)
    server.should_exit = True


async def act(world: World) -> None:
    """Let vendor and attacker do what they do, until cancelled."""
    if not world.options.tokens:
        return
    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        vendor = await stack.enter_async_context(Caller(world.url, world.marker("vendor")))
        tasks.create_task(Vendor(world, vendor).run())
        if world.options.attacker != "none":
            attacker = await stack.enter_async_context(Caller(world.url, world.marker("attacker")))
            tasks.create_task(Attacker(world, attacker).run())


async def serve(options: Options, handshake: Path, *, asleep: bool = False) -> None:
    """Run the company until it is told to end; `asleep`: nobody acts in it until somebody wakes them."""
    world = open_company(options)
    if not asleep:
        world.awake.set()
    # The protocol is named: only then does asyncio switch Nagle's delay off, which costs 40 ms an answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", options.port))
    world.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def stop() -> None:
        server.should_exit = True

    door = Door(world, Stage(stop))
    config = uvicorn.Config(
        open_door(door),
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    actors: list[asyncio.Task[None]] = []

    def ready() -> None:
        write_handshake(handshake, world)
        actors.append(asyncio.create_task(act(world)))
        actors.append(asyncio.create_task(end_when_idle(server, door, options.idle_minutes * 60)))

    server = Server(config, ready)
    try:
        await server.serve([listener])
    finally:
        for actor in actors:
            actor.cancel()
        await asyncio.gather(*actors, return_exceptions=True)
        remove_handshake(handshake)
