"""What verifying takes and gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from inventory.trusting import Trust

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from joserfc.jwk import KeySet

Why = Literal["missing", "twice", "malformed", "stale", "forged", "foreign", "unknown_key"]
"""For our own count; the sender hears of none of it."""


class Untrusted(Exception):
    """It is not the source's, for all we know. `why` is for counting: whoever sent it is told nothing."""

    def __init__(self, why: Why) -> None:
        """Keep the word; nothing of what was sent is in it."""
        super().__init__(why)
        self.why: Why = why


class NotNow(Exception):
    """It cannot be told now, as the sender's public keys cannot be had. It should send again."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A shared secret. `name` is the reference that it was read from, which may be shown and recorded."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """It is the source's.

    Attributes:
        scheme: by which it is proven; `none` where nobody proves it: `proven` is False then.
        key_id: which key: the reference of a secret, the `kid` of a token, the host of a certificate.
        replay: what the very same delivery has again: the id that was signed, else a digest of the body. No header
            that anybody could change is in it.
        delivery_id: the sender's id of the delivery, for people; not always signed.
        signed_at: when it was signed; None where the scheme has no time.
    """

    scheme: str
    key_id: str | None
    replay: str
    delivery_id: str | None = None
    signed_at: datetime | None = None

    @property
    def proven(self) -> bool:
        """Whether its sender was proven: what was not may only propose."""
        return self.scheme != "none"


class Headers:
    """A request's headers: names in any letter case; one that comes twice is told from one that comes once."""

    def __init__(self, given: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        """Take a mapping, or pairs as they came."""
        self._values: dict[str, list[str]] = {}
        for name, value in given.items() if isinstance(given, Mapping) else given:
            self._values.setdefault(name.lower(), []).append(value)

    def one(self, name: str) -> str:
        """The value of a header that comes once. Raises Untrusted."""
        values = self._values.get(name.lower(), [])
        if len(values) != 1:
            raise Untrusted("twice" if values else "missing")
        return values[0]

    def get(self, name: str) -> str | None:
        """The value where it comes just once."""
        values = self._values.get(name.lower(), [])
        return values[0] if len(values) == 1 else None

    def twice(self, name: str) -> bool:
        """Whether it comes more than once."""
        return len(self._values.get(name.lower(), [])) > 1

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Names in lower case with their values."""
        return ((name, value) for name, values in self._values.items() for value in values)


class Keys(Protocol):
    """Public keys that were fetched beforehand, from places that the configuration allows."""

    def certificate(self, url: str) -> Certificate | None:
        """The certificate of an SNS host; None where it was not to be had."""

    def key_set(self, url: str) -> KeySet | None:
        """The keys of an issuer."""


class NoKeys:
    """For schemes that need none."""

    def certificate(self, url: str) -> Certificate | None:
        """There is none."""
        del url
        return None

    def key_set(self, url: str) -> KeySet | None:
        """There is none."""
        del url
        return None


__all__ = ["Headers", "Keys", "NoKeys", "NotNow", "Secret", "Trust", "Untrusted", "Verified", "Why"]
