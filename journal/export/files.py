"""Hands a file over: whole or not at all, to its owner alone, over nothing that is there; its verifier beside it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Literal

from journal.errors import JournalFailed

VERIFIER = "verify.py"


def refuse_existing(target: Path) -> None:
    """Raise JournalFailed where something is at this path already."""
    if os.path.lexists(target):
        raise JournalFailed(f"{target} exists: nothing was exported. Name another file, or say --force.")


def stage(target: Path, text: str) -> Path:
    """Write the content, durably, to a temporary file (0600) beside its target. Raises JournalFailed."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise JournalFailed(f"{target} cannot be written: {error.strerror}. Nothing was exported.") from None
    return temporary


def hand_over(temporary: Path, target: Path, *, force: bool) -> None:
    """Give the staged file its name; over an existing file only with `force`. Raises JournalFailed."""
    try:
        if not force:
            try:
                os.link(temporary, target)
            except FileExistsError:
                refuse_existing(target)
            except OSError:  # a file system without hard links: there the check and the renaming are two steps
                refuse_existing(target)
                temporary.replace(target)
        else:
            temporary.replace(target)
        _sync(target.parent)
    except OSError as error:
        raise JournalFailed(f"{target} cannot be written: {error.strerror}. Nothing was exported.") from None
    finally:
        temporary.unlink(missing_ok=True)


def lay_verifier(folder: Path) -> Literal["written", "there", "differs"]:
    """Lay the verifier beside the evidence; one that is there and differs is left alone."""
    text = Path(__file__).with_name("verifier.py").read_bytes()
    target = folder / VERIFIER
    try:
        if os.path.lexists(target):
            return "there" if target.read_bytes() == text else "differs"
        with target.open("xb") as file:
            file.write(text)
    except OSError as error:
        raise JournalFailed(
            f"{target} cannot be written or read: {error.strerror}. The evidence was exported."
        ) from None
    return "written"


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
