"""Users and their sessions: freeze the one that an integration runs as, and end what it has open.

Freezing stops sign-in alone: sessions and OAuth tokens that are open go on until end_session and revoke_token.
Sources: Object Reference, "UserLogin" (query, retrieve, update), "AuthSession" (query, delete), "User".
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from connectors.core import (
    Call,
    Found,
    Impossible,
    Lost,
    Params,
    Person,
    Reader,
    State,
    Tide,
    Unseen,
    UsedAt,
    UsedFrom,
    Volatile,
    account,
)
from connectors.salesforce.apps import may
from connectors.salesforce.soql import SalesforceId, moment, rows
from connectors.salesforce.system import salesforce
from connectors.salesforce.tokens import OF_ALL, every_token

LOGIN = "SELECT Id, UserId, IsFrozen FROM UserLogin"
SESSION = "SELECT Id, UsersId, SourceIp, LastModifiedDate, IsCurrent FROM AuthSession"
API_ONLY = (
    "SELECT Id, Username, CreatedDate, LastLoginDate FROM User WHERE IsActive = TRUE AND Id IN "
    "(SELECT AssigneeId FROM PermissionSetAssignment WHERE PermissionSet.PermissionsApiUserOnly = TRUE)"
)


class User(Params):
    """One user, by id."""

    user: Person[SalesforceId]


class UserSeen(State):
    """Whether it may sign in; `login` is the record that says so."""

    frozen: bool
    login: Volatile[str] = ""


class Session(Params):
    """One open session, by the id of its record (never what opens it)."""

    session: SalesforceId


class SessionSeen(State):
    """That it is open, whose it is, and from where; `current`: it is the one that we ourselves speak by."""

    alive: bool
    current: bool = False
    user: Volatile[Person[str]] = ""
    address: Volatile[UsedFrom[str]] = ""
    used_at: Volatile[UsedAt[str]] = ""


class _Login(Params):
    login: SalesforceId


def _session(row: Any) -> SessionSeen:
    return SessionSeen(
        alive=True,
        current=row["IsCurrent"],
        user=row["UsersId"],
        address=row["SourceIp"] or "",
        used_at=moment(row["LastModifiedDate"]),
    )


@salesforce.look(permission="ManageUsers")
async def user(read: Reader, p: User) -> UserSeen:
    """One user. Without `ManageUsers` there is no record of its sign-in to be seen."""
    async for row in rows(read, LOGIN + " WHERE UserId = {user}", user=p.user):
        return UserSeen(frozen=row["IsFrozen"], login=row["Id"])
    raise Unseen(f"user {p.user}", "no record of its sign-in is listed", "Is the id right? Ours needs: ManageUsers")


@salesforce.look(permission="ManageUsers")
async def session(read: Reader, p: Session) -> SessionSeen:
    """One session."""
    async for row in rows(read, SESSION + " WHERE Id = {session}", session=p.session):
        return _session(row)
    raise Unseen(f"session {p.session}", "it is not listed", "It is gone, or our credential may not see it")


@salesforce.find(of=session, permission="ManageUsers", control=user)
async def sessions(read: Reader, p: User) -> AsyncIterator[tuple[Session, SessionSeen]]:
    """Every open session of a user, those of apps included."""
    async for row in rows(read, SESSION + " WHERE UsersId = {user}", user=p.user):
        yield Session(session=row["Id"]), _session(row)


@salesforce.survey(of=user, kind="user", permission="ManageUsers, CustomizeApplication")
async def users(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every user that may use nothing but the API, and the app that it works for where that is one alone."""
    await may(read, "ManageUsers", "every user that is no person")
    await may(read, "CustomizeApplication", "the apps that hold tokens of users")
    logins = {row["UserId"]: row async for row in rows(read, LOGIN)}
    held: dict[str, set[str]] = {}
    async for row in every_token(read, OF_ALL):
        if row["UserId"] in logins:
            held.setdefault(row["UserId"], set()).add(row["AppName"])
    async for row in rows(read, API_ONLY):
        login, of = logins.get(row["Id"]), held.get(row["Id"], set())
        if login is None:
            continue  # made since: the next survey has it
        yield Found(
            params=User(user=row["Id"]),
            seen=UserSeen(frozen=login["IsFrozen"], login=login["Id"]),
            title=row["Username"],
            belongs_to=account("salesforce", next(iter(of))) if len(of) == 1 else (),
            created_at=moment(row["CreatedDate"]),
            used_at=moment(row["LastLoginDate"]),
        )


@salesforce.action(
    sees=session,
    layer="identity",
    does="ends-sessions",
    permission="ManageUsers",
    settles_within_s=10,
    irreversible="its user signs in again",
)
def end_session(p: Session, seen: SessionSeen) -> Iterator[Call]:
    """End one open session. A user who is not frozen opens another: freeze_user first."""
    if not seen.alive:
        return
    if seen.current:
        came = "it is the session that we ourselves speak by"
        raise Impossible(f"end session {p.session}", came, "End it last, by the spare credential")
    yield Call.delete("/sobjects/AuthSession/{session}", p)


@salesforce.action(
    sees=user,
    layer="identity",
    does="blocks-reissue",
    stops="new",
    permission="ManageUsers",
    settles_within_s=10,
    residual="open sessions and OAuth tokens go on: end_session, revoke_token",
    masks=(end_session,),
)
def freeze_user(_p: User, seen: UserSeen) -> Iterator[Call]:
    """Stop a user from signing in. Open sessions and its OAuth tokens go on: follow with end_session."""
    if not seen.frozen:
        yield _frozen(seen, frozen=True)


@freeze_user.undo
def _(_p: User, seen: UserSeen, before: UserSeen) -> Iterator[Call]:
    if not before.frozen and seen.frozen:
        yield _frozen(seen, frozen=False)


def _frozen(seen: UserSeen, *, frozen: bool) -> Call:
    return Call.patch("/sobjects/UserLogin/{login}", _Login(login=seen.login), json={"IsFrozen": frozen})
