"""Google's OAuth server: revoke a token that we hold (a leaked one), and try it to see that it is dead.

No credential of ours is needed: the token is its own. Google answers 400 `invalid_token` where RFC 7009 says 200, and what
stands in for it in tests answers 200 and does nothing: only trying the token proves anything.
Sources: developers.google.com/identity/protocols/oauth2/web-server (revoke), Google's own client library for Node
(`getTokenInfo`: POST with the token as bearer).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.core import (
    Call,
    Connector,
    Foothold,
    Grade,
    NotAllowed,
    Params,
    Person,
    Rate,
    Reader,
    Secret,
    State,
    Unseen,
    Volatile,
)
from connectors.core.told import Told


class TokenFoothold(Foothold):
    """An access token of Google's that leaked: a reference to it."""

    token: Secret


def told(status: int, _headers: Mapping[str, str], json: Any) -> Told:
    """A dead token is 400 or 401 with `invalid_token`, to whatever asks: gone, and nothing of ours was turned away."""
    error = json.get("error") if isinstance(json, dict) else None
    if status in {400, 401} and error == "invalid_token":
        return Told("invalid_token", Unseen, look=True)
    return Told()


google_oauth = Connector(
    "google_oauth",
    rate=Rate(50, per_s=1, in_flight=10),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
    auth="none",
    told=told,
    footholds={"token": TokenFoothold},
)


class Token(Params):
    """One access token."""

    token: Secret


class TokenSeen(State):
    """Whether Google takes it, to whom it was given, and in whose name."""

    active: bool
    client: Volatile[str] = ""
    user: Volatile[Person[str]] = ""
    scopes: Volatile[str] = ""


@google_oauth.look(permission="the token itself", grade=Grade.TRIED, asks=("/tokeninfo",))
async def token(read: Reader, p: Token) -> TokenSeen:
    """One access token, tried: Google says whose it is for as long as it lives."""
    try:
        seen = await read.ask("/tokeninfo", form={}, bearer=p.token)
    except Unseen as error:
        if "invalid_token" not in error.came_back:  # a wrong URL is no dead token
            raise
        return TokenSeen(active=False)
    said = {"client": seen.get("aud"), "user": seen.get("email") or seen.get("sub"), "scopes": seen.get("scope")}
    return TokenSeen(active=True, **{name: str(value or "") for name, value in said.items()})


@google_oauth.action(
    sees=token,
    layer="identity",
    does=("kills-refresh", "kills-access"),
    permission="the token itself",
    settles_within_s=120,
    irreversible="the user consents again",
)
def revoke_token(p: Token, seen: TokenSeen) -> Iterator[Call]:
    """End an access token, and the refresh token that it came of. The client may be consented to again."""
    if seen.active:
        yield Call.post("/revoke", form={"token": p.token})
