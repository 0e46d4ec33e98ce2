"""The app roles of our access token, as Graph writes them and as the token itself says them.

Source: learn.microsoft.com/graph/permissions-reference, and /entra/identity-platform/access-token-claims-reference (`roles`).
"""

from __future__ import annotations

import re

from connectors.core import Held, Reader, Rights
from connectors.core.exchange import claims_of
from connectors.core.rights import lines
from connectors.entra.graph import entra

_READ, _WRITE = ".Read.", ".ReadWrite."


def _covers(given: str, wanted: str) -> bool:
    """Of one thing whoever may read and write may read: the reference lists both as enough for its reads."""
    return given == wanted or given.replace(_WRITE, _READ) == wanted


ROLES = Rights(
    "application permissions (app roles) of Microsoft Graph",
    "Entra admin center > App registrations > our own > API permissions > Microsoft Graph > Application permissions, "
    "then Grant admin consent",
    re.compile(r"[A-Z][A-Za-z0-9]*(\.[A-Z][A-Za-z0-9]*)+"),
    lines,
    _covers,
)


@entra.credential(ROLES)
async def held(read: Reader) -> Held:
    """The app roles in our access token; none consented to: none there."""
    minted = await read.minted()
    assert minted is not None
    claims = claims_of(minted[0])
    if not claims:
        return Held(why="its access token is no JWT that can be read")
    roles = claims.get("roles", [])
    return Held(
        "the roles claim of its access token", frozenset(map(str, roles)) if isinstance(roles, list) else frozenset()
    )
