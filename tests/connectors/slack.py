"""A small Slack for tests: an organisation with its state, that answers as Slack's documents say.

Sources: the Web API's method pages and examples (docs.slack.dev/reference/methods/*, the description slack-web.json of 2021
where it has the method), shapes of answers that were recorded by slackapi/java-slack-sdk (json-logs/samples: admin.teams.list,
admin.users.session.list, scim/v2/Users, audit/v1/logs), docs.slack.dev/reference/methods/team.integrationLogs (its example),
docs.slack.dev/reference/audit-logs-api. Not Slack's code, and no more of it than the connector's calls need.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.connectors.provider import Got, says

ORG, OURS = "E0ORG", "xoxp-ours"


@dataclass
class Slack:
    """Attributes:
    resolved: (app, workspace or organisation) -> approved or restricted. log: workspace -> entries of its integration log.
    sessions: of people. people: id -> what users.info says beside the usual. tokens: token -> the word it is dead by, or "".
    faults: method -> answers to give before the real one.
    page: things a page of a listing, whatever is asked for.
    """

    workspaces: tuple[str, ...] = ("T0OPS", "T0SALES")
    resolved: dict[tuple[str, str], str] = field(default_factory=dict)
    log: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    sessions: list[dict[str, Any]] = field(default_factory=list)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=lambda: {OURS: ""})
    entries: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[str, list[bytes]] = field(default_factory=dict)
    page: int = 2
    clock: int = 1_700_000_000
    lost_log: int = 0
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def answer(self, got: Got) -> bytes:
        parts = urlsplit(got.target)
        method, name = got.method, unquote(parts.path).removeprefix("/api/").lstrip("/")
        kind = got.headers.get("content-type", "")
        body = json.loads(got.body) if "json" in kind else dict(parse_qsl(got.body.decode()))
        asked = dict(parse_qsl(parts.query)) | body
        self.calls.append((method, name, asked))
        if self.faults.get(name):
            return self.faults[name].pop(0)
        token = got.headers.get("authorization", "").removeprefix("Bearer ")
        if name.startswith("scim/"):
            return self._scim(method, name, body)
        if name.startswith("audit/"):
            return self._audit(asked)
        if word := self.tokens.get(token, "invalid_auth"):
            return no(word)
        if name.startswith("admin.") and token != OURS:
            return no("not_allowed_token_type")
        handler: Callable[[dict[str, Any], str], bytes] = getattr(self, name.replace(".", "_"), self._unknown)
        return handler(asked, token)

    def _unknown(self, _asked: dict[str, Any], _token: str) -> bytes:
        return no("unknown_method")

    def _paged(self, field_: str, items: list[Any], asked: dict[str, Any]) -> bytes:
        start = int(asked.get("cursor") or 0)
        last = start + self.page >= len(items)
        cursor = "" if last else str(start + self.page)
        page = {field_: items[start : start + self.page], "response_metadata": {"next_cursor": cursor}}
        return says(200, {"ok": True, **page})

    def _where(self, asked: dict[str, Any]) -> str:
        assert ("team_id" in asked) != ("enterprise_id" in asked), "exactly one of them (admin.apps.restrict)"
        return str(asked.get("team_id") or asked["enterprise_id"])

    def admin_teams_list(self, asked: dict[str, Any], _token: str) -> bytes:
        return self._paged("teams", [{"id": team, "name": team.lower()} for team in self.workspaces], asked)

    def _listed(self, word: str, asked: dict[str, Any]) -> bytes:
        here = [app for (app, where), said in self.resolved.items() if where == self._where(asked) and said == word]
        return self._paged(f"{word}_apps", [resolution_of(app) for app in here], asked)

    def admin_apps_approved_list(self, asked: dict[str, Any], _token: str) -> bytes:
        return self._listed("approved", asked)

    def admin_apps_restricted_list(self, asked: dict[str, Any], _token: str) -> bytes:
        return self._listed("restricted", asked)

    def admin_apps_restrict(self, asked: dict[str, Any], _token: str) -> bytes:
        app, where = asked["app_id"], self._where(asked)
        if where == ORG:  # "any existing workspace-level approvals are voided"
            self.resolved = {key: said for key, said in self.resolved.items() if key[0] != app}
        self.resolved[app, where] = "restricted"
        return says(200, {"ok": True})

    def admin_apps_approve(self, asked: dict[str, Any], _token: str) -> bytes:
        app, where = asked["app_id"], self._where(asked)
        if where != ORG and self.resolved.get((app, ORG)) == "restricted":
            return no("restricted_action")
        self.resolved[app, where] = "approved"
        return says(200, {"ok": True})

    def admin_apps_clearResolution(self, asked: dict[str, Any], _token: str) -> bytes:  # noqa: N802  # Slack's name
        if self.resolved.pop((asked["app_id"], self._where(asked)), None) is None:
            return no("no_resolution_found")
        return says(200, {"ok": True})

    def admin_apps_uninstall(self, asked: dict[str, Any], _token: str) -> bytes:
        for entries in self.log.values():
            if any(entry.get("app_id") == asked["app_id"] for entry in entries):
                self.clock += 1
                entries.insert(0, entry_of(asked["app_id"], "removed", self.clock, "W0ADMIN"))
        return says(200, {"ok": True})

    def team_integrationLogs(self, asked: dict[str, Any], _token: str) -> bytes:  # noqa: N802  # Slack's name
        every = self.log.get(asked["team_id"], [])
        mine = [entry for entry in every if asked.get("app_id") in (None, entry.get("app_id"))]
        page, count = int(asked["page"]), self.page
        paging = {"count": count, "total": len(mine), "page": page, "pages": max(1, -(-len(mine) // count))}
        shown = mine[(page - 1) * count : page * count]
        return says(200, {"ok": True, "logs": shown[self.lost_log :], "paging": paging})

    def auth_test(self, _asked: dict[str, Any], _token: str) -> bytes:
        who = {
            "url": "https://acme.slack.com/",
            "team": "Acme",
            "user": "drift",
            "team_id": "T0OPSTEAM",
            "user_id": "U0BOTUSER",
        }
        return says(200, {"ok": True, **who, "bot_id": "B0BOTUSER", "is_enterprise_install": False})

    def auth_revoke(self, _asked: dict[str, Any], token: str) -> bytes:
        self.tokens[token] = "token_revoked"
        return says(200, {"ok": True, "revoked": True})

    def users_info(self, asked: dict[str, Any], _token: str) -> bytes:
        if (person := self.people.get(asked["user"])) is None:
            return no("user_not_found")
        usual = {"id": asked["user"], "name": asked["user"].lower(), "deleted": False, "is_restricted": False}
        return says(200, {"ok": True, "user": usual | person})

    def admin_users_session_list(self, asked: dict[str, Any], _token: str) -> bytes:
        assert ("user_id" in asked) == ("team_id" in asked), "they must be used together"
        wanted = [
            one for one in self.sessions
            if asked.get("user_id") in (None, one["user_id"]) and asked.get("team_id") in (None, one["team_id"])
        ]  # fmt: skip
        return self._paged("active_sessions", wanted, asked)

    def admin_users_session_reset(self, asked: dict[str, Any], _token: str) -> bytes:
        self.sessions = [one for one in self.sessions if one["user_id"] != asked["user_id"]]
        return says(200, {"ok": True})

    def admin_users_session_resetBulk(self, asked: dict[str, Any], _token: str) -> bytes:  # noqa: N802  # Slack's name
        self.sessions = [one for one in self.sessions if one["user_id"] not in asked["user_ids"]]
        return says(200, {"ok": True})

    def admin_users_remove(self, asked: dict[str, Any], _token: str) -> bytes:
        self.people[asked["user_id"]]["enterprise_user"]["teams"].remove(asked["team_id"])
        return says(200, {"ok": True})

    def admin_users_assign(self, asked: dict[str, Any], _token: str) -> bytes:
        self.people[asked["user_id"]]["enterprise_user"]["teams"].append(asked["team_id"])
        return says(200, {"ok": True})

    def _scim(self, method: str, name: str, body: dict[str, Any]) -> bytes:
        user = name.rpartition("/")[2]
        if user not in self.people:
            return says(404, {"Errors": {"description": "user_not_found", "code": 404}})
        if method == "PATCH":
            (change,) = body["Operations"]
            self.people[user]["deleted"] = not change["value"]
        return says(200, {"id": user, "userName": user.lower(), "active": not self.people[user].get("deleted", False)})

    def _audit(self, asked: dict[str, Any]) -> bytes:
        def wanted(entry: dict[str, Any]) -> bool:
            entity = entry["entity"]
            return (
                int(asked.get("oldest", 0)) <= entry["date_create"] <= int(asked.get("latest", 2**40))
                and asked.get("actor") in (None, entry["actor"]["user"]["id"])
                and asked.get("entity") in (None, entity[entity["type"]]["id"])
            )

        return self._paged("entries", [entry for entry in self.entries if wanted(entry)], asked)


def no(word: str, **headers: str) -> bytes:
    """200, and yet no."""
    return says(200, {"ok": False, "error": word}, **headers)


def resolution_of(app: str) -> dict[str, Any]:
    """An entry of admin.apps.approved.list."""
    scope = {"name": "channels:history", "description": "Read", "is_sensitive": True, "token_type": "bot"}
    about = {"id": app, "name": f"App {app}", "is_internal": False, "app_homepage_url": "https://drift.example"}
    by = {"actor_id": "W0ADMIN", "actor_type": "user"}
    return {"app": about, "scopes": [scope], "date_updated": 1574296707, "last_resolved_by": by}


def entry_of(app: str, change: str, date: int, user: str) -> dict[str, Any]:
    """An entry of team.integrationLogs."""
    entry = {"app_id": app, "app_type": f"App {app}", "user_id": user, "user_name": user.lower(), "date": str(date)}
    return entry | {"change_type": change, "scope": "chat:write,channels:read"}


def session_of(user: str, number: int, team: str = "T0OPS", ip: str = "203.0.113.7") -> dict[str, Any]:
    """An entry of admin.users.session.list."""
    begun = {"device_hardware": "iPhone", "os": "iOS", "os_version": "17", "ip": "192.0.2.1"}
    return {"user_id": user, "team_id": team, "session_id": number, "created": begun, "recent": begun | {"ip": ip}}


def audited(id_: str, at: int, action: str, actor: str, app: str) -> dict[str, Any]:
    """An entry of the audit log, about an app."""
    user = {"id": actor, "name": actor.lower(), "email": f"{actor.lower()}@acme.example", "team": "T0OPS"}
    context = {"ua": "x", "ip_address": "203.0.113.9", "location": {"type": "workspace", "id": "T0OPS"}}
    entity = {"type": "app", "app": {"id": app, "name": "Drift", "scopes": ["chat:write"]}}
    made = {"id": id_, "date_create": at, "action": action, "actor": {"type": "user", "user": user}}
    return made | {"entity": entity, "context": context, "details": {"secret": "xoxb-must-not-be-kept"}}
