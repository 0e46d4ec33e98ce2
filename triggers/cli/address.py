"""Which journal: RINGFENCE_JOURNAL names it, else the configuration, else it is the one in the state folder."""

from __future__ import annotations

import os
from pathlib import Path


class Unclear(Exception):
    """It is not to be found out which journal is meant; the message says why, and what to do."""


def named_journal(config: Path) -> str | None:
    """Give the URL that the environment or this configuration names; None where neither does. Raises Unclear.

    It may hold a password: `journal.db.address.shown` leaves that out.
    """
    if given := os.environ.get("RINGFENCE_JOURNAL", "").strip():
        return given
    written = _written(config)
    if written is None:
        return None
    from journal.db.address import has_password

    kind, _, name = written.partition(":")
    if kind == "env":
        if not (found := os.environ.get(name, "").strip()):
            raise Unclear(f"{config}: the journal's url is {written}, and the environment has no {name}. Set it.")
        return found
    if kind == "file":
        return _from_file(config, config.parent / Path(name).expanduser())
    if has_password(written):
        raise Unclear(
            f"{config}: a password stands in the journal's url. Put the URL into the environment or a file, and write"
            " env:NAME or file:PATH there."
        )
    head, slashes, path = written.partition(":///")
    if head == "sqlite" and slashes and not path.startswith(("/", ":")):
        return f"sqlite:///{(config.parent / path).absolute()}"
    return written


def _written(config: Path) -> str | None:
    """Read `journal: {url: …}` as it is written. A file that does not even hold the word is not parsed: it takes time."""
    try:
        text = config.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Unclear(f"{config} cannot be read, and may say where the journal is: {why}.") from None
    if "journal" not in text:
        return None
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        raise Unclear(
            f"{config} is no YAML, and may say where the journal is. Mend it, or name the journal with RINGFENCE_JOURNAL."
        ) from None
    part = found.get("journal") if isinstance(found, dict) else None
    url = part.get("url") if isinstance(part, dict) else None
    if url is None:
        return None
    if not isinstance(url, str):
        raise Unclear(f"{config}: the journal's url is no text. Write sqlite:///PATH, or env:NAME or file:PATH.")
    return url


def _from_file(config: Path, file: Path) -> str:
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Unclear(f"{config}: the journal's url is to be read from {file}: {why}.") from None
    if not found:
        raise Unclear(f"{config}: the journal's url is to be read from {file}, which is empty.")
    return found
