"""What `integrations.yaml` may say, and nothing beside it."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from inventory.part import Id, Part, Reference


class FootholdEntry(Part):
    """One way in: what kind, at which connection. Further keys name it there, as the connector wants them.

    Without `at` nothing of ours reaches it, so no run can close it, and each says so.

    Attributes:
        found: why discovery takes it for this integration's; "" for what is declared. Never written by people.
        sure: the provider itself, or an earlier declaration, says whose it is. What is only likely counts in the word,
            and no run touches it.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    id: Id
    kind: Id
    at: Id | None = None
    found: str = ""
    sure: bool = True

    @property
    def names(self) -> dict[str, Any]:
        """The fields that name it at its system."""
        return dict(self.model_extra or {})


class Integration(Part):
    """A third-party link, and every way by which it reaches us.

    Attributes:
        security: how its vendor's security people are reached: a mailto: or https: URL.
        purpose: what it is for. data: the classes of data that it can read.
        canary: reference of a credential of its own kind, made to be tried: once it is refused, so are the stolen ones.
        needed_by: ids of integrations that stop without it. serves: what of ours does, in words.
        without: how to live without it.
    """

    title: str
    vendor: str = ""
    owner: str
    security: str = ""
    purpose: str = ""
    data: tuple[Id, ...] = Field(default=(), strict=False)
    canary: Reference | None = None
    needed_by: tuple[Id, ...] = Field(default=(), strict=False)
    serves: tuple[str, ...] = Field(default=(), strict=False)
    without: str = ""
    addresses: tuple[str, ...] = Field(default=(), strict=False)
    critical: bool = False
    footholds: tuple[FootholdEntry, ...] = Field(min_length=1, strict=False)


class OwnEntry(Part):
    """Something that discovery lists and that is no third party's: our own portal's client. It is known, and of no integration."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    kind: Id
    at: Id
    why: str

    @property
    def names(self) -> dict[str, Any]:
        """The fields that name it at its system."""
        return dict(self.model_extra or {})


class Integrations(Part):
    """`integrations.yaml`."""

    integrations: dict[Id, Integration] = Field(min_length=1)
    ours: tuple[OwnEntry, ...] = Field(default=(), strict=False)
