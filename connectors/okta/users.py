"""Users: suspend, deactivate, reset factors. Who is suspended keeps sessions and tokens: see sessions.end_sessions.

A user whom a directory (AD, LDAP) masters may be switched back at its next import: switch off there too, by hand.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.core import Call, Impossible, Person, Reader, State, UsedAt, Volatile
from connectors.okta.sessions import end_sessions
from connectors.okta.system import User, okta, pages, record_of

CANNOT_SIGN_IN = frozenset({"SUSPENDED", "DEPROVISIONED"})


class UserSeen(State):
    """Whether the user can sign in, and when they last did."""

    status: str
    login: Volatile[Person[str]] = ""
    used_at: Volatile[UsedAt[str]] = ""


class FactorsSeen(State):
    """The ids of what is enrolled."""

    enrolled: tuple[str, ...]


@okta.look(permission="okta.users.read")
async def user(read: Reader, p: User) -> UserSeen:
    """One user."""
    item = await record_of(read, p)
    return UserSeen(
        status=item["status"],
        login=str((item.get("profile") or {}).get("login") or ""),
        used_at=str(item.get("lastLogin") or ""),
    )


@okta.look(permission="okta.users.read")
async def factors(read: Reader, p: User) -> FactorsSeen:
    """A user's second factors, those that were begun and not finished too."""
    by_id = User(user=(await record_of(read, p))["id"])
    found = [item["id"] async for item in pages(read, "/api/v1/users/{user}/factors", by_id)]
    return FactorsSeen(enrolled=tuple(sorted(found)))


@okta.action(
    sees=user,
    layer="identity",
    does="blocks-reissue",
    stops="new",
    permission="okta.users.manage",
    settles_within_s=30,
    masks=(end_sessions,),
)
def suspend_user(p: User, seen: UserSeen) -> Iterator[Call]:
    """Stop a user from signing in. Sessions and tokens live on: follow with end_sessions."""
    if seen.status in CANNOT_SIGN_IN:
        return
    if seen.status != "ACTIVE":
        raise Impossible(
            f"suspend {p.user}",
            f"the user is {seen.status}, and Okta suspends only who is ACTIVE",
            "Use okta.deactivate_user, which cannot be undone, or have an admin see to it",
        )
    yield Call.post("/api/v1/users/{user}/lifecycle/suspend", p)


@suspend_user.undo
def _(p: User, seen: UserSeen, before: UserSeen) -> Iterator[Call]:
    if before.status not in CANNOT_SIGN_IN and seen.status == "SUSPENDED":
        yield Call.post("/api/v1/users/{user}/lifecycle/unsuspend", p)


@okta.action(
    sees=user,
    layer="identity",
    does="blocks-reissue",
    stops="new",
    permission="okta.users.manage",
    settles_within_s=120,
    irreversible="an admin activates the user again, and gives back apps and credentials one by one; apps that are "
    "provisioned from here may have deleted the account and its data",
)
def deactivate_user(p: User, seen: UserSeen) -> Iterator[Call]:
    """Deactivate a user for good, for whom suspend_user cannot: one who is locked out, or has an expired password."""
    if seen.status != "DEPROVISIONED":
        yield Call.post("/api/v1/users/{user}/lifecycle/deactivate?sendEmail=false", p)


@okta.action(
    sees=factors,
    layer="identity",
    does="rotates",
    stops="new",
    permission="okta.users.manage",
    settles_within_s=60,
    irreversible="the user enrols each factor again",
)
def reset_factors(p: User, seen: FactorsSeen) -> Iterator[Call]:
    """Take all second factors from a user, the attacker's among them. Who has the password enrols the next: suspend first.

    Where an authenticator policy enrols e-mail by itself, one is there again at once, and this is never more than
    requested.
    """
    if seen.enrolled:
        yield Call.post("/api/v1/users/{user}/lifecycle/reset_factors", p)
