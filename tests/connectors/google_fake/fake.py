"""A small Google Workspace with state: users, what they consented to, app passwords, logs, and the token endpoint.

Where each answer comes from:
- shapes of users, tokens, asps, verificationCodes, activities: Google's discovery documents admin.directory_v1 and
  admin.reports_v1 (each request and answer is held against them where they are installed: discovery.py)
- the token endpoint, `unauthorized_client` (401) for scopes that are not delegated, `invalid_grant` (400) for a user that is
  none: developers.google.com/identity/protocols/oauth2/service-account, "JWT error codes"
- errors `{"error": {"code", "message", "errors": [{"reason"}]}}`, 403 with `quotaExceeded` or `userRateLimitExceeded`:
  developers.google.com/workspace/admin/directory/v1/limits and .../reports/v1/guides (Usage limits)
- a deletion answers 204 with no body; a listing without things has no `items`: discovery documents, no response there
- a listing that lags behind a deletion, and a deletion repeated that is answered alike: ../shared/vendor-apis.md section 5
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import _pytest.outcomes
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.connectors.google_fake.discovery import google
from tests.connectors.provider import Got, says

PRIVATE = rsa.generate_private_key(65537, 2048)
PEM = PRIVATE.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
ROBOT = "ringfence@practice.iam.gserviceaccount.com"
ADMIN = "containment@practice.example"
KEY_FILE = json.dumps({"type": "service_account", "client_email": ROBOT, "private_key_id": "k1", "private_key": PEM})
AUTH = "https://www.googleapis.com/auth/"
DELEGATED = frozenset({AUTH + "admin.directory.user", AUTH + "admin.directory.user.security",
                       AUTH + "admin.reports.audit.readonly"})  # fmt: skip
USERS = "/admin/directory/v1/users"
LOG = re.compile(r"/admin/reports/v1/activity/users/([^/]+)/applications/(token|login)")


@dataclass
class Person:
    """One user. `codes` are live backup codes: secrets."""

    id: str
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    asps: dict[int, dict[str, Any]] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    seen: dict[str, Any] = field(default_factory=lambda: {"suspended": False, "archived": False})
    signed_out: int = 0


@dataclass
class Google:
    """The fake. `page`: users a page, an empty page before the last; `mistakes`: what its descriptions do not allow.

    Attributes:
        instead: asked before anything else at the API: the bytes of another answer, or None.
        lag: how many listings still show a token that was deleted. lies: deletions answer 204 and delete nothing.
    """

    people: dict[str, Person] = field(default_factory=dict)
    logs: list[dict[str, Any]] = field(default_factory=list)
    page: int = 2
    instead: Callable[[Got], bytes | None] = lambda _got: None
    lag: int = 0
    lies: bool = False
    delegated: frozenset[str] = DELEGATED
    url: str = ""
    mistakes: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    minted: list[str] = field(default_factory=list)

    def person(self, name: str) -> Person:
        address = name if "@" in name else f"{name}@practice.example"
        return self.people.setdefault(address, Person(id=str(10**20 + len(self.people))))

    def consent(self, name: str, client: str, *scopes: str, title: str = "Drift") -> None:
        self.person(name).tokens[client] = {
            "kind": "admin#directory#token", "clientId": client, "displayText": title, "anonymous": False,
            "nativeApp": False, "userKey": self.person(name).id, "scopes": [AUTH + scope for scope in scopes],
        }  # fmt: skip

    def __call__(self, got: Got) -> bytes | None:
        parts = urlsplit(got.target)
        if parts.path == "/token":
            return self._token(dict(parse_qsl(got.body.decode())))
        self.asked.append(f"{got.method} {parts.path}")
        if got.headers.get("authorization", "").removeprefix("Bearer ") not in self.minted:
            return error(401, "authError")
        if (other := self.instead(got)) is not None:
            return other
        query, body = dict(parse_qsl(parts.query)), json.loads(got.body) if got.body else None
        status, answer = self._api(got.method, parts.path, query, body)
        self._judge(got.method, parts.path, query, body, status, answer)
        return answer if isinstance(answer, bytes) else says(status, answer)

    def _judge(self, method: str, path: str, query: Any, body: Any, status: int, answer: Any) -> None:
        try:
            known = google()
        except _pytest.outcomes.Skipped:
            return
        try:
            known.check(method, path, query, json=body)
            if status < 300:
                known.check_answer(method, path, status, answer)
        except AssertionError as wrong:
            self.mistakes.append(str(wrong))

    def _token(self, form: dict[str, str]) -> bytes:
        head, claims, signature = form["assertion"].split(".")
        said = json.loads(base64.urlsafe_b64decode(claims + "=="))
        proof = base64.urlsafe_b64decode(signature + "==")
        PRIVATE.public_key().verify(proof, f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
        if said["iss"] != ROBOT or said["aud"] != f"{self.url}/token" or not said["iat"] <= time.time() < said["exp"]:
            return says(400, {"error": "invalid_grant", "error_description": "Invalid JWT"})
        if said["sub"] != ADMIN:
            return says(400, {"error": "invalid_grant", "error_description": "Invalid email or User ID"})
        if not set(said["scope"].split()) <= self.delegated:
            return says(401, {"error": "unauthorized_client", "error_description": "Client is unauthorized"})
        self.minted.append(f"ya29.{len(self.minted)}-{'m' * 30}")
        return says(200, {"access_token": self.minted[-1], "expires_in": 3599, "token_type": "Bearer"})

    def _api(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if (log := LOG.fullmatch(path)) is not None:
            return 200, self._log(unquote(log[1]), log[2], query)
        if path == USERS:
            return 200, self._users(query)
        key, _, rest = path.removeprefix(USERS + "/").partition("/")
        key = unquote(key)
        one = self.people.get(key) or next((p for p in self.people.values() if p.id == key), None)
        if one is None:
            return 404, error(404, "notFound")
        address = next(name for name, person in self.people.items() if person is one)
        match method, rest.split("/"):
            case "PUT", [""]:
                one.seen |= body | ({"suspensionReason": "ADMIN"} if body.get("suspended") else {})
                return 200, {"primaryEmail": address, "id": one.id} | one.seen
            case "GET", [""]:
                return 200, {"primaryEmail": address, "id": one.id} | one.seen
            case "POST", ["signOut"]:
                one.signed_out += 1
                return 204, None
            case "POST", ["verificationCodes", "invalidate"]:
                one.codes = []
                return 204, None
            case "GET", ["verificationCodes"]:
                return 200, listed(
                    "verificationCodesList", [{"userId": one.id, "verificationCode": c} for c in one.codes]
                )
            case "GET", ["tokens"]:
                return 200, self._tokens(one)
            case "GET", ["asps"]:
                return 200, listed("aspList", list(one.asps.values()))
            case "DELETE", ["tokens", client]:
                self._delete(one, unquote(client))
                return 204, None
            case "DELETE", ["asps", code]:
                one.asps.pop(int(code), None)
                return 204, None
        return 404, error(404, "notFound")

    def _delete(self, one: Person, client: str) -> None:
        if client in one.tokens and not self.lies:
            one.tokens[client].setdefault("left", self.lag)
            if not self.lag:
                del one.tokens[client]

    def _tokens(self, one: Person) -> dict[str, Any]:
        shown = [{k: v for k, v in token.items() if k != "left"} for token in one.tokens.values()]
        for client, token in list(one.tokens.items()):
            if "left" in token:
                token["left"] -= 1
                if token["left"] < 1:
                    del one.tokens[client]
        return listed("tokenList", shown)

    def _users(self, query: dict[str, str]) -> dict[str, Any]:
        """After each page comes an empty one that is not the last. A token is the address that it goes on after."""
        after, _, empty = query.get("pageToken", "").partition(" ")
        left = [name for name in sorted(self.people) if name > after]
        if empty:
            return {"kind": "admin#directory#users", "nextPageToken": after}
        page, more = left[: self.page], left[self.page :]
        following = {"nextPageToken": f"{page[-1]} empty"} if more else {}
        return {"kind": "admin#directory#users", "users": [{"primaryEmail": name} for name in page]} | following

    def _log(self, user: str, log: str, query: dict[str, str]) -> dict[str, Any]:
        def wanted(item: dict[str, Any]) -> bool:
            first = item["events"][0]
            said = {one["name"]: one.get("value") for one in first.get("parameters", [])}
            name, _, value = query.get("filters", "").partition("==")
            return (
                item["id"]["applicationName"] == log
                and user in {"all", item["actor"].get("email")}
                and query.get("startTime", "") <= item["id"]["time"]
                and item["id"]["time"] < query.get("endTime", "9")
                and query.get("eventName", first["name"]) == first["name"]
                and (not name or said.get(name) == value)
            )

        found = sorted(filter(wanted, self.logs), key=lambda item: item["id"]["time"], reverse=True)
        start, many = int(query.get("pageToken", "0")), min(int(query.get("maxResults", "1000")), 2)
        more = {"nextPageToken": str(start + many)} if start + many < len(found) else {}
        return listed("", found[start : start + many]) | {"kind": "admin#reports#activities"} | more


def listed(kind: str, items: list[Any]) -> dict[str, Any]:
    return {"kind": f"admin#directory#{kind}"} | ({"items": items} if items else {})


def error(status: int, reason: str) -> bytes:
    inner = {"code": status, "message": "as Google says", "errors": [{"domain": "global", "reason": reason}]}
    return says(status, {"error": inner})


def entry(n: int, log: str, event: str, who: str, at: str, ip: str = "203.0.113.9", **said: str) -> dict[str, Any]:
    return {
        "kind": "admin#reports#activity", "ipAddress": ip, "actor": {"email": who, "profileId": "1"},
        "id": {"time": at, "uniqueQualifier": str(n), "applicationName": log, "customerId": "C1"},
        "events": [{"type": "auth", "name": event, "parameters": [{"name": k, "value": v} for k, v in said.items()]}],
    }  # fmt: skip
