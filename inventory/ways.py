"""What `ringfence.yaml` says of the ways in: the service, Slack, the page. Secrets stand there by reference alone."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from inventory.part import Part, Url

MOST_WORKERS = 64


def _as_host(value: str) -> str:
    if not value or len(value) > 260 or any(letter.isspace() or letter in "/@?#" for letter in value):
        raise ValueError("a host is NAME or NAME:PORT, as browsers send it: ringfence.acme.example")
    return value.lower()


class ServeEntry(Part):
    """`serve:`, what `ringfence serve` needs beyond its options.

    Attributes:
        hosts: names under which it may be asked beside this machine's own: those of the proxy in front of it.
        workers: how many runs it carries out side by side.
        public: the URL under which people reach it, for links; "" where it is asked on this machine alone.
    """

    hosts: tuple[Annotated[str, AfterValidator(_as_host)], ...] = Field(default=(), strict=False)
    workers: int = Field(default=8, ge=1, le=MOST_WORKERS)
    public: Url | None = None


__all__ = ["MOST_WORKERS", "ServeEntry"]
