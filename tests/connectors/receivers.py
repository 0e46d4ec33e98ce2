"""What takes messages, as strict as the real ones: each answers what its documents say, and refuses whatever else comes.

PagerDuty: PagerDuty/api-schema, reference/events-v2/openapiv3.json. Jira: developer.atlassian.com, REST v3, "Create issue", and
"Atlassian Document Format". ServiceNow: Table API, POST. Slack: api.slack.com/messaging/webhooks, "Handling errors".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.connectors.provider import Got, says

SEVERITIES = {"critical", "error", "warning", "info"}


class PagerDuty:
    """Alerts by dedup key: one that is open takes what comes after it; `opened` counts those that woke somebody."""

    def __init__(self, routing_key: str) -> None:
        self.routing_key, self.open, self.opened = routing_key, dict[str, list[str]](), 0

    def __call__(self, got: Got) -> bytes:
        body = json.loads(got.body)
        problems = list(self._problems(got, body))
        if problems:
            return says(400, {"status": "invalid event", "message": "Event object is invalid", "errors": problems})
        key = body["dedup_key"]
        if body["event_action"] == "resolve":
            self.open.pop(key, None)
        else:
            self.opened += key not in self.open
            self.open.setdefault(key, []).append(body["payload"]["summary"])
        return says(202, {"status": "success", "message": "Event processed", "dedup_key": key})

    def _problems(self, got: Got, body: dict[str, Any]):
        allowed = {"routing_key", "event_action", "dedup_key", "payload", "images", "links", "client", "client_url"}
        yield from (f"'{name}' is unknown" for name in sorted(set(body) - allowed))
        if (got.method, got.target, got.headers.get("content-type")) != ("POST", "/v2/enqueue", "application/json"):
            yield "not an event"
        if body.get("routing_key") != self.routing_key or len(self.routing_key) != 32:
            yield "'routing_key' is no integration's"
        if not 0 < len(body.get("dedup_key", "")) <= 255:
            yield "'dedup_key' is too long or missing"
        if body.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
            yield "'event_action' is unknown"
        if body.get("event_action") == "trigger":
            payload = body.get("payload", {})
            if not 0 < len(payload.get("summary", "")) <= 1024 or not payload.get("source"):
                yield "'summary' or 'source' is missing or too long"
            if payload.get("severity") not in SEVERITIES:
                yield "'severity' is unknown"


class Tickets:
    """A tracker: Jira's or ServiceNow's answers, by its path. `made`: what was opened."""

    def __init__(self, token: str, projects: set[str]) -> None:
        self.token, self.projects, self.made = token, projects, list[dict[str, Any]]()

    def __call__(self, got: Got) -> bytes:
        if got.headers.get("authorization") != f"Bearer {self.token}":
            return says(401, {"message": "Unauthorized"})
        made: dict[str, Callable[[Any], bytes]] = {
            "/rest/api/3/issue": self._jira, "/api/now/table/incident": self._servicenow
        }  # fmt: skip
        return made.get(got.target, lambda _: says(404))(json.loads(got.body))

    def _jira(self, body: dict[str, Any]) -> bytes:
        fields, wrong = body.get("fields", {}), dict[str, str]()
        if fields.get("project", {}).get("key") not in self.projects:
            wrong["project"] = "valid project is required"
        if fields.get("issuetype", {}).get("name") not in {"Task", "Bug"}:
            wrong["issuetype"] = "Specify a valid issue type"
        summary = fields.get("summary", "")
        if not 0 < len(summary) <= 255 or "\n" in summary or "\r" in summary:
            wrong["summary"] = "The summary is invalid because it contains newline characters or is too long."
        if any(set(label) & set(" \t\n") or not label for label in fields.get("labels", [])):
            wrong["labels"] = "The label contains spaces which is invalid."
        if not _document(fields.get("description")):
            wrong["description"] = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
        if wrong:
            return says(400, {"errorMessages": [], "errors": wrong})
        self.made.append(fields)
        number = len(self.made)
        return says(201, {"id": str(10_000 + number), "key": f"{fields['project']['key']}-{number}", "self": "x"})

    def _servicenow(self, body: dict[str, Any]) -> bytes:
        known = {"correlation_id": 100, "short_description": 160, "description": 4000, "urgency": 1}
        self.made.append({name: str(body.get(name, ""))[:most] for name, most in known.items()})  # as it stores them
        return says(201, {"result": {"sys_id": "a" * 32, **self.made[-1]}})


def _document(value: Any) -> bool:
    """Whether it is a document of paragraphs of text; a text node is never empty."""
    match value:
        case {"type": "doc", "version": 1, "content": [*blocks]}:
            return all(
                block["type"] == "paragraph" and all(t["type"] == "text" and t["text"] for t in block["content"])
                for block in blocks
            )
    return False


class SlackWebhook:
    """An incoming webhook: plain text answers; `posted` is what stands in its channel."""

    def __init__(self, path: str) -> None:
        self.path, self.posted, self.archived = path, list[str](), False

    def __call__(self, got: Got) -> bytes:
        if got.target != self.path:
            return says(404, b"no_service")
        if self.archived:
            return says(410, b"channel_is_archived")
        body = json.loads(got.body)
        if not isinstance(body.get("text"), str) or not body["text"]:
            return says(400, b"no_text")
        self.posted.append(body["text"])
        return says(200, b"ok")
