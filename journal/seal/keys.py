"""Sealing: what resume and recovery need of a secret, unreadable without the master key.

Each run has an AES-256-GCM key of its own, wrapped by the master key; to shred a run's secrets is to delete that
wrapped key. A box is bound to its run and its name, so that it can not be put in another's place.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from journal.errors import NoKey
from journal.seal.keyfile import read_private

Kind = Literal["run", "people"]
"""Whose key: a run's, for its secrets; or an incident's, for the names in it."""

KEY_BYTES = 32
_NONCE_BYTES = 12

HOW = (
    "Make one with `ringfence journal key FILE` (32 random bytes, base64, readable by its owner only), keep a copy"
    " where a breach does not reach, and name it in ringfence.yaml: `file:FILE` or `env:NAME`."
)


@dataclass(frozen=True, slots=True)
class Seal:
    """A value to be sealed with the events that need it.

    Attributes:
        name: by what name `unseal` gives it back; a later one of the same name replaces it.
        value: the secret; never in a repr.
    """

    name: str
    value: bytes = field(repr=False)


class Keys:
    """The master key, or the lack of one."""

    __slots__ = ("_master", "id")

    def __init__(self, master: bytes | None) -> None:
        if master is not None and len(master) != KEY_BYTES:
            raise NoKey(f"A master key has {KEY_BYTES} bytes, this one has {len(master)}. {HOW}")
        self._master = master
        self.id = hashlib.sha256(b"ringfence master key id\0" + master).hexdigest()[:16] if master else ""

    def __repr__(self) -> str:
        return f"Keys({self.id or 'none'})"

    @staticmethod
    def none() -> Keys:
        """No key: to seal or to unseal raises NoKey."""
        return Keys(None)

    @staticmethod
    def from_reference(reference: str) -> Keys:
        """Read the key from "env:NAME" or "file:PATH". Raises NoKey when there is none or it is not one."""
        kind, _, name = reference.partition(":")
        if kind == "env" and name:
            text = os.environ.get(name, "")
            if not text.strip():
                raise NoKey(f"The master key {reference} is not set. {HOW}")
        elif kind == "file" and name:
            text = read_private(Path(name).expanduser(), "master key", HOW)
        else:
            raise NoKey(
                f"The master key is named by env:NAME or file:PATH, not in another way. {HOW}"
            )  # it may be the key
        try:
            return Keys(base64.b64decode(text.strip(), validate=True))
        except (binascii.Error, ValueError):
            raise NoKey(f"The master key {reference} is not base64. {HOW}") from None

    @staticmethod
    def make_file(path: str | Path) -> Keys:
        """Write a new key to a file that does not exist yet (0600), durably. Raises NoKey when it can not."""
        path = Path(path)
        key = secrets.token_bytes(KEY_BYTES)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(base64.b64encode(key) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            raise NoKey(f"{path} exists: a key is never overwritten, what it sealed would be lost.") from None
        except OSError as error:
            raise NoKey(f"The master key could not be written to {path}: {error.strerror}.") from None
        return Keys(key)

    def need(self) -> bytes:
        """Give the master key, or raise NoKey with what to do."""
        if self._master is None:
            raise NoKey(f"This run has a secret to seal and no master key is configured. {HOW}")
        return self._master

    def wrap(self, kind: Kind, of: str, key: bytes) -> bytes:
        """Wrap the key of a run, or of the people of an incident. Raises NoKey without a master key."""
        return close_box(self.need(), key, _owner(kind, of))


class Ring:
    """Master keys: the first wraps new keys, each opens what it wrapped itself."""

    __slots__ = ("_by_id", "first")

    def __init__(self, *masters: Keys) -> None:
        self.first = masters[0] if masters else Keys.none()
        self._by_id = {master.id: master for master in masters if master.id}

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def unwrap(self, kind: Kind, of: str, wrapped: bytes, master: str) -> bytes:
        """Unwrap what the master key with this id wrapped. Raises NoKey when that is not ours, or it was altered."""
        what = f"secrets of run {of}" if kind == "run" else f"names in incident {of}"
        if not self:
            self.first.need()
        if (key := self._by_id.get(master)) is None:
            ours = ", ".join(self._by_id)
            where = " It is the `seal` of the configuration that was used then, or lies in keys/ of its state folder."
            raise NoKey(f"The {what} were sealed with the master key {master}; configured is {ours}.{where}")
        otherwise = f"The key of the {what} was altered: it does not open."
        return open_box(key.need(), wrapped, _owner(kind, of), otherwise)


def new_key() -> bytes:
    """Make a key for one run, or for the people of one incident."""
    return secrets.token_bytes(KEY_BYTES)


def seal(run_key: bytes, run: str, what: Seal) -> bytes:
    """Encrypt one value, bound to its run and name."""
    return close_box(run_key, what.value, _place(run, what.name))


def unseal(run_key: bytes, run: str, name: str, box: bytes) -> bytes:
    """Decrypt one value. Raises NoKey when the box was altered or moved."""
    return open_box(run_key, box, _place(run, name), f"The sealed {name} of run {run} was altered: it does not open.")


def _place(run: str, name: str) -> bytes:
    return b"sealed\0" + run.encode() + b"\0" + name.encode()


def _owner(kind: Kind, of: str) -> bytes:
    return f"{kind} key\0{of}".encode()


def close_box(key: bytes, clear: bytes, bound_to: bytes) -> bytes:
    """Encrypt with AES-256-GCM, bound to a place: nonce and ciphertext."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, clear, bound_to)


def open_box(key: bytes, box: bytes, bound_to: bytes, otherwise: str) -> bytes:
    """Decrypt what `close_box` made. Raises NoKey, saying `otherwise`, when the key or the place is another."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError):
        raise NoKey(otherwise) from None
