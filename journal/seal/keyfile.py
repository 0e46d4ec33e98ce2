"""Files that hold a key: read only while nobody but their owner can."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from journal.errors import NoKey


def read_private(path: Path, what: str, how: str = "") -> str:
    """Read a key's file. `what` names the key, `how` says how to make one. Raises NoKey."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if os.name == "posix" and mode & 0o077:
            raise NoKey(f"The {what} {path} can be read by others (mode {mode:04o}): `chmod 600 {path}`.")
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise NoKey(f"The {what} {path} can not be read: {error.strerror}. {how}".rstrip()) from None
    except UnicodeDecodeError:
        raise NoKey(f"The {what} {path} is not base64. {how}".rstrip()) from None
