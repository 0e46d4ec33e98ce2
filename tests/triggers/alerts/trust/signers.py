"""Senders, as their makers document them: written apart from what verifies, with nothing of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

SECRET, OLD, OTHER = "new-secret-of-this-test-0001", "old-secret-of-this-test-0002", "not-a-secret-of-ours-0003"
SVIX, SVIX_OLD = "whsec_bmV3LXNlY3JldC1vZi10aGlzLXRlc3Q=", "whsec_b2xkLXNlY3JldC1vZi10aGlzLXRlc3Q="
NOW = datetime(2026, 11, 20, 2, 40, tzinfo=UTC)
BODY = b'{"id": "f-1", "severity": "HIGH", "name": "caf\xc3\xa9"}'
TOPIC = "arn:aws:sns:eu-west-1:123456789012:findings"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem"
ISSUER, AUDIENCE, JWKS = "https://idp.acme.example", "https://ringfence.acme.example", "https://idp.acme.example/keys"


def mac(secret, text):
    return hmac.new(secret.encode() if isinstance(secret, str) else secret, text, hashlib.sha256).digest()


def slack(body, secret=SECRET, at=NOW):
    stamp = str(int(at.timestamp()))
    return {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": "v0=" + mac(secret, f"v0:{stamp}:".encode() + body).hex(),
    }


def github(body, secret=SECRET, at=NOW):
    return {
        "X-Hub-Signature-256": "sha256=" + mac(secret, body).hex(),
        "X-GitHub-Delivery": "72d3162e-cc78",
        "X-GitHub-Event": "ping",
    }


def pagerduty(body, secret=SECRET, at=NOW):
    return {"X-PagerDuty-Signature": f"v1={'0' * 64},v1={mac(secret, body).hex()}"}


def standard(body, secret=SECRET, at=NOW):
    key = {SECRET: SVIX, OLD: SVIX_OLD}.get(secret, "whsec_" + base64.b64encode(OTHER.encode()).decode())
    stamp = str(int(at.timestamp()))
    signed = mac(base64.b64decode(key.removeprefix("whsec_")), b"msg_1." + stamp.encode() + b"." + body)
    return {
        "webhook-id": "msg_1", "webhook-timestamp": stamp,
        "webhook-signature": "v1a,AAAA v1," + base64.b64encode(signed).decode(),
    }  # fmt: skip


def push(body, secret=SECRET, at=NOW):
    stamp = str(int(at.timestamp()))
    return {"X-Signature": f"t={stamp},v1={mac(secret, stamp.encode() + b'.' + body).hex().upper()}"}


def crowdstrike(body, secret=SECRET, at=NOW):
    stamp = str(int(at.timestamp()))
    return {
        "X-CS-Delivery-Timestamp": stamp, "X-CS-Signature-Algorithm": "HmacSHA256",
        "X-CS-Primary-Signature": base64.b64encode(mac(secret, body + stamp.encode())).decode(),
    }  # fmt: skip


def generic(body, secret=SECRET, at=NOW):
    stamp = at.isoformat()
    return {
        "X-Stamp": stamp,
        "X-Sum": base64.b64encode(mac(secret, b"a/" + stamp.encode() + b"/" + body + b"/z")).decode(),
    }


def header(body, secret=SECRET, at=NOW):
    return {"Authorization": secret}


def bearer(body, secret=SECRET, at=NOW):
    return {"Authorization": f"Bearer {secret}"}


def basic(body, secret=SECRET, at=NOW):
    return {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}


class Sns:
    """SNS of one region."""

    def __init__(self, begins=NOW - timedelta(days=1), ends=NOW + timedelta(days=300), bits=2048):
        self.key = rsa.generate_private_key(65537, bits)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        made = x509.CertificateBuilder(name, name, self.key.public_key(), 1, begins, ends)
        self.certificate = made.sign(self.key, hashes.SHA256())
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)

    def notify(
        self, message, version="2", at=NOW, signed=("Message", "MessageId", "Timestamp", "TopicArn", "Type"), **more
    ):
        said = {
            "Type": "Notification", "MessageId": "22b80b92-fdea", "TopicArn": TOPIC, "Message": message,
            "Timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "SignatureVersion": version, "SigningCertURL": CERTIFICATE,
        } | more  # fmt: skip
        names = [*signed, "Subject"] if "Subject" in said else signed
        text = "".join(f"{name}\n{said[name]}\n" for name in sorted(names)).encode()
        kind = hashes.SHA1() if version == "1" else hashes.SHA256()
        said["Signature"] = base64.b64encode(self.key.sign(text, PKCS1v15(), kind)).decode()
        return json.dumps(said).encode()

    def subscribe(self, kind="SubscriptionConfirmation", **more):
        signed = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
        url = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=x"
        return self.notify(
            "You have chosen", signed=signed, **{"Type": kind, "Token": "tok", "SubscribeURL": url} | more
        )


class Issuer:
    """Signs tokens as RFC 7515 has it, by hand."""

    def __init__(self):
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())

    def jwks(self, kid="k1"):
        numbers, point = self.rsa.public_key().public_numbers(), self.ec.public_key().public_numbers()
        return {"keys": [
            {"kty": "RSA", "kid": kid, "use": "sig", "n": _b64int(numbers.n), "e": _b64int(numbers.e)},
            {"kty": "EC", "kid": "e1", "crv": "P-256", "x": _b64int(point.x, 32), "y": _b64int(point.y, 32)},
        ]}  # fmt: skip

    def token(self, claims, signs="RS256", **head):
        head = {"alg": signs, "kid": "e1" if signs == "ES256" else "k1", "typ": "secevent+jwt"} | head
        head = {name: value for name, value in head.items() if value is not None}
        text = f"{_b64(json.dumps(head).encode())}.{_b64(json.dumps(claims).encode())}".encode()
        if signs == "RS256":
            signature = self.rsa.sign(text, PKCS1v15(), hashes.SHA256())
        elif signs == "ES256":
            r, s = decode_dss_signature(self.ec.sign(text, ec.ECDSA(hashes.SHA256())))
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        elif signs == "HS256":  # the old trick: the public key taken for a shared one
            public = self.rsa.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            signature = mac(public, text)
        else:
            signature = b""
        return text + b"." + _b64(signature).encode()

    def event(self, alg="RS256", head=None, **claims):
        said = {
            "iss": ISSUER, "aud": [AUDIENCE], "jti": "j-1", "iat": int(NOW.timestamp()),
            "sub_id": {"format": "email", "email": "ada@acme.example"},
            "events": {"https://schemas.openid.net/secevent/caep/event-type/session-revoked": {}},
        } | claims  # fmt: skip
        return self.token({name: value for name, value in said.items() if value is not None}, alg, **(head or {}))

    def bearer(self, **claims):
        now = int(NOW.timestamp())
        said = {
            "iss": "https://accounts.google.com", "aud": AUDIENCE, "email": "push@acme.example", "email_verified": True,
            "iat": now, "exp": now + 3600, "sub": "1",
        } | claims  # fmt: skip
        return {"Authorization": "Bearer " + self.token(said, typ="JWT").decode()}


def _b64(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _b64int(number, length=None):
    return _b64(number.to_bytes(length or (number.bit_length() + 7) // 8, "big"))
