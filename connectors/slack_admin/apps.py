"""Slack apps: approve, restrict, uninstall, and who reaches us by one.

A restriction stops new installations alone: what is installed goes on working, so uninstall follows it. Restricted for the
whole organisation, an app's approvals in single workspaces are void (docs.slack.dev, admin.apps.restrict): they are read
before and given back after, workspace by workspace. No listing says where an app is installed; the workspaces' integration
logs do, as far as they go. Legacy integrations without an app (old webhooks, service_id alone) have no API at all: a person
disables them at my.slack.com/apps/manage, which is a manual step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from connectors.core import (
    Call,
    Found,
    Grade,
    Lost,
    Params,
    Person,
    Reader,
    ShownAll,
    State,
    Tide,
    Unexpected,
    Unseen,
    UsedAt,
    Volatile,
)
from connectors.slack_admin.web import PAGE, AppId, pages, slack_admin, workspaces

Resolution = Literal["approved", "restricted", "none"]
GONE = frozenset({"disabled", "removed"})
"""What a workspace's integration log calls the end of an installation."""
LOG_PAGE = 200
LISTED: tuple[tuple[Resolution, str], ...] = (("restricted", "restricted_apps"), ("approved", "approved_apps"))


class App(Params):
    """One app, by its id."""

    app: AppId


class AppSeen(State):
    """Whether it may be installed: in the whole organisation, and where a workspace has a word of its own."""

    org: Resolution
    approved_in: tuple[str, ...] = ()
    restricted_in: tuple[str, ...] = ()
    scopes: Volatile[ShownAll] = ()
    name: Volatile[str] = ""
    enterprise: Volatile[str] = ""


class InstalledSeen(State):
    """The workspaces that it is installed in, and who installed it there, by their integration logs."""

    installed_in: tuple[str, ...]
    by: Volatile[Person[tuple[str, ...]]] = ()
    last_change: Volatile[UsedAt[str]] = ""
    enterprise: Volatile[str] = ""


@dataclass
class _Resolved:
    """What the listings say of one app."""

    org: Resolution = "none"
    within: dict[Resolution, set[str]] = field(default_factory=lambda: defaultdict(set))
    scopes: set[str] = field(default_factory=set)
    app: dict[str, Any] = field(default_factory=dict)

    def take(self, entry: Any) -> None:
        self.scopes |= {str(scope["name"]) for scope in entry.get("scopes") or []}
        self.app = self.app or entry["app"]

    def state(self, enterprise: str) -> AppSeen:
        closed = self.org == "restricted"  # a workspace's own approval is void then, whatever its listing still says
        return AppSeen(
            org=self.org,
            approved_in=() if closed else tuple(sorted(self.within["approved"])),
            restricted_in=() if closed else tuple(sorted(self.within["restricted"])),
            scopes=tuple(sorted(self.scopes)),
            name=str(self.app.get("name") or ""),
            enterprise=enterprise,
        )


async def _resolved(read: Reader, only: str = "") -> dict[str, _Resolved]:
    """Every app that somebody approved or restricted, or `only` that one, which ends early where all of it is closed."""
    found: dict[str, _Resolved] = defaultdict(_Resolved)
    enterprise = read.settings.enterprise
    for resolution, key in LISTED:
        async for entry in _listing(read, resolution, key, enterprise_id=enterprise):
            app = entry["app"]["id"]
            if only in {"", app}:
                found[app].org = resolution
                found[app].take(entry)
        if only and resolution == "restricted" and found[only].org == "restricted":
            return found
    for team in await workspaces(read):
        for resolution, key in LISTED:
            async for entry in _listing(read, resolution, key, team_id=team):
                app = entry["app"]["id"]
                if only in {"", app}:
                    found[app].within[resolution].add(team)
                    found[app].take(entry)
    return found


def _listing(read: Reader, resolution: Resolution, key: str, **where: str) -> AsyncIterator[Any]:
    return pages(read, f"/admin.apps.{resolution}.list", key, limit=PAGE, **where)


async def _log(read: Reader, team: str, app: str = "") -> AsyncIterator[Any]:
    """The integration log of a workspace: all pages, or Unexpected."""
    page, last, came, said = 1, 1, 0, 0
    while page <= last:
        answer = await read.get("/team.integrationLogs", team_id=team, app_id=app, count=LOG_PAGE, page=page)
        for entry in answer["logs"]:
            came += 1
            yield entry
        last, said = int(answer["paging"]["pages"]), int(answer["paging"]["total"])
        page += 1
    if came < said:
        lost = f"it counts {said} entries and gave {came}"
        raise Unexpected(f"team.integrationLogs of {team}", lost, "It is read anew; if it stays so a person must look")


def _holders(entries: Iterable[Any]) -> set[str]:
    """Who has it installed still. Whoever installed it and removes it ends their own; an administrator ends it for all.

    At one second an end counts before a beginning: doubt says that it is still installed.
    """
    holders = set[str]()
    for entry in sorted(entries, key=lambda entry: (int(entry["date"]), entry["change_type"] not in GONE)):
        who = str(entry.get("user_id") or "")
        if entry["change_type"] not in GONE:
            holders.add(who)
        elif who in holders:
            holders.discard(who)
        else:
            holders.clear()
    return holders


def _when(entry: Any) -> str:
    return datetime.fromtimestamp(int(entry["date"]), UTC).isoformat()


@slack_admin.look(permission="admin.apps:read, admin.teams:read")
async def app(read: Reader, p: App) -> AppSeen:
    """Whether an app may be installed, in the organisation and in each workspace."""
    return (await _resolved(read, p.app))[p.app].state(read.settings.enterprise)


@slack_admin.look(permission="admin, admin.teams:read", grade=Grade.QUIET)
async def installation(read: Reader, p: App) -> InstalledSeen:
    """Where an app is installed, by the workspaces' integration logs. An app that no log knows is not seen."""
    where, by, times = [], set[str](), [""]
    for team in await workspaces(read):
        entries = [entry async for entry in _log(read, team, p.app) if str(entry.get("app_id") or "") == p.app]
        times += [_when(entry) for entry in entries]
        if holders := _holders(entries):
            where.append(team)
            by |= holders
    if len(times) == 1:
        raise Unseen(
            f"integration logs for {p.app}", "none of them knows it", "Is it the app's id, and installed here?"
        )
    return InstalledSeen(
        installed_in=tuple(sorted(where)),
        by=tuple(sorted(by - {""})),
        last_change=max(times),
        enterprise=read.settings.enterprise,
    )


@slack_admin.survey(of=app, kind="app", permission="admin.apps:read, admin, admin.teams:read")
async def apps(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every app that is approved, restricted, or installed by what the workspaces' integration logs say."""
    found, logged = await _resolved(read), defaultdict[str, list[Any]](list)
    for team in await workspaces(read):
        entries = defaultdict[str, list[Any]](list)
        async for entry in _log(read, team):
            if entry.get("app_id"):
                entries[str(entry["app_id"])].append(entry)
        for id_, mine in entries.items():
            if _holders(mine):
                logged[id_] += mine
    for id_ in sorted(found.keys() | logged.keys()):
        known, mine = found[id_], logged[id_]
        by = sorted({str(entry.get("user_id") or "") for entry in mine} - {""})
        granted = {scope for entry in mine for scope in str(entry.get("scope") or "").split(",")} - {""}
        yield Found(
            params=App(app=id_),
            seen=known.state(read.settings.enterprise),
            title=str(known.app.get("name") or (mine[-1].get("app_type") if mine else "") or ""),
            publisher="this organisation"
            if known.app.get("is_internal")
            else str(known.app.get("app_homepage_url") or ""),
            person=by[0] if len(by) == 1 else "",
            people=len(by),
            scopes=tuple(sorted(known.scopes | granted)),
            created_at=min(map(_when, mine), default=""),
        )


@slack_admin.action(
    sees=installation,
    layer="application",
    does="kills-access",
    permission="admin.apps:write, admin, admin.teams:read",
    settles_within_s=60,
    irreversible="it is installed again, which gives it new tokens",
)
def uninstall_app(p: App, seen: InstalledSeen) -> Iterator[Call]:
    """Uninstall an app in every workspace: its tokens and webhooks die. It can be installed again: restrict_app first."""
    if seen.installed_in:
        yield Call.post("/admin.apps.uninstall", form={"app_id": p.app, "enterprise_id": seen.enterprise})


@slack_admin.action(
    sees=app,
    layer="application",
    does="blocks-reissue",
    stops="new",
    permission="admin.apps:write, admin.apps:read, admin.teams:read",
    settles_within_s=30,
    masks=(uninstall_app,),
)
def restrict_app(p: App, seen: AppSeen) -> Iterator[Call]:
    """Stop an app from being installed anywhere. What is installed goes on working: follow with uninstall_app."""
    if seen.org != "restricted":
        yield Call.post("/admin.apps.restrict", form={"app_id": p.app, "enterprise_id": seen.enterprise})


@restrict_app.undo
def _(p: App, seen: AppSeen, before: AppSeen) -> Iterator[Call]:
    """The organisation's word first: while it says no, a workspace cannot say yes."""
    if before.org == "restricted":
        return
    if seen.org != before.org:
        method = "/admin.apps.approve" if before.org == "approved" else "/admin.apps.clearResolution"
        yield Call.post(method, form={"app_id": p.app, "enterprise_id": seen.enterprise})
        return
    for team in sorted(set(before.approved_in) - set(seen.approved_in)):
        yield Call.post("/admin.apps.approve", form={"app_id": p.app, "team_id": team})
    for team in sorted(set(before.restricted_in) - set(seen.restricted_in)):
        yield Call.post("/admin.apps.restrict", form={"app_id": p.app, "team_id": team})
