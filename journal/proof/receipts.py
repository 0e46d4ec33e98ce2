"""Checks the receipts of time stamp authorities (RFC 3161): whose stamp, over what, and when."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


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
        response = decode_timestamp_response(answer)
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
