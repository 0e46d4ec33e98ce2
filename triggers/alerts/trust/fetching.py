"""Fetches senders' public keys, from places that the configuration names and no alert can choose, and keeps them a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from inventory.trusting import Trust
from triggers.alerts.trust import sns, tokens
from triggers.alerts.trust.bodies import NotRead, read
from triggers.alerts.trust.model import Headers, NotNow

FETCH_S, LARGEST = 3.0, 256 * 1024
AGAIN_S = 60.0
"""Between two fetches from one place, however many ask for it."""
FRESH_S, GOOD_S = 3600.0, 24 * 3600.0
"""Keys older than the first are fetched anew; where that fails they go on being good until the second."""
MOST_CERTIFICATES, MOST_NAMED = 50, 10
"""How many are kept, and how many are asked for within `AGAIN_S`."""

Fetch = Callable[[str], Awaitable[bytes]]


class NotFetched(Exception):
    """Nothing came, or nothing that can be used."""


async def fetched(url: str) -> bytes:
    """The body at a URL, of a 200 and no other; redirects are not followed. Raises NotFetched."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=FETCH_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise NotFetched
            body = bytearray()
            async for part in answer.content.iter_chunked(16 * 1024):
                body += part
                if len(body) > LARGEST:
                    raise NotFetched
            return bytes(body)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        raise NotFetched from None


@dataclass(slots=True)
class _Kept:
    value: Any = None
    at: float = float("-inf")
    tried: float = float("-inf")


class Keyring:
    """Public keys by the URL that they came from. `fetch` and `clock` (seconds, never back) are for tests."""

    def __init__(self, fetch: Fetch = fetched, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with none."""
        self._fetch, self._clock = fetch, clock
        self._certificates: dict[str, _Kept] = {}
        self._sets: dict[str, _Kept] = {}
        self._named: list[float] = []
        self._one, self._one_certificate = asyncio.Lock(), asyncio.Lock()

    def certificate(self, url: str) -> x509.Certificate | None:
        """The certificate of an SNS host, as it was fetched."""
        kept = self._certificates.get(url)
        return kept.value if kept is not None else None

    def key_set(self, url: str) -> KeySet | None:
        """An issuer's keys, as they were fetched, unless that is too long ago."""
        kept = self._sets.get(url)
        return kept.value if kept is not None and self._clock() - kept.at <= GOOD_S else None

    async def ready(self, trust: Trust, raw: bytes, headers: Headers, topics: tuple[str, ...] = ()) -> None:
        """Fetch what verifying needs, where it is not there yet. `trust` is whole.

        Raises Untrusted where nothing needs to be fetched to see that it is not the source's, NotNow where a key cannot
        be had.
        """
        if trust.scheme == "sns":
            await self._certificate(sns.envelope(raw, topics).certificate)
        elif trust.scheme in {"set", "google"} and trust.jwks is not None:
            token = raw if trust.scheme == "set" else headers.one("Authorization").partition(" ")[2].encode()
            await self._keys(trust.jwks, tokens.named_key(token))

    async def _certificate(self, url: str) -> None:
        kept = self._certificates.get(url)
        if kept is not None and kept.value is not None:
            return
        async with self._one_certificate:
            kept = self._certificates.get(url) or _Kept()
            if kept.value is not None:
                return
            # Anybody can name one that there is not: that pushes out no good one, nor asks the host at any pace.
            self._named = [at for at in self._named if self._clock() - at < AGAIN_S]
            if len(self._named) >= MOST_NAMED:
                raise NotNow
            self._named.append(self._clock())
            await self._into(kept, url, x509.load_pem_x509_certificate)
            if len(self._certificates) >= MOST_CERTIFICATES:
                del self._certificates[next(iter(self._certificates))]
            self._certificates[url] = kept

    async def _keys(self, url: str, kid: str | None) -> None:
        kept = self._sets.setdefault(url, _Kept())
        if self._has(kept, kid):
            return
        async with self._one:
            if self._has(kept, kid):
                return
            there = kept.value is not None and self._clock() - kept.at <= GOOD_S
            try:
                await self._into(kept, url, _key_set)
            except NotNow:
                if not there or not _holds(kept.value, kid):
                    raise

    def _has(self, kept: _Kept, kid: str | None) -> bool:
        return kept.value is not None and self._clock() - kept.at <= FRESH_S and _holds(kept.value, kid)

    async def _into(self, kept: _Kept, url: str, read_: Callable[[bytes], Any]) -> None:
        """Fetch, but not again and again: a stranger can name keys that nobody has. Raises NotNow."""
        if self._clock() - kept.tried < AGAIN_S:
            raise NotNow
        kept.tried = self._clock()
        try:
            kept.value = read_(await self._fetch(url))
        except (NotFetched, ValueError):
            raise NotNow from None
        kept.at = self._clock()

    async def confirm(self, said: sns.Envelope) -> bool:
        """Confirm a subscription whose envelope was verified; whether SNS took it.

        The address is made of the topic's own region: the one that the message names is not asked.
        """
        query = urlencode({"Action": "ConfirmSubscription", "TopicArn": said.topic, "Token": said.token})
        try:
            await self._fetch(f"https://{said.host}/?{query}")
        except NotFetched:
            return False
        return True


def _holds(keys: KeySet, kid: str | None) -> bool:
    return any(key.kid == kid for key in keys.keys) if kid is not None else True


def _key_set(raw: bytes) -> KeySet:
    """Public keys alone: one that both sides have would let anybody sign who can read it. Raises ValueError."""
    try:
        said = read(raw)
        listed = [key for key in said["keys"] if isinstance(key, dict) and key.get("kty") in {"RSA", "EC"}]
        return KeySet.import_key_set({"keys": [one for one in listed if one.get("use", "sig") == "sig"]})
    except (NotRead, JoseError, KeyError, TypeError, AttributeError):
        raise ValueError("no key set") from None
