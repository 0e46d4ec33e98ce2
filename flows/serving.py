"""The inside of our background server: Prefect's own app under uvicorn, on loopback, with the services that a view of runs needs.

Not a Prefect installation for a team: nothing is scheduled here, and no worker asks it for work. Name your own by PREFECT_API_URL.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn

from flows import template
from flows.server import folder, started_at
from flows.settings import environment

LOOPBACK = "127.0.0.1"
RETRY_S = b"0.05"
_OFF = (
    "CANCELLATION_CLEANUP", "CLEANUP_RECONCILER", "EVENT_LOGGER", "EVENT_PERSISTER", "FOREMAN", "LATE_RUNS", "PAUSE_EXPIRATIONS",
    "REPOSSESSOR", "SCHEDULER", "TRIGGERS",
)  # fmt: skip

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Noting:
    """Notes when somebody last asked; lets in only who asks for this very host, so that no web page can reach us by a name of its own."""

    def __init__(self, app: App, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}".encode() for name in (LOOPBACK, "localhost")}
        self._open = 0
        self._last = time.monotonic()

    def idle_s(self) -> float:
        """Seconds since the last request ended; an open connection is not idle."""
        return 0.0 if self._open else time.monotonic() - self._last

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if dict(scope["headers"]).get(b"host") not in self._hosts:
            await _refuse(scope, send)
            return
        self._open += 1
        try:
            await self._app(scope, receive, _hurrying(send))
        finally:
            self._open -= 1
            self._last = time.monotonic()


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "http.response.start", "status": 421, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _hurrying(send: Send) -> Send:
    """SQLite is busy for milliseconds, Prefect's client waits two seconds for it: tell it to ask again at once."""

    async def hurried(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start" and message["status"] == 503:
            message = {**message, "headers": [*message["headers"], (b"retry-after", RETRY_S)]}
        await send(message)

    return hurried


class _Healthy(uvicorn.Server):
    """Runs `healthy` once Prefect's start-up is done and the port listens."""

    def __init__(self, config: uvicorn.Config, healthy: Callable[[], None]) -> None:
        super().__init__(config)
        self._healthy = healthy

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._healthy()


def serve(state: Path, *, port: int, idle_s: float) -> None:
    """Run until told to end, or idle for so long. The caller holds the lock."""
    here = folder(state)
    record = here / "server.json"
    record.unlink(missing_ok=True)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    page = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    migrated = template.put(here)
    _configure(state, page, migrated=migrated)
    try:
        asyncio.run(_run(here, record, listener, page, idle_s))
    finally:
        record.unlink(missing_ok=True)


def _configure(state: Path, page: str, *, migrated: bool) -> None:
    os.environ.update(environment(state))
    del os.environ["PREFECT_LOGGING_CONFIG_PATH"]  # its errors go to our log file
    os.environ.update({f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in _OFF})
    os.environ.update(
        {
            "PREFECT_SERVER_UI_API_URL": f"{page}/api",
            "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(template.cache() / "ui"),
            "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": page,
            "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
            "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false" if migrated else "true",
            # Task runs come as events; written one by one they keep SQLite busy while the next flow wants to begin.
            # A fraction of a second is cut down to 0 there, and keeps a core busy for nothing.
            "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
            "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
            "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
            "PREFECT_LOGGING_LEVEL": "WARNING",
            "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        }
    )


async def _run(here: Path, record: Path, listener: socket.socket, page: str, idle_s: float) -> None:
    with template.ui_lock():
        from prefect.server.api.server import create_app

        app = Noting(create_app(), listener.getsockname()[1])

    def healthy() -> None:
        template.keep(here)
        _write(record, listener.getsockname()[1], page)

    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
    server = _Healthy(config, healthy)
    watch = asyncio.create_task(_end_when_idle(server, app, record, idle_s))
    await server.serve(sockets=[listener])
    watch.cancel()


async def _end_when_idle(server: uvicorn.Server, app: Noting, record: Path, idle_s: float) -> None:
    """End when nobody asks any more, or when the state folder was deleted: nobody would find us again."""
    while (left_s := idle_s - app.idle_s()) > 0 and not (server.started and _lost(record)):  # noqa: ASYNC110 - time passes, no event comes
        await asyncio.sleep(min(10.0, left_s + 0.1))
    server.should_exit = True


def _lost(record: Path) -> bool:
    return not record.exists()


def _write(record: Path, port: int, page: str) -> None:
    said = {
        "pid": os.getpid(),
        "started": started_at(os.getpid()),
        "port": port,
        "url": f"{page}/api",
        "page": page,
        "version": template.version(),
    }
    draft = record.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(said, file)
    draft.replace(record)
