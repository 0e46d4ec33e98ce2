"""How the small words of a playbook are spelled: ids, time spans, shares, techniques. What they name is for the checks."""

import re
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints, WithJsonSchema

from language.errors import short

# CEL keeps these for itself, and the names of phases are what `undo:` takes.
RESERVED = frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "false",
        "for",
        "function",
        "if",
        "import",
        "in",
        "let",
        "loop",
        "package",
        "namespace",
        "null",
        "return",
        "true",
        "var",
        "void",
        "while",
        "contain",
        "eradicate",
        "recover",
    ]
)
ID = r"[a-z][a-z0-9_]{0,39}"
DURATION = r"[1-9][0-9]{0,5}[smhd]"
SHARE = r"(?:100|[1-9][0-9]?)%"
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _id(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(ID, value):
        hyphen = " (a hyphen is a minus in expressions)" if "-" in str(value) else ""
        raise ValueError(
            f"an id is a lower-case letter, then up to 39 letters, digits and _{hyphen}, not '{short(str(value))}'"
        )
    if value in RESERVED:
        raise ValueError(f"'{value}' means something else already: take another id")
    return value


def _duration(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(DURATION, value):
        raise ValueError(f"a time span is a number and s, m, h or d, as in 90s or 24h, not '{short(str(value))}'")
    return value


def _share(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(SHARE, value):
        raise ValueError(f"a share is a whole number from 1 to 100 with its %, as in 1%, not '{short(str(value))}'")
    return value


def seconds(duration: str) -> float:
    """Turn `90s` into 90.0."""
    return float(duration[:-1]) * _SECONDS[duration[-1]]


Id = Annotated[str, BeforeValidator(_id), WithJsonSchema({"type": "string", "pattern": f"^{ID}$"})]
Duration = Annotated[str, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": f"^{DURATION}$"})]
Share = Annotated[str, BeforeValidator(_share), WithJsonSchema({"type": "string", "pattern": f"^{SHARE}$"})]
Text = Annotated[str, StringConstraints(min_length=1, max_length=5000)]
Technique = Annotated[str, StringConstraints(pattern=r"^T[0-9]{4}(\.[0-9]{3})?$")]
Defence = Annotated[str, StringConstraints(pattern=r"^D3-[A-Z][A-Z0-9]{0,9}$")]
