"""What every entry of these files is made of: strict, closed to unknown keys, secrets by reference only."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_REFERENCE = re.compile(r"(env|file|sandbox):.+")


def _as_id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError("an id is lower-case letters, digits and _, from a letter on, at most 40")
    return value


def _as_reference(value: str) -> str:
    if not is_reference(value):
        raise ValueError("a secret stands here by reference only: env:NAME or file:PATH")
    return value


def _as_url(value: str) -> str:
    if not re.match(r"(https?://|sandbox:/)[^\s?#@]+$", value):
        raise ValueError("must be an http(s) URL without user, query or fragment")
    return value


def is_reference(value: str) -> bool:
    """Whether a text says where a secret is, and is none itself."""
    return _REFERENCE.fullmatch(value) is not None


Id = Annotated[str, AfterValidator(_as_id)]
Reference = Annotated[str, AfterValidator(_as_reference)]
Url = Annotated[str, AfterValidator(_as_url)]


class Part(BaseModel):
    """Anything in these files: strict, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
