"""Signatures over statements about the record: Ed25519 (RFC 8032) over a domain and canonical JSON.

The private key proves only that whoever holds it said so: on the machine that writes the journal, that is also
whoever took that machine over. Against them stands what was signed and carried outside before (anchors).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journal.canonical import canonical
from journal.errors import NoKey
from journal.seal.keyfile import read_private

KEY_BYTES = 32


def message(domain: str, statement: Mapping[str, Any]) -> bytes:
    """Spell what is signed: a signature made for one domain ("head", "export", "tombstone") fits no other."""
    return b"ringfence " + domain.encode() + b"\0" + canonical(statement)


def key_id(public: str) -> str:
    """Name a public key (hex) in 16 hex digits, for people to compare."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:16]


def signed_by(public: str, domain: str, statement: Mapping[str, Any], signature: str) -> bool:
    """Whether this key (hex, 32 bytes) made this signature (hex, 64 bytes); False for whatever is neither."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), message(domain, statement))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


class Signer:
    """The journal's signing key."""

    __slots__ = ("_key", "id", "public")

    def __init__(self, private: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        if len(private) != KEY_BYTES:
            raise NoKey(f"A signing key has {KEY_BYTES} bytes, this one has {len(private)}.")
        self._key = Ed25519PrivateKey.from_private_bytes(private)
        self.public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        self.id = key_id(self.public)

    def __repr__(self) -> str:
        return f"Signer({self.id})"

    @staticmethod
    def from_reference(reference: str) -> Signer:
        """Read the key (base64 of 32 bytes) from "env:NAME" or "file:PATH" (its owner's alone). Raises NoKey."""
        kind, _, name = reference.partition(":")
        if kind == "env" and os.environ.get(name, "").strip():
            text = os.environ[name]
        elif kind == "file" and name:
            text = read_private(Path(name).expanduser(), "signing key")
        else:
            raise NoKey(f"The signing key {reference!r} is not set: it must be env:NAME or file:PATH.")
        try:
            return Signer(base64.b64decode(text.strip(), validate=True))
        except (binascii.Error, ValueError):
            raise NoKey(f"The signing key {reference} is not base64.") from None

    @staticmethod
    def of_file(path: Path) -> Signer:
        """Read the key of a file, made (0600) when it is missing: whole or not at all, also by two at once."""
        try:
            if not path.exists():
                handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp gives 0600
                try:
                    with os.fdopen(handle, "wb") as file:
                        file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
                        file.flush()
                        os.fsync(file.fileno())
                    with contextlib.suppress(FileExistsError):
                        os.link(draft, path)  # unlike a renaming, never over a key that another process made meanwhile
                finally:
                    Path(draft).unlink(missing_ok=True)
        except OSError as error:
            raise NoKey(f"The signing key {path} cannot be made: {error.strerror}.") from None
        return Signer.from_reference(f"file:{path}")

    def sign(self, domain: str, statement: Mapping[str, Any]) -> str:
        """Sign a statement: hex, 64 bytes."""
        return self._key.sign(message(domain, statement)).hex()
