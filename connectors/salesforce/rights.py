"""The permissions of the user that we work as, as a permission set takes them and as `UserPermissionAccess` says them.

Source: Object Reference and Salesforce Field Reference, "UserPermissionAccess" (the permissions of the current user, one
record); Metadata API Developer Guide, "PermissionSet" (`userPermissions`). A field that an org does not know fails a whole
query, so it is asked for what we need and for those that open most.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectors.core import Held, Reader, Rights
from connectors.salesforce.soql import rows
from connectors.salesforce.system import salesforce

ASKED = (
    "SELECT PermissionsApiEnabled, PermissionsAssignPermissionSets, PermissionsCustomizeApplication,"
    " PermissionsManageUsers, PermissionsViewSetup, PermissionsAuthorApex, PermissionsModifyAllData,"
    " PermissionsViewAllData FROM UserPermissionAccess"
)
"""The last three are needed by no action here, and whoever has one of them has the whole org."""
_FIELD = re.compile(r"Permissions([A-Z][A-Za-z]+)")


def _permission_set(names: Sequence[str]) -> str:
    return "\n".join(f"<userPermissions><enabled>true</enabled><name>{name}</name></userPermissions>" for name in names)


PERMISSIONS = Rights(
    "permissions of a permission set",
    "Setup > Permission Sets > that of the integration user > System Permissions, or its metadata",
    re.compile(r"[A-Z][A-Za-z]+"),
    _permission_set,
    always=("ApiEnabled",),
)


@salesforce.credential(PERMISSIONS)
async def held(read: Reader) -> Held:
    """Which of the permissions that matter here the user has that we work as."""
    async for row in rows(read, ASKED):
        names = frozenset(name for name in _FIELD.findall(ASKED) if row.get(f"Permissions{name}") is True)
        return Held(
            "UserPermissionAccess", names, "it was asked for what we need, and for what opens the whole org, alone"
        )
    return Held(why="UserPermissionAccess has no record for our user")
