"""Writes a file that a person keeps: all of it or nothing, and never over what somebody changed meanwhile."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from inventory.integrations.files import WHAT
from language.files import text_of


class Changed(Exception):
    """The file is not what it was when it was read: nothing was written."""


def text_at(path: Path) -> str:
    """A file's text as it is, line breaks too; "" where there is no file yet. Raises BadPlaybook."""
    return text_of(path, WHAT) if path.exists() else ""


def save(path: Path, before: str, after: str) -> None:
    """Put `after` in the place of `before`, with the same permissions. Raises Changed, OSError.

    `before` is "" for a file that is not there yet. A link that leads out of its folder is not followed.
    """
    target = _target(path)
    old = _bytes_of(target)
    if old != before.encode():
        raise Changed(f"{path} was changed meanwhile: nothing was written over it. Try again")
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        was = target.stat() if old or target.exists() else None
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(temporary, flags, 0o666 if was is None else 0o600), "wb") as file:
            file.write(after.encode())
            if was is not None:
                _as_before(file.fileno(), was)
            file.flush()
            os.fsync(file.fileno())
        if not target.exists():
            _make(temporary, target, path)
        elif _bytes_of(target) != old:
            raise Changed(f"{path} was changed meanwhile: nothing was written over it. Try again")
        else:
            temporary.replace(target)
        _kept(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _target(path: Path) -> Path:
    folder = path.parent.resolve()
    target = folder / path.name
    if target.is_symlink():
        target = target.resolve()
        if target.parent != folder:
            raise Changed(f"{path} is a link to {target}: name that file, if it is the one to write")
    return target


def _bytes_of(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise Changed(f"{path} is no file: nothing was written")
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _as_before(handle: int, was: os.stat_result) -> None:
    """Give the new file the old one's permissions and owner."""
    if (was.st_uid, was.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(PermissionError):  # then it is ours now, and as readable as before
            os.fchown(handle, was.st_uid, was.st_gid)
    os.fchmod(handle, stat.S_IMODE(was.st_mode))


def _make(temporary: Path, target: Path, path: Path) -> None:
    """Give it its name unless somebody else made one; where no second name can be given, move it."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise Changed(f"{path} was made meanwhile: nothing was written over it. Try again") from None
    except OSError:
        temporary.replace(target)


def _kept(folder: Path) -> None:
    """Have the new name on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
