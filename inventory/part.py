"""What every entry of these files is made of: strict, closed to unknown keys, secrets by reference only."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, WithJsonSchema

ID = r"[a-z][a-z0-9_]{0,39}"
_REFERENCE = re.compile(r"(env|file|sandbox):.+")
_URL = r"(https?://|sandbox:/)[^\s?#@]+"
_WAY = r"(https?://|smtps?://|apprise://|sandbox:/)[^\s?#@]+"


def _as_id(value: str) -> str:
    if not is_id(value):
        raise ValueError("an id is lower-case letters, digits and _, from a letter on, at most 40")
    return value


def _as_reference(value: str) -> str:
    if not is_reference(value):
        raise ValueError("a secret stands here by reference only: env:NAME or file:PATH")
    return value


def _as_url(value: str) -> str:
    if not re.fullmatch(_URL, value):
        raise ValueError("must be an http(s) URL without user, query or fragment")
    return value


def _as_way(value: str) -> str:
    if not re.fullmatch(_WAY, value):
        raise ValueError(
            "must be an http(s) URL (of a mail server smtp(s)://, of Apprise apprise://HOST) without user, query or fragment"
        )
    return value


def is_id(value: str) -> bool:
    """Whether a text can be an id."""
    return re.fullmatch(ID, value) is not None


def is_reference(value: str) -> bool:
    """Whether a text says where a secret is, and is none itself."""
    return _REFERENCE.fullmatch(value) is not None


Id = Annotated[str, AfterValidator(_as_id), WithJsonSchema({"type": "string", "pattern": f"^{ID}$"})]
Reference = Annotated[
    str, AfterValidator(_as_reference), WithJsonSchema({"type": "string", "pattern": f"^{_REFERENCE.pattern}$"})
]
Url = Annotated[str, AfterValidator(_as_url), WithJsonSchema({"type": "string", "pattern": f"^{_URL}$"})]

Way = Annotated[str, AfterValidator(_as_way), WithJsonSchema({"type": "string", "pattern": f"^{_WAY}$"})]
"""Where a connection leads. Of Apprise it names the host that its URL, a secret, leads to: what the channel rides on."""


class Part(BaseModel):
    """Anything in these files: strict, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
