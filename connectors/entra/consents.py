"""What an app was allowed: delegated grants (in people's names), and app roles (in its own).

Taking one away stops the next token; those that were issued hold what they hold until they expire. A grant that is given
back would revive its people's refresh tokens, so there is no undo: they consent again. A role is given back as it was.
Source: learn.microsoft.com/graph/api/oauth2permissiongrant-get and -delete, serviceprincipal-list-oauth2permissiongrants,
serviceprincipal-list-approleassignments, serviceprincipal-delete-approleassignedto, serviceprincipal-post-approleassignedto.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from connectors.core import Call, Params, Person, Reader, Shown, ShownAll, State, Volatile
from connectors.entra.credentials import remove_credential
from connectors.entra.graph import LIVES_ON, READS, SETTLES_S, TOKEN_LIVES_S, Principal, entra, pages, same
from connectors.entra.objects import principal


class Grant(Params):
    """One delegated permission grant, by its id."""

    grant: str


class GrantSeen(State):
    """What the app may do in whose name. `everybody`: an administrator consented for all of the tenant."""

    scopes: ShownAll
    everybody: bool = False
    client: Volatile[Shown] = ""
    resource: Volatile[Shown] = ""
    user: Volatile[Person[str]] = ""


class Assignment(Params):
    """One app role of a resource that a service principal has: what it may do in its own name."""

    principal: str
    resource: str
    role: str


class AssignmentSeen(State):
    """Whether it has the role. `assignment`: the id that it stands under, another each time it is given."""

    assigned: bool
    assignment: Volatile[Shown] = ""
    since: Volatile[Shown] = ""


class Standing(Params):
    """An assignment, by its id at the resource."""

    resource: str
    assignment: str


def grant_of(item: Any) -> GrantSeen:
    """A grant as Graph gives it; a delta query leaves out what was never set."""
    return GrantSeen(
        scopes=tuple(sorted(set(str(item.get("scope") or "").split()))),
        everybody=item["consentType"] == "AllPrincipals",
        client=item["clientId"],
        resource=item["resourceId"],
        user=str(item.get("principalId") or ""),
    )


@entra.look(permission="Directory.Read.All")
async def grant(read: Reader, p: Grant) -> GrantSeen:
    """One delegated permission grant."""
    return grant_of(await read.get("/oauth2PermissionGrants/{grant}", p))


@entra.look(permission=READS)
async def assignment(read: Reader, p: Assignment) -> AssignmentSeen:
    """One app role, among all that the service principal has. The listing lags behind what was just given or taken."""
    async for found, seen in _assigned(read, p.principal):
        if same(found.resource, p.resource) and same(found.role, p.role):
            return seen
    return AssignmentSeen(assigned=False)


async def _assigned(read: Reader, of: str) -> AsyncIterator[tuple[Assignment, AssignmentSeen]]:
    at = Principal(principal=of)
    async for item in pages(read, "/servicePrincipals/{principal}/appRoleAssignments", at, {}):
        yield (
            Assignment(principal=of, resource=item["resourceId"], role=item["appRoleId"]),
            AssignmentSeen(assigned=True, assignment=item["id"], since=str(item.get("createdDateTime") or "")),
        )


@entra.find(of=grant, permission="Directory.Read.All", control=principal)
async def grants(read: Reader, p: Principal) -> AsyncIterator[tuple[Grant, GrantSeen]]:
    """Every delegated permission grant of an app: who consented, and what an administrator did for all."""
    async for item in pages(read, "/servicePrincipals/{principal}/oauth2PermissionGrants", p, {}):
        yield Grant(grant=item["id"]), grant_of(item)


@entra.find(of=assignment, permission=READS, control=principal)
async def assignments(read: Reader, p: Principal) -> AsyncIterator[tuple[Assignment, AssignmentSeen]]:
    """Every app role that a service principal has."""
    async for pair in _assigned(read, p.principal):
        yield pair


@entra.action(
    sees=grant,
    layer="identity",
    does=("kills-refresh", "kills-access"),
    stops="new",
    permission="DelegatedPermissionGrant.ReadWrite.All",
    settles_within_s=SETTLES_S,
    residual=LIVES_ON,
    residual_s=TOKEN_LIVES_S,
    irreversible="its people, or an administrator for all, consent again",
)
def remove_grant(p: Grant, seen: GrantSeen) -> Iterator[Call]:
    """Take back one consent. People may consent again: disable_principal first."""
    if seen.scopes:
        yield Call.delete("/oauth2PermissionGrants/{grant}", p)


@entra.action(
    sees=assignment,
    layer="identity",
    does="kills-access",
    stops="new",
    permission="AppRoleAssignment.ReadWrite.All",
    settles_within_s=SETTLES_S,
    residual=LIVES_ON,
    residual_s=TOKEN_LIVES_S,
    masks=(remove_credential,),
)
def remove_assignment(p: Assignment, seen: AssignmentSeen) -> Iterator[Call]:
    """Take one app role from a service principal. Our own permission for it could raise itself: keep it apart."""
    if seen.assigned:
        there = Standing(resource=p.resource, assignment=seen.assignment)
        yield Call.delete("/servicePrincipals/{resource}/appRoleAssignedTo/{assignment}", there)


@remove_assignment.undo
def _(p: Assignment, seen: AssignmentSeen, before: AssignmentSeen) -> Iterator[Call]:
    if before.assigned and not seen.assigned:
        body = {"principalId": p.principal, "resourceId": p.resource, "appRoleId": p.role}
        yield Call.post("/servicePrincipals/{resource}/appRoleAssignedTo", p, json=body)
