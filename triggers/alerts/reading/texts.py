"""Texts from outside: made valid, printable and short where people read them; taken whole or not at all where they name."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from urllib.parse import urlsplit

LONGEST = 4_000
"""What a mapping sees of one text, in characters."""
LONGEST_ID = 500
LONGEST_TITLE = 300
LONGEST_LINK = 2_000
_ABSENT = frozenset({"", "null", "None", "<nil>", "undefined"})
_PORT = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}|\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?")
_BLANK = "\u2800\u3164\u115f\u1160\uffa0"
"""Letters that show nothing, so that two ids look like one."""


def as_text(value: object) -> str | None:
    """Read a text, or what stands for one; None for a list, a map, and what pipelines write for nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # Python refuses to write out an absurd one, and no id has so many digits.
        return str(value) if value.bit_length() < 256 else None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if not isinstance(value, str):
        return None
    text = valid(value[:LONGEST])
    return None if text.strip() in _ABSENT else text


def valid(text: str) -> str:
    """Make a text that UTF-8 can hold: a lone half of a letter becomes U+FFFD, which is equal to nothing of ours."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text


def _seen(letter: str) -> bool:
    return letter == " " or (letter.isprintable() and letter not in _BLANK)


def shown(text: str, most: int = LONGEST_TITLE) -> str:
    """One printable line for people: no control characters, nothing that turns the writing round, and cut short."""
    if len(text) <= most and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    flat = " ".join("".join(c if _seen(c) else " " for c in valid(text[: most * 4])).split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def as_id(text: str | None) -> str | None:
    """Take an id, exactly as it is or not at all: one that was cleaned would be another's."""
    if text is None or not 0 < len(text) <= LONGEST_ID or text != text.strip() or "\ufffd" in text:
        return None
    if text.isascii():
        return text if text.isprintable() else None
    if not all(map(_seen, text)) or any(unicodedata.category(c) == "Cf" for c in text):
        return None
    return text


def as_address(text: str | None) -> str | None:
    """Read an IP address, without its port; None for what is none."""
    if text is None or len(text) > 64:
        return None
    if match := _PORT.fullmatch(text.strip()):
        text = match[1] or match[2]
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return None


def as_link(text: str | None) -> str | None:
    """Take a link that a person may click: http or https, with a host and no name and password in it.

    Wiz writes a quote in its own links: percent-encoded, it leads to the same place and breaks out of nothing.
    """
    if text is None or len(text) > LONGEST_LINK or not text.isascii() or not text.isprintable():
        return None
    text = text.replace("'", "%27")
    if any(letter in text for letter in ' "<>\\`{}|^'):
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc and port != 0
    return text if fine else None
