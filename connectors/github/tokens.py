"""Tokens by themselves: those that our own OAuth app or App was given, and leaked ones, whosever they are.

`github_oauth` acts with our app's client id and secret, so on its own tokens alone. Deleting a grant ends every token of
that person for the app. `github_leaks` tells GitHub that a credential leaked: it needs none of ours (an Authorization
header is refused by GitHub.com), is taken as 202 and done some minutes later, and GitHub tells the owner. 60 an hour from
one address: for more of them give the list to GitHub by hand, a thousand at a time. What shows it is the credential itself,
tried on a call that counts for nothing. An installation token (`ghs_`) is not among what is taken there, and ends itself. A
refresh token (`ghr_`) opens no call, so nothing could show its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.core import (
    Call,
    Grade,
    Impossible,
    NotAllowed,
    Params,
    Person,
    Reader,
    Secret,
    ShownAll,
    State,
    Unseen,
    Volatile,
)
from connectors.github.base import github_leaks, github_oauth

CHECK = "/applications/{client}/token"
BASIC = "the app's client id and secret"
STRANGERS = 60
"""Requests an hour without a credential."""


class AppToken(Params):
    """A token that our app was given."""

    client: str
    app_token: Secret


class GrantedToken(Params):
    """Any token of a person's grant to our app: it stands for all of them."""

    client: str
    granted_token: Secret


class AppTokenSeen(State):
    """Whether our app knows it, whose it is, what for, and until when it lives by itself."""

    live: bool
    user: Volatile[Person[str]] = ""
    scopes: Volatile[ShownAll] = ()
    expires: Volatile[str] = ""


class Leak(Params):
    """A leaked credential: a personal access token, an app's token of a person, or an installation's token."""

    leaked_token: Secret


class LeakSeen(State):
    """Whether GitHub still takes it."""

    opens: bool


async def _check(read: Reader, p: Params, token: Secret) -> AppTokenSeen:
    ours = read.settings.client_id
    if getattr(p, "client", ours) != ours:
        todo = "Ask by the connection that holds that app's secret"
        raise NotAllowed(f"a token of {getattr(p, 'client', '')}", f"our credential is that of {ours}", todo)
    try:
        item: Any = await read.ask(CHECK, p, json={"access_token": token})
    except Unseen:
        await _control(read)
        return AppTokenSeen(live=False)
    return AppTokenSeen(
        live=True,
        user=str((item.get("user") or {}).get("login") or ""),
        scopes=tuple(sorted(item.get("scopes") or [])),
        expires=str(item.get("expires_at") or ""),
    )


async def _control(read: Reader) -> None:
    """A 404 may be said to a wrong credential too: with ours we must have an app's limit, not a stranger's 60 an hour."""
    limit = (await read.get("/rate_limit"))["resources"]["core"]["limit"]
    if limit <= STRANGERS:
        came = f"404, and GitHub gives us a stranger's {limit} requests an hour"
        raise NotAllowed(f"a token at {read.url}", came, "Are the client id and secret right?")


@github_oauth.look(permission=BASIC, asks=(CHECK,))
async def app_token(read: Reader, p: AppToken) -> AppTokenSeen:
    """One token of our app. GitHub answers 404 for one that it does not know, or no more."""
    return await _check(read, p, p.app_token)


@github_oauth.look(permission=BASIC, asks=(CHECK,))
async def granted_token(read: Reader, p: GrantedToken) -> AppTokenSeen:
    """One token of a person's grant, which stands for the grant while it lives.

    One that is dead is Unseen: it may have expired by itself, and the grant with its refresh token stand. So its end
    counts only where this run saw it live.
    """
    seen = await _check(read, p, p.granted_token)
    if not seen.live:
        todo = "It died with its grant, or by itself before: then give another token of that person's for the app"
        raise Unseen(f"a grant to {p.client} by {p.granted_token!r}", "our app does not know that token", todo)
    return seen


@github_oauth.action(
    sees=app_token,
    layer="identity",
    does="kills-access",
    permission=BASIC,
    settles_within_s=60,
    residual="other tokens of the same person for the app, and its refresh token, live on: revoke_grant ends all",
    irreversible="the person signs in by the app again",
)
def revoke_app_token(p: AppToken, seen: AppTokenSeen) -> Iterator[Call]:
    """End one token of our app."""
    if seen.live:
        yield Call.delete(CHECK, p, body={"access_token": p.app_token})


@github_oauth.action(
    sees=granted_token,
    layer="identity",
    does=("kills-refresh", "kills-access"),
    permission=BASIC,
    settles_within_s=60,
    residual="an App's installation tokens, deploy keys that it made, and personal tokens live on",
    irreversible="the person consents to the app again",
)
def revoke_grant(p: GrantedToken, seen: AppTokenSeen) -> Iterator[Call]:
    """End a person's grant to our app, with every token of it."""
    if seen.live:
        yield Call.delete("/applications/{client}/grant", p, body={"access_token": p.granted_token})


@github_leaks.look(permission="the leaked credential itself", grade=Grade.TRIED, meaning={401: Unseen})
async def leaked(read: Reader, p: Leak) -> LeakSeen:
    """Whether GitHub takes a leaked credential: it is tried on the call that tells its own limits.

    401 alone is a no. 403 is for one that lives, and may not from here, or not now: an installation that is suspended, an
    address that is not let in; and after several bad ones GitHub answers it to good ones as well. So it is no answer.
    """
    if p.leaked_token.reveal().startswith("ghr_"):
        came = "a refresh token opens no call, so nothing shows whether it lives"
        raise Impossible(
            f"try {p.leaked_token!r}", came, "End the grant that it belongs to (github_oauth.revoke_grant)"
        )
    try:
        await read.get("/rate_limit", bearer=p.leaked_token)
    except Unseen as error:
        if not error.came_back.startswith("401"):  # a wrong URL is no dead credential
            raise
        return LeakSeen(opens=False)
    return LeakSeen(opens=True)


@github_leaks.action(
    sees=leaked,
    layer="identity",
    does="kills-access",
    permission="none: no credential of ours goes along",
    settles_within_s=600,
    irreversible="its owner makes a new one; GitHub tells the owner of it",
)
def revoke_leaked(p: Leak, seen: LeakSeen) -> Iterator[Call]:
    """Have GitHub revoke a leaked credential, whosever it is; an App's installation token revokes itself."""
    if seen.opens and p.leaked_token.reveal().startswith("ghs_"):
        yield Call.delete("/installation/token", bearer=p.leaked_token)
    elif seen.opens:
        yield Call.post("/credentials/revoke", json={"credentials": [p.leaked_token]})
