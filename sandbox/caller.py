"""How attacker and vendor call the company: real requests over loopback, marked so that the log can tell them apart."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp

LONGEST_S = 5
"""Seconds after which a request is given up."""


class Caller:
    """One party's client. Nothing it meets raises: no answer is status 0."""

    def __init__(self, url: str, marker: str) -> None:
        self._url = url
        self._marker = marker
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            self._url,
            headers={"X-Sandbox-Actor": self._marker},
            timeout=aiohttp.ClientTimeout(total=LONGEST_S),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session:
            await self._session.close()

    async def ask(
        self,
        method: str,
        path: str,
        address: str,
        *,
        authorization: str = "",
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> tuple[int, Mapping[str, Any]]:
        """Send one request from an address; give back its status and its JSON object."""
        assert self._session is not None
        headers = {"X-Sandbox-Address": address}
        if authorization:
            headers["Authorization"] = authorization
        try:
            async with self._session.request(method, path, headers=headers, json=json, data=form) as answer:
                body = await answer.json() if answer.content_type == "application/json" else {}
                return answer.status, body if isinstance(body, dict) else {}
        except (TimeoutError, aiohttp.ClientError, ValueError):
            return 0, {}
