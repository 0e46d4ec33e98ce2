"""Users of the Workspace: suspend them, sign them out.

A new password is not among it: whoever holds the old one could set it. No second factor is ever switched off here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.core import Call, Impossible, Person, Reader, State, UsedAt, Volatile
from connectors.google_workspace.everybody import User
from connectors.google_workspace.passwords import delete_app_password
from connectors.google_workspace.service import SECURITY, USER, USER_READ, google_workspace
from connectors.google_workspace.tokens import revoke_grant

SESSIONS_S = 3600
SESSIONS = "a session that is open in a browser may live on for up to an hour, one in an app for longer"
"""Google says "up to 60 minutes" for Gmail, and that other apps vary (support.google.com/a/answer/178854)."""
FIELDS = "primaryEmail,suspended,suspensionReason,archived,isAdmin,isDelegatedAdmin,lastLoginTime"


class UserSeen(State):
    """Whether they may sign in, why not, and when they last did."""

    suspended: bool
    archived: bool
    reason: Volatile[str] = ""
    admin: Volatile[bool] = False
    user: Volatile[Person[str]] = ""
    last_login: Volatile[UsedAt[str]] = ""


def _user(item: Any) -> UserSeen:
    signed_in = str(item.get("lastLoginTime") or "")
    return UserSeen(
        suspended=item.get("suspended") is True,
        archived=item.get("archived") is True,
        reason=str(item.get("suspensionReason") or ""),
        admin=item.get("isAdmin") is True or item.get("isDelegatedAdmin") is True,
        user=item["primaryEmail"],
        last_login="" if signed_in.startswith("1970-") else signed_in,  # Google's way to say never
    )


@google_workspace.look(permission=USER_READ)
async def user(read: Reader, p: User) -> UserSeen:
    """One user."""
    return _user(await read.get("/admin/directory/v1/users/{user}", p, fields=FIELDS))


@google_workspace.action(
    sees=user,
    layer="identity",
    does=("blocks-reissue", "ends-sessions"),
    permission=USER,
    settles_within_s=300,
    residual=SESSIONS,
    residual_s=SESSIONS_S,
    masks=(revoke_grant, delete_app_password),
)
def suspend_user(p: User, seen: UserSeen) -> Iterator[Call]:
    """Suspend a user: no sign-in, sign-in cookies reset. Grants and app passwords only sleep: follow with revoke_grant.

    Whoever is unsuspended has them back, so that waits until none of them is left.
    """
    if not (seen.suspended or seen.archived):
        yield Call.put("/admin/directory/v1/users/{user}", p, json={"suspended": True})


@suspend_user.undo
def _(p: User, seen: UserSeen, before: UserSeen) -> Iterator[Call]:
    if before.suspended or before.archived or not seen.suspended:
        return
    if seen.reason not in {"", "ADMIN"}:
        came = f"Google itself suspended them meanwhile ({seen.reason[:40]})"
        raise Impossible(f"unsuspend {p.user}", came, "An admin must settle that with Google first")
    yield Call.put("/admin/directory/v1/users/{user}", p, json={"suspended": False})


@google_workspace.action(
    sees=None,
    layer="identity",
    does="ends-sessions",
    permission=SECURITY,
    residual=SESSIONS,
    residual_s=SESSIONS_S,
    irreversible="they sign in again",
    because="Google shows nobody's open sessions, and logs no end of them",
)
def sign_out(p: User) -> Iterator[Call]:
    """Sign a user out of all web and device sessions. Grants, app passwords and the password itself go on working."""
    yield Call.post("/admin/directory/v1/users/{user}/signOut", p)
