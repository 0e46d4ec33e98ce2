"""Third-party clients that users consented to: list them over all users, revoke each grant, read the token log's word.

Google lists the tokens of one user at a time and of no client: each listing here asks every user once (about 15 users a
second). Whoever revokes a grant ends its access and refresh tokens; the user may consent again at once, unless they are
suspended or the client is blocked in the console (see service). A service account with domain-wide delegation is in no
such listing. A listing may lag: a deletion that is repeated within a minute may still be answered 200.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.core import Call, Found, Lost, Params, People, Person, Reader, ShownAll, State, Tide, Volatile
from connectors.google_workspace.everybody import User, ask_each
from connectors.google_workspace.service import SECURITY, USER_READ, google_workspace, held_in

NEEDS = f"{SECURITY} {USER_READ}"
"""To list over all users: who there is, and each one's tokens."""


class Client(Params):
    """One third-party OAuth client, by its client id."""

    client: str


class ClientSeen(State):
    """What all its grants together allow, and for how many people."""

    stands: bool
    scopes: ShownAll = ()
    title: Volatile[str] = ""
    users: Volatile[People[int]] = 0


class ReachSeen(State):
    """That tokens can be listed at all."""

    listed: bool


class Grant(Params):
    """One user's consent to one client."""

    user: str
    client: str


class GrantSeen(State):
    """Whether it stands, and for what. Its tokens themselves are shown to nobody."""

    stands: bool
    scopes: ShownAll = ()
    title: Volatile[str] = ""
    native: Volatile[bool] = False
    of: Volatile[Person[str]] = ""


def _grant(user: str, item: Any) -> GrantSeen:
    return GrantSeen(
        stands=True,
        scopes=tuple(sorted(map(str, item.get("scopes") or []))),
        title=str(item.get("displayText") or ""),
        native=item.get("nativeApp") is True,
        of=user,
    )


async def _tokens(read: Reader, p: User) -> list[Any]:
    page = await read.get("/admin/directory/v1/users/{user}/tokens", p)
    return held_in(page, "items")


@google_workspace.look(permission=SECURITY)
async def grant(read: Reader, p: Grant) -> GrantSeen:
    """One user's consent to one client, among all that this user gave: its absence is told by a listing that came."""
    for item in await _tokens(read, User(user=p.user)):
        if item["clientId"] == p.client:
            return _grant(p.user, item)
    return GrantSeen(stands=False, of=p.user)


@google_workspace.look(permission=NEEDS)
async def client(read: Reader, p: Client) -> ClientSeen:
    """One client over all users. It asks every user, so it takes minutes where there are thousands."""
    every = _Every()
    async for _, items in ask_each(read, _tokens):
        for item in items:
            if item["clientId"] == p.client:
                every.add(item)
    return every.seen()


@google_workspace.look(permission=SECURITY, identifies=("client",))
async def reach(read: Reader, _p: Client) -> ReachSeen:
    """That our credential can list tokens at all, whatever the client: those of the admin in whose name it works."""
    await _tokens(read, User(user=read.settings.admin))
    return ReachSeen(listed=True)


@google_workspace.find(of=grant, permission=NEEDS, control=reach)
async def grants(read: Reader, p: Client) -> AsyncIterator[tuple[Grant, GrantSeen]]:
    """Every user's consent to a client."""
    async for address, items in ask_each(read, _tokens):
        for item in items:
            if item["clientId"] == p.client:
                yield Grant(user=address, client=p.client), _grant(address, item)


@google_workspace.look(permission=SECURITY)
async def consenting(read: Reader, p: User) -> ReachSeen:
    """That this user is there, and their tokens can be listed."""
    await _tokens(read, p)
    return ReachSeen(listed=True)


@google_workspace.find(of=grant, permission=SECURITY, control=consenting)
async def user_grants(read: Reader, p: User) -> AsyncIterator[tuple[Grant, GrantSeen]]:
    """Every consent that one user gave."""
    for item in await _tokens(read, p):
        yield Grant(user=p.user, client=item["clientId"]), _grant(p.user, item)


@dataclass
class _Every:
    """What is kept of a client while its users pass by: how many they are, and not who."""

    title: str = ""
    users: int = 0
    scopes: set[str] = field(default_factory=set)

    def add(self, item: Any) -> None:
        self.title = self.title or str(item.get("displayText") or "")
        self.users += 1
        self.scopes.update(map(str, item.get("scopes") or []))

    def seen(self) -> ClientSeen:
        scopes = tuple(sorted(self.scopes))
        return ClientSeen(stands=self.users > 0, scopes=scopes, title=self.title, users=self.users)


@google_workspace.survey(of=client, kind="client", permission=NEEDS)
async def clients(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every third-party client that a user consented to. Kept meanwhile is one line a client, whatever the users."""
    every: dict[str, _Every] = {}
    async for _, items in ask_each(read, _tokens):
        for item in items:
            every.setdefault(item["clientId"], _Every()).add(item)
    for name, one in every.items():
        seen = one.seen()
        yield Found(params=Client(client=name), seen=seen, title=one.title, people=one.users, scopes=seen.scopes)


@google_workspace.survey(of=grant, kind="grant", permission=NEEDS, part_of="client")
async def consents(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every user's consent to every client, always all of them: no log of Google's tells each one that ended."""
    async for address, items in ask_each(read, _tokens):
        for item in items:
            seen = _grant(address, item)
            yield Found(
                params=Grant(user=address, client=item["clientId"]),
                seen=seen,
                title=seen.title,
                part_of=item["clientId"],
                person=address,
                scopes=seen.scopes,
            )


@google_workspace.action(
    sees=grant,
    layer="identity",
    does=("kills-refresh", "kills-access"),
    permission=SECURITY,
    settles_within_s=120,
    residual="a Google service may go on taking an access token for some minutes",
    residual_s=300,
    irreversible="the user consents again",
)
def revoke_grant(p: Grant, seen: GrantSeen) -> Iterator[Call]:
    """End a client's tokens for one user. The user may consent again: suspend them, or block the client in the console."""
    if seen.stands:
        yield Call.delete("/admin/directory/v1/users/{user}/tokens/{client}", p)
