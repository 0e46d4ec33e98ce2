"""All that one person's consent opened, at once: Global Token Revocation, where a server's metadata offers it.

draft-parecki-oauth-global-token-revocation, a draft: `POST global_token_revocation_endpoint` with a subject (RFC 9493), 204
when it has begun. Okta (`/oauth2/v1/global-token-revocation`) and Auth0 take the same body; what their metadata does not name,
the setting `global_revocation_at` does. A server must then end refresh tokens and ask
for a sign-in, and should end access tokens. Nothing in it tells afterwards whether that was so: what counts is the
introspection of tokens that are known (`token`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from connectors.core import Call, Impossible, Params, Person
from connectors.oauth.server import oauth


class Someone(Params):
    """One person of the server: by its own id of them, or as their address, or by who vouches for them and as whom."""

    subject: Person[Annotated[str, Field(min_length=1, max_length=255)]]
    format: Literal["opaque", "email", "iss_sub"] = "opaque"
    issuer: str = ""


def _subject(p: Someone) -> dict[str, str]:
    """RFC 9493 sections 3.2.2, 3.2.4, 3.2.5."""
    match p.format:
        case "email":
            return {"format": "email", "email": p.subject}
        case "iss_sub" if not p.issuer:
            raise Impossible(f"name {p.subject} by who vouches for them", "no issuer is given", "Give issuer as well")
        case "iss_sub":
            return {"format": "iss_sub", "iss": p.issuer, "sub": p.subject}
    return {"format": "opaque", "id": p.subject}


@oauth.action(
    sees=None,
    layer="identity",
    does=("ends-sessions", "kills-refresh"),
    permission="global token revocation by our own credential",
    because="the server says that it began, and no standard lists what is left of a person's tokens",
    identifies=("subject",),
    irreversible="the person signs in again, and consents anew where a client kept nothing else",
    residual="access tokens may live on until they expire: a server need not end them",
    residual_s=3600,
)
def revoke_person(p: Someone) -> Iterator[Call]:
    """End every session and refresh token of one person at the server, for all clients at once."""
    yield Call.post("@global_token_revocation_endpoint", json={"sub_id": _subject(p)})
