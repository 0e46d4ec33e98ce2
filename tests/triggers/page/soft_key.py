"""A passkey in software, after the specification: it can also do what no honest phone does."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass
class SoftKey:
    rp_id: str = "localhost"
    signs: int = 0
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def public(self) -> bytes:
        numbers = self.private.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})

    def answer(self, challenge: str, origin: str, *, verified: bool = True, rp_id: str = "", **more: object) -> str:
        """Sign a challenge, as `navigator.credentials.get` gives it."""
        self.signs += 1
        data = {"type": "webauthn.get", "challenge": challenge, "origin": origin, "crossOrigin": False, **more}
        client = json.dumps(data).encode()
        flags = 0x01 | (0x04 if verified else 0)
        auth = hashlib.sha256((rp_id or self.rp_id).encode()).digest() + bytes([flags]) + self.signs.to_bytes(4, "big")
        signature = self.private.sign(auth + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": text(client),
            "authenticatorData": text(auth),
            "signature": text(signature),
            "userHandle": None,
        }
        return json.dumps({"id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": response})
