"""The scopes of our access token, as Okta writes them and as the token itself says them.

Source: developer.okta.com/docs/api/oauth2 (the scopes), and guides/implement-oauth-for-okta-serviceapp (the claim `scp`).
"""

from __future__ import annotations

import re

from connectors.core import Held, Reader, Rights
from connectors.core.exchange import claims_of
from connectors.okta.system import okta

SCOPES = Rights(
    "OAuth scopes",
    "Admin Console > Applications > the service app > Okta API Scopes > Grant, and `scopes` of the connection",
    re.compile(r"okta(\.[A-Za-z]+)+\.(read|manage)"),
    " ".join,
    # that the manage scope lets read as well is nowhere promised: both are asked for
)


@okta.credential(SCOPES)
async def held(read: Reader) -> Held:
    """The scopes of our access token. An API token has none: it may whatever the admin may who made it."""
    minted = await read.minted()
    if minted is None:
        return Held(
            wide="an API token (SSWS) is bound by no scope: it may do all that the admin may who made it. Use a service app"
        )
    scopes = claims_of(minted[0]).get("scp", minted[1].get("scope", ""))
    names = scopes.split() if isinstance(scopes, str) else scopes if isinstance(scopes, list) else []
    return Held(
        "the scopes of its access token",
        frozenset(str(name) for name in names),
        "its admin role bounds it further, which no scope shows",
    )
