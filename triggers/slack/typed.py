"""What was typed behind `/ringfence`: a verb, what it is about, and the rest. Nothing in it names a target of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass

VERBS = ("contain", "check", "status", "recover", "stop", "note", "dark", "help")
_QUOTES = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'", "\u00a0": " "})
_LINK = re.compile(r"<[^<>|]*\|([^<>]*)>|<(?:mailto:)?([^<>|]*)>")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,119}")


@dataclass(frozen=True, slots=True)
class Typed:
    """A command as it was typed. `about`: id of an integration, run or incident; "" where none is."""

    verb: str
    about: str = ""
    rest: str = ""


def read(text: str) -> Typed:
    """Read a command; one that is none asks for help. Slack links addresses and curls quotes by itself: both are undone."""
    plain = _LINK.sub(lambda found: found[1] if found[1] is not None else found[2], text.translate(_QUOTES))
    words = plain.split(None, 2)
    if not words:
        return Typed("contain")
    verb = words[0].lower()
    if verb not in VERBS:
        return Typed("help", rest=words[0])
    about = words[1].strip("\"'") if len(words) > 1 else ""
    if about and not _ID.fullmatch(about):
        return Typed(verb, "", plain.partition(words[0])[2].strip())
    return Typed(verb, about, words[2].strip() if len(words) > 2 else "")
