"""Amazon SNS over HTTPS: RSA over sorted fields, by a certificate of SNS's own host and of no other."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from inventory.trusting import Trust
from triggers.alerts.trust import stamps
from triggers.alerts.trust.bodies import NotRead, read
from triggers.alerts.trust.model import Keys, Untrusted, Verified

NOTIFICATION, CONFIRM, LEFT = "Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"
_SIGNED: Mapping[str, Sequence[str]] = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRM: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    LEFT: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_CERTIFICATE = re.compile(
    r"https://sns\.([a-z]{2}(?:-[a-z]+)+-[0-9]{1,2})\.amazonaws\.com(\.cn)?"
    r"/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem", re.ASCII,
)  # fmt: skip
_TOPIC = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_.-]{1,256}", re.ASCII)
_HASHES: Mapping[str, type[hashes.HashAlgorithm]] = {"1": hashes.SHA1, "2": hashes.SHA256}
LONGEST_TOKEN, LEAST_BITS = 2000, 2048


@dataclass(frozen=True, slots=True)
class Envelope:
    """What SNS posts. Nothing in it is proven yet.

    Attributes:
        host: of SNS in the topic's region: where its certificates are, and where a subscription is confirmed.
    """

    kind: str
    topic: str
    host: str
    certificate: str
    fields: Mapping[str, str] = field(repr=False)

    @property
    def token(self) -> str:
        """With which a subscription is confirmed."""
        return self.fields.get("Token", "")


def envelope(raw: bytes, topics: Sequence[str]) -> Envelope:
    """Read one of an allowed topic, whose certificate is at that topic's own host. Raises Untrusted."""
    try:
        said = read(raw)
    except NotRead:
        raise Untrusted("malformed") from None
    if not isinstance(said, dict):
        raise Untrusted("malformed")
    kind = _text(said, "Type")
    if kind not in _SIGNED:
        raise Untrusted("malformed")
    fields = {name: _text(said, name) for name in _SIGNED[kind] if name != "Subject" or said.get("Subject") is not None}
    topic = fields["TopicArn"]
    named = _TOPIC.fullmatch(topic)
    if topic not in topics or named is None:
        raise Untrusted("foreign")
    fields |= {name: _text(said, name) for name in ("Signature", "SignatureVersion")}
    url = _text(said, "SigningCertURL" if "SigningCertURL" in said else "SigningCertUrl")
    at = _CERTIFICATE.fullmatch(url)
    if at is None or at[1] != named[2] or (at[2] is not None) != (named[1] == "aws-cn"):
        raise Untrusted("foreign")
    return Envelope(kind, topic, f"sns.{at[1]}.amazonaws.com{at[2] or ''}", url, fields)


def verified(trust: Trust, raw: bytes, topics: Sequence[str], now: datetime, keys: Keys) -> Verified:
    """`trust` is whole. Raises Untrusted."""
    said = envelope(raw, topics)
    algorithm = _HASHES.get(said.fields["SignatureVersion"])
    try:
        signature = base64.b64decode(said.fields["Signature"], validate=True)
    except (binascii.Error, ValueError):
        raise Untrusted("malformed") from None
    if algorithm is None:
        raise Untrusted("malformed")
    certificate = keys.certificate(said.certificate)
    if certificate is None:
        raise Untrusted("unknown_key")
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
        raise Untrusted("unknown_key")
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise Untrusted("unknown_key")
    try:
        key.verify(signature, _signed(said), PKCS1v15(), algorithm())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        raise Untrusted("forged") from None
    at = stamps.read(said.fields["Timestamp"], any_form=True)
    stamps.fresh(at, now, trust.window_s)
    name = said.fields["MessageId"]
    told = hashlib.sha256(f"{said.topic}\0{said.kind}\0{name}".encode()).hexdigest()
    return Verified("sns", said.host, f"id:{told}", name, at)


def _signed(said: Envelope) -> bytes:
    pairs = [(name, said.fields[name]) for name in _SIGNED[said.kind] if name in said.fields]
    return "".join(f"{name}\n{value}\n" for name, value in pairs).encode("utf-8")


def _text(said: Mapping[str, Any], name: str) -> str:
    """A field that must be text, and text that can be signed: no half of a letter. Raises Untrusted."""
    value = said.get(name)
    if not isinstance(value, str) or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise Untrusted("malformed")
    return value
