"""Apps: what is known of one, and who is admitted to one that only an administrator lets people into.

To block an app has no API: Setup > Connected Apps OAuth Usage > Block. Where an app admits only whom an administrator
approved, `admit_nobody` comes to the same for new tokens; where anybody may let it in, it says that it cannot.
Sources: Object Reference, "ConnectedApplication", "SetupEntityAccess", "PermissionSetAssignment",
"PermissionSetGroupComponent", "UserPermissionAccess". External client apps have no object that is documented there: one is
known by its tokens alone, under the same label.
"""

from __future__ import annotations

from typing import Any

from connectors.core import (
    NotAllowed,
    Params,
    People,
    Reader,
    State,
    Volatile,
)
from connectors.salesforce.soql import count, ids, rows
from connectors.salesforce.system import salesforce

APPS = "SELECT Id, Name, OptionsAllowAdminApprovedUsersOnly, CreatedDate FROM ConnectedApplication"
ASSIGNED = (
    "SELECT Id, AssigneeId, PermissionSetId, PermissionSet.IsOwnedByProfile FROM PermissionSetAssignment "
    "WHERE PermissionSetId IN (SELECT ParentId FROM SetupEntityAccess "
    "WHERE SetupEntityType = 'ConnectedApplication' AND SetupEntityId IN {apps})"
)
GROUPS = (
    "SELECT PermissionSetGroupId FROM PermissionSetGroupComponent "
    "WHERE PermissionSetId IN (SELECT ParentId FROM SetupEntityAccess "
    "WHERE SetupEntityType = 'ConnectedApplication' AND SetupEntityId IN {apps})"
)
MAY = {
    "CustomizeApplication": "SELECT PermissionsCustomizeApplication FROM UserPermissionAccess LIMIT 1",
    "ManageUsers": "SELECT PermissionsManageUsers FROM UserPermissionAccess LIMIT 1",
}
"""How our own user's permissions are read: what it may not see is left out of listings without a word."""


class App(Params):
    """One app, by its label."""

    app: str


class AppSeen(State):
    """Whether it is installed, whether only approved people get in, and how many tokens it holds."""

    installed: bool
    admin_only: bool
    tokens: Volatile[People[int]] = 0


class AdmittedSeen(State):
    """Who is let into an app: `PERMISSION_SET/USER` each, and what lets people in that no call of ours changes.

    `assigned` and `rows` are of one order; `others`: profiles and permission set groups.
    """

    admin_only: bool
    assigned: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    rows: Volatile[tuple[str, ...]] = ()


async def may(read: Reader, permission: str, what: str) -> None:
    """Raise NotAllowed where our own user lacks a permission: a listing would show only what is its own."""
    found = [row async for row in rows(read, MAY[permission])]
    if not found or found[0][f"Permissions{permission}"] is not True:
        raise NotAllowed(what, "our user may see only its own", f"Our credential there needs: {permission}")


async def _of_name(read: Reader, name: str) -> list[Any]:
    return [row async for row in rows(read, APPS + " WHERE Name = {name}", name=name) if row["Name"] == name]


def admin_only(found: list[Any]) -> bool:
    """Whether none of these apps lets anybody in whom no administrator approved; not so where none is installed."""
    return bool(found) and all(row["OptionsAllowAdminApprovedUsersOnly"] is True for row in found)


@salesforce.look(permission="CustomizeApplication")
async def app(read: Reader, p: App) -> AppSeen:
    """One app. It may hold tokens and not be installed: then anybody lets it in for themselves."""
    await may(read, "CustomizeApplication", f"app {p.app[:80]!r} and its tokens")
    found = await _of_name(read, p.app)
    held = await count(read, "SELECT COUNT() FROM OauthToken WHERE AppName = {app}", app=p.app)
    return AppSeen(installed=bool(found), admin_only=admin_only(found), tokens=held)


@salesforce.look(permission="CustomizeApplication, ViewSetup")
async def admitted(read: Reader, p: App) -> AdmittedSeen:
    """Who is let into an app, by permission sets, and what else lets people in."""
    await may(read, "CustomizeApplication", f"who is let into app {p.app[:80]!r}")
    if not (found := await _of_name(read, p.app)):
        return AdmittedSeen(admin_only=False)
    apps = ids(found, "Id")
    listed = [row async for row in rows(read, ASSIGNED, apps=apps)]
    direct = {
        f"{row['PermissionSetId']}/{row['AssigneeId']}": row["Id"]
        for row in listed
        if not row["PermissionSet"]["IsOwnedByProfile"]
    }
    profiles = ids((row for row in listed if row["PermissionSet"]["IsOwnedByProfile"]), "PermissionSetId")
    groups = ids([row async for row in rows(read, GROUPS, apps=apps)], "PermissionSetGroupId")
    assigned = tuple(sorted(direct))
    return AdmittedSeen(
        admin_only=admin_only(found),
        assigned=assigned,
        others=(*profiles, *groups),
        rows=tuple(direct[one] for one in assigned),
    )
