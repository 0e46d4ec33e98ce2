"""What `integrations.yaml` may say, and nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field

from inventory.integrations.spelling import RECORDED, Address, Contact, Kind, KnownId, Sentence, Title, counted
from inventory.part import Id, Part, Reference

MOST_FOOTHOLDS, MOST_ADDRESSES, MOST_NAMED, MOST_KNOWN = 200, 1000, 100, 20


class FootholdEntry(Part):
    """One way in: what kind, at which connection. Further keys name it there, as the connector wants them.

    Without `at` nothing of ours reaches it, so no run can close it, and each says so.

    Attributes:
        found: why discovery takes it for this integration's; "" for what is declared. Never written by people.
        sure: the provider itself, or an earlier declaration, says whose it is. What is only likely counts in the word,
            and no run touches it.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    id: Id = Field(description="By what plans and the record call it; no other of this integration has it.")
    kind: Kind = Field(description="What it is: that says what closes it.")
    at: Id | None = Field(
        default=None,
        description="The connection of ringfence.yaml over which it is closed. Without it no run can close it.",
    )
    known_as: Annotated[tuple[KnownId, ...], counted(MOST_KNOWN)] = Field(
        default=(),
        strict=False,
        json_schema_extra={"maxItems": MOST_KNOWN},
        description="Further exact ids by which alerts name it: the appId of a service principal, the id of a connected app.",
    )
    found: str = ""
    sure: bool = True

    @property
    def names(self) -> dict[str, Any]:
        """The fields that name it at its system."""
        return dict(self.model_extra or {})


class Integration(Part):
    """A third-party link, and every way by which it reaches us.

    What is discovered of it is added with `model_copy`: the bounds are those of a file that people write.
    """

    title: Title = Field(description="What people call it.")
    vendor: Title = Field(default="", description="Whose product it is.")
    owner: Title = Field(description="The team or person of ours who answers for it: playbooks tell them.")
    security: Contact = Field(
        default="", description="How the vendor's security people are reached: a mailto: or https: URL."
    )
    purpose: Sentence = Field(default="", description="What it is for.")
    data: Annotated[tuple[Id, ...], counted(MOST_NAMED)] = Field(
        default=(),
        strict=False,
        json_schema_extra={"maxItems": MOST_NAMED},
        description="The classes of data that it can read.",
    )
    canary: Reference | None = Field(
        default=None,
        description="Reference of a credential of its own kind, made to be tried: once it is refused, so are the stolen ones.",
    )
    needed_by: Annotated[tuple[Id, ...], counted(MOST_NAMED)] = Field(
        default=(),
        strict=False,
        json_schema_extra={"maxItems": MOST_NAMED},
        description="The integrations that stop without it.",
    )
    serves: Annotated[tuple[Sentence, ...], counted(MOST_NAMED)] = Field(
        default=(),
        strict=False,
        json_schema_extra={"maxItems": MOST_NAMED},
        description="What of ours stops without it, in words.",
    )
    without: Sentence = Field(default="", description="How to live without it.")
    addresses: Annotated[tuple[Address, ...], counted(MOST_ADDRESSES)] = Field(
        default=(),
        strict=False,
        json_schema_extra={"maxItems": MOST_ADDRESSES},
        description="Where it calls from, by the vendor's word.",
    )
    critical: bool = Field(default=False, description="Too much stops without it for one person's word.")
    footholds: Annotated[tuple[FootholdEntry, ...], counted(MOST_FOOTHOLDS, 1)] = Field(
        strict=False,
        json_schema_extra={"minItems": 1, "maxItems": MOST_FOOTHOLDS},
        description="Every way by which it reaches us.",
    )

    @classmethod
    def recorded(cls, declared: Mapping[str, Any]) -> Self:
        """Give one as the journal has it, by whatever rules it was written then."""
        return cls.model_validate(declared, context=RECORDED)


class OwnEntry(Part):
    """What discovery lists and is no third party's: our own portal's client. It is known, and of no integration.

    Further keys name it there, as a foothold's do.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    kind: Id = Field(description="What it is, as discovery lists it.")
    at: Id = Field(description="The connection of ringfence.yaml at which it is.")
    why: Sentence = Field(description="Why it is nobody else's: whoever reads this later did not decide it.")

    @property
    def names(self) -> dict[str, Any]:
        """The fields that name it at its system."""
        return dict(self.model_extra or {})


class Integrations(Part):
    """`integrations.yaml`, or one file of its folder."""

    integrations: dict[Id, Integration] = Field(
        default_factory=dict, description="Each third-party link, by an id that playbooks and people call it by."
    )
    ours: tuple[OwnEntry, ...] = Field(
        default=(), strict=False, description="What discovery lists and is no third party's."
    )
