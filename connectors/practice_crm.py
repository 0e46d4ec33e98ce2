"""The practice company's CRM: freeze the user that an integration runs as, end its sessions.

Freezing stops sign-in only; sessions that are open go on until end_session. Source: the sandbox's own API.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from connectors.core import (
    Call,
    Connector,
    Foothold,
    NotAllowed,
    Params,
    Person,
    Rate,
    Reader,
    State,
    Unseen,
    UsedFrom,
    Volatile,
)


class UserFoothold(Foothold):
    """The user that the integration runs as."""

    user: str


practice_crm = Connector(
    "practice_crm",
    rate=Rate(2000, per_s=1, in_flight=50),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
    footholds={"user": UserFoothold},
)


class User(Params):
    """One user, by login."""

    user: Person[str]


class UserSeen(State):
    """Whether the user can sign in."""

    frozen: bool
    version: Volatile[int]


class Session(Params):
    """One open session, by its public id (never the cookie)."""

    session: str


class SessionSeen(State):
    """Whether it is open, and from where it was opened."""

    alive: bool
    user: Volatile[Person[str]] = ""
    address: Volatile[UsedFrom[str]] = ""


@practice_crm.look(permission="crm.users.read")
async def user(read: Reader, p: User) -> UserSeen:
    """One user."""
    seen = await read.get("/users/{user}", p)
    return UserSeen(frozen=seen["frozen"], version=seen["version"])


@practice_crm.look(permission="crm.sessions.read")
async def session(read: Reader, p: Session) -> SessionSeen:
    """One session."""
    item = await read.get("/sessions/{session}", p)
    return SessionSeen(alive=item["alive"], user=item["user"], address=item["address"])


@practice_crm.find(of=session, permission="crm.sessions.read", control=user)
async def sessions(read: Reader, p: User) -> AsyncIterator[tuple[Session, SessionSeen]]:
    """Every open session of a user."""
    after = ""
    while True:
        page = await read.get("/users/{user}/sessions", p, after=after)
        for item in page["items"]:
            yield (
                Session(session=item["id"]),
                SessionSeen(alive=item["alive"], user=item["user"], address=item["address"]),
            )
        if not (after := page["next"]):
            return


@practice_crm.action(
    sees=session,
    layer="identity",
    does="ends-sessions",
    permission="crm.sessions.manage",
    settles_within_s=1,
    irreversible="its user signs in again",
)
def end_session(p: Session, seen: SessionSeen) -> Iterator[Call]:
    """End one open session. A user who is not frozen opens another: freeze_user first."""
    if seen.alive:
        yield Call.delete("/sessions/{session}", p)


@practice_crm.action(
    sees=user,
    layer="identity",
    does="blocks-reissue",
    stops="new",
    permission="crm.users.manage",
    settles_within_s=1,
    masks=(end_session,),
)
def freeze_user(p: User, seen: UserSeen) -> Iterator[Call]:
    """Stop a user from signing in. Open sessions survive: follow with end_session."""
    if not seen.frozen:
        yield Call.put("/users/{user}/frozen", p, json={"frozen": True})


@freeze_user.undo
def _(p: User, seen: UserSeen, before: UserSeen) -> Iterator[Call]:
    if not before.frozen and seen.frozen:
        yield Call.put("/users/{user}/frozen", p, json={"frozen": False})
