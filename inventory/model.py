"""What `ringfence.yaml` and `integrations.yaml` may say, and nothing beside it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_REFERENCE = re.compile(r"(env|file|sandbox):.+")


def _as_id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError("an id is lower-case letters, digits and _, from a letter on, at most 40")
    return value


def _as_reference(value: str) -> str:
    if not _REFERENCE.fullmatch(value):
        raise ValueError("a secret stands here by reference only: env:NAME or file:PATH")
    return value


def _as_url(value: str) -> str:
    if not re.match(r"(https?://|sandbox:/)[^\s?#@]+$", value):
        raise ValueError("must be an http(s) URL without user, query or fragment")
    return value


Id = Annotated[str, AfterValidator(_as_id)]
Reference = Annotated[str, AfterValidator(_as_reference)]


class Part(BaseModel):
    """Anything in these files: strict, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ConnectionEntry(Part):
    """A way to one system: what it is, where, with whose credential. Further keys are the connector's own settings."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    system: Id
    url: Annotated[str, AfterValidator(_as_url)]
    secret: Reference | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The connector's own settings, unread so far."""
        return dict(self.model_extra or {})


class Config(Part):
    """`ringfence.yaml`.

    Attributes:
        integrations: file of the integrations, from this file's folder.
        playbooks: further folders of playbooks, from this file's folder.
        seal: reference of the master key that seals what resume and recovery need of secrets.
    """

    connections: dict[Id, ConnectionEntry] = Field(min_length=1)
    integrations: str = "integrations.yaml"
    playbooks: tuple[str, ...] = Field(default=(), strict=False)
    seal: Reference | None = None


class FootholdEntry(Part):
    """One way in: what kind, at which connection. Further keys name it there, as the connector wants them.

    Without `at` nothing of ours reaches it, so no run can close it, and each says so.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    id: Id
    kind: Id
    at: Id | None = None

    @property
    def names(self) -> dict[str, Any]:
        """The fields that name it at its system."""
        return dict(self.model_extra or {})


class Integration(Part):
    """A third-party link, and every way by which it reaches us."""

    title: str
    vendor: str = ""
    owner: str
    addresses: tuple[str, ...] = Field(default=(), strict=False)
    critical: bool = False
    footholds: tuple[FootholdEntry, ...] = Field(min_length=1, strict=False)


class Integrations(Part):
    """`integrations.yaml`."""

    integrations: dict[Id, Integration] = Field(min_length=1)


Mode = Literal["live", "dry-run", "drill"]
