"""Checks the receipts of time stamp authorities (RFC 3161): whose stamp, over what, and when."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

_CERTIFICATES = 0xA0
"""The tag [0] of a SignedData's certificates (RFC 5652, section 5.1)."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an authority's answer proves.

    Attributes:
        at: the authority's time, RFC 3339 in UTC; "" where it proves nothing.
        fault: why it proves nothing; "" where it does.
    """

    at: str
    fault: str


def stamped(answer: bytes, message: bytes, roots: bytes, *, nonce: int | None = None) -> Stamp:
    """Check an authority's answer over `message` against its root certificates (PEM).

    `nonce`: that of the request; None where it is long over. Never raises for what an answer or a file may hold.
    """
    from cryptography.x509 import load_pem_x509_certificates
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    try:
        trusted = load_pem_x509_certificates(roots)
    except ValueError:
        return Stamp("", "the trusted roots are no certificates (PEM)")
    try:
        response = decode_timestamp_response(_sorted(answer))
        if response.status != 0:
            return Stamp("", f"the authority refused (status {response.status})")
        info = response.tst_info
        if info.message_imprint.message != hashlib.sha256(message).digest():
            return Stamp("", "the stamp is over something else")
        if nonce is not None and info.nonce != nonce:
            return Stamp("", "it answers another request (nonce)")
        verifier = VerifierBuilder(roots=trusted).build()
        verifier.verify_message(response, message)
        at = info.gen_time.strftime("%Y-%m-%dT%H:%M:%SZ")
    except VerificationError as error:
        return Stamp("", f"no trusted authority made it ({error})")
    except Exception as error:  # noqa: BLE001  foreign bytes in a foreign parser: whatever it says, they prove nothing
        return Stamp("", f"it is no answer of a time stamp authority ({type(error).__name__})")
    return Stamp(at, "")


def _sorted(answer: bytes) -> bytes:
    """Put the certificates of an answer into the order of DER, in their place.

    OpenSSL's authorities send them in another order, which our strict parser refuses; no signature is over it.
    Raises ValueError for what is no answer.
    """
    at, end = _inside(answer, 0)  # TimeStampResp: status, token
    at, end = _inside(answer, _after(answer, at))  # ContentInfo: type, [0]
    at, end = _inside(answer, _after(answer, at))
    at, end = _inside(answer, at)  # SignedData: version, digests, content, [0] certificates
    for _ in range(3):
        at = _after(answer, at)
    if at >= end or answer[at] != _CERTIFICATES:
        return answer
    at, end = _inside(answer, at)
    found = []
    first = at
    while at < end:
        after = _after(answer, at)
        found.append(answer[at:after])
        at = after
    return answer[:first] + b"".join(sorted(found)) + answer[end:]


def _inside(der: bytes, at: int) -> tuple[int, int]:
    """Give where the content of the element at this place begins and ends. Raises ValueError."""
    if len(der) < at + 2:
        raise ValueError("it ends too early")
    size, begin = der[at + 1], at + 2
    if size & 0x80:
        begin += size & 0x7F
        size = int.from_bytes(der[at + 2 : begin], "big")
    if begin + size > len(der):
        raise ValueError("it ends too early")
    return begin, begin + size


def _after(der: bytes, at: int) -> int:
    return _inside(der, at)[1]
