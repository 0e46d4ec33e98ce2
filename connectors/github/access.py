"""Personal credentials that reach an organisation: fine-grained tokens, and what members let in by single sign-on.

Fine-grained tokens are listed and revoked by a GitHub App alone (a 403 says so to a token). What a member authorised with
SAML single sign-on (classic tokens, SSH keys, OAuth apps) is known on Enterprise Cloud only; taking it back shuts that one
credential out of this organisation, and it goes on working elsewhere. Whether tokens may reach the organisation at all, and
which OAuth apps may, is set in its settings: manual steps. Pending requests for access are denied (`deny_pat`).
Listing credential authorizations is not in GitHub's public description: its fields are from docs.github.com/enterprise-cloud.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from connectors.core import (
    Call,
    Found,
    Lost,
    Params,
    Person,
    Reader,
    ShownAll,
    State,
    Tide,
    UsedAt,
    Volatile,
    account,
)
from connectors.github.base import Id, Login, absent, github, no_saml, pages, words
from connectors.github.installations import Organisation, organisation

PATS = "organization_personal_access_tokens"


class Pat(Params):
    """One fine-grained token's access to an organisation, by the id of that grant (not of the token)."""

    org: Login
    pat: Id


class PatSeen(State):
    """What it may do there, whose it is, when it was used. `expired`: it opens nothing until its owner renews it."""

    permissions: ShownAll
    repositories: str
    owner: Volatile[Person[str]] = ""
    expired: Volatile[bool] = False
    used_at: Volatile[UsedAt[str]] = ""


class PatsOf(Params):
    """Whose fine-grained tokens."""

    org: Login
    user: Login


class PatThere(State):
    """Whether it reaches the organisation, whose it is, and when it was used."""

    exists: bool
    owner: Volatile[Person[str]] = ""
    used_at: Volatile[UsedAt[str]] = ""


class PatRequest(Params):
    """A request for a fine-grained token's access, by its id."""

    org: Login
    request: Id


class PatRequestSeen(State):
    """That it waits for an answer, whose it is, and what it asks for."""

    pending: bool
    permissions: Volatile[ShownAll] = ()
    owner: Volatile[Person[str]] = ""


class Authorization(Params):
    """One credential that a member let into the organisation by single sign-on."""

    org: Login
    authorization: Id


class AuthorizationSeen(State):
    """That it is let in, of what type, whose, for which OAuth app (its client id), and when it was used."""

    exists: bool
    type: Volatile[str] = ""
    owner: Volatile[Person[str]] = ""
    client: Volatile[str] = ""
    used_at: Volatile[UsedAt[str]] = ""


class AuthorizationsTo(Params):
    """To which OAuth app."""

    org: Login
    client: str


class AuthorizationsOf(Params):
    """Whose."""

    org: Login
    user: Login


def _pat(item: Any) -> PatSeen:
    return PatSeen(
        permissions=words(item["permissions"]),
        repositories=str(item["repository_selection"]),
        owner=str(item["owner"]["login"]),
        expired=item["token_expired"],
        used_at=str(item.get("token_last_used_at") or ""),
    )


def _there(item: Any) -> PatThere:
    return PatThere(exists=True, owner=str(item["owner"]["login"]), used_at=str(item.get("token_last_used_at") or ""))


async def _pats(read: Reader, org: str) -> AsyncIterator[Any]:
    async for item in pages(read, "/orgs/{org}/personal-access-tokens", Organisation(org=org)):
        yield item


@github.look(permission=f"{PATS}: read")
async def pat(read: Reader, p: Pat) -> PatSeen:
    """One fine-grained token's access."""
    async for item in _pats(read, p.org):
        if str(item["id"]) == p.pat:
            return _pat(item)
    raise absent(f"fine-grained token {p.pat} in {p.org}")


@github.look(permission=f"{PATS}: read")
async def pat_access(read: Reader, p: Pat) -> PatThere:
    """Whether a fine-grained token reaches the organisation. The listing is refused, not empty, to who may not see it."""
    async for item in _pats(read, p.org):
        if str(item["id"]) == p.pat:
            return _there(item)
    return PatThere(exists=False)


@github.find(of=pat_access, permission=f"{PATS}: read", control=organisation)
async def pats_of(read: Reader, p: PatsOf) -> AsyncIterator[tuple[Pat, PatThere]]:
    """Every fine-grained token of one person that reaches the organisation."""
    async for item in _pats(read, p.org):
        if (seen := _there(item)).owner.lower() == p.user.lower():
            yield Pat(org=p.org, pat=str(item["id"])), seen


@github.survey(of=pat, kind="token", permission=f"{PATS}: read")
async def pats(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every fine-grained token that reaches the organisation, whose it is and when it was used."""
    org = read.settings.org
    async for item in _pats(read, org):
        seen = _pat(item)
        yield Found(
            params=Pat(org=org, pat=str(item["id"])),
            seen=seen,
            title=str(item.get("token_name") or ""),
            works_as=account("github", seen.owner),
            person=seen.owner,
            scopes=seen.permissions,
            created_at=str(item.get("access_granted_at") or ""),
            used_at=seen.used_at,
        )


@github.action(
    sees=pat_access,
    layer="identity",
    does="kills-access",
    permission=f"{PATS}: write",
    settles_within_s=60,
    residual="the token goes on working outside this organisation",
    irreversible="its owner asks for access anew, and an owner of the organisation lets it in",
)
def revoke_pat(p: Pat, seen: PatThere) -> Iterator[Call]:
    """Shut a fine-grained token out of the organisation."""
    if seen.exists:
        yield Call.post("/orgs/{org}/personal-access-tokens/{pat}", p, json={"action": "revoke"})


@github.look(permission="organization_personal_access_token_requests: read")
async def pat_request(read: Reader, p: PatRequest) -> PatRequestSeen:
    """One request for access. Only pending ones are listed: an answered one is gone from there."""
    listing = pages(read, "/orgs/{org}/personal-access-token-requests", Organisation(org=p.org))
    async for item in listing:
        if str(item["id"]) == p.request:
            owner, asked = str(item["owner"]["login"]), words(item["permissions"])
            return PatRequestSeen(pending=True, permissions=asked, owner=owner)
    return PatRequestSeen(pending=False)


@github.action(
    sees=pat_request,
    layer="identity",
    does="blocks-reissue",
    stops="new",
    permission="organization_personal_access_token_requests: write",
    settles_within_s=60,
    irreversible="its owner asks for access anew",
)
def deny_pat(p: PatRequest, seen: PatRequestSeen) -> Iterator[Call]:
    """Deny a fine-grained token the access that it asks for."""
    if seen.pending:
        yield Call.post("/orgs/{org}/personal-access-token-requests/{request}", p, json={"action": "deny"})


def _authorization(item: Any) -> AuthorizationSeen:
    return AuthorizationSeen(
        exists=True,
        type=str(item["credential_type"]),
        owner=str(item["login"]),
        client=str(item.get("application_client_id") or ""),
        used_at=str(item.get("credential_accessed_at") or ""),
    )


async def _authorizations(read: Reader, org: str) -> AsyncIterator[Any]:
    if not read.settings.saml:
        raise no_saml(read, f"credential authorizations of {org}")
    async for item in pages(read, "/orgs/{org}/credential-authorizations", Organisation(org=org)):
        yield item


@github.look(permission="organization_administration: read")
async def authorization(read: Reader, p: Authorization) -> AuthorizationSeen:
    """Whether a credential is let in. The listing is refused, not empty, to who may not see it."""
    async for item in _authorizations(read, p.org):
        if str(item["credential_id"]) == p.authorization:
            return _authorization(item)
    return AuthorizationSeen(exists=False)


@github.find(of=authorization, permission="organization_administration: read", control=organisation)
async def authorizations_to(
    read: Reader, p: AuthorizationsTo
) -> AsyncIterator[tuple[Authorization, AuthorizationSeen]]:
    """Every member's authorization of one OAuth app."""
    async for item in _authorizations(read, p.org):
        if (seen := _authorization(item)).client == p.client:
            yield Authorization(org=p.org, authorization=str(item["credential_id"])), seen


@github.find(of=authorization, permission="organization_administration: read", control=organisation)
async def authorizations_of(
    read: Reader, p: AuthorizationsOf
) -> AsyncIterator[tuple[Authorization, AuthorizationSeen]]:
    """Every credential of one member that is let in: classic tokens, SSH keys, OAuth apps."""
    async for item in _authorizations(read, p.org):
        if (seen := _authorization(item)).owner.lower() == p.user.lower():
            yield Authorization(org=p.org, authorization=str(item["credential_id"])), seen


@github.survey(of=authorization, kind="grant", permission="organization_administration: read", part_of="client")
async def authorizations(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every credential that members let in by single sign-on; where the organisation has none of that, it says so."""
    org = read.settings.org
    async for item in _authorizations(read, org):
        seen = _authorization(item)
        titles = ("application_name", "authorized_credential_note", "authorized_credential_title", "credential_type")
        yield Found(
            params=Authorization(org=org, authorization=str(item["credential_id"])),
            seen=seen,
            title=next((str(item[name]) for name in titles if item.get(name)), ""),
            part_of=f"{org},{seen.client}" if seen.client else "",
            person=seen.owner,
            scopes=tuple(sorted(item.get("scopes") or [])),
            created_at=str(item.get("credential_authorized_at") or ""),
            used_at=seen.used_at,
        )


@github.action(
    sees=authorization,
    layer="identity",
    does=("kills-refresh", "kills-access"),
    permission="organization_administration: write",
    settles_within_s=60,
    residual="the credential goes on working outside this organisation",
    irreversible="its owner authorises it again by single sign-on",
)
def deauthorize(p: Authorization, seen: AuthorizationSeen) -> Iterator[Call]:
    """Shut one member's credential (a classic token, SSH key, or OAuth app) out of the organisation."""
    if seen.exists:
        yield Call.delete("/orgs/{org}/credential-authorizations/{authorization}", p)
