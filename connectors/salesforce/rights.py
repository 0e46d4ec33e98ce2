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

NEEDED = ("ApiEnabled", "AssignPermissionSets", "CustomizeApplication", "ManageUsers", "ViewSetup")
MOST = ("AuthorApex", "ModifyAllData", "ViewAllData")
"""Permissions that no action here needs, and with which a thief has the whole org."""


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
    fields = ", ".join(f"Permissions{name}" for name in (*NEEDED, *MOST))
    async for row in rows(read, f"SELECT {fields} FROM UserPermissionAccess"):  # noqa: S608  names of ours alone
        names = frozenset(name for name in (*NEEDED, *MOST) if row.get(f"Permissions{name}") is True)
        return Held("UserPermissionAccess", names, f"it was asked for what we need and for {', '.join(MOST)} alone")
    return Held(why="UserPermissionAccess has no record for our user")
