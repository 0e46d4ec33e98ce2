"""Webhooks and deploy keys, of an organisation and of each of its repositories.

A webhook's `config` is never sent back: GitHub shows its secret as a mask, which would take the secret's place. Listing
goes through every repository of the organisation: two requests each, a few hundred at a time within the hour's limit.
The list of repositories is from docs.github.com/rest/repos; GitHub's trimmed description here does not have it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

from connectors.core import (
    Call,
    Found,
    Lost,
    Params,
    Person,
    Reader,
    ShownAll,
    State,
    Tide,
    UsedAt,
    Volatile,
)
from connectors.github.base import At, Id, Place, Repository, at, github, pages
from connectors.github.installations import Organisation

HOOKS = "repository_hooks: write, organization_hooks: write"
"""The first for a repository's, the second for an organisation's."""


class Hook(Params):
    """A webhook, by the number that it has there."""

    hook_of: Place
    hook: Id


class HookSeen(State):
    """Whether it tells anything, to which host, and of what."""

    active: bool
    host: str
    events: ShownAll


class DeployKey(Params):
    """A deploy key, by the number that it has there."""

    key_of: Repository
    key_id: Id


class DeployKeySeen(State):
    """That it opens the repository, whether for reading only, who added it, and when it was used."""

    read_only: bool
    title: Volatile[str] = ""
    added_by: Volatile[Person[str]] = ""
    used_at: Volatile[UsedAt[str]] = ""


class DeployKeyThere(State):
    """Whether it opens the repository, who added it, and when it was used."""

    exists: bool
    added_by: Volatile[Person[str]] = ""
    used_at: Volatile[UsedAt[str]] = ""


class _One(At):
    """A thing at a place, by its number."""

    number: str


def _one(place: str, number: str) -> tuple[str, _One]:
    path, parts = at(place)
    return path, _One(owner=parts.owner, repo=parts.repo, number=number)


def _host(url: object) -> str:
    """The host of an address; all of one that is none: whoever made the webhook chose it."""
    try:
        return urlsplit(str(url or "")).hostname or str(url or "")
    except ValueError:
        return str(url or "")


def _hook(item: Any) -> HookSeen:
    return HookSeen(active=item["active"], host=_host(item["config"].get("url")), events=tuple(sorted(item["events"])))


def _key(item: Any) -> DeployKeySeen:
    return DeployKeySeen(
        read_only=item["read_only"],
        title=str(item.get("title") or ""),
        added_by=str(item.get("added_by") or ""),
        used_at=str(item.get("last_used") or ""),
    )


async def _repositories(read: Reader, org: str) -> AsyncIterator[str]:
    async for item in pages(read, "/orgs/{org}/repos", Organisation(org=org)):
        yield str(item["full_name"])


@github.look(permission=HOOKS.replace("write", "read"))
async def hook(read: Reader, p: Hook) -> HookSeen:
    """One webhook."""
    path, one = _one(p.hook_of, p.hook)
    return _hook(await read.get(path + "/hooks/{number}", one))


@github.look(permission="administration: read")
async def deploy_key(read: Reader, p: DeployKey) -> DeployKeySeen:
    """One deploy key."""
    path, one = _one(p.key_of, p.key_id)
    return _key(await read.get(path + "/keys/{number}", one))


@github.look(permission="administration: read")
async def deploy_key_there(read: Reader, p: DeployKey) -> DeployKeyThere:
    """Whether a deploy key opens its repository. A repository that cannot be seen answers 404 to its list as well."""
    path, place = at(p.key_of)
    async for item in pages(read, path + "/keys", place):
        if str(item["id"]) == p.key_id:
            seen = _key(item)
            return DeployKeyThere(exists=True, added_by=seen.added_by, used_at=seen.used_at)
    return DeployKeyThere(exists=False)


@github.survey(of=hook, kind="webhook", permission=HOOKS.replace("write", "read"))
async def webhooks(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every webhook of the organisation and of each of its repositories, on or off."""
    org = read.settings.org
    async for item in pages(read, "/orgs/{org}/hooks", Organisation(org=org)):
        yield _webhook(org, item)
    async for name in _repositories(read, org):
        path, place = at(name)
        async for item in pages(read, path + "/hooks", place):
            yield _webhook(name, item)


def _webhook(place: str, item: Any) -> Found:
    seen = _hook(item)
    return Found(
        params=Hook(hook_of=place, hook=str(item["id"])),
        seen=seen,
        title=f"{place}: {seen.host}",
        scopes=seen.events,
        hosts=(seen.host,) if seen.host else (),
        created_at=str(item.get("created_at") or ""),
    )


@github.survey(of=deploy_key, kind="key", permission="administration: read")
async def deploy_keys(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every deploy key of each of the organisation's repositories, who added it and when it was used."""
    async for name in _repositories(read, read.settings.org):
        path, place = at(name)
        async for item in pages(read, path + "/keys", place):
            seen = _key(item)
            yield Found(
                params=DeployKey(key_of=name, key_id=str(item["id"])),
                seen=seen,
                title=seen.title,
                person=seen.added_by,
                scopes=(f"contents: {'read' if seen.read_only else 'write'}",),
                created_at=str(item.get("created_at") or ""),
                used_at=seen.used_at,
            )


@github.action(
    sees=hook,
    layer="application",
    does="closes-path",
    permission=HOOKS,
    settles_within_s=60,
    residual="what it told before stays where it went",
)
def disable_webhook(p: Hook, seen: HookSeen) -> Iterator[Call]:
    """Stop a webhook from telling anything."""
    if seen.active:
        path, one = _one(p.hook_of, p.hook)
        yield Call.patch(path + "/hooks/{number}", one, json={"active": False})


@disable_webhook.undo
def _(p: Hook, seen: HookSeen, before: HookSeen) -> Iterator[Call]:
    if before.active and not seen.active:
        path, one = _one(p.hook_of, p.hook)
        yield Call.patch(path + "/hooks/{number}", one, json={"active": True})


@github.action(
    sees=deploy_key_there,
    layer="identity",
    does="kills-access",
    permission="administration: write",
    settles_within_s=60,
    irreversible="a new pair of keys is made and added: the old one's private half is no secret any more",
)
def remove_deploy_key(p: DeployKey, seen: DeployKeyThere) -> Iterator[Call]:
    """Take a deploy key from its repository."""
    if seen.exists:
        path, one = _one(p.key_of, p.key_id)
        yield Call.delete(path + "/keys/{number}", one)
