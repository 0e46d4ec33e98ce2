"""The page's own secret, and what is signed with it: links, sessions, forms. Nothing here proves who a person is.

key = PageKey.of_file(folder / "page")
text = key.close("session", {"person": "ben"}, until_s)      # signed, not hidden
body = key.open("session", text, now_s)                      # None: forged, or over
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journal.errors import NoKey
from journal.seal.keyfile import read_private
from journal.seal.keys import Keys

KEY_BYTES = 32
MAC_BYTES = 16
LONGEST = 4000
"""Letters of a signed text: a longer one is none of ours."""


class PageKey:
    """One secret; each purpose has a key of its own made from it, so that what was signed for one fits no other."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise NoKey(f"The page's key has {KEY_BYTES} bytes, this one has {len(secret)}.")
        self._secret = secret

    def __repr__(self) -> str:
        return "PageKey()"

    @staticmethod
    def of_text(text: str) -> PageKey:
        """Read base64 of 32 bytes. Raises NoKey."""
        try:
            return PageKey(base64.b64decode(text.strip(), validate=True))
        except (binascii.Error, ValueError):
            raise NoKey("The page's key is not base64 of 32 bytes: `ringfence journal key FILE` makes one.") from None

    @staticmethod
    def of_file(path: Path) -> PageKey:
        """Read the key of a file (its owner's alone), made when it is missing: whole or not at all, also by two at once.

        Raises NoKey.
        """
        if not path.exists():
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
                Keys.make_file(draft)
                try:
                    with contextlib.suppress(FileExistsError):
                        os.link(draft, path)  # never over a key that another process made meanwhile
                finally:
                    draft.unlink()
            except OSError as error:
                raise NoKey(f"The page's key {path} cannot be made: {error.strerror}.") from None
        return PageKey.of_text(read_private(path, "page's key"))

    def mac(self, purpose: str, *parts: str) -> bytes:
        """Sign parts for a purpose, 16 bytes."""
        own = hmac.digest(self._secret, b"ringfence page " + purpose.encode(), "sha256")
        over = b"".join(len(part := one.encode("utf-8", "surrogatepass")).to_bytes(4, "big") + part for one in parts)
        return hmac.digest(own, over, "sha256")[:MAC_BYTES]

    def fits(self, mac: bytes, purpose: str, *parts: str) -> bool:
        """Whether this signed those parts; in constant time."""
        return hmac.compare_digest(mac, self.mac(purpose, *parts))

    def close(self, purpose: str, body: Mapping[str, Any], until_s: float) -> str:
        """Sign a small body that is good until then (seconds since 1970)."""
        text = to_text(json.dumps({**body, "until": int(until_s)}, separators=(",", ":")).encode())
        return f"{text}.{to_text(self.mac(purpose, text))}"

    def open(self, purpose: str, text: str, now_s: float) -> dict[str, Any] | None:
        """Give the body back; None where we did not sign it for this purpose, or its time is over."""
        signed, _, mac = text.partition(".")
        if len(text) > LONGEST or not self.fits(from_text(mac), purpose, signed):
            return None
        body: dict[str, Any] = json.loads(from_text(signed))
        return body if now_s < body["until"] else None


def to_text(data: bytes) -> str:
    """Base64url without padding, as browsers give it."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_text(text: str) -> bytes:
    """Base64url without padding as bytes; b"" for what is none, or is another spelling of some."""
    try:
        found = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return found if to_text(found) == text else b""


def digest(text: str) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
