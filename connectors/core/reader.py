"""The reading half: safe methods, and the read-only POSTs that a look declares. It cannot write, so a dry run cannot."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from connectors.core.call import Answer, fill, newest, unveil
from connectors.core.errors import Busy, ConnectorError, Impossible, NotAllowed, Unexpected, Unreachable, Unseen
from connectors.core.links import next_query
from connectors.core.secret import Secret
from connectors.core.told import NOTHING, Told
from connectors.core.waits import asked_wait_s
from connectors.core.wire import NoAnswer, NotSent, Reply, Wire

if TYPE_CHECKING:
    from connectors.core.connector import Find, Look

PATIENCE_S = 6.0
BUSY_PATIENCE_S = 60.0
_WORDS = re.compile(r"[a-z]{1,20}([_-][a-z]{1,20})*")


class Reader:
    """Reads at one connection. A read may be repeated, so it waits out 429 and lost answers by itself, for a while.

    Attributes:
        patience_s: seconds for which a read that gets no answer, or a 5xx, is tried again.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        asks: tuple[str, ...] = (),
        permission: str = "",
        meaning: Mapping[int, type[Exception]] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._wire = wire
        self._asks = asks
        self._permission = permission
        self._meaning = {**wire.connection.connector.meaning, **(meaning or {})}
        self.patience_s = patience_s

    def allowed(
        self, asks: tuple[str, ...], permission: str, meaning: Mapping[int, type[Exception]] | None = None
    ) -> Reader:
        """The same reader for one look: with the read-only POSTs that it declares."""
        return Reader(self._wire, asks=asks, permission=permission, meaning=meaning, patience_s=self.patience_s)

    async def look(self, look: Look[Any, Any], p: Any) -> Any:
        """Carry a look out. What stands in for a provider (trials) answers here, knowing nothing of requests."""
        return await look.fn(self, p)

    def pairs(self, find: Find[Any, Any], p: Any) -> AsyncIterator[tuple[Any, Any]]:
        """Carry a find out, as `look` does."""
        return find.fn(self, p)

    @property
    def permission(self) -> str:
        """What our credential must be allowed for what is read."""
        return self._permission

    @property
    def settings(self) -> Any:
        """The connection's settings."""
        return self._wire.connection.settings

    @property
    def url(self) -> str:
        """The connection's base URL, from configuration."""
        return self._wire.connection.url.rstrip("/")

    async def get(
        self, template: str, p: BaseModel | None = None, /, *, bearer: Secret | None = None,
        answers: tuple[Answer, ...] = (), **query: Any,
    ) -> Any:  # fmt: skip
        """The JSON at a path.

        `bearer`: use this credential in place of ours (a canary, a registration token). `answers`: secrets that the
        provider may rotate as it answers; a new one is kept before this returns.
        """
        path = fill(template, p)
        reply = await self._patiently("GET", path, query={k: v for k, v in query.items() if v != ""}, bearer=bearer)
        if bearer is not None and reply.status in {401, 403}:
            self._explain_lost(f"GET {path}", reply, bearer)
        found = self._read(f"GET {path}", reply)
        for answer in answers:
            value = found.get(answer.field) if isinstance(found, dict) else None
            if isinstance(value, str) and value and Secret(value) != newest(answer.replaces, self._wire.current):
                await self._wire.keep(answer, Secret(value))
        return found

    async def page(self, template: str, p: BaseModel | None = None, /, **query: Any) -> tuple[Any, dict[str, str]]:
        """The JSON of one page of a listing, and the query of the next by its `Link` header; {} after the last.

        Unexpected where the next page would be this one again.
        """
        path = fill(template, p)
        reply = await self._patiently("GET", path, query=query)
        found, following = self._read(f"GET {path}", reply), next_query(reply.headers.get("link", ""))
        if following and following == {name: str(value) for name, value in query.items()}:
            where = f"{self._wire.connection.name}: GET {path}"
            raise Unexpected(where, "a page that says it is its own next", "A person must look: the listing never ends")
        return found, following

    async def headers(self, template: str, p: BaseModel | None = None, /, **query: Any) -> Mapping[str, str]:
        """The headers of what is answered at a path, by lower-case name, where the answer is a good one."""
        reply = await self._patiently("GET", path := fill(template, p), query=query)
        self._read(f"GET {path}", reply)
        return reply.headers

    async def minted(self) -> tuple[Secret, Mapping[str, Any]] | None:
        """The access token that our credential was exchanged for, and what the token endpoint said beside it.

        None where our credential goes as it stands. Raises Unreachable where the token endpoint does not answer.
        """
        try:
            return await self._wire.minted()
        except NotSent as error:
            where = f"{self._wire.connection.name}: an access token"
            raise Unreachable(where, str(error), "Is its URL right, and up? Nothing was changed by this") from None

    async def items(self, template: str, p: BaseModel | None = None, /, **query: Any) -> AsyncIterator[Any]:
        """Each item of a listing whose pages hold `items`, and as `next` the `after` of the next page, "" in the last."""
        after = ""
        while True:
            page = await self.get(template, p, after=after, **query)
            for item in page["items"]:
                yield item
            if not (after := page["next"]):
                return

    async def ask(
        self, template: str, p: BaseModel | None = None, /, *, form: Any = None, json: Any = None,
        bearer: Secret | None = None,
    ) -> Any:  # fmt: skip
        """The JSON answer of a POST that only reads, such as RFC 7662's introspection. The look must declare it.

        `bearer`: use this credential in place of ours.
        """
        if template not in self._asks:
            raise Impossible(f"POST {template}", "this look does not declare it (asks=...)", "Mend the connector")
        path = fill(template, p)
        body = unveil(json if form is None else form, {}, self._wire.current)
        reply = await self._patiently("POST", path, body=body, form=form is not None, ask=template, bearer=bearer)
        return self._read(f"POST {path}", reply)

    async def turned_away(self, template: str, p: BaseModel | None = None, /, *, bearer: Secret) -> bool:
        """Use a credential: True where the provider turns it away (401, 403), False where it still opens."""
        reply = await self._patiently("GET", path := fill(template, p), bearer=bearer)
        if reply.status in {401, 403} and self._wire.told(reply).kind in {None, NotAllowed}:
            return True
        self._read(f"GET {path}", reply)
        return False

    async def client_refused(
        self, template: str, /, *, client: str = "", secret: Secret | None = None, form: Mapping[str, str]
    ) -> bool:
        """Let a client prove itself by a secret, that very one: True where the server does not take it. Without: us.

        A POST that only reads, which the look declares. RFC 6749 section 5.2: `invalid_client`, as 401 or as 400.
        """
        if template not in self._asks:
            raise Impossible(f"POST {template}", "this look does not declare it (asks=...)", "Mend the connector")
        body = dict(form)
        reply = await self._patiently(
            "POST", template, body=body, form=True, ask=template, bearer=secret, client=client
        )
        word = reply.json.get("error") if isinstance(reply.json, dict) else None
        if reply.status == 401 or (reply.status == 400 and word == "invalid_client"):
            return True
        if not 200 <= reply.status < 300:
            self._read(f"POST {template}", reply)
        return False

    async def _patiently(self, method: str, path: str, **more: Any) -> Reply:
        loop = asyncio.get_running_loop()
        began, pause = loop.time(), 0.2
        where = f"{self._wire.connection.name}: {method} {path}"
        while True:
            elapsed = loop.time() - began
            try:
                reply = await self._wire.exchange(method, path, **more)
            except (NotSent, NoAnswer) as error:
                if elapsed + pause > self.patience_s:
                    sent = "no connection" if isinstance(error, NotSent) else "no answer"
                    todo = f"Is {self.url} right, and up? Nothing was changed by this"
                    raise Unreachable(where, f"{sent} ({error}), tried for {elapsed:.0f} s", todo) from None
            else:
                told = self._wire.told(reply)
                busy = reply.status == 429 or (reply.status == 503 and "retry-after" in reply.headers)
                if busy or told.kind is Busy:
                    wait_s = told.wait_s if told.kind is Busy else asked_wait_s(reply.headers)
                    self._wire.gate.wait(wait_s)
                    if elapsed + wait_s > BUSY_PATIENCE_S:
                        came = f"{reply.status}{reason(reply, told)}, asks to wait {wait_s:.0f} s"
                        raise Busy(where, came, "It is tried again later")
                    continue
                if reply.status < 500:
                    return reply
                if elapsed + pause > self.patience_s:
                    came = f"{reply.status}{reason(reply)}, tried for {elapsed:.0f} s"
                    raise Unreachable(where, came, "The provider is in trouble. Nothing was changed by this")
            await asyncio.sleep(pause)
            pause = min(2 * pause, 2.0)

    def _explain_lost(self, tried: str, reply: Reply, bearer: Secret) -> None:
        lost = self._wire.lost
        todo = lost.get(newest(bearer, self._wire.current).fingerprint) or lost.get(bearer.fingerprint)
        if todo is not None:
            came = f"{reply.status}: the provider rotated this credential, and the answer with the new one never came"
            raise NotAllowed(f"{self._wire.connection.name}: {tried}", came, todo)

    def _read(self, tried: str, reply: Reply) -> Any:
        where = f"{self._wire.connection.name}: {tried}"
        told = self._wire.told(reply)
        if 200 <= reply.status < 300 and told.kind is None:
            if reply.json is None:
                raise Unexpected(where, f"{reply.status} without JSON", "A person must look: is this the right URL?")
            return reply.json
        kind = told.kind or self._meaning.get(reply.status, Unexpected)
        raise _error(kind, where, f"{reply.status}{reason(reply, told)}", self._permission)


def _error(kind: type[Exception], where: str, came: str, permission: str) -> ConnectorError:
    if issubclass(kind, NotAllowed):
        return NotAllowed(where, came, f"Our credential there needs: {permission or 'see the connector'}")
    if issubclass(kind, Unseen):
        return Unseen(where, came, "It is gone, or our credential may not see it")
    return Unexpected(where, came, "A person must look: this answer is not in the connector's table")


def reason(reply: Reply, told: Told = NOTHING) -> str:
    """The provider's own error code, where it is plain lower-case words: a body may hold anything, a token too."""
    if told.code:
        return f" {told.code}"
    word = reply.json.get("error") if isinstance(reply.json, dict) else None
    return f" {word}" if isinstance(word, str) and len(word) <= 60 and _WORDS.fullmatch(word) else ""
