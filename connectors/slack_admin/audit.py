"""Slack's audit log: what was done to an app, and what a person did. Evidence, and nothing that can be changed.

It needs a token of an owner of the organisation with auditlogs:read, and the connection's `audit` URL. Slack takes 50 requests
a minute here from the whole organisation, our own SIEM's among them. Source: docs.slack.dev, Audit Logs API reference.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import AwareDatetime

from connectors.core import Params, Person, Reader, State, Unseen, UsedAt, UsedFrom, Volatile
from connectors.slack_admin.web import AppId, UserId, pages, slack_admin

PAGE = 1000
"""Entries a page; the log gives up to 9999."""
BACK = timedelta(days=30)
"""How far back is looked where nobody says since when."""
LETTERS = 120


class Entry(Params):
    """One entry, by its id and the second that it was written at."""

    entry: str
    at: int


class EntrySeen(State):
    """Who did what, to what, when, from where and by which app. Never the entry's details: they may hold anything."""

    action: str
    actor: Volatile[Person[str]] = ""
    kind: Volatile[str] = ""
    target: Volatile[str] = ""
    by_app: Volatile[str] = ""
    used_at: Volatile[UsedAt[str]] = ""
    used_from: Volatile[UsedFrom[str]] = ""


class Since(Params):
    """From when on; not given: the last 30 days."""

    since: AwareDatetime | None = None


class AppSince(Since):
    """One app."""

    app: AppId


class UserSince(Since):
    """One person."""

    user: UserId


class KeptSeen(State):
    """How far back the log reaches at least."""

    before: bool


def _second(since: datetime | None) -> int:
    return int((since or datetime.now(UTC) - BACK).timestamp())


def _text(value: Any) -> str:
    return str(value or "")[:LETTERS]


def _seen(item: Any) -> EntrySeen:
    context, entity = item.get("context") or {}, item.get("entity") or {}
    kind = _text(entity.get("type"))
    return EntrySeen(
        action=_text(item["action"]),
        actor=_text(((item.get("actor") or {}).get("user") or {}).get("id")),
        kind=kind,
        target=_text((entity.get(kind) or {}).get("id")),
        by_app=_text((context.get("app") or {}).get("id")),
        used_at=datetime.fromtimestamp(int(item["date_create"]), UTC).isoformat(),
        used_from=_text(context.get("ip_address")),
    )


async def _entries(read: Reader, **query: Any) -> AsyncIterator[tuple[Entry, EntrySeen]]:
    async for item in pages(read, "@audit/logs", "entries", limit=PAGE, **query):
        yield Entry(entry=str(item["id"]), at=int(item["date_create"])), _seen(item)


@slack_admin.look(permission="auditlogs:read")
async def audit_entry(read: Reader, p: Entry) -> EntrySeen:
    """One entry of the audit log."""
    async for one, seen in _entries(read, oldest=p.at, latest=p.at):
        if one.entry == p.entry:
            return seen
    raise Unseen(f"audit log entry {p.entry}", "not among those of its second", "Was it kept, and may we see it?")


@slack_admin.look(permission="auditlogs:read")
async def audit_reach(read: Reader, p: Since) -> KeptSeen:
    """Whether the log holds anything of before that time: one that does not can prove no silence since."""
    page = await read.get("@audit/logs", latest=_second(p.since), limit=1)
    if not page["entries"]:
        raise Unseen(
            "the audit log", "nothing older in it", "Our token may not see it, or it does not reach so far back"
        )
    return KeptSeen(before=True)


@slack_admin.find(of=audit_entry, permission="auditlogs:read", control=audit_reach)
async def app_entries(read: Reader, p: AppSince) -> AsyncIterator[tuple[Entry, EntrySeen]]:
    """What was done to an app: installed, approved, restricted, its scopes widened, its tokens kept."""
    async for one in _entries(read, entity=p.app, oldest=_second(p.since)):
        yield one


@slack_admin.find(of=audit_entry, permission="auditlogs:read", control=audit_reach)
async def user_entries(read: Reader, p: UserSince) -> AsyncIterator[tuple[Entry, EntrySeen]]:
    """What a person did, and from which address: sign-ins, exports, apps, files."""
    async for one in _entries(read, actor=p.user, oldest=_second(p.since)):
        yield one
