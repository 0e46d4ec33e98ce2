"""One way to verify whatever any source sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from triggers.alerts.trust.model import Headers, Keys, Secret, Trust, Verified


def verify(
    trust: Trust, secrets: Sequence[Secret], raw: bytes, headers: Headers | Mapping[str, str] | Iterable[tuple[str, str]],
    *, now: datetime, keys: Keys | None = None, topics: Sequence[str] = (),
) -> Verified:  # fmt: skip
    """Whether a source sent just these bytes. Raises Untrusted and nothing else.

    `trust`: as the source's file and the configuration have it together (`Trust.over`). `secrets`: the new one and,
    during rotation, the old. `keys`: public keys that were fetched beforehand. `topics`: SNS topics that may send here.
    """
