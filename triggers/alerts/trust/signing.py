"""Schemes with a secret that both sides have: signed with it (HMAC-SHA256), or sent as it is."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime

from inventory.trusting import Trust
from triggers.alerts.trust import stamps
from triggers.alerts.trust.bodies import NotRead, read
from triggers.alerts.trust.model import Headers, Secret, Untrusted, Verified

MOST_SIGNATURES, LONGEST = 10, 2000
DIGEST_BYTES = 32
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_PUSH = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-fA-F]{64})")
LONGEST_STATE = 128
"""Of Graph's clientState."""


def signed(trust: Trust, secrets: Sequence[Secret], raw: bytes, headers: Headers, now: datetime) -> Verified:
    """Schemes that sign the body. `trust` is whole. Raises Untrusted."""
    assert trust.header is not None
    given = headers.one(trust.header)
    if len(given) > LONGEST:
        raise Untrusted("malformed")
    stamp = headers.one(trust.timestamp) if trust.timestamp is not None else ""
    name = headers.one(trust.id) if trust.id is not None else ""
    if trust.scheme == "push-security":
        found = _PUSH.fullmatch(given)
        if found is None:
            raise Untrusted("malformed")
        stamp, digests = found[1], [bytes.fromhex(found[2])]
    else:
        digests = _digests(trust, given)
    if max(len(stamp), len(name)) > LONGEST:
        raise Untrusted("malformed")
    at = (
        stamps.read(stamp, any_form=trust.scheme in {"hmac", "crowdstrike-fusion"})
        if stamp or trust.timestamp
        else None
    )
    key = _signer(trust, secrets, _text(trust, raw, stamp, name), digests)
    stamps.fresh(at, now, trust.window_s)
    delivery = name or (headers.get(trust.delivery) if trust.delivery is not None else None)
    replay = f"id:{_digest(_octets(name))}" if "{id}" in (trust.text or "") else f"body:{_digest(raw)}"
    return Verified(trust.scheme or "", key, replay, delivery, at)


def _digests(trust: Trust, given: str) -> list[bytes]:
    """The signatures of a header. With several, those of another version count as not there."""
    prefix, parts = trust.prefix or "", [given]
    if trust.separator is not None:
        parts = [part.strip(" ") for part in given.split(trust.separator, MOST_SIGNATURES)]
        if len(parts) > MOST_SIGNATURES:
            raise Untrusted("malformed")
    found = []
    for part in parts:
        if not part.startswith(prefix):
            continue
        digest = _decoded(part.removeprefix(prefix), trust.encoding or "hex")
        if digest is not None:
            found.append(digest)
    if not found:
        raise Untrusted("malformed")
    return found


def _decoded(text: str, encoding: str) -> bytes | None:
    if encoding == "hex":
        return bytes.fromhex(text) if _HEX.fullmatch(text) else None
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == DIGEST_BYTES and base64.b64encode(digest).decode() == text else None


def _text(trust: Trust, raw: bytes, stamp: str, name: str) -> bytes:
    """The very bytes that are signed: the body as it came, at its place in the text."""
    before, _, after = (trust.text or "{body}").partition("{body}")
    given = {"{timestamp}": stamp, "{id}": name}

    def filled(part: str) -> bytes:
        return _octets(re.sub(r"\{(?:timestamp|id)\}", lambda found: given[found[0]], part))

    return filled(before) + raw + filled(after)


def _signer(trust: Trust, secrets: Sequence[Secret], text: bytes, digests: Sequence[bytes]) -> str:
    """Whose signature it is. Each is compared with each, whatever fits: the time tells nothing."""
    found = None
    for secret in secrets:
        key = key_of(trust, secret)
        if not key:
            continue
        right = hmac.new(key, text, hashlib.sha256).digest()
        for digest in digests:
            if hmac.compare_digest(right, digest) and found is None:
                found = secret.name
    if found is None:
        raise Untrusted("forged")
    return found


def key_of(trust: Trust, secret: Secret) -> bytes:
    """The bytes to sign with; none where the secret is none of this scheme: with an empty one anybody could sign."""
    if trust.whole().key != "base64":
        return secret.value.encode("utf-8", "surrogatepass")
    text = secret.value.removeprefix("whsec_")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def sent(trust: Trust, secrets: Sequence[Secret], raw: bytes, headers: Headers) -> Verified:
    """Schemes that send the secret itself. Raises Untrusted."""
    scheme = trust.scheme or ""
    if scheme == "graph":
        key = _of_states(secrets, raw)
    else:
        key = _of_header(scheme, secrets, headers.one(trust.header or "Authorization"))
    delivery = headers.get(trust.delivery) if trust.delivery is not None else None
    return Verified(scheme, key, replay_of(raw, delivery), delivery)


def replay_of(raw: bytes, delivery: str | None) -> str:
    """Of what proves its headers as much as its body, or neither."""
    told = _octets(delivery) + b"\0" + raw if delivery else raw
    return f"body:{_digest(told)}"


def _of_header(scheme: str, secrets: Sequence[Secret], given: str) -> str:
    if len(given) > LONGEST:
        raise Untrusted("malformed")
    if scheme != "header":
        word, _, given = given.partition(" ")
        if word.lower() != scheme:
            raise Untrusted("malformed")
        given = given.strip(" ")
    value = _octets(given)
    if scheme == "basic":
        try:
            value = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise Untrusted("malformed") from None
    return sender(secrets, value)


def sender(secrets: Sequence[Secret], value: bytes) -> str:
    """Whose secret it is: compared by digests, so that the time tells not even its length. Raises Untrusted."""
    given, found = hashlib.sha256(value).digest(), None
    for secret in secrets:
        right = hashlib.sha256(secret.value.encode("utf-8", "surrogatepass")).digest()
        if hmac.compare_digest(right, given) and secret.value and found is None:
            found = secret.name
    if found is None:
        raise Untrusted("forged")
    return found


def _of_states(secrets: Sequence[Secret], raw: bytes) -> str:
    """Graph: each notification of the body carries the state that we gave when we subscribed."""
    try:
        said = read(raw)
    except NotRead:
        raise Untrusted("malformed") from None
    items = said.get("value") if isinstance(said, dict) else None
    if not isinstance(items, list) or not items:
        raise Untrusted("malformed")
    states = {item.get("clientState") if isinstance(item, dict) else None for item in items if _plain(item)}
    if len(states) != 1 or len(items) != sum(map(_plain, items)):
        raise Untrusted("forged")
    state = states.pop()
    if not isinstance(state, str) or len(state) > LONGEST_STATE:
        raise Untrusted("missing")
    return sender(secrets, state.encode("utf-8", "surrogatepass"))


def _plain(item: object) -> bool:
    return isinstance(item, dict) and isinstance(item.get("clientState"), str)


def _octets(text: str) -> bytes:
    """A header as it came: servers decode them as Latin-1."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _digest(given: bytes) -> str:
    return hashlib.sha256(given).hexdigest()
