"""How the small parts of `integrations.yaml` are spelled. A refusal says which requirement was not kept.

What a text says may come from outside: it is one line, capped, and nothing in it is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Annotated, TypeVar

from pydantic import AfterValidator, ValidationInfo, WithJsonSchema

from connectors.core.connector import KINDS
from inventory.part import is_reference
from language.errors import nearest, short

MOST_TITLE, MOST_LINE, MOST_NAME, MOST_KNOWN_ID = 120, 500, 1000, 200
"""Characters of a title or name of somebody, of a sentence, of what names a foothold at its system, and in alerts."""
RECORDED: Mapping[str, bool] = {"recorded": True}
"""Context of what is read again from a record."""
T = TypeVar("T")
_BREAKS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
_LEFT_OPEN = re.compile(r"(?:TODO|FILL IN|TBD|FIXME)\b.*|(?i:todo|fill in|tbd|fixme|\?+)")
_MAILTO = r"mailto:[^\s@:/?#<>\"]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+"
_HTTPS = r"https://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[^\s@#<>\"]*)?"
_CONTACT = rf"({_MAILTO}|{_HTTPS})"
_KNOWN_ID = rf"[!-~]{{1,{MOST_KNOWN_ID}}}"
_NETWORK = re.compile(r"[0-9A-Fa-f.:]{2,45}(/[0-9]{1,3})?")


def unlike_line(value: str, most: int) -> str:
    """Say which requirement of one readable line a text does not keep; "" where it keeps all."""
    if not value:
        return "must not be empty: write it, or take the key out"
    if any(letter in _BREAKS for letter in value):
        return "must be one line"
    hidden = next((letter for letter in value if not letter.isprintable()), "")
    if hidden:
        return f"the character U+{ord(hidden):04X} in it cannot be seen: take it out"
    if value != value.strip():
        return "must not begin or end with a blank"
    if len(value) > most:
        return f"must have at most {most} characters; here are {len(value)}"
    return ""


def is_left_open(value: str) -> bool:
    """Whether a text says that somebody is still to say something: people write so, and our own drafts do."""
    return _LEFT_OPEN.fullmatch(value) is not None


def _strict(check: Callable[[str], str]) -> AfterValidator:
    """A requirement of a file. What the journal has was taken once: a stricter release must be able to go on with it."""

    def checked(value: str, info: ValidationInfo) -> str:
        return value if info.context == RECORDED else check(value)

    return AfterValidator(checked)


def counted(most: int, least: int = 0) -> AfterValidator:
    """Bound a list that people write; discovery may add to it later."""

    def checked(value: tuple[T, ...], info: ValidationInfo) -> tuple[T, ...]:
        if len(value) < least and info.context != RECORDED:
            raise ValueError("must not be empty")
        if len(value) > most and info.context != RECORDED:
            raise ValueError(f"has at most {most} entries; here are {len(value)}")
        return value

    return AfterValidator(checked)


def _line(most: int) -> AfterValidator:
    def check(value: str) -> str:
        if wrong := unlike_line(value, most):
            raise ValueError(wrong)
        return value

    return _strict(check)


def _schema(most: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "minLength": 1, "maxLength": most, "pattern": r"^\S(.*\S)?$"})


def _as_address(value: str) -> str:
    try:
        network = ip_network(value, strict=False) if _NETWORK.fullmatch(value) else None
    except ValueError:
        network = None
    if network is None:
        raise ValueError(f"'{short(value)}' is no IP address or network (CIDR, as 203.0.113.0/24)")
    if network.prefixlen == 0:
        raise ValueError(f"'{value}' is every address there is: write those that the vendor gives")
    if "/" in value and ip_network(value.partition("/")[0]).network_address != network.network_address:
        raise ValueError(f"'{value}' has an address inside its network: write {network}, or the address alone")
    return value


def _as_contact(value: str) -> str:
    # What was written is not shown: a URL may have a password in it.
    if not re.fullmatch(_CONTACT, value) or len(value) > MOST_LINE:
        raise ValueError(
            "must be where people can be reached: mailto:security@vendor.example, or an https: URL without a user"
        )
    return value


def _as_known_id(value: str) -> str:
    if not re.fullmatch(_KNOWN_ID, value) or is_reference(value):
        raise ValueError(
            f"'{short(value)}' is no id: write the exact one that alerts give, at most {MOST_KNOWN_ID} letters, digits and marks"
            " without a blank; a name proves nothing"
        )
    return value


def _as_kind(value: str) -> str:
    if value not in KINDS:
        close = nearest(value, KINDS)
        meant = close if "mean" in close else "."
        raise ValueError(f"no foothold kind '{short(value)}'{meant} There are {', '.join(KINDS)}")
    return value


Title = Annotated[str, _line(MOST_TITLE), _schema(MOST_TITLE)]
"""One line of at most 120 printable characters."""
Sentence = Annotated[str, _line(MOST_LINE), _schema(MOST_LINE)]
"""One line of at most 500 printable characters."""
Address = Annotated[
    str,
    _strict(_as_address),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9A-Fa-f.:]{2,45}(/([1-9][0-9]?|1[01][0-9]|12[0-8]))?$"}),
]
"""An IP address, or a network in CIDR notation whose host bits are zero (RFC 4632 section 3.1)."""
Contact = Annotated[
    str,
    _strict(_as_contact),
    WithJsonSchema({"type": "string", "maxLength": MOST_LINE, "pattern": f"^{_CONTACT}$"}),
]
"""Where people are reached: mailto: (RFC 6068, an address alone) or https:."""
KnownId = Annotated[str, _strict(_as_known_id), WithJsonSchema({"type": "string", "pattern": f"^{_KNOWN_ID}$"})]
"""An id as a system's alerts give it, letter by letter."""
Kind = Annotated[str, _strict(_as_kind), WithJsonSchema({"enum": list(KINDS)})]
"""A kind of foothold: `connectors.core.needs_of` knows what closes each."""
