"""The door of the company: every request comes through it, is decided, logged and answered here.

Between the decision of a request and its line in the log nothing is awaited: the log's order is the order of effects.
"""

from __future__ import annotations

import asyncio
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.routing import Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import chat, control, crm, firewall, idp, oauth
from sandbox.ask import COMPANY_ADDRESS, Answer, Ask, Handler, Refuse, address_of, who_asks
from sandbox.control import Stage
from sandbox.faults import Fault
from sandbox.logbook import MAKING_POSTS, Line, is_write, shown_path
from sandbox.things import rfc3339, utc_now
from sandbox.world import World

LONGEST_BODY = 64 * 1024
"""Bytes of a request's body that are read; more is refused."""


async def read_body(receive: Receive) -> bytes | None:
    """Read the body; None when it is too long."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LONGEST_BODY:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


async def send_answer(send: Send, answer: Answer) -> None:
    """Send an answer: text as plain text, anything else as JSON, nothing with a 204."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    if answer.status == 204:
        body = b""
    elif isinstance(answer.body, str):
        body = answer.body.encode()
        headers.setdefault("content-type", "text/plain; charset=utf-8")
    else:
        body = orjson.dumps(answer.body)
        headers.setdefault("content-type", "application/json")
    if answer.status != 204:
        headers["content-length"] = str(len(body))
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def drop(receive: Receive, send: Send) -> None:
    """Cut the connection without an answer: `send` is a method of uvicorn's request cycle, which holds the transport."""
    send.__self__.transport.abort()  # type: ignore[attr-defined] # known of uvicorn, not of ASGI
    while (await receive())["type"] != "http.disconnect":
        pass


@dataclass(slots=True)
class Door:
    """What all routes share. `last_used` is the monotonic second of the last request from outside."""

    world: World
    stage: Stage
    last_used: float = field(default_factory=time.monotonic)

    def asked(self, scope: Scope, body: bytes) -> Ask:
        """Read a request. One with a nonsense address counts as coming from the company, and is refused later."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        try:
            address = address_of(headers)
        except Refuse:
            address = COMPANY_ADDRESS
        who, params = who_asks(self.world, headers), scope.get("path_params", {})
        return Ask(who, scope["method"], scope["path"], params, query, headers, body, address)

    def decide(self, handler: Handler, ask: Ask, fault: Fault, *, too_long: bool) -> Answer:
        """Decide one request and let its effect happen."""
        if fault == "busy":
            return Answer(429, {"error": "too many requests"}, {"Retry-After": "1"})
        if fault == "status_5xx":
            return Answer(503, {"error": "out of order"})
        if too_long:
            return Answer(413, {"error": "the body is too long"})
        try:
            address_of(ask.headers)
            answer = handler(self.world, ask)
        except Refuse as refusal:
            return Answer(refusal.status, {"error": str(refusal)}, refusal.headers)
        except Exception:  # noqa: BLE001 - a server answers, and shows its own fault on stderr
            traceback.print_exc(file=sys.stderr)
            return Answer(500, {"error": "the sandbox failed"})
        if answer.effect and not ask.pretend:
            answer.effect()
        return answer

    def write_down(self, ask: Ask, answer: Answer, fault: Fault) -> None:
        """Log what was decided, and count what the attacker reached."""
        at, good = rfc3339(utc_now()), 200 <= answer.status < 300
        line = Line(
            at,
            ask.who,
            ask.method,
            shown_path(self.world, ask),
            answer.status,
            is_write(ask.method, ask.path),
            ask.address,
            answer.reads,
            fault,
        )
        self.stage.logbook.lines.append(line)
        if ask.who == "attacker":
            deeds = self.world.deeds
            deeds.attempts += 1
            if good:
                deeds.successes += 1
                deeds.last_success_at = at
                deeds.minted += ask.path == "/idp/oauth/token"
                deeds.switched_back += ask.method == "PUT"
        if ask.who in {"person", "ringfence"}:
            self.last_used = time.monotonic()

    def company(self, handler: Handler) -> ASGIApp:
        """Make an endpoint of a system's route."""

        async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
            body = await read_body(receive)
            ask = self.asked(scope, body or b"")
            faults = self.stage.faults
            fault: Fault = ""
            if ask.who == "ringfence":
                fault = faults.draw(write=is_write(ask.method, ask.path) and ask.path not in MAKING_POSTS)
                ask = replace(ask, heard=fault in {"", "false_200"}, pretend=fault == "false_200")
                if faults.slow_s:
                    await asyncio.sleep(faults.slow_s)
            answer = self.decide(handler, ask, fault, too_long=body is None)
            self.write_down(ask, answer, fault)
            if fault == "lost":
                await drop(receive, send)
            else:
                await send_answer(send, answer)

        return Endpoint(endpoint)

    def hands(self, handler: control.StageHandler) -> ASGIApp:
        """Make an endpoint of a stage hands' route: neither logged nor faulty."""

        async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
            body = await read_body(receive)
            ask = self.asked(scope, body or b"")
            answer = self.decide(lambda world, ask: handler(world, self.stage, ask), ask, "", too_long=body is None)
            await send_answer(send, answer)

        return Endpoint(endpoint)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An ASGI application that Starlette takes as it is: of a bare function it would make something else."""

    app: Callable[[Scope, Receive, Send], Any]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self.app(scope, receive, send)


def nowhere(routes: list[Route], _world: World, ask: Ask) -> Answer:
    """Refuse what no route takes: 405 where only the method is wrong, else 404."""
    scope = {"type": "http", "path": ask.path, "root_path": "", "method": ask.method}
    methods = {m for r in routes if r.matches(scope)[0] is Match.PARTIAL for m in r.methods or ()}
    if methods:
        raise Refuse(405, "this method is not for this path", {"Allow": ", ".join(sorted(methods))})
    raise Refuse(404, "no such path")


def open_door(door: Door) -> ASGIApp:
    """Put all routes behind one door."""
    systems = [*oauth.routes(door.world), *idp.ROUTES, *crm.ROUTES, *firewall.ROUTES, *chat.ROUTES]
    routes = [Route(path, door.company(handler), methods=[method]) for method, path, handler in systems]
    routes += [Route(path, door.hands(handler), methods=[method]) for method, path, handler in control.ROUTES]
    last = door.company(partial(nowhere, routes))
    return Router([*routes, Route("/{rest:path}", last)], redirect_slashes=False)
