"""One way to verify whatever any source sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from inventory.trusting import SENDS_SECRET, SIGNED_WITH_SECRET
from triggers.alerts.trust import signing, sns, tokens
from triggers.alerts.trust.model import Headers, Keys, NoKeys, Secret, Trust, Untrusted, Verified


def verify(
    trust: Trust, secrets: Sequence[Secret], raw: bytes, headers: Headers | Mapping[str, str] | Iterable[tuple[str, str]],
    *, now: datetime, keys: Keys | None = None, topics: Sequence[str] = (),
) -> Verified:  # fmt: skip
    """Whether a source sent just these bytes. Raises Untrusted and nothing else.

    `trust`: as the source's file and the configuration have it together (`Trust.over`). `secrets`: the new one and,
    during rotation, the old. `keys`: public keys that were fetched beforehand. `topics`: SNS topics that may send here.
    """
    trust = _whole(trust)
    try:
        given = headers if isinstance(headers, Headers) else Headers(headers)
        return _verified(trust, secrets, raw, given, now, keys or NoKeys(), topics)
    except Untrusted:
        raise
    except Exception:  # noqa: BLE001  # whatever a stranger's bytes did here, they are not proven
        raise Untrusted("malformed") from None


@lru_cache(maxsize=500)
def _whole(trust: Trust) -> Trust:
    return trust.whole()


def _verified(
    trust: Trust, secrets: Sequence[Secret], raw: bytes, headers: Headers, now: datetime, keys: Keys, topics: Sequence[str]
) -> Verified:  # fmt: skip
    if trust.scheme in SIGNED_WITH_SECRET:
        return signing.signed(trust, secrets, raw, headers, now)
    if trust.scheme in SENDS_SECRET:
        return signing.sent(trust, secrets, raw, headers)
    if trust.scheme == "sns":
        return sns.verified(trust, raw, topics, now, keys)
    if trust.scheme == "set":
        if secrets:  # the transmitter was given one to send beside the token
            signing.sent(Trust(scheme="bearer").whole(), secrets, raw, headers)
        return tokens.event_token(trust, raw, now, keys)
    if trust.scheme == "google":
        return tokens.google(trust, raw, headers, now, keys)
    delivery = headers.get(trust.delivery) if trust.delivery is not None else None
    return Verified("none", None, signing.replay_of(raw, delivery), delivery)
