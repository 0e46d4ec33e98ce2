"""The HTTP under readers and senders: one exchange at a time is sent once, and nothing is resent behind our back.

httpx's requests and answers over aiohttp, without httpx's client between: what it would add (cookies, redirects, the
environment's proxies, URLs in the log) is not wanted here. Left alone, aiohttp repeats PUT and DELETE when a kept-alive
connection drops, so the session is built here with that switched off. Only a connection that was never made counts as
*not sent*; whatever happens later may have had its effect.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, unquote_plus, urljoin, urlsplit

import orjson

from connectors.core.call import Answer, fits, newest
from connectors.core.configured import Settings
from connectors.core.connector import Connector, Rate
from connectors.core.errors import Impossible, Unexpected
from connectors.core.exchange import Grant, Tokens
from connectors.core.gate import Gate
from connectors.core.secret import Secret
from connectors.core.told import NOTHING, Told

if TYPE_CHECKING:
    from httpx_aiohttp import AiohttpTransport

REQUEST_TIMEOUT_S = 10.0
LONGEST_ANSWER = 16 * 1024 * 1024
HEADERS = {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "ringfence"}
_TIMEOUT = {
    "timeout": {"connect": REQUEST_TIMEOUT_S, "read": REQUEST_TIMEOUT_S, "write": REQUEST_TIMEOUT_S, "pool": None}
}
SAFE = frozenset({"GET", "HEAD"})
REQUEST_IDS = ("x-request-id", "request-id")
"""Headers that name the provider's own id of a request."""
PIECE = 8
"""Characters that such an id must not have in common with the request: no secret is shorter."""


@dataclass(frozen=True)
class Connection:
    """One configured way to one system: whose credential, where, with which settings."""

    name: str
    connector: Connector
    url: str
    secret: Secret | None = None
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, lower-case headers, JSON or None, and the text where it was no JSON."""

    status: int
    headers: Mapping[str, str]
    json: Any


class NotSent(Exception):
    """The connection was never made: the provider did not see the request."""


class NoAnswer(Exception):
    """The request went out, for all we know, and no whole answer came back."""


Keep = Callable[[Answer, Secret], Awaitable[None]]


class Wire:
    """An open connection. Built with `writes=False` it refuses, at this lowest place, whatever could change a state.

    Attributes:
        current: fingerprint -> the secret that took its place in this run.
        lost: fingerprint -> what a person must do, for a secret that was rotated in an answer that never came.
        keeper: seals a rotated secret before anything else is done with it.
        requests: how many were asked of it so far.
        guard: asked right before each write, after all waiting: may we still send? (the lease)
    """

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self.connection = connection
        self.writes = writes
        rate = connection.connector.rate
        self.gate = Gate(rate)
        gap_s = rate.write_gap_s
        self._writing = Gate(Rate(1, per_s=gap_s, in_flight=1)) if gap_s else contextlib.nullcontext()
        held = connection.connector.held
        self.asks = {path for look in connection.connector.looks.values() for path in look.asks}
        self.asks |= set(held.asks if held is not None else ())
        self.current: dict[str, Secret] = {}
        self.lost: dict[str, str] = {}
        self.keeper: Keep | None = None
        self.guard: Callable[[], bool] | None = None
        self.requests = 0
        self._discovery: asyncio.Future[Mapping[str, str]] | None = None
        exchanged = connection.connector.grant is not None and connection.settings.exchanged
        self._tokens = Tokens(connection, self._ask_token) if exchanged and connection.secret is not None else None
        self._transport: AiohttpTransport | None = None
        self._base = _plain(connection.name, "url", connection.url, connection.connector.schemes)
        self._hosts = {
            name: _plain(connection.name, name, url)
            for name in connection.connector.hosts
            if (url := getattr(connection.settings, name)) is not None
        }
        parts = urlsplit(self._base)
        self._origin = (parts.scheme, parts.netloc)

    def transport(self) -> AiohttpTransport:
        """What carries requests, made at first use: inside the event loop that will use it."""
        if self._transport is None:
            import aiohttp
            from httpx_aiohttp import AiohttpTransport

            def session() -> aiohttp.ClientSession:
                made = aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
                )
                made._retry_connection = False  # noqa: SLF001  # the only switch there is; tests/connectors guard it
                return made

            self._transport = AiohttpTransport(client=session)
        return self._transport

    def told(self, reply: Reply) -> Told:
        """What an answer says beyond its status, as the connector reads it."""
        tell = self.connection.connector.told
        return NOTHING if tell is None else tell(reply.status, reply.headers, reply.json)

    async def minted(self) -> tuple[Secret, Mapping[str, Any]] | None:
        """The access token that goes along, and what was said beside it; None where our credential goes as it stands."""
        return None if self._tokens is None else (await self._tokens.current(), self._tokens.said)

    async def keep(self, answer: Answer, secret: Secret) -> None:
        """Put a rotated secret in the old one's place, sealed first where a run can seal it."""
        if self.keeper is not None:
            await self.keeper(answer, secret)
        self.current[answer.replaces.fingerprint] = secret
        self.lost.pop(answer.replaces.fingerprint, None)

    async def close(self) -> None:
        """Give the sockets back."""
        if self._discovery is not None:
            self._discovery.cancel()
        if self._tokens is not None:
            self._tokens.close()
        if self._transport is not None:
            await self._transport.aclose()

    async def exchange(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None,
        form: bool = False, bearer: Secret | None = None, ask: str = "", client: str = "",
    ) -> Reply:  # fmt: skip
        """Send one request once. `ask` is the template of a read-only POST that a look declared.

        `client`: with `bearer` in place of ours, that client's own id and secret, even where another took its place.

        A read whose access token is turned away goes out a second time, with a new token; a write never does.
        """
        reads = method in SAFE or (method == "POST" and ask in self.asks and fits(ask, path))
        if not self.writes and not reads:
            raise Impossible(f"{method} {path}", "this connection was opened for reading only", "This is a dry run")
        url = await self._url(path)
        headers = HEADERS | dict(self.connection.connector.headers)
        sent: dict[str, Any] = {"data": body} if form else {} if body is None else {"json": body}
        for again in (reads, False):
            self.requests += 1
            async with contextlib.nullcontext() if reads else self._writing, self.gate:
                token = await self._authenticate(headers, bearer, client)
                if not reads and self.guard is not None and not self.guard():
                    raise NotSent("our lease on this run is no longer sure")
                reply = await self._once(method, url, params=dict(query or {}) or None, headers=headers, **sent)
            if token is None or self._tokens is None or reply.status != 401:
                break
            self._tokens.refused(token)
            if not again:
                break
        return reply

    async def _ask_token(self, grant: Grant) -> Reply:
        url = await self._url(grant.at) if grant.at.startswith("/") else grant.at
        headers = HEADERS | dict(self.connection.connector.headers)
        if grant.bearer:
            headers["authorization"] = f"Bearer {grant.bearer}"
        return await self._once("POST", url, headers=headers, data=dict(grant.form))

    async def _once(self, method: str, url: str, **sent: Any) -> Reply:
        if (carrier := self.connection.connector.carrier) is not None:
            return await carrier(self.connection, sent["json"])
        import aiohttp
        import httpx

        try:
            request = httpx.Request(method, url, extensions=_TIMEOUT, **sent)
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                answer = await self.transport().handle_async_request(request)
                try:
                    body = bytearray()
                    async for part in answer.aiter_bytes():
                        body += part
                        if len(body) > LONGEST_ANSWER:
                            raise NoAnswer("an answer of over 16 MiB")
                finally:
                    await answer.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError) as error:
            if isinstance(error.__cause__, aiohttp.ClientConnectorError):
                raise NotSent(type(error.__cause__).__name__) from None
            raise NoAnswer(type(error).__name__) from None
        try:
            content = orjson.loads(body) if body else None
        except orjson.JSONDecodeError:
            content = None
        headers = _headers(answer.headers.raw)
        for name in REQUEST_IDS:
            if name in headers and _repeats(headers[name], answer.request):
                del headers[name]
        return Reply(answer.status_code, headers, content)

    async def _authenticate(self, headers: dict[str, str], bearer: Secret | None, client: str) -> Secret | None:
        """Put the credential into the headers. Gives back the access token that was taken for it, if one was."""
        if bearer is None and self._tokens is not None:
            token = await self._tokens.current()
            headers["authorization"] = f"Bearer {token.reveal()}"
            return token
        secret = bearer if bearer is not None else self.connection.secret
        if secret is None:
            return None
        if bearer is not None and client:
            headers["authorization"] = _basic(client, secret.reveal())
            return None
        value = newest(secret, self.current).reveal()
        if bearer is None and self.connection.connector.auth == "basic":
            headers["authorization"] = _basic(str(getattr(self.connection.settings, "client_id", "")), value)
            return None
        if not (value.isascii() and value.isprintable()):
            tried = f"{self.connection.name}: our credential {secret!r}"
            raise Impossible(tried, "it holds line breaks or letters that no request carries", "Mend where it is kept")
        if bearer is not None:
            headers["authorization"] = f"Bearer {value}"
        elif self.connection.connector.auth == "bearer" or self.connection.connector.grant is not None:
            headers["authorization"] = f"{self.connection.settings.scheme} {value}"
        return None

    async def _url(self, path: str) -> str:
        connector = self.connection.connector
        if path.startswith("@"):
            name, slash, rest = path[1:].partition("/")
            return await self._endpoint(name) if not slash else f"{self._host(name)}/{rest}"
        if connector.auth == "path" and self.connection.secret is not None:
            return f"{self._base}/{self.connection.secret.reveal()}"
        if path.startswith("//"):
            return f"{self._origin[0]}://{self._origin[1]}{path[1:]}"  # from the host's root, not below the base path
        return self._base + path

    def _host(self, name: str) -> str:
        if name not in self._hosts:
            here = self.connection.name
            raise Impossible(
                f"{here}: {name}", f"the connection has no {name}", f"Give it {name}: the URL of that part"
            )
        return self._hosts[name]

    async def _endpoint(self, name: str) -> str:
        connector = self.connection.connector
        if connector.endpoints is None:
            raise Impossible(f"endpoint {name}", f"{connector.name} declares no endpoints", "Mend the connector")
        known = self._discovery
        if known is None or (known.done() and (known.cancelled() or known.exception() is not None)):
            from connectors.core.reader import Reader

            known = self._discovery = asyncio.ensure_future(connector.endpoints(Reader(self)))
        endpoints = await asyncio.shield(known)  # one reading of it, whoever asks meanwhile
        tried = f"{self.connection.name}: endpoint {name}"
        if not (found := endpoints.get(name)):
            raise Impossible(tried, "the provider's metadata does not name it", "This action is not to be had there")
        try:
            url = urljoin(self._base + "/", found)
            parts = urlsplit(url)
        except ValueError:
            raise Unexpected(tried, "the metadata names no URL for it", "A person must look at the metadata") from None
        if (parts.scheme, parts.netloc) != self._origin:
            came = f"the metadata leads to another host, {parts.netloc[:80]!r}"
            raise Unexpected(tried, came, "Our credential stays here")
        return url


def _basic(client: str, secret: str) -> str:
    """RFC 6749 section 2.3.1: id and secret are form-encoded before they become basic credentials."""
    return f"Basic {base64.b64encode(f'{quote_plus(client)}:{quote_plus(secret)}'.encode()).decode()}"


def _plain(connection: str, name: str, url: str, schemes: tuple[str, ...] = ("http", "https")) -> str:
    """A base URL of the configuration; Impossible where it is none."""
    base = url.rstrip("/")
    parts = urlsplit(base)
    if parts.scheme not in schemes or not parts.hostname or parts.username or parts.query:
        wanted = "http(s)" if "https" in schemes else " or ".join(schemes)
        raise Impossible(f"connection {connection}", f"its {name} {base!r} is no plain {wanted} URL", "Mend it")
    return base


def _repeats(id_: str, request: Any) -> bool:
    """Whether a provider's id of a request repeats a piece of the request: it may be a secret, and ids are journaled."""
    authorization = request.headers.get("authorization", "")
    sent = f"{request.url} {authorization} {request.content.decode('latin-1')}"
    with contextlib.suppress(ValueError):
        sent += " " + base64.b64decode(authorization.partition(" ")[2], validate=True).decode("latin-1")
    sent += " " + unquote_plus(sent)
    return any(id_[start : start + PIECE] in sent for start in range(len(id_) - PIECE + 1))


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """By lower-case name, several of one name joined by commas. httpx guesses at an encoding for each of them."""
    found: dict[str, str] = {}
    for key, value in raw:
        name, text = key.decode("latin-1").lower(), value.decode("latin-1")
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found
