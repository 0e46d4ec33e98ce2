"""What apps may: Okta API scopes that an admin granted an app, and consents that users gave a client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from connectors.core import Call, Found, Impossible, Lost, Params, Person, Reader, Shown, State, Tide, Volatile
from connectors.okta.apps import PAGE, app, clients_of
from connectors.okta.system import App, AppId, User, UserId, okta, pages, record_of


class ScopeGrant(Params):
    """One Okta API scope of one app. Its record gets another id whenever it is granted, so it is known by the scope."""

    app: AppId
    scope: str


class ScopeGrantSeen(State):
    """Whether the app may ask for the scope; the record that says so, and of which server it speaks."""

    granted: bool
    grant: Volatile[str] = ""
    issuer: Volatile[str] = ""


class _Record(Params):
    app: AppId
    grant: str


class Consent(Params):
    """One scope that a user (by id, not login) consented to for a client, by the id of the consent."""

    user: UserId
    consent: str


class ConsentSeen(State):
    """Whether it stands, for what, for which client, and whose it is."""

    active: bool
    scope: Shown = ""
    client: Volatile[str] = ""
    owner: Volatile[Person[str]] = ""


def _grant(item: Any) -> ScopeGrantSeen:
    return ScopeGrantSeen(granted=item.get("status") == "ACTIVE", grant=item["id"], issuer=item["issuer"])


def _consent(item: Any) -> ConsentSeen:
    return ConsentSeen(
        active=item["status"] == "ACTIVE",
        scope=str(item.get("scopeId") or ""),
        client=str(item.get("clientId") or ""),
        owner=str(item.get("userId") or ""),
    )


@okta.look(permission="okta.appGrants.read")
async def scope_grant(read: Reader, p: ScopeGrant) -> ScopeGrantSeen:
    """Whether an app has a scope: by the whole listing, which has all that it was granted."""
    last = ScopeGrantSeen(granted=False)
    async for item in pages(read, "/api/v1/apps/{app}/grants", p):
        if item["scopeId"] == p.scope and (last := _grant(item)).granted:  # one record that stands is enough
            break
    return last


@okta.look(permission="okta.users.read")
async def consent(read: Reader, p: Consent) -> ConsentSeen:
    """One consent of a user's."""
    return _consent(await read.get("/api/v1/users/{user}/grants/{consent}", p))


@okta.find(of=scope_grant, permission="okta.appGrants.read", control=app)
async def scope_grants(read: Reader, p: App) -> AsyncIterator[tuple[ScopeGrant, ScopeGrantSeen]]:
    """Every Okta API scope that an app was granted."""
    async for item in pages(read, "/api/v1/apps/{app}/grants", p):
        yield ScopeGrant(app=p.app, scope=item["scopeId"]), _grant(item)


@okta.find(of=consent, permission="okta.users.read", control=clients_of)
async def consents(read: Reader, p: User) -> AsyncIterator[tuple[Consent, ConsentSeen]]:
    """Everything that a user consented to, for any client."""
    by_id = User(user=(await record_of(read, p))["id"])
    async for item in pages(read, "/api/v1/users/{user}/grants", by_id, limit=PAGE):
        yield Consent(user=by_id.user, consent=item["id"]), _consent(item)


@okta.survey(of=scope_grant, kind="grant", permission="okta.apps.read okta.appGrants.read", part_of="client")
async def grants(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every Okta API scope of every app: what reaches the organisation itself, and who granted it."""
    async for one in pages(read, "/api/v1/apps", limit=PAGE):
        if one["signOnMode"] != "OPENID_CONNECT" or one["status"] == "DELETED":
            continue
        async for item in pages(read, "/api/v1/apps/{app}/grants", App(app=one["id"])):
            seen = _grant(item)
            if not seen.granted:
                continue
            yield Found(
                params=ScopeGrant(app=one["id"], scope=item["scopeId"]),
                seen=seen,
                part_of=one["id"],
                person=str((item.get("createdBy") or {}).get("id") or ""),
                scopes=(item["scopeId"],),
                created_at=str(item.get("created") or ""),
            )


@okta.action(
    sees=scope_grant,
    layer="application",
    does="closes-path",
    stops="new",
    permission="okta.appGrants.manage",
    settles_within_s=30,
    residual="an access token that has the scope keeps it until it expires: an hour",
    residual_s=3600,
)
def revoke_scope_grant(p: ScopeGrant, seen: ScopeGrantSeen) -> Iterator[Call]:
    """Take an Okta API scope from an app: it gets no further token with it."""
    if seen.granted:
        yield Call.delete("/api/v1/apps/{app}/grants/{grant}", _Record(app=p.app, grant=seen.grant))


@revoke_scope_grant.undo
def _(p: ScopeGrant, seen: ScopeGrantSeen, before: ScopeGrantSeen) -> Iterator[Call]:
    if before.granted and not seen.granted:
        if not before.issuer:
            raise Impossible(
                f"grant {p.scope} to {p.app} again", "its issuer was not seen", "Grant it in the admin console"
            )
        yield Call.post("/api/v1/apps/{app}/grants", p, json={"scopeId": p.scope, "issuer": before.issuer})


@okta.action(
    sees=consent,
    layer="identity",
    does="blocks-reissue",
    stops="new",
    permission="okta.users.manage",
    settles_within_s=30,
    residual="tokens that the client has already go on: revoke_user_token ends them",
    irreversible="the user consents again",
)
def revoke_consent(p: Consent, seen: ConsentSeen) -> Iterator[Call]:
    """Take back one consent of a user's: the client has to ask for it again."""
    if seen.active:
        yield Call.delete("/api/v1/users/{user}/grants/{consent}", p)
