"""People in Slack: deactivate (SCIM), remove from one workspace, end sessions, one by one or many at once.

Deactivating ends neither the apps that a person installed nor the bots that these brought: see uninstall_app. Sessions come
back as soon as the person signs in again, so a block comes first. Our token can do nothing to who stands above its owner:
nobody but the primary owner resets the primary owner.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from connectors.core import (
    Call,
    Impossible,
    Params,
    Person,
    Reader,
    State,
    Unseen,
    UsedFrom,
    Volatile,
)
from connectors.core.links import items_of
from connectors.slack_admin.web import PAGE, TeamId, UserId, pages, slack_admin

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MOST_AT_ONCE = 1000
"""People in one bulk reset."""


class User(Params):
    """One person, by id."""

    user: UserId


class AccountSeen(State):
    """Whether they may sign in at all."""

    active: bool
    login: Volatile[Person[str]] = ""


class Membership(User):
    """One person in one workspace."""

    workspace: TeamId


class MembershipSeen(State):
    """Whether they belong to it, and whether as a guest."""

    member: bool
    guest: Literal["no", "many channels", "one channel"] = "no"
    login: Volatile[Person[str]] = ""


class SessionsSeen(State):
    """The sessions that are open, by id."""

    session_ids: tuple[str, ...]
    user: Volatile[Person[str]] = ""
    used_from: Volatile[UsedFrom[str]] = ""


class Session(User):
    """One session of a person."""

    session: str


class SessionSeen(State):
    """Whether it is open, on what, and from which addresses it was begun and last used."""

    is_open: bool
    user: Volatile[Person[str]] = ""
    device: Volatile[str] = ""
    begun_from: Volatile[str] = ""
    used_from: Volatile[UsedFrom[str]] = ""


class Users(Params):
    """Several people, by their ids."""

    users: Annotated[tuple[UserId, ...], Field(min_length=1)]


class UsersSeen(State):
    """Who of them has a session."""

    signed_in: Person[tuple[str, ...]]


async def _person(read: Reader, user: str) -> Any:
    return (await read.get("/users.info", user=user))["user"]


async def _sessions(read: Reader, user: str) -> AsyncIterator[Any]:
    """Every session of a person: asked for in each workspace of theirs, or, where none is left, picked out of all."""
    person = await _person(read, user)
    teams = set(person["enterprise_user"].get("teams") or [])
    if person.get("deleted") is True or not teams:
        async for one in pages(read, "/admin.users.session.list", "active_sessions", limit=PAGE):
            if one["user_id"] == user:
                yield one
        return
    seen = set[str]()
    for team in sorted(teams):
        listed = pages(read, "/admin.users.session.list", "active_sessions", limit=PAGE, user_id=user, team_id=team)
        async for one in listed:
            if str(one["session_id"]) not in seen:
                seen.add(str(one["session_id"]))
                yield one


async def _control(read: Reader) -> None:
    """Raise Unseen where nobody's session is to be seen: then that somebody has none says nothing."""
    async for _ in pages(read, "/admin.users.session.list", "active_sessions", limit=1):
        return
    raise Unseen("admin.users.session.list", "nobody here has a session", "Our token may not see them")


def _session(one: Any) -> SessionSeen:
    begun = one.get("created") or {}
    last = one.get("recent") or begun
    return SessionSeen(
        is_open=True,
        user=one["user_id"],
        device=" ".join(str(last.get(part) or "") for part in ("device_hardware", "os", "os_version")).strip(),
        begun_from=str(begun.get("ip") or ""),
        used_from=str(last.get("ip") or ""),
    )


@slack_admin.look(permission="admin")
async def account(read: Reader, p: User) -> AccountSeen:
    """One person's account in the whole organisation, by SCIM."""
    seen = await read.get("@scim/Users/{user}", p)
    return AccountSeen(active=seen["active"], login=str(seen.get("userName") or ""))


@slack_admin.look(permission="users:read")
async def membership(read: Reader, p: Membership) -> MembershipSeen:
    """Whether one person belongs to one workspace."""
    seen = await _person(read, p.user)
    teams = items_of(seen["enterprise_user"]["teams"])  # where it names none at all it says nothing
    member = seen.get("deleted") is not True and p.workspace in teams
    guest: Literal["no", "many channels", "one channel"] = "many channels" if seen.get("is_restricted") else "no"
    if seen.get("is_ultra_restricted"):
        guest = "one channel"
    return MembershipSeen(member=member, guest=guest, login=str(seen.get("name") or ""))


@slack_admin.look(permission="admin.users:read, users:read")
async def sessions(read: Reader, p: User) -> SessionsSeen:
    """All open sessions of one person, on every device."""
    found = [one async for one in _sessions(read, p.user)]
    if not found:
        await _control(read)
    last = [_session(one).used_from for one in found]
    ids = tuple(sorted(str(one["session_id"]) for one in found))
    return SessionsSeen(session_ids=ids, user=p.user, used_from=last[-1] if last else "")


@slack_admin.look(permission="admin.users:read, users:read")
async def session(read: Reader, p: Session) -> SessionSeen:
    """One open session of one person."""
    async for one in _sessions(read, p.user):
        if str(one["session_id"]) == p.session:
            return _session(one)
    await _control(read)
    return SessionSeen(is_open=False)


@slack_admin.look(permission="admin.users:read")
async def signed_in(read: Reader, p: Users) -> UsersSeen:
    """Who of several people has a session, out of the listing of all: one listing for however many."""
    those = set[str]()
    async for one in pages(read, "/admin.users.session.list", "active_sessions", limit=PAGE):
        those |= {one["user_id"]} & set(p.users)
    if not those:
        await _control(read)
    return UsersSeen(signed_in=tuple(sorted(those)))


@slack_admin.find(of=session, permission="admin.users:read, users:read", control=sessions)
async def open_sessions(read: Reader, p: User) -> AsyncIterator[tuple[Session, SessionSeen]]:
    """Each open session of one person, with its device and addresses."""
    async for one in _sessions(read, p.user):
        yield Session(user=p.user, session=str(one["session_id"])), _session(one)


@slack_admin.action(
    sees=sessions,
    layer="identity",
    does="ends-sessions",
    permission="admin.users:write, admin.users:read, users:read",
    settles_within_s=60,
    irreversible="the person signs in again",
)
def reset_sessions(p: User, seen: SessionsSeen) -> Iterator[Call]:
    """Sign one person out everywhere. Tokens of apps go on working: see uninstall_app and revoke_token."""
    if seen.session_ids:
        yield Call.post("/admin.users.session.reset", form={"user_id": p.user})


@slack_admin.action(
    sees=signed_in,
    layer="identity",
    does="ends-sessions",
    permission="admin.users:write, admin.users:read",
    settles_within_s=300,
    irreversible="they sign in again",
)
def reset_many(_p: Users, seen: UsersSeen) -> Iterator[Call]:
    """Sign many people out at once. Slack only queues it, so their sessions go over some minutes."""
    those = list(seen.signed_in)
    for start in range(0, len(those), MOST_AT_ONCE):
        yield Call.post("/admin.users.session.resetBulk", json={"user_ids": those[start : start + MOST_AT_ONCE]})


def _activate(p: User, active: bool) -> Call:
    change = {"op": "replace", "path": "active", "value": active}
    return Call.patch("@scim/Users/{user}", p, json={"schemas": [PATCH], "Operations": [change]})


@slack_admin.action(
    sees=account,
    layer="identity",
    does="blocks-reissue",
    stops="new",
    permission="admin",
    settles_within_s=30,
    masks=(reset_sessions,),
)
def deactivate_user(p: User, seen: AccountSeen) -> Iterator[Call]:
    """Stop one person from signing in anywhere in the organisation. Follow with reset_sessions, which proves them gone."""
    if seen.active:
        yield _activate(p, active=False)


@deactivate_user.undo
def _(p: User, seen: AccountSeen, before: AccountSeen) -> Iterator[Call]:
    if before.active and not seen.active:
        yield _activate(p, active=True)


@slack_admin.action(
    sees=membership,
    layer="identity",
    does="blocks-reissue",
    stops="new",
    permission="admin.users:write, users:read",
    settles_within_s=30,
    masks=(reset_sessions,),
)
def remove_user(p: Membership, seen: MembershipSeen) -> Iterator[Call]:
    """Take one person out of one workspace. Given back, they are a plain member again, in its default channels only."""
    if seen.member:
        yield Call.post("/admin.users.remove", form={"team_id": p.workspace, "user_id": p.user})


@remove_user.undo
def _(p: Membership, seen: MembershipSeen, before: MembershipSeen) -> Iterator[Call]:
    if not before.member or seen.member:
        return
    if before.guest != "no":
        was = f"they were a guest of {before.guest}, and Slack no longer says of which"
        raise Impossible(f"give {p.user} back to {p.workspace}", was, "Invite them again, to their channels")
    yield Call.post("/admin.users.assign", form={"team_id": p.workspace, "user_id": p.user})
