"""What stands before the application: which names it is asked under, how much it is sent, and that no fault leaves a trace.

It is the outermost part, so that no exception reaches the server's own log with a piece of a request in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException

from triggers.serve.problems import MEDIA, URN, Problem

MOST_BYTES = 64 * 1024
LARGER = {"/slack/events": 256 * 1024, "/alerts/": 25 * 1024 * 1024}
"""By how a path begins, what may be larger: Slack sends a form back with all of its menus; what an alert may have, the
door judges by its source: this is GitHub's."""
BODY_WITHIN_S = 10.0
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
QUIET = ((b"cache-control", b"no-store"), (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"))
"""All of these are added where the answer does not say otherwise itself: of two policies a browser takes the last."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def _most(path: str) -> int:
    return next((most for begins, most in LARGER.items() if path.startswith(begins)), MOST_BYTES)


def _too_large(most: int) -> HTTPException:
    return HTTPException(413, f"A body has at most {most // 1024} KiB.")


def _too_slow() -> HTTPException:
    return HTTPException(408, f"A body is sent within {BODY_WITHIN_S:g} s.")


class Guard:
    """Lets requests in. `hosts`: names and NAME:PORT that it may be asked under; none: any."""

    def __init__(self, app: App, hosts: Collection[str], fault: Callable[[BaseException], str]) -> None:
        """`fault` writes down where something broke, and gives where that stands."""
        self._app, self._hosts, self._fault = app, {host.encode() for host in hosts}, fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").lower()
        if self._hosts and host not in self._hosts:
            await _refuse(
                send, 421, "host", "This service is not asked under that name: `serve: {hosts: [...]}` names more."
            )
            return
        length = headers.get(b"content-length", b"0")
        most = _most(scope["path"])
        if not length.isdigit() or int(length) > most:
            await _refuse(send, 413, "too-large", f"A body has at most {most // 1024} KiB.")
            return
        await self._passed_on(scope, receive, send)

    async def _passed_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = False

        async def sending(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                known = {name for name, _ in message.get("headers", [])}
                more = [pair for pair in (*HEADERS, *QUIET) if pair[0] not in known]
                message = {**message, "headers": [*message.get("headers", []), *more]}
            await send(message)

        try:
            await self._app(scope, _counted(receive, _most(scope["path"])), sending)
        except Exception as error:  # noqa: BLE001  # its text may hold a piece of the request
            where = await asyncio.to_thread(self._fault, error)
            if not began:
                await _refuse(send, 500, "fault", f"A fault of ours, {type(error).__name__}; {where}")


def _counted(receive: Receive, most: int) -> Receive:
    """Reads a body no further than it may be long, nor for longer than it may take."""
    got, whole = 0, False
    end = asyncio.get_running_loop().time() + BODY_WITHIN_S

    async def receiving() -> Message:
        nonlocal got, whole
        if whole:
            return await receive()  # only the end of the connection comes now
        try:
            async with asyncio.timeout_at(end):
                message = await receive()
        except TimeoutError:
            raise _too_slow() from None
        if message["type"] == "http.request":
            got += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if got > most:
                raise _too_large(most)
        return message

    return receiving


async def _refuse(send: Send, status: int, code: str, detail: str) -> None:
    problem = Problem(type=URN + code, title="Refused; nothing was done", status=status, detail=detail, code=code)
    body = problem.model_dump_json(exclude_defaults=True).encode()
    headers = [
        (b"content-type", MEDIA.encode()), (b"content-length", str(len(body)).encode()), (b"connection", b"close"),
        *HEADERS, *QUIET,
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
