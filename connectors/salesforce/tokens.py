"""What an app got for whom: its OAuth tokens, one by one, and a credential that is tried.

A row of `OauthToken` is a refresh token with its access tokens, and has no id ("currently, the value is always null"):
it is known by the fingerprint of its `DeleteToken`, which can do nothing but end it. Its `AccessToken` field holds what
opens us and is never read. An app that signs in by JWT or by client credentials has no refresh token, and so no row: freeze
the user that it runs as, and rotate its secret.
Source: Object Reference, "OauthToken" (who sees all; 500 rows a page, 2,500 at most: "divide your query").
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import groupby
from typing import Any

from connectors.core import (
    Call,
    Found,
    Grade,
    Impossible,
    Lost,
    Params,
    Person,
    Reader,
    Sealed,
    Secret,
    State,
    Tide,
    Unexpected,
    Unseen,
    UsedAt,
    Volatile,
)
from connectors.salesforce.apps import APPS, App, AppSeen, admin_only, app, may
from connectors.salesforce.soql import SalesforceId, ids, moment, rows
from connectors.salesforce.system import salesforce

MOST = 2500
"""Rows that one query of OauthToken gives, whatever there is."""
OF_APP = "SELECT AppName, UserId, LastUsedDate, UseCount, DeleteToken FROM OauthToken WHERE AppName = {app}"
OF_ALL = "SELECT AppName, UserId, LastUsedDate, UseCount FROM OauthToken WHERE AppName != NULL"


class Token(Params):
    """One token, by the fingerprint of what deletes it; its app and user say where to look for it."""

    app: str
    user: Person[SalesforceId]
    fingerprint: str


class TokenSeen(State):
    """That it is there, and when and how often it was used."""

    alive: bool
    delete_token: Volatile[Sealed[str]] = ""
    used_at: Volatile[UsedAt[str]] = ""
    uses: Volatile[int] = 0


class Grant(Params):
    """What one person let one app have."""

    app: str
    user: Person[SalesforceId]


class GrantSeen(State):
    """Whether it holds tokens for that person, how many, and when one was last used."""

    active: bool
    tokens: Volatile[int] = 0
    used_at: Volatile[UsedAt[str]] = ""


class Canary(Params):
    """An access token of the app's that was made to be tried."""

    canary: Secret


class CanarySeen(State):
    """Whether it is turned away."""

    dead: bool


def _token(row: Any) -> tuple[Token, TokenSeen]:
    ends_it = Secret(row["DeleteToken"] or "")
    return (
        Token(app=row["AppName"], user=row["UserId"], fingerprint=ends_it.fingerprint),
        TokenSeen(
            alive=True,
            delete_token=ends_it.reveal(),
            used_at=moment(row["LastUsedDate"]),
            uses=row["UseCount"] or 0,
        ),
    )


async def every_token(read: Reader, template: str, **values: object) -> AsyncIterator[Any]:
    """Every row, however many, in the order of their users: where a query gives no more, the next begins with the
    first user that it did not give whole.
    """  # noqa: D205
    after = ""
    while True:
        more = f"{template} AND UserId > {{after}}" if after else template
        got = [row async for row in rows(read, f"{more} ORDER BY UserId", most=MOST, after=after, **values)]
        if len(got) < MOST:
            for row in got:
                yield row
            return
        whole = [row for row in got if row["UserId"] != got[-1]["UserId"]]
        if not whole:
            came = f"one user alone has {MOST} tokens or more, and no query gives the others"
            raise Unexpected("every OAuth token", came, "A person must look, and end that user's by hand")
        for row in whole:
            yield row
        after = whole[-1]["UserId"]


@salesforce.look(permission="CustomizeApplication", identifies=("fingerprint",))
async def token(read: Reader, p: Token) -> TokenSeen:
    """One token, among those of its app and user."""
    async for row in every_token(read, OF_APP + " AND UserId = {user}", app=p.app, user=p.user):
        if (one := _token(row))[0] == p:
            return one[1]
    raise Unseen(
        f"token {p.fingerprint} of {p.user}", "it is not listed", "It is gone, or our credential may not see it"
    )


@salesforce.look(permission="CustomizeApplication")
async def grant(read: Reader, p: Grant) -> GrantSeen:
    """What an app holds for one person; where that is nothing, that it is none of ours to see is ruled out first."""
    found = every_token(read, OF_ALL + " AND AppName = {app} AND UserId = {user}", app=p.app, user=p.user)
    if own := [row async for row in found if row["AppName"] == p.app]:
        return _grant(own)
    await app(read, App(app=p.app))
    return GrantSeen(active=False)


def _grant(own: list[Any]) -> GrantSeen:
    last = max((moment(row["LastUsedDate"]) for row in own), default="")
    return GrantSeen(active=True, tokens=len(own), used_at=last)


@salesforce.find(of=token, permission="CustomizeApplication", control=app)
async def tokens(read: Reader, p: App) -> AsyncIterator[tuple[Token, TokenSeen]]:
    """Every token of an app, of every person. SOQL's `=` takes capitals for small letters; another app is none of it."""
    async for row in every_token(read, OF_APP, app=p.app):
        if row["AppName"] == p.app:
            yield _token(row)


@salesforce.survey(of=app, kind="client", permission="CustomizeApplication")
async def apps(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every app that is installed, and every other that holds a token for somebody."""
    await may(read, "CustomizeApplication", "every app and its tokens")
    installed: dict[str, list[Any]] = {}
    async for row in rows(read, APPS):
        installed.setdefault(row["Name"], []).append(row)
    held: dict[str, list[Any]] = {name: [] for name in installed}
    async for row in every_token(read, OF_ALL):
        held.setdefault(row["AppName"], []).append(row)
    for name, own in held.items():
        known = installed.get(name, [])
        yield Found(
            params=App(app=name),
            seen=AppSeen(installed=bool(known), admin_only=admin_only(known), tokens=len(own)),
            title=name,
            people=len(ids(own, "UserId")),
            created_at=min((moment(row["CreatedDate"]) for row in known), default=""),
            used_at=max((moment(row["LastUsedDate"]) for row in own), default=""),
        )


@salesforce.survey(of=grant, kind="grant", permission="CustomizeApplication", part_of="client")
async def grants(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every app that holds tokens for somebody, by app and person, and how many."""
    listed: list[Any] = []
    async for row in every_token(read, OF_ALL):
        if listed and row["UserId"] != listed[0]["UserId"]:
            for one in _grants(listed):
                yield one
            listed = []
        listed.append(row)
    for one in _grants(listed):
        yield one


def _grants(of_user: list[Any]) -> Iterator[Found]:
    by_app = groupby(sorted(of_user, key=lambda row: str(row["AppName"])), key=lambda row: str(row["AppName"]))
    for name, own in by_app:
        seen = _grant(list(own))
        params = Grant(app=name, user=of_user[0]["UserId"])
        yield Found(
            params=params, seen=seen, title=name, part_of=name, person=params.user, used_at=seen.used_at
        )  # fmt: skip


@salesforce.look(permission="none of ours: the canary's own", grade=Grade.TRIED, meaning={401: Unseen})
async def try_canary(read: Reader, p: Canary) -> CanarySeen:
    """Use the canary: 401 means that it opens nothing any more. 403 does not: that is also how a limit is said.

    One that was dead before proves nothing: try it once before the block, and rest on a person's word if it was.
    """
    try:
        await read.get("/", bearer=p.canary)
    except Unseen:
        return CanarySeen(dead=True)
    return CanarySeen(dead=False)


@salesforce.action(
    sees=token,
    layer="identity",
    does=("kills-refresh", "kills-access"),
    permission="CustomizeApplication",
    settles_within_s=10,
    residual="a browser session that it opened goes on: end_session",
    irreversible="its owner signs in and lets the app in again",
)
def revoke_token(p: Token, seen: TokenSeen) -> Iterator[Call]:
    """End one token and its access tokens. An app that is not blocked gets another as soon as its user lets it in."""
    if not seen.alive:
        return
    if not seen.delete_token:
        came = "Salesforce lists it without the DeleteToken that ends it"
        raise Impossible(
            f"token {p.fingerprint} of {p.user}", came, "End it by hand: Setup > Connected Apps OAuth Usage"
        )
    yield Call.post("//services/oauth2/revoke", form={"token": Secret(seen.delete_token)})
