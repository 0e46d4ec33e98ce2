"""The service from its first to its last second: listens, says where, takes work, and lets it go when it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn

from triggers.alerts.acting import AlertService
from triggers.alerts.ways import Ways
from triggers.page.routes import router
from triggers.page.where import page_of
from triggers.serve import handshake
from triggers.serve.app import application
from triggers.serve.connections import Protocol
from triggers.serve.workers import Workers
from triggers.slack.service import slack_of

if TYPE_CHECKING:
    from triggers.house import House

DRAIN_S = 7.0
"""For so long the rounds in flight may end. With what follows it is less than ten seconds in all."""
CLOSE_S = 1
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Wanted:
    """How a service is to run.

    Attributes:
        host, port: where it listens; port 0 takes a free one. None: nowhere, it is a worker alone.
        at_once: runs side by side. config: as it was named, for runs that are carried on in processes of their own.
        docs: FastAPI's own page of the API, whose scripts come from a CDN.
    """

    at_once: int
    config: Path | None
    host: str | None = None
    port: int = 0
    docs: bool = False


class _Server(uvicorn.Server):
    """Leaves signals to us: they drain first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run(house: House, wanted: Wanted, tell: Callable[[str], None]) -> None:
    """Run until SIGTERM or Ctrl-C. A second one ends it at once; its leases then lapse like those of the dead."""
    over = _told_to_end()
    workers = Workers(house, at_once=wanted.at_once, tell=tell, config=wanted.config)
    house.workers = workers
    sweeping = asyncio.create_task(workers.run())
    alerts = AlertService(house)
    try:
        await alerts.start()
        if wanted.host is None:
            await _until(over, sweeping)
            await _drained(house, workers, tell)
        else:
            await _served(house, workers, wanted, over, sweeping, tell, Ways(house, alerts.inbox))
    finally:
        await alerts.end()
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)


async def _served(
    house: House, workers: Workers, wanted: Wanted, over: asyncio.Event, sweeping: asyncio.Task[None],
    tell: Callable[[str], None], ways: Ways,
) -> None:  # fmt: skip
    assert wanted.host is not None
    with _listening(wanted.host, wanted.port) as listener:
        port = listener.getsockname()[1]
        url = f"http://{_in_url(wanted.host)}:{port}"
        mine = handshake.make(url, house.inventory.path, sandbox=house.sandbox)
        hosts, page = _hosts(house, wanted.host, port), page_of(house.inventory, url if house.sandbox else "")
        slack = slack_of(house, page)
        more = [*([router(house, page)] if page is not None else []), *(slack.routes() if slack is not None else [])]
        counted = [ways.counted, *([slack.counted] if slack is not None else [])]
        app = application(
            house, workers, mine.token, hosts=hosts, more=[*more, ways.router()], counted=counted, docs=wanted.docs
        )
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, proxy_headers=False, ws="none", lifespan="off",
            http=Protocol, timeout_graceful_shutdown=CLOSE_S, h11_max_incomplete_event_size=16 * 1024,
        )  # fmt: skip
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        handshake.write(house.state, mine)
        tell(f"Serving at {url}, process {mine.pid}: {wanted.at_once} runs at once; {house.journal.url}")
        try:
            if slack is not None:
                await slack.start()
            await ways.start()
            await _until(over, serving, sweeping)
            await _drained(house, workers, tell)
        finally:
            if slack is not None:
                await slack.end()
            await ways.end()
            handshake.remove(house.state, mine)
            server.should_exit = True
            await asyncio.wait({serving}, timeout=CLOSE_S + 1)


async def _drained(house: House, workers: Workers, tell: Callable[[str], None]) -> None:
    house.draining = True
    tell("Ending: nothing new is taken; the rounds in flight end, and their runs are left to others.")
    left = await workers.drain(DRAIN_S)
    if left:
        tell(
            f"Did not come to a rest within {DRAIN_S:g} s, and are taken over once this process is gone: {', '.join(left)}."
        )
    await house.end(within_s=1.0)


async def _until(over: asyncio.Event, *tasks: asyncio.Task[None]) -> None:
    """Wait for the end; what breaks meanwhile is raised."""
    waiting = asyncio.create_task(over.wait())
    done, _ = await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in done - {waiting}:
        task.result()


def _told_to_end() -> asyncio.Event:
    over, loop = asyncio.Event(), asyncio.get_running_loop()

    def hear() -> None:
        if over.is_set():
            os._exit(130)
        over.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, hear)
    return over


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens. Raises Refused."""
    from triggers.cli.place import Refused

    try:
        listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=512
        )
    except OSError as error:
        raise Refused(
            f"Nothing can listen at {host} port {port}: {error.strerror or error}. Name another with --port."
        ) from None
    with listener:
        listener.setblocking(False)
        yield listener


def _hosts(house: House, host: str, port: int) -> set[str]:
    """The names that it may be asked under: of this machine and the configured ones; any other is a page's trick."""
    named = {f"{name}:{port}" for name in {_in_url(host), "127.0.0.1", "localhost", "[::1]"}}
    if port == 80:
        named |= {name.rpartition(":")[0] for name in named}
    page = house.inventory.config.page
    return (
        named | set(house.inventory.config.serve.hosts) | ({urlsplit(page.url).netloc} if page is not None else set())
    )


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
