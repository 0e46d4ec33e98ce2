"""Whether a token still opens Okta: tried with the token itself, which is the strongest proof there is."""

from __future__ import annotations

from connectors.core import Grade, Params, Reader, Secret, State, Unseen
from connectors.okta.system import okta


class AccessToken(Params):
    """An access token of the organisation's own server that has the scope `openid`: a stolen one, or a canary."""

    token: Secret


class AccessSeen(State):
    """Whether Okta takes it. An expired one is turned away too: it counts only where it was taken before."""

    accepted: bool


@okta.look(permission="the token itself", grade=Grade.TRIED, meaning={401: Unseen})
async def access(read: Reader, p: AccessToken) -> AccessSeen:
    """Use a token. 403 says that it lives and lacks the scope, so it is an error and no answer."""
    try:
        await read.get("/oauth2/v1/userinfo", bearer=p.token)
    except Unseen:
        return AccessSeen(accepted=False)
    return AccessSeen(accepted=True)
