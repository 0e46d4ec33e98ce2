"""Apps that get tokens here: deactivate, and end the tokens that are out.

A deactivated app gets no token and signs nobody in. Its refresh tokens, and the access tokens that came with them, die
when they are revoked; one that came without (client credentials, implicit) lives until it expires. Deactivating makes
Okta reckon the app's assignments by group anew; those by hand stay.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

from connectors.core import (
    Call,
    Found,
    Lost,
    Params,
    People,
    Person,
    Reader,
    ShownAll,
    State,
    Tide,
    UsedAt,
    Volatile,
    account,
)
from connectors.okta.system import DAY_S, App, AppId, User, UserId, okta, pages, record_of

PAGE = 200
"""Things a page, where nothing else is said."""
GETS_NONE = frozenset({"INACTIVE", "DELETED"})
"""What an app that gets no token is called."""
MOST_USERS = 500
"""So many users are counted at most: one page. More count as so many."""
LIVES_ON = (
    "an access token that came without a refresh token, or that a service checks by itself, lives until it expires: an "
    "hour, or up to a day where an authorization server's policy says so"
)


class AppSeen(State):
    """Whether it may get tokens, how, and back to where; and for how many people it does, up to 500."""

    status: str
    grant_types: ShownAll = ()
    redirect_uris: ShownAll = ()
    name: Volatile[str] = ""
    users: Volatile[People[int]] = 0


class AppToken(Params):
    """One refresh token of an app, by its public id (never the token itself)."""

    app: AppId
    token_id: str


class UserToken(Params):
    """One refresh token that a user (by id, not login) gave a client, by its public id."""

    user: UserId
    client: str
    token_id: str


class _Client(Params):
    user: UserId
    client: str


class ClientsSeen(State):
    """The clients that a user gave tokens to, or consented to."""

    clients: tuple[str, ...]
    id: Volatile[str] = ""


class TokenSeen(State):
    """Whether it opens anything, what and whose; Okta touches its record whenever it is used."""

    active: bool
    scopes: ShownAll = ()
    issuer: Volatile[str] = ""
    user: Volatile[Person[str]] = ""
    used_at: Volatile[UsedAt[str]] = ""


def app_seen(item: Any, users: int = 0) -> AppSeen:
    """What counts of an app's record."""
    client = (item.get("settings") or {}).get("oauthClient") or {}
    return AppSeen(
        status=item["status"],
        grant_types=tuple(sorted(client.get("grant_types") or ())),
        redirect_uris=tuple(sorted(client.get("redirect_uris") or ())),
        name=str(item.get("label") or ""),
        users=users,
    )


def _token(item: Any) -> TokenSeen:
    return TokenSeen(
        active=item["status"] != "REVOKED",  # the two words that it has: another is none of its end
        scopes=tuple(sorted(item.get("scopes") or ())),
        issuer=str(item.get("issuer") or ""),
        user=str(item.get("userId") or ""),
        used_at=str(item.get("lastUpdated") or ""),
    )


@okta.look(permission="okta.apps.read")
async def app(read: Reader, p: App) -> AppSeen:
    """One app."""
    item = await read.get("/api/v1/apps/{app}", p)
    return app_seen(item, len(await read.get("/api/v1/apps/{app}/users", p, limit=MOST_USERS)))


@okta.look(permission="okta.apps.read")
async def app_token(read: Reader, p: AppToken) -> TokenSeen:
    """One refresh token of an app."""
    return _token(await read.get("/api/v1/apps/{app}/tokens/{token_id}", p))


@okta.look(permission="okta.users.read")
async def user_token(read: Reader, p: UserToken) -> TokenSeen:
    """One refresh token that a user gave a client."""
    return _token(await read.get("/api/v1/users/{user}/clients/{client}/tokens/{token_id}", p))


@okta.find(of=app_token, permission="okta.apps.read", control=app)
async def app_tokens(read: Reader, p: App) -> AsyncIterator[tuple[AppToken, TokenSeen]]:
    """Every refresh token of an app, of every authorization server."""
    async for item in pages(read, "/api/v1/apps/{app}/tokens", p, limit=PAGE):
        yield AppToken(app=p.app, token_id=item["id"]), _token(item)


@okta.look(permission="okta.users.read")
async def clients_of(read: Reader, p: User) -> ClientsSeen:
    """The clients that a user gave tokens to or consented to."""
    by_id = User(user=(await record_of(read, p))["id"])
    found = [item["client_id"] async for item in pages(read, "/api/v1/users/{user}/clients", by_id)]
    return ClientsSeen(clients=tuple(sorted(found)), id=by_id.user)


@okta.find(of=user_token, permission="okta.users.read", control=clients_of)
async def user_tokens(read: Reader, p: User) -> AsyncIterator[tuple[UserToken, TokenSeen]]:
    """Every refresh token that a user gave any client."""
    who = await clients_of(read, p)
    for client in who.clients:
        at = _Client(user=UserId(who.id), client=client)
        async for item in pages(read, "/api/v1/users/{user}/clients/{client}/tokens", at, limit=PAGE):
            yield UserToken(user=at.user, client=client, token_id=item["id"]), _token(item)


@okta.survey(of=app, kind="client", permission="okta.apps.read")
async def apps(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every app that gets tokens here, on or off. Those that only sign people in elsewhere (SAML, SWA) reach nothing."""
    async for item in pages(read, "/api/v1/apps", limit=PAGE):
        if item["signOnMode"] != "OPENID_CONNECT" or item["status"] == "DELETED":
            continue
        seen = app_seen(item)
        client = (item.get("settings") or {}).get("oauthClient") or {}
        uses = (*seen.redirect_uris, str(client.get("client_uri") or ""), str(client.get("initiate_login_uri") or ""))
        yield Found(
            params=App(app=item["id"]),
            seen=seen,
            title=seen.name,
            publisher=str(item.get("name") or ""),
            belongs_to=account("okta", _chosen(item)),
            hosts=tuple(sorted({host_of(uri) for uri in uses if uri})),
            created_at=str(item.get("created") or ""),
        )


def _chosen(item: Any) -> str:
    """A client id of its own, where somebody chose one that is not the app's id."""
    client = ((item.get("credentials") or {}).get("oauthClient") or {}).get("client_id")
    return str(client) if client and client != item["id"] else ""


def host_of(uri: str) -> str:
    """The host of an address; all of one that has none, or is no address."""
    with contextlib.suppress(ValueError):
        return urlsplit(uri).hostname or uri
    return uri


@okta.action(
    sees=app_token,
    layer="identity",
    does=("kills-refresh", "kills-access"),
    permission="okta.apps.manage",
    settles_within_s=30,
    residual=LIVES_ON,
    residual_s=DAY_S,
    irreversible="its user signs in and consents again",
)
def revoke_app_token(p: AppToken, seen: TokenSeen) -> Iterator[Call]:
    """End one refresh token of an app, and the access tokens that came with it. deactivate_app first: it gets others."""
    if seen.active:
        yield Call.delete("/api/v1/apps/{app}/tokens/{token_id}", p)


@okta.action(
    sees=user_token,
    layer="identity",
    does=("kills-refresh", "kills-access"),
    permission="okta.users.manage",
    settles_within_s=30,
    residual=LIVES_ON,
    residual_s=DAY_S,
    irreversible="its user signs in and consents again",
)
def revoke_user_token(p: UserToken, seen: TokenSeen) -> Iterator[Call]:
    """End one refresh token that a user gave a client. The client asks for another: suspend_user or deactivate_app first."""
    if seen.active:
        yield Call.delete("/api/v1/users/{user}/clients/{client}/tokens/{token_id}", p)


@okta.action(
    sees=app,
    layer="application",
    does="blocks-reissue",
    stops="new",
    permission="okta.apps.manage",
    settles_within_s=30,
    residual=LIVES_ON,
    residual_s=DAY_S,
    masks=(revoke_app_token,),
)
def deactivate_app(p: App, seen: AppSeen) -> Iterator[Call]:
    """Stop an app from getting tokens and from signing anybody in. Live tokens go on: follow with revoke_app_token."""
    if seen.status not in GETS_NONE:
        yield Call.post("/api/v1/apps/{app}/lifecycle/deactivate", p)


@deactivate_app.undo
def _(p: App, seen: AppSeen, before: AppSeen) -> Iterator[Call]:
    if before.status == "ACTIVE" and seen.status == "INACTIVE":
        yield Call.post("/api/v1/apps/{app}/lifecycle/activate", p)
