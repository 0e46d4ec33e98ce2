"""Releases: who signed a playbook as it is now, with every playbook that it uses. What starts by itself starts released ones only.

A release lies beside its playbook as `NAME.release.json`. Whoever can change the playbook can change that file too: it
is the key in the configuration that makes it count.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journal.canonical import canonical
from journal.proof.sign import Signer, key_id, signed_by
from language import Checked

DOMAIN = "release"
LARGEST = 10_000
"""Bytes of a release: more than that is another file."""
FIELDS = frozenset({"playbook", "sha256", "version", "at"})


@dataclass(frozen=True, slots=True)
class Release:
    """A playbook as somebody released it.

    Attributes:
        sha256: over its text and those of the playbooks that it uses: see `content_hash`.
        version: counts up with each text that is released.
        key: id of the key that signed it; `public`: the key itself, hex.
    """

    playbook: str
    sha256: str
    version: int
    at: str
    key: str
    public: str


@dataclass(frozen=True, slots=True)
class Unreleased:
    """Why a playbook does not count as released. `changed`: it was, and its text is another now."""

    why: str
    changed: Release | None = None


def content_hash(checked: Checked) -> str:
    """The hash of a playbook and of all that it uses: its text's own where it uses none, else a hash over hashes."""
    if not checked.subs:
        return checked.sha256
    uses = {sub.playbook.id: content_hash(sub) for sub in checked.subs.values()}
    return hashlib.sha256(canonical({"text": checked.sha256, "uses": uses})).hexdigest()


def file_of(playbook: Path) -> Path:
    """Where the release of a playbook lies."""
    return playbook.with_name(f"{playbook.stem}.release.json")


def sign(checked: Checked, version: int, at: str, signer: Signer) -> str:
    """Give the text of a release."""
    statement = {"playbook": checked.playbook.id, "sha256": content_hash(checked), "version": version, "at": at}
    signed = {"key": signer.id, "public": signer.public, "signature": signer.sign(DOMAIN, statement)}
    return json.dumps(statement | signed, indent=2) + "\n"


def released(checked: Checked, file: Path, keys: Collection[str]) -> Release | Unreleased:
    """Whether a playbook, as it was read, is what somebody released whose key (hex) is among `keys`. Reads one file."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(LARGEST + 1)
    except FileNotFoundError:
        return Unreleased("it was never released")
    except OSError as error:
        return Unreleased(f"its release {file.name} cannot be read: {error.strerror}")
    found = _read(raw)
    if isinstance(found, str):
        return Unreleased(f"its release {file.name} {found}")
    if not any(hmac.compare_digest(found.public, key) for key in keys):
        whose = "no key's releases count here" if not keys else "that key's releases do not count here"
        return Unreleased(f"it was released with key {found.key}, and {whose} (releases.keys)")
    if found.playbook != checked.playbook.id:
        return Unreleased(f"its release {file.name} is of the playbook '{found.playbook[:40]}'")
    if not hmac.compare_digest(found.sha256, content_hash(checked)):
        uses = ", or one of the playbooks that it uses," if checked.subs else ""
        return Unreleased(f"it{uses} was changed since release {found.version} of {found.at[:10]}", found)
    return found


def newest(file: Path) -> int:
    """The version of a release that is there, whoever signed it; 0 where there is none."""
    try:
        found = _read(file.read_bytes()[: LARGEST + 1])
    except OSError:
        return 0
    return 0 if isinstance(found, str) else found.version


def _read(raw: bytes) -> Release | str:
    """A release whose signature is that of the key it names; or what is wrong with it."""
    if len(raw) > LARGEST:
        return "is too large to be one"
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return "is no JSON"
    if not _shaped(said):
        return "is not one: it lacks a field, or has another in its place"
    statement = {name: said[name] for name in FIELDS}
    if not signed_by(said["public"], DOMAIN, statement, said["signature"]):
        return "is not signed by the key that it names"
    return Release(
        said["playbook"], said["sha256"], said["version"], said["at"], key_id(said["public"]), said["public"]
    )


def _shaped(said: Any) -> bool:
    texts = ("playbook", "sha256", "at", "public", "signature")
    return (
        isinstance(said, Mapping)
        and said.keys() == FIELDS | {"key", "public", "signature"}
        and all(isinstance(said[name], str) and said[name].isascii() for name in texts)
        and type(said["version"]) is int
        and 0 < said["version"] < 2**53
    )
