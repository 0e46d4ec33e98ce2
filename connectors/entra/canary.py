"""A canary: whether an access token that is thought stolen is still taken.

Graph answers 401 to a token that it does not take (expired, revoked, or refused by continuous access evaluation), and 403
to one that it takes and that may not do this. So a 403 means: alive. It says nothing of other resources' tokens.
Source: learn.microsoft.com/graph/errors.
"""

from __future__ import annotations

from connectors.core import Grade, NotAllowed, Params, Reader, Secret, State, Unseen
from connectors.entra.graph import chosen, entra


class Token(Params):
    """One access token for Graph."""

    token: Secret


class TokenSeen(State):
    """Whether Graph takes it."""

    active: bool


@entra.look(permission="none: the token itself is tried", grade=Grade.TRIED, meaning={401: Unseen})
async def canary(read: Reader, p: Token) -> TokenSeen:
    """Try one access token on the organisation's own entry. Nothing is changed by it."""
    try:
        await read.get("/organization", bearer=p.token, **chosen("id"))
    except Unseen:
        return TokenSeen(active=False)
    except NotAllowed:
        return TokenSeen(active=True)
    return TokenSeen(active=True)
