"""What configuration gives a connector: the settings of a connection, and the fields of a declared foothold."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Foothold(BaseModel):
    """The fields that an inventory gives of one foothold at this system; secrets stand there as references."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Settings(BaseModel):
    """The fields of a connection to this system beside its URL and secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @property
    def exchanged(self) -> bool:
        """Whether the secret goes through its connector's `grant`; some providers also take one that goes as it is."""
        return True

    @property
    def scheme(self) -> str:
        """What stands before our credential in its header (RFC 9110 section 11.4)."""
        return "Bearer"
