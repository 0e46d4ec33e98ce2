"""Passkeys (WebAuthn): made once, and from then on a signature over the very answer that somebody gives.

What is signed is a challenge made of the answer itself: run, wall, scope, the text that was shown, yes or no, and a
number that is used once. Whoever has the record can make it again and check the signature, without us.
The library is Duo Labs' `webauthn`; it is loaded only where somebody uses a passkey.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journal.proof.sign import message
from triggers.page.key import from_text, to_text
from triggers.page.shelf import Passkey

TITLE = "Ringfence"
WITHIN_MS = 120_000
LONGEST_ID = 1400
LONGEST_ANSWER = 16_000
"""Letters of what a browser gives: more is no passkey's answer."""


class NotProven(Exception):
    """Why a passkey proves nothing here, in a sentence."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where the page is, by the configuration alone: never by what a request says.

    Attributes:
        origin: scheme, host and port. rp_id: the host that passkeys are bound to.
    """

    origin: str
    rp_id: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A passkey signed a challenge.

    Attributes:
        signs: its counter now.
        evidence: what the record keeps of it, so that anybody can check it later.
    """

    passkey: Passkey
    signs: int
    evidence: Mapping[str, Any]


def challenge(purpose: str, statement: Mapping[str, Any]) -> bytes:
    """What a passkey signs for a statement: SHA-256 over its purpose and its canonical JSON."""
    return hashlib.sha256(message(f"page {purpose}", statement)).digest()


def asking(site: Site, passkeys: Sequence[Passkey]) -> dict[str, Any]:
    """What a browser needs to ask for a signature, but the challenge. Without passkeys, whichever it has for this site."""
    from webauthn import generate_authentication_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

    found: dict[str, Any] = options_to_json_dict(generate_authentication_options(
        rp_id=site.rp_id, challenge=b"\0", timeout=WITHIN_MS, user_verification=UserVerificationRequirement.REQUIRED,
        allow_credentials=[PublicKeyCredentialDescriptor(id=from_text(one.id)) for one in passkeys],
    ))  # fmt: skip
    del found["challenge"]
    return found


def signed(site: Site, passkeys: Sequence[Passkey], given: str, wanted: bytes) -> Signed:
    """Check a browser's answer to a challenge by one of these passkeys. Raises NotProven."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    answer = _read(given)
    passkey = next((one for one in passkeys if one.id == answer.get("id")), None)
    if passkey is None:
        raise NotProven("This passkey is not known here, or counts no more. `ringfence person passkey NAME` makes one.")
    try:
        verified = verify_authentication_response(
            credential=answer, expected_challenge=wanted, expected_rp_id=site.rp_id, expected_origin=site.origin,
            credential_public_key=passkey.public, credential_current_sign_count=passkey.signs,
            require_user_verification=True,
        )  # fmt: skip
    except WebAuthnException as error:
        raise NotProven(f"The passkey's signature does not fit this answer ({_reason(error)}).") from None
    except Exception as error:  # noqa: BLE001  # the library's parsers raise what they like at what they cannot read
        raise NotProven(f"The passkey's answer cannot be read ({type(error).__name__}).") from None
    response = answer["response"]
    _own_page(response["clientDataJSON"])
    if not from_text(response["authenticatorData"]) or not from_text(response["signature"]):
        raise NotProven("The passkey's answer cannot be read.")
    evidence = {
        "credential": passkey.id, "public": to_text(passkey.public), "signs": verified.new_sign_count,
        "client_data": response["clientDataJSON"], "authenticator_data": response["authenticatorData"],
        "signature": response["signature"],
    }  # fmt: skip
    return Signed(passkey, verified.new_sign_count, evidence)


def making(site: Site, person: str, name: str, wanted: bytes, there: Sequence[Passkey]) -> dict[str, Any]:
    """What a browser needs to make a passkey for a person."""
    from webauthn import generate_registration_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    found: dict[str, Any] = options_to_json_dict(generate_registration_options(
        rp_id=site.rp_id, rp_name=TITLE, user_name=person, user_display_name=name, timeout=WITHIN_MS, challenge=wanted,
        user_id=hashlib.sha256(f"ringfence person {site.rp_id} {person}".encode()).digest(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=from_text(one.id)) for one in there],
    ))  # fmt: skip
    return found


def made(site: Site, person: str, label: str, given: str, wanted: bytes, at: str) -> Passkey:
    """Check what a browser made. Raises NotProven."""
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    answer = _read(given)
    try:
        verified = verify_registration_response(
            credential=answer, expected_challenge=wanted, expected_rp_id=site.rp_id, expected_origin=site.origin,
            require_user_verification=True,
        )  # fmt: skip
    except WebAuthnException as error:
        raise NotProven(f"The passkey cannot be taken ({_reason(error)}).") from None
    except Exception as error:  # noqa: BLE001  # likewise
        raise NotProven(f"What the browser made cannot be read ({type(error).__name__}).") from None
    _own_page(answer["response"]["clientDataJSON"])
    name = to_text(verified.credential_id)
    if not name or len(name) > LONGEST_ID:
        raise NotProven("The passkey's id is longer than is kept.")
    return Passkey(name, person, verified.credential_public_key, verified.sign_count, label, at)


def _read(given: str) -> dict[str, Any]:
    try:
        found = json.loads(given) if len(given) <= LONGEST_ANSWER else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise NotProven("There is no passkey's answer in what came.")
    return found


def _own_page(client_data: str) -> None:
    """Refuse what was signed inside a frame of another site, or spelled oddly: the library leaves both to us."""
    raw = from_text(client_data)
    if not raw:
        raise NotProven("The passkey's answer cannot be read.")
    if json.loads(raw).get("crossOrigin") not in {None, False}:
        raise NotProven("The passkey was used inside another site's frame.")


def _reason(error: Exception) -> str:
    """The library's own words, without what it was given."""
    said = str(error)
    for begin, why in (
        ("Unexpected client data origin", "it was used on another site"), ("Unexpected RP ID", "it is another site's"),
        ("Client data challenge", "it signed something else"), ("User verification", "nobody proved to the phone who they are"),
        ("Response sign count", "its counter went back: it may be a copy"), ("Could not verify", "the signature is wrong"),
    ):  # fmt: skip
        if said.startswith(begin):
            return why
    return type(error).__name__
