"""What reaches us through Entra: apps and what they were allowed, our own registrations, every credential, the paths in.

Service principals, registrations and grants are listed by delta queries: the next time only what changed comes, with at
least what changed of it, so each is looked at again. Apps of Microsoft's own are no third parties, and are left out; the
credentials that somebody put on one are not. Roles and credentials have no delta query: all are listed each time.
Source: learn.microsoft.com/graph/api/serviceprincipal-delta, application-delta, oauth2permissiongrant-delta.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from connectors.core import Found, Lost, Reader, Tide, Unseen, account
from connectors.entra.access import IP, LOCATIONS, Location, location, location_of, policies_of
from connectors.entra.access import READS as POLICY_READS
from connectors.entra.consents import Assignment, AssignmentSeen, Grant, assignment, grant, grant_of
from connectors.entra.credentials import credential, credentials_of
from connectors.entra.graph import READS, App, Principal, Query, chosen, delta, entra, pages
from connectors.entra.names import Holder
from connectors.entra.objects import APP, PRINCIPAL, app, app_of, hosts_of, principal, principal_of

MICROSOFT = frozenset({"f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"})
"""The tenants of Microsoft's own apps (learn.microsoft.com: verify first-party apps)."""
EXPANDED = 20
"""What `$expand` gives of a directory object's relations at most; where it gives so many there may be more."""
HELD = ("id", "displayName", "passwordCredentials", "keyCredentials")


@entra.survey(of=principal, kind="client", permission=READS)
async def clients(read: Reader, tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every app of others in our tenant, on or off; the next time what came, changed or went."""
    async for item in delta(read, "/servicePrincipals/delta", chosen(*PRINCIPAL), tide):
        params = Principal(principal=item["id"])
        if "@removed" in item:
            yield Lost(params=params)
            continue
        try:
            if tide.changes:
                item = await read.get("/servicePrincipals/{principal}", params, **chosen(*PRINCIPAL))  # noqa: PLW2901
        except Unseen:  # a replica that does not have it yet, or no more: then the next round says so
            yield Found(params=params)
            continue
        seen = principal_of(item)
        if seen.tenant in MICROSOFT:
            continue
        verified = (item.get("verifiedPublisher") or {}).get("displayName")
        yield Found(
            params=params,
            seen=seen,
            title=seen.name,
            publisher=str(verified or seen.tenant),
            hosts=seen.hosts,
        )


@entra.survey(of=app, kind="app", permission=READS)
async def apps(read: Reader, tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every app registration of our own tenant; the next time what came, changed or went."""
    async for item in delta(read, "/applications/delta", chosen(*APP), tide):
        params = App(app=item["id"])
        if "@removed" in item:
            yield Lost(params=params)
            continue
        try:
            if tide.changes:
                item = await read.get("/applications/{app}", params, **chosen(*APP))  # noqa: PLW2901
        except Unseen:
            yield Found(params=params)
            continue
        seen = app_of(item)
        yield Found(
            params=params,
            seen=seen,
            title=seen.name,
            hosts=seen.hosts,
            created_at=str(item.get("createdDateTime") or ""),
        )


@entra.survey(of=grant, kind="grant", permission="Directory.Read.All", part_of="client")
async def consents(read: Reader, tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every delegated permission grant; the next time what was given, widened or taken back."""
    async for item in delta(read, "/oauth2PermissionGrants/delta", {}, tide):
        params = Grant(grant=item["id"])
        if "@removed" in item:
            yield Lost(params=params)
            continue
        try:
            if tide.changes:
                item = await read.get("/oauth2PermissionGrants/{grant}", params)  # noqa: PLW2901
        except Unseen:
            yield Found(params=params)
            continue
        seen = grant_of(item)
        yield Found(params=params, seen=seen, part_of=seen.client, person=seen.user, scopes=seen.scopes)


@entra.survey(of=assignment, kind="role_assignment", permission=READS, part_of="client")
async def roles(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every app role that a service principal has: what apps may do in their own name."""
    query = chosen("id", "displayName", expand="appRoleAssignments")
    async for item in pages(read, "/servicePrincipals", None, query):
        given = item.get("appRoleAssignments") or []
        if len(given) >= EXPANDED:
            at = Principal(principal=item["id"])
            given = [one async for one in pages(read, "/servicePrincipals/{principal}/appRoleAssignments", at, {})]
        for one in given:
            yield _role(item["id"], one)


def _role(of: str, one: Any) -> Found:
    since = str(one.get("createdDateTime") or "")
    return Found(
        params=Assignment(principal=of, resource=one["resourceId"], role=one["appRoleId"]),
        seen=AssignmentSeen(assigned=True, assignment=one["id"], since=since),
        title=str(one.get("resourceDisplayName") or ""),
        part_of=of,
        scopes=(one["appRoleId"],),
        created_at=since,
    )


@entra.survey(of=credential, kind="key", permission=READS)
async def keys(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every secret, certificate and federated trust, of registrations and of service principals."""
    async for found in _keys(read, "applications", chosen(*HELD, expand="federatedIdentityCredentials")):
        yield found
    async for found in _keys(read, "servicePrincipals", chosen(*HELD)):
        yield found


async def _keys(read: Reader, holder: Holder, query: Query) -> AsyncIterator[Found]:
    async for item in pages(read, f"/{holder}", None, query):
        for params, seen in credentials_of(holder, item):
            yield Found(
                params=params,
                seen=seen,
                title=f"{item.get('displayName') or ''}: {seen.kind}",
                belongs_to=account(entra.name, item["id"]),
                hosts=hosts_of(*seen.trusts.split()[:1]),
            )


@entra.survey(of=location, kind="path", permission=POLICY_READS)
async def paths(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every named location of addresses, and the ranges that it lets in."""
    policies = await policies_of(read)
    async for item in pages(read, LOCATIONS, None, {}):
        if item.get("@odata.type") == IP:
            seen = location_of(item, policies)
            yield Found(
                params=Location(location=item["id"]),
                seen=seen,
                title=seen.name,
                hosts=seen.ranges,
                created_at=str(item.get("createdDateTime") or ""),
            )
