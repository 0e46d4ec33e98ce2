"""Signed tokens: a Security Event Token as the body (RFC 8417, 8935), and Google's bearer token beside one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from inventory.trusting import Trust
from triggers.alerts.trust.bodies import NotRead, read
from triggers.alerts.trust.model import Headers, Keys, Untrusted, Verified

AHEAD_S, LEEWAY_S = 300, 60
LONGEST_TOKEN = 128 * 1024
TYPES = frozenset({"secevent+jwt", "application/secevent+jwt"})
GOOGLE = frozenset({"accounts.google.com", "https://accounts.google.com"})


class _Registry(jws.JWSRegistry):
    """Headers that we do not know are passed over, as RFC 7515 has it; `crit` is not one of them."""

    max_header_length = 8 * 1024
    max_payload_length = LONGEST_TOKEN


def event_token(trust: Trust, raw: bytes, now: datetime, keys: Keys) -> Verified:
    """A Security Event Token, which is the whole body. `trust` is whole. Raises Untrusted.

    Its age is no matter: it may rightly come days later, and the same one again is known by its issuer and `jti`.
    """
    header, claims = _opened(trust, raw.strip(), keys)
    kind = header.get("typ")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise Untrusted("foreign")  # an access or ID token of the same issuer is no event
    at = _moment(claims, "iat")
    name = claims.get("jti")
    events = claims.get("events")
    if not isinstance(name, str) or not 0 < len(name) <= 500 or not isinstance(events, dict) or not events:
        raise Untrusted("malformed")
    if trust.strict and {"exp", "sub"} & claims.keys():
        raise Untrusted("foreign")
    if (at - now).total_seconds() > AHEAD_S:
        raise Untrusted("stale")
    told = hashlib.sha256(json.dumps([trust.issuer, name]).encode()).hexdigest()
    return Verified("set", _kid(header), f"id:{told}", name, at)


def google(trust: Trust, raw: bytes, headers: Headers, now: datetime, keys: Keys) -> Verified:
    """A Pub/Sub push: the bearer token proves who sends; the body is as good as whoever sent it. Raises Untrusted."""
    word, _, token = headers.one("Authorization").partition(" ")
    if word.lower() != "bearer":
        raise Untrusted("malformed")
    header, claims = _opened(trust, token.strip().encode("utf-8", "replace"), keys)
    if claims.get("email") != trust.email or claims.get("email_verified") is not True:
        raise Untrusted("foreign")
    at, ends = _moment(claims, "iat"), _moment(claims, "exp")
    if (at - now).total_seconds() > AHEAD_S or (now - ends).total_seconds() > LEEWAY_S:
        raise Untrusted("stale")
    try:
        said = read(raw)
    except NotRead:
        raise Untrusted("malformed") from None
    message = said.get("message") if isinstance(said, dict) else None
    name = message.get("messageId", message.get("message_id")) if isinstance(message, dict) else None
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        raise Untrusted("malformed")
    told = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return Verified("google", _kid(header), f"id:{told}", name, at)


def _opened(trust: Trust, token: bytes, keys: Keys) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims of a token of this issuer, for us. The key is the issuer's own, whatever the token names."""
    found = keys.key_set(trust.jwks or "")
    if found is None:
        raise Untrusted("unknown_key")
    try:
        one = jws.deserialize_compact(
            token, _chosen(token, found), registry=_Registry(algorithms=trust.algorithms, strict_check_header=False)
        )
        header, claims = one.headers(), read(one.payload or b"")
    except NotRead:
        raise Untrusted("malformed") from None
    except JoseError as error:
        raise Untrusted("forged" if type(error).__name__ == "BadSignatureError" else "malformed") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Untrusted("malformed") from None
    issuers = GOOGLE if trust.scheme == "google" and trust.issuer in GOOGLE else {trust.issuer}
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    if not isinstance(issuer, str) or issuer not in issuers:
        raise Untrusted("foreign")
    audience = claims.get("aud")
    ours = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(one, str) and one in trust.audience for one in ours):
        raise Untrusted("foreign")
    return header, claims


def named_key(token: bytes) -> str | None:
    """The `kid` that a token names, unproven: to know whether the issuer's keys must be fetched anew."""
    try:
        found = jws.extract_compact(token.strip(), registry=_Registry(strict_check_header=False)).headers().get("kid")
    except Exception:  # noqa: BLE001  # a stranger's bytes; whatever they do, there is no name
        return None
    return found if isinstance(found, str) and 0 < len(found) <= 500 else None


def _chosen(token: bytes, found: KeySet) -> Any:
    """The key that is named, and where none is, the only one: among several a token must say which."""
    kid = named_key(token)
    fitting = [key for key in found.keys if kid is not None and key.kid == kid]
    if kid is None and len(found.keys) == 1:
        fitting = found.keys
    if len(fitting) != 1:
        raise Untrusted("unknown_key")
    return fitting[0]


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Untrusted("malformed")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise Untrusted("malformed") from None


def _kid(header: Mapping[str, Any]) -> str | None:
    kid = header.get("kid")
    return "".join(letter for letter in kid[:120] if letter.isprintable()) if isinstance(kid, str) else None
