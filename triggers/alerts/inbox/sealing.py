"""Bodies of alerts, sealed: they may hold names, addresses, and whatever else a source writes of our people."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from journal.event import JOURNAL
from journal.seal.keys import open_box
from journal.write.book import Book
from journal.write.requests import Request

if TYPE_CHECKING:
    from journal.store import Journal

NONCE_BYTES, NONCES = 12, 256
NO_INCIDENT = "@alerts"
"""Stands for an incident in what is recorded of alerts that belong to none; under its key the bodies are sealed too."""


@dataclass(slots=True, kw_only=True)
class Keyed(Request):
    """Give the key that bodies are sealed with, made when there is none yet."""

    run: str = JOURNAL

    def do(self, book: Book) -> bytes:
        """Raises NoKey where there is no master key to wrap it with."""
        return book.names.need(book.conn, NO_INCIDENT)


class Box:
    """Seals and opens bodies."""

    def __init__(self, key: bytes) -> None:
        """Hold the key."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._key, self._cipher, self._nonces = key, AESGCM(key), b""

    @staticmethod
    async def of(journal: Journal) -> Box:
        """The box of a journal. Raises NoKey, JournalFailed."""
        return Box(await journal.carry_out(Keyed()))

    def close(self, delivery: str, headers: Mapping[str, str], raw: bytes) -> bytes:
        """Seal a body with the headers that belong to it, bound to its delivery."""
        clear = orjson.dumps(dict(headers)) + b"\n" + raw
        nonce = self._nonce()
        return nonce + self._cipher.encrypt(nonce, clear, _place(delivery))

    def _nonce(self) -> bytes:
        """Random, taken from a store: to ask the system for each alert would let every other thread go first each time."""
        if not self._nonces:
            self._nonces = secrets.token_bytes(NONCE_BYTES * NONCES)
        nonce, self._nonces = self._nonces[:NONCE_BYTES], self._nonces[NONCE_BYTES:]
        return nonce

    def open(self, delivery: str, box: bytes) -> tuple[dict[str, str], bytes]:
        """Give headers and body. Raises NoKey where it is another's, was altered, or is gone."""
        clear = open_box(self._key, box, _place(delivery), "The body of this alert does not open, or is gone.")
        head, _, raw = clear.partition(b"\n")
        return orjson.loads(head), raw


def _place(delivery: str) -> bytes:
    return b"alert\0" + delivery.encode()
