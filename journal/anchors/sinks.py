"""Places outside to which signed heads are carried: a file, a web hook, a time stamp authority (RFC 3161).

A chat thread is none yet: what a chat service needs is a message of its own form, not this JSON.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from journal.proof.statement import Signed

TIMEOUT_S = 5.0
"""How long one place may take to answer."""
ANSWER_LIMIT = 100_000
"""Bytes of an answer that are read: a time stamp has some thousand."""


class NotCarried(Exception):
    """It did not arrive, as far as we know. The message says why, and no secret."""


class Sink(Protocol):
    """One place.

    Attributes:
        name: as people may see it: never a URL that is a secret.
        independent: why whoever holds our machine cannot change what lies there; "" where they can.
    """

    name: str
    independent: str

    async def carry(self, signed: Signed) -> bytes:
        """Carry it there; what to keep as a receipt. Raises NotCarried."""


class FileSink:
    """A file that is only added to: one JSON object a line, on the disk before it counts."""

    def __init__(self, path: Path, independent: str = "") -> None:
        self.path = path
        self.name = f"file:{path}"[:200]
        self.independent = independent

    async def carry(self, signed: Signed) -> bytes:
        """Add a line. The receipt says where it begins."""
        return await _in_thread(lambda: self._add(signed.line + b"\n"))

    def _add(self, line: bytes) -> bytes:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                size = os.fstat(handle).st_size
                torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"  # the power went in the midst of a line
                line = b"\n" + line if torn else line
                if os.write(handle, line) != len(line):
                    raise NotCarried("the disk is full: the line was not written whole")
                os.fsync(handle)
                return b"offset %d" % (os.lseek(handle, 0, os.SEEK_CUR) - len(line))
            finally:
                os.close(handle)
        except OSError as error:
            raise NotCarried(f"it cannot be written: {error.strerror}") from None


class WebhookSink:
    """A URL that takes a POST of the JSON object. The URL is a secret: whoever has it can post there."""

    def __init__(self, url: str, independent: str = "") -> None:
        self._url = url
        self.name = f"webhook:{urlsplit(url).hostname}"
        self.independent = independent

    async def carry(self, signed: Signed) -> bytes:
        """Post it. The receipt has the status and the digest of the answer."""
        status, answer = await _post(self._url, signed.line, "application/json")
        return b"HTTP %d, SHA-256 of the answer %s" % (status, hashlib.sha256(answer).hexdigest().encode())


class TimestampSink:
    """A time stamp authority: it signs that these bytes were there at its time, with a key that is not ours."""

    def __init__(self, url: str, roots: bytes) -> None:
        self._url = url
        self._roots = roots
        self.name = timestamp_name(url)
        self.independent = f"time stamp (RFC 3161) by {urlsplit(url).hostname}"

    async def carry(self, signed: Signed) -> bytes:
        """Have it stamped; the receipt is the authority's whole answer, checked against its roots."""
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

        from journal.proof.receipts import stamped

        request = TimestampRequestBuilder().data(signed.message).hash_algorithm(HashAlgorithm.SHA256).build()
        _, answer = await _post(self._url, request.as_bytes(), "application/timestamp-query")
        stamp = stamped(answer, signed.message, self._roots, nonce=request.nonce)
        if stamp.fault:
            raise NotCarried(f"its answer does not count: {stamp.fault}")
        return answer


def timestamp_name(url: str) -> str:
    """Name an authority, as its rows in the journal do."""
    return f"timestamp:{urlsplit(url).hostname}"


async def _post(url: str, body: bytes, kind: str) -> tuple[int, bytes]:
    """Post once, without following a redirect. An error's own text may hold the URL: only its kind is told."""
    import httpx

    answer = b""
    try:
        async with (
            asyncio.timeout(TIMEOUT_S),
            httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client,
            client.stream("POST", url, content=body, headers={"content-type": kind}) as response,
        ):
            async for part in response.aiter_bytes():
                answer += part
                if len(answer) > ANSWER_LIMIT:
                    raise NotCarried(f"it answered more than {ANSWER_LIMIT} bytes")
    except TimeoutError:
        raise NotCarried(f"no answer within {TIMEOUT_S:.0f} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise NotCarried(f"it cannot be reached ({type(error).__name__})") from None
    if not 200 <= response.status_code < 300:
        raise NotCarried(f"it answered {response.status_code}")
    return response.status_code, answer


async def _in_thread(work: Callable[[], bytes]) -> bytes:
    """Do it in a thread that nobody waits for: a disk that hangs must not hold the end of the process."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[bytes] = loop.create_future()

    def settle(result: bytes | Exception) -> None:
        if not future.done():
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

    def run() -> None:
        result: bytes | Exception
        try:
            result = work()
        except Exception as error:  # noqa: BLE001  it is raised where it is waited for
            result = error
        try:
            loop.call_soon_threadsafe(settle, result)
        except RuntimeError:
            return  # the loop has ended: nobody waits any more

    threading.Thread(target=run, name="anchor", daemon=True).start()
    async with asyncio.timeout(TIMEOUT_S):
        return await future
