"""People and machine accounts in an organisation: take them out, keep outsiders out.

GitHub has no suspension of a member: taking one out ends all access at once, and deletes the member's forks of private
repositories. A block keeps out only who is no member. What the account holds elsewhere (its tokens, its keys) lives on.
A 404 on a membership may mean that our credential may not see it: then an owner's is read, who is there for sure.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.core import Call, Impossible, NotAllowed, Params, Person, Reader, State, Unseen, Volatile
from connectors.github.base import Login, github, pages
from connectors.github.installations import Organisation


class User(Params):
    """A person or machine account in an organisation."""

    org: Login
    user: Login


class UserSeen(State):
    """Its role there (admin, member, or "" for none; an invitation counts), and whether it is an outside collaborator."""

    role: str
    outside: bool
    login: Volatile[Person[str]] = ""


class Outsider(Params):
    """An account that is no member."""

    org: Login
    outsider: Login


class OutsiderSeen(State):
    """Whether it is blocked; a member cannot be."""

    blocked: bool
    member: Volatile[bool] = False
    login: Volatile[Person[str]] = ""


async def _role(read: Reader, p: User) -> str:
    try:
        return str((await read.get("/orgs/{org}/memberships/{user}", p))["role"])
    except Unseen:
        await _control(read, p.org)
        return ""


async def _control(read: Reader, org: str) -> None:
    """An organisation has an owner: who cannot see that membership cannot see any."""
    owners = await read.get("/orgs/{org}/members", Organisation(org=org), role="admin", per_page=1)
    if owners:
        await read.get("/orgs/{org}/memberships/{user}", User(org=org, user=owners[0]["login"]))
        return
    raise NotAllowed(
        f"memberships of {org}", "not one owner is to be seen", "Our credential there needs: members: read"
    )


@github.look(permission="members: read")
async def user(read: Reader, p: User) -> UserSeen:
    """One account's place in the organisation."""
    role, outside = await _role(read, p), False
    if not role:
        async for item in pages(read, "/orgs/{org}/outside_collaborators", Organisation(org=p.org)):
            outside = outside or str(item["login"]).lower() == p.user.lower()
    return UserSeen(role=role, outside=outside, login=p.user)


@github.action(
    sees=user,
    layer="identity",
    does=("blocks-reissue", "ends-sessions"),
    permission="members: write",
    settles_within_s=60,
    irreversible="an owner invites it again; its forks of private repositories are deleted, its teams forgotten",
)
def remove_user(p: User, seen: UserSeen) -> Iterator[Call]:
    """Take an account out of the organisation, with its tokens' and keys' access to what is private there.

    Public repositories stay open to it: follow with block_outsider.
    """
    if seen.role:
        yield Call.delete("/orgs/{org}/memberships/{user}", p)
    elif seen.outside:
        yield Call.delete("/orgs/{org}/outside_collaborators/{user}", p)


@github.look(permission="organization_user_blocking: read, members: read")
async def outsider(read: Reader, p: Outsider) -> OutsiderSeen:
    """Whether the organisation blocks an account, and whether it may: the list is refused to who may not see it."""
    blocked = False
    async for item in pages(read, "/orgs/{org}/blocks", Organisation(org=p.org)):
        blocked = blocked or str(item["login"]).lower() == p.outsider.lower()
    member = not blocked and await _role(read, User(org=p.org, user=p.outsider)) != ""
    return OutsiderSeen(blocked=blocked, member=member, login=p.outsider)


@github.action(
    sees=outsider,
    layer="identity",
    does=("blocks-reissue", "ends-sessions"),
    permission="organization_user_blocking: write",
    settles_within_s=60,
)
def block_outsider(p: Outsider, seen: OutsiderSeen) -> Iterator[Call]:
    """Keep an account that is no member out of the organisation's repositories, public ones as well."""
    if seen.member:
        came = "it is a member, and GitHub blocks none"
        raise Impossible(f"block {p.outsider} in {p.org}", came, "Take it out first: github.remove_user")
    if not seen.blocked:
        yield Call.put("/orgs/{org}/blocks/{outsider}", p)


@block_outsider.undo
def _(p: Outsider, seen: OutsiderSeen, before: OutsiderSeen) -> Iterator[Call]:
    if seen.blocked and not before.blocked:
        yield Call.delete("/orgs/{org}/blocks/{outsider}", p)
