"""App passwords and backup codes: what gets in without the second factor, and outlives a sign-out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

from connectors.core import Call, Found, Lost, Params, Person, Reader, State, Tide, UsedAt, Volatile
from connectors.google_workspace.everybody import User, ask_each
from connectors.google_workspace.service import SECURITY, USER_READ, google_workspace, held_in


class AppPassword(Params):
    """One app password of a user's, by the id of its code (never the password).

    Its user is called owner here: a foothold that is one password of theirs must not be taken for all that is theirs.
    """

    owner: str
    code: int


class AppPasswordSeen(State):
    """Whether it opens anything, for which app its owner made it, and when it last did."""

    stands: bool
    title: Volatile[str] = ""
    of: Volatile[Person[str]] = ""
    created_at: Volatile[str] = ""
    used_at: Volatile[UsedAt[str]] = ""


class PasswordsSeen(State):
    """That app passwords can be listed."""

    listed: bool


class CodesSeen(State):
    """How many backup codes are left. The answer holds the codes; we keep their number alone."""

    left: int
    of: Volatile[Person[str]] = ""


def _at(said: object) -> str:
    """Unix seconds in a text, as RFC 3339; "" for none, and for 0, which is Google's never."""
    try:
        seconds = int(str(said or "0"))
        return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds > 0 else ""
    except (ValueError, OverflowError, OSError):
        return ""


def _password(user: str, item: Any) -> AppPasswordSeen:
    return AppPasswordSeen(
        stands=True,
        title=str(item.get("name") or ""),
        of=user,
        created_at=_at(item.get("creationTime")),
        used_at=_at(item.get("lastTimeUsed")),
    )


async def _passwords(read: Reader, p: User) -> list[Any]:
    page = await read.get("/admin/directory/v1/users/{user}/asps", p)
    return held_in(page, "items")


@google_workspace.look(permission=SECURITY)
async def app_password(read: Reader, p: AppPassword) -> AppPasswordSeen:
    """One app password, among all of its user's: its absence is told by a listing that came."""
    for item in await _passwords(read, User(user=p.owner)):
        if int(item["codeId"]) == p.code:
            return _password(p.owner, item)
    return AppPasswordSeen(stands=False, of=p.owner)


@google_workspace.look(permission=SECURITY)
async def holder(read: Reader, p: User) -> PasswordsSeen:
    """That this user is there, and their app passwords can be listed."""
    await _passwords(read, p)
    return PasswordsSeen(listed=True)


@google_workspace.look(permission=SECURITY)
async def backup_codes(read: Reader, p: User) -> CodesSeen:
    """How many backup codes a user has left."""
    page = await read.get("/admin/directory/v1/users/{user}/verificationCodes", p)
    return CodesSeen(left=len(held_in(page, "items")), of=p.user)


@google_workspace.find(of=app_password, permission=SECURITY, control=holder)
async def app_passwords(read: Reader, p: User) -> AsyncIterator[tuple[AppPassword, AppPasswordSeen]]:
    """Every app password of a user."""
    for item in await _passwords(read, p):
        yield AppPassword(owner=p.user, code=int(item["codeId"])), _password(p.user, item)


@google_workspace.survey(of=app_password, kind="key", permission=f"{SECURITY} {USER_READ}")
async def keys(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every user's app passwords, and the app that each was made for."""
    async for address, items in ask_each(read, _passwords):
        for item in items:
            seen = _password(address, item)
            yield Found(
                params=AppPassword(owner=address, code=int(item["codeId"])),
                seen=seen,
                title=seen.title,
                person=address,
                created_at=seen.created_at,
                used_at=seen.used_at,
            )


@google_workspace.action(
    sees=app_password,
    layer="identity",
    does="kills-access",
    permission=SECURITY,
    settles_within_s=120,
    irreversible="its owner makes a new one",
)
def delete_app_password(p: AppPassword, seen: AppPasswordSeen) -> Iterator[Call]:
    """End one app password. Its owner, and whoever is signed in as them, can make another: suspend_user first."""
    if seen.stands:
        yield Call.delete("/admin/directory/v1/users/{owner}/asps/{code}", p)


@google_workspace.action(
    sees=backup_codes,
    layer="identity",
    does="blocks-reissue",
    stops="new",
    permission=SECURITY,
    settles_within_s=120,
    irreversible="its owner makes new ones",
)
def invalidate_backup_codes(p: User, seen: CodesSeen) -> Iterator[Call]:
    """End a user's backup codes, which stand in for the second factor. Live sessions go on: follow with sign_out."""
    if seen.left > 0:
        yield Call.post("/admin/directory/v1/users/{user}/verificationCodes/invalidate", p)
