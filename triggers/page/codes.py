"""Codes of an authenticator app (TOTP, RFC 6238): the weaker proof. A code is good once, and guesses are counted.

    match codes.check("ben", secret, "492039"):
        case Right(): ...
        case Wrong(why): ...

Whoever is talked into telling a code has given it away: a passkey cannot be, and signs the very answer.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from journal.clock import now
from triggers.page.shelf import Shelf

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.twofactor.totp import TOTP

DIGITS, STEP_S, DRIFT = 6, 30, 1
TRIES, WITHIN = 5, timedelta(minutes=15)
SECRET_BYTES = 20
LEAST_BYTES = 16
ISSUER = "Ringfence"


@dataclass(frozen=True, slots=True)
class Right:
    """It is theirs. `step`: number of its half minute since 1970."""

    step: int


@dataclass(frozen=True, slots=True)
class Wrong:
    """It proves nothing, and why."""

    why: str


def new_secret() -> str:
    """Make a secret: base32, as authenticator apps take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def read_secret(text: str) -> bytes | None:
    """A secret as bytes; None for what is none, or is too short to be safe."""
    plain = "".join(text.split()).upper().rstrip("=")
    try:
        found = base64.b32decode(plain + "=" * (-len(plain) % 8))
    except ValueError:  # binascii's error is one too
        return None
    return found if len(found) >= LEAST_BYTES else None


def address(secret: str, person: str) -> str:
    """The otpauth: address by which an app takes a secret over."""
    raw = read_secret(secret)
    assert raw is not None
    return _totp(raw).get_provisioning_uri(person, ISSUER)


def _totp(raw: bytes) -> TOTP:
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.twofactor.totp import TOTP

    return TOTP(raw, DIGITS, SHA1(), STEP_S)  # noqa: S303  # HMAC-SHA1 is what RFC 6238 and the apps speak


def fitting_step(raw: bytes, code: str, now_s: float) -> int | None:
    """Of which half minute a code is: this one or a neighbour, all compared in constant time. None: of none."""
    given, found = code.encode("utf-8", "surrogatepass"), None
    totp = _totp(raw)
    for drift in range(-DRIFT, DRIFT + 1):
        at = now_s + drift * STEP_S
        if at >= 0 and hmac.compare_digest(totp.generate(at), given):
            found = int(at // STEP_S)
    return found


class Codes:
    """Checks codes. Its methods block: call them beside the event loop."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def check(self, person: str, secret: str, code: str) -> Right | Wrong:
        """Whether this is the person's code now; five wrong ones, and none counts for a while."""
        raw = read_secret(secret)
        if raw is None:
            return Wrong(f"The secret of {person}'s codes cannot be used: base32 of at least {LEAST_BYTES} bytes.")
        attempt = self._shelf.attempt("code", person, TRIES, WITHIN)
        if not isinstance(attempt, str):
            return Wrong(f"{TRIES} wrong codes: none counts before {attempt:%H:%M:%S} UTC. A passkey counts now.")
        step = fitting_step(raw, "".join(code.split()), now().timestamp())
        if step is None:
            return Wrong("This is not the code that the app shows now. Is the phone's clock right?")
        if not self._shelf.spend("code-used", str(step), person):
            return Wrong("This code was used before: each is good once. The next one comes within half a minute.")
        self._shelf.give_back(attempt)
        return Right(step)
