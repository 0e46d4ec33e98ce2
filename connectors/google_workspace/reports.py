"""Evidence: what the token log and the login log say. They lag: minutes as a rule, hours at times, and rarely lose one.

So their silence is the weakest proof (`quiet`), and never asked for in place of a listing. They go back 180 days.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from connectors.core import Grade, Impossible, Params, Person, Reader, State, Unseen, UsedAt, UsedFrom, Volatile
from connectors.google_workspace.service import AUDIT, google_workspace, pages
from connectors.google_workspace.tokens import Client, ReachSeen

PAGE = 1000
"""Events a page: the most that it gives."""
TOKENS = "/admin/reports/v1/activity/users/all/applications/token"
LOGINS = "/admin/reports/v1/activity/users/{user}/applications/login"
_FILTERED = re.compile(r"[\w.:-]{1,200}")


class ClientSince(Params):
    """What a client did since a time (RFC 3339); "" for as long as the log goes back."""

    client: str
    since: str = ""


class UserSince(Params):
    """How a user signed in since a time (RFC 3339); "" for as long as the log goes back."""

    user: str
    since: str = ""


class Event(Params):
    """One entry of a log: whose, when, and Google's own qualifier of it."""

    log: str
    user: str
    at: str
    qualifier: str


class EventSeen(State):
    """What happened (authorize, revoke, activity; login_success and the like), by which client, from where."""

    event: str
    client: Volatile[str] = ""
    title: Volatile[str] = ""
    method: Volatile[str] = ""
    actor: Volatile[Person[str]] = ""
    used_at: Volatile[UsedAt[str]] = ""
    used_from: Volatile[UsedFrom[str]] = ""


class QuietSeen(State):
    """Whether the token log knows of no use since then, and of the newest that it knows."""

    quiet: bool
    used_at: Volatile[UsedAt[str]] = ""
    used_from: Volatile[UsedFrom[str]] = ""


class LoggedSeen(State):
    """That the log can be read."""

    readable: bool


def _read(log: str, item: Any) -> tuple[Event, EventSeen]:
    """One entry. It may hold several events of one request: the first names it, as Google's console does."""
    first = (item.get("events") or [{}])[0]
    said = {str(one.get("name")): one.get("value") for one in first.get("parameters") or []}
    actor = item.get("actor") or {}
    who = str(actor.get("email") or actor.get("profileId") or "")
    at = str(item["id"]["time"])
    event = Event(log=log, user=who or "all", at=at, qualifier=str(item["id"]["uniqueQualifier"]))
    return event, EventSeen(
        event=str(first.get("name") or ""),
        client=str(said.get("client_id") or ""),
        title=str(said.get("app_name") or ""),
        method=str(said.get("method_name") or said.get("login_type") or ""),
        actor=who,
        used_at=at,
        used_from=str(item.get("ipAddress") or ""),
    )


def _by(client: str) -> str:
    """The filter of one client; a comma or an operator in its id would ask for something else."""
    if not _FILTERED.fullmatch(client):
        raise Impossible(f"the token log of client {client[:80]!r}", "no log can be asked for such an id", "Mend it")
    return f"client_id=={client}"


@google_workspace.look(permission=AUDIT)
async def log_entry(read: Reader, p: Event) -> EventSeen:
    """One entry of a log, seen again: Google gives no entry by its id, so its second is listed."""
    until = (datetime.fromisoformat(p.at) + timedelta(seconds=1)).isoformat()
    asked = {"startTime": p.at, "endTime": until, "maxResults": PAGE}
    async for page in pages(read, "/admin/reports/v1/activity/users/{user}/applications/{log}", "items", p, **asked):
        for item in page:
            event, seen = _read(p.log, item)
            if event.qualifier == p.qualifier:
                return seen
    raise Unseen(
        f"the {p.log} log at {p.at}", "no such entry", "It is older than the log goes back, or not ours to see"
    )


@google_workspace.look(permission=AUDIT, identifies=("client",))
async def token_log(read: Reader, _p: Client) -> ReachSeen:
    """That the token log can be read at all, whatever the client."""
    await read.get(TOKENS, maxResults=1)
    return ReachSeen(listed=True)


@google_workspace.look(permission=AUDIT, identifies=("user",))
async def login_log(read: Reader, p: UserSince) -> LoggedSeen:
    """That the login log can be read for this user."""
    await read.get(LOGINS, p, maxResults=1)
    return LoggedSeen(readable=True)


@google_workspace.look(permission=AUDIT, grade=Grade.QUIET)
async def client_quiet(read: Reader, p: ClientSince) -> QuietSeen:
    """Whether the token log shows no call by a client since then. It lags by minutes to hours: not yet is not never."""
    asked = {"eventName": "activity", "filters": _by(p.client), "startTime": p.since, "maxResults": 1}
    async for page in pages(read, TOKENS, "items", **asked):  # an empty page may have a next one
        for item in page:
            return QuietSeen(
                quiet=False, used_at=str(item["id"]["time"]), used_from=str(item.get("ipAddress") or "")
            )  # newest first
    return QuietSeen(quiet=True)


@google_workspace.find(of=log_entry, permission=AUDIT, control=token_log)
async def token_events(read: Reader, p: ClientSince) -> AsyncIterator[tuple[Event, EventSeen]]:
    """Who consented to a client, took it back, and what it called with it, from where; the newest first."""
    asked = {"filters": _by(p.client), "startTime": p.since, "maxResults": PAGE}
    async for page in pages(read, TOKENS, "items", **asked):
        for item in page:
            yield _read("token", item)


@google_workspace.find(of=log_entry, permission=AUDIT, control=login_log)
async def logins(read: Reader, p: UserSince) -> AsyncIterator[tuple[Event, EventSeen]]:
    """How a user signed in, failed to, and from where; the newest first."""
    async for page in pages(read, LOGINS, "items", p, startTime=p.since, maxResults=PAGE):
        for item in page:
            yield _read("login", item)
