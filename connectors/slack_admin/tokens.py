"""One Slack token: is it alive, and end it. Slack ends a token by that very token, so it works for those we hold.

Where token rotation is on, a refresh token of the same grant gets another one: restrict and uninstall the app as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.core import Call, Grade, NotAllowed, Params, Person, Reader, Secret, State, Unseen, Volatile
from connectors.slack_admin.web import DEAD, TURNED_AWAY, slack_admin

NAMED = {"user": "user_id", "bot": "bot_id", "workspace": "team_id"}
"""What auth.test says of a token that works."""


class Token(Params):
    """One token, of a person, a bot or an app."""

    token: Secret


class TokenSeen(State):
    """Whether Slack takes it, and for whom and where it works."""

    active: bool
    user: Volatile[Person[str]] = ""
    bot: Volatile[str] = ""
    workspace: Volatile[str] = ""


@slack_admin.look(permission="the token itself", grade=Grade.TRIED)
async def token(read: Reader, p: Token) -> TokenSeen:
    """Use a token: is it turned away as dead? Turned away as unknown, or from our address, it is not proven dead."""
    try:
        seen = await read.get("/auth.test", bearer=p.token)
    except NotAllowed as error:
        word = error.came_back.rpartition(" ")[2]
        if word in DEAD:
            return TokenSeen(active=False)
        if word not in TURNED_AWAY:
            raise
        todo = "It was never one here, it is gone, or its app takes calls from some addresses only, and not from ours"
        raise Unseen(error.tried, error.came_back, todo) from None
    known = {ours: str(seen.get(theirs) or "") for ours, theirs in NAMED.items()}
    return TokenSeen(active=True, **known)


@slack_admin.action(
    sees=token,
    layer="identity",
    does="kills-access",
    permission="the token itself",
    settles_within_s=10,
    irreversible="its app is installed, or its owner consents, once more",
)
def revoke_token(p: Token, seen: TokenSeen) -> Iterator[Call]:
    """End one token, by itself. A bot's leaves its channels by that; its app stays installed: see uninstall_app."""
    if seen.active:
        yield Call.post("/auth.revoke", bearer=p.token)
