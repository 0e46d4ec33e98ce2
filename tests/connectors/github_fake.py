"""A small GitHub that keeps state, for what no other part does (emulate has no suspension, tokens, secrets, keys or hooks off).

Each request that GitHub's description has is judged by it, and each of our answers too; they are its own examples with the
state put in. What the trimmed description lacks stands in DOCUMENTED with the page that it is from. A listing lags behind
a write by `lag` requests, as GitHub's listings may.
"""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from nacl.public import PrivateKey, SealedBox

from connectors.core import Connection, Rate, Secret, connect
from tests.connectors.described import described
from tests.connectors.provider import Got, provider, says

TOKEN = "ghs_our-own-installation-token"
DOCS = "https://docs.github.com/rest"
CLOUD = "https://docs.github.com/enterprise-cloud@latest/rest/orgs"
DOCUMENTED = {
    ("GET", r"/orgs/[^/]+/repos"): f"{DOCS}/repos/repos#list-organization-repositories",
    ("GET", r"/orgs/[^/]+/outside_collaborators"): f"{DOCS}/orgs/outside-collaborators",
    ("GET", r"/orgs/[^/]+/actions/permissions/repositories"): f"{DOCS}/actions/permissions",
    ("PUT", r"/orgs/[^/]+/actions/permissions/repositories"): f"{DOCS}/actions/permissions",
    ("GET", r"/orgs/[^/]+/actions/secrets/[^/]+"): f"{DOCS}/actions/secrets",
    ("PUT", r"/orgs/[^/]+/actions/secrets/[^/]+"): f"{DOCS}/actions/secrets",
    ("GET", r"/orgs/[^/]+/actions/secrets/[^/]+/repositories"): f"{DOCS}/actions/secrets",
    ("PUT", r"/orgs/[^/]+/actions/secrets/[^/]+/repositories"): f"{DOCS}/actions/secrets",
    ("GET", r"/repos/[^/]+/[^/]+/actions/secrets"): f"{DOCS}/actions/secrets",
    ("GET", r"/repos/[^/]+/[^/]+/actions/secrets/public-key"): f"{DOCS}/actions/secrets",
    ("GET", r"/orgs/[^/]+/personal-access-token-requests"): f"{DOCS}/orgs/personal-access-tokens",
    ("POST", r"/orgs/[^/]+/personal-access-token-requests/\d+"): f"{DOCS}/orgs/personal-access-tokens",
    ("GET", r"/orgs/[^/]+/credential-authorizations"): f"{CLOUD}/orgs#list-saml-sso-authorizations-for-an-organization",
    ("DELETE", r"/orgs/[^/]+/credential-authorizations/\d+"): f"{CLOUD}/orgs#remove-a-saml-sso-authorization",
    ("GET", r"/orgs/[^/]+/audit-log"): f"{CLOUD}/orgs#get-the-audit-log-for-an-organization",
}


def documented(method: str, path: str) -> str:
    """The page that a request is from, where the description here does not have it; "" for one that nothing has."""
    found = [page for (m, pattern), page in DOCUMENTED.items() if m == method and re.fullmatch(pattern, path)]
    return found[0] if found else ""


def judged(method: str, path: str, query: dict[str, str], body: Any) -> None:
    """A request that our connector makes is one of GitHub's description, or of a page of its documentation."""
    if documented(method, path):
        return
    described("github").check(method, path, query, json=body)


def example(method: str, path: str) -> Any:
    """The vendor's own example of an answer there."""
    return copy.deepcopy(described("github").answers(method, path)[0].json)


def owner(login: str) -> dict[str, Any]:
    return {**example("GET", "/orgs/x/members")[0], "login": login}


@dataclass
class GitHub:
    """Its state, by what it is about; `odd` answers a request in its own way first; `lag`: lists that show the old state."""

    odd: Callable[[str, str], bytes | None] = lambda _method, _path: None
    box: PrivateKey = field(default_factory=PrivateKey.generate)
    page: int = 2
    lag: int = 0
    seen: list[tuple[str, str, Any, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        pat = example("GET", "/orgs/x/personal-access-tokens")[0]
        made = example("GET", "/orgs/x/installations")["installations"][0]
        hook, key = example("GET", "/repos/x/y/hooks/1"), example("GET", "/repos/x/y/keys/1")
        org_hook = example("GET", "/orgs/x/hooks/1")
        self.pats = {str(n): {**pat, "id": n, "owner": owner(f"user-{n % 2}")} for n in range(1, 6)}
        self.requests = {"7": {**pat, "id": 7, "reason": "please"}}
        self.installations = {str(n): {**made, "id": n, "app_slug": f"app-{n}"} for n in range(1, 4)}
        ours = example("GET", "/app/installations/1")
        self.ours = {str(n): {**ours, "id": n, "suspended_at": None, "suspended_by": None} for n in range(1, 4)}
        self.repos = {"acme/site": 1, "acme/api": 2, "acme/docs": 3}
        self.hooks = {("acme", "1"): {**org_hook, "id": 1}}
        self.hooks |= {(name, str(n)): {**hook, "id": n} for name, n in self.repos.items()}
        self.keys = {(name, str(n)): {**key, "id": n} for name, n in self.repos.items()}
        self.members = {"boss": "admin", "svc-drift": "member"}
        self.outside, self.blocked = ["freelancer"], ["spammer"]
        self.actions = {"enabled_repositories": "selected", "allowed_actions": "all"}
        self.chosen, self.repo_actions = [1, 2], dict.fromkeys(self.repos, True)
        self.secrets = {"DRIFT_TOKEN": {"visibility": "selected", "updated_at": "2026-01-10T14:59:22Z"}}
        self.secret_repos, self.values = {"DRIFT_TOKEN": [1, 3]}, {}
        self.repo_secrets = {("acme/site", "DRIFT_TOKEN"): "2026-01-10T14:59:22Z"}
        self.authorizations = {
            str(n): {
                "login": f"user-{n % 2}", "credential_id": n, "credential_type": kind, "token_last_eight": "12345678",
                "credential_authorized_at": "2026-01-26T19:06:43Z", "scopes": ["repo"],
                "credential_accessed_at": "2026-02-26T19:06:43Z", "application_name": name, "application_client_id": app,
            }
            for n, kind, name, app in ((1, "OAuth app token", "Drift", "Iv1.drift"), (2, "SSH key", None, None),
                                       (3, "OAuth app token", "Drift", "Iv1.drift"))
        }  # fmt: skip
        self.granted = {"gho_drift-token-of-octocat"}
        self.leaked = {"ghp_leaked-on-a-pastebin"}
        self.revoking: dict[str, int] = {}
        self.log = [
            {"@timestamp": 1772332800123 + n, "_document_id": f"doc-{n}", "action": "git.clone", "actor": "svc-drift",
             "actor_ip": "198.51.100.66", "repo": "acme/site", "programmatic_access_type": "OAuth access token"}
            for n in range(5)
        ]  # fmt: skip

    def answer(self, got: Got) -> bytes | None:
        parts = urlsplit(got.target)
        query = dict(parse_qsl(parts.query))
        body = json.loads(got.body) if got.body and "json" in got.headers.get("content-type", "") else None
        self.seen.append((got.method, parts.path, body, got.headers.get("authorization", "")))
        judged(got.method, parts.path, query, body)
        assert got.headers["x-github-api-version"] == "2022-11-28"
        if (said := self.odd(got.method, parts.path)) is not None:
            return said
        status, answer, more = self.told(got, parts.path, query, body)
        # GitHub's description wants an account there that is a person and an enterprise in one (allOf for anyOf)
        mistaken = (got.method, parts.path) == ("GET", "/app/installations")
        if not mistaken and not documented(got.method, parts.path) and status not in {401, 403, 404}:
            described("github").check_answer(got.method, parts.path, status, answer)
        return says(status, answer, **more)

    def told(self, got: Got, path: str, query: dict[str, str], body: Any) -> tuple[int, Any, dict[str, str]]:
        for pattern, handler in self.routes():
            method, _, template = pattern.partition(" ")
            found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template), path)
            if method == got.method and found:
                self.got, self.body, self.query, self.path = got, body, query, path
                said = handler(**found.groupdict())
                return said if len(said) == 3 else (*said, {})
        return 404, {"message": "Not Found"}, {}

    def routes(self) -> list[tuple[str, Any]]:
        ok = lambda status, body=None: (status, body)  # noqa: E731
        here = lambda o, r: f"{o}/{r}"  # noqa: E731
        return [
            ("GET /rate_limit", self.rate_limit),
            ("POST /credentials/revoke", self.revoke_leaked),
            ("DELETE /installation/token", self.ends_itself),
            ("GET /app", lambda: ok(200, example("GET", "/app"))),
            ("GET /app/installations", lambda: self.listed(list(self.ours.values()))),
            ("GET /app/installations/{n}", lambda n: self.one(self.ours, n)),
            ("DELETE /app/installations/{n}", lambda n: self.gone(self.ours, n)),
            ("PUT /app/installations/{n}/suspended", lambda n: self.suspended(n, "2026-03-01T02:41:00Z")),
            ("DELETE /app/installations/{n}/suspended", lambda n: self.suspended(n, None)),
            ("POST /app/installations/{n}/access_tokens", lambda n: ok(201, self.token())),
            ("POST /applications/{c}/token", lambda c: self.checked()),
            ("DELETE /applications/{c}/token", lambda c: self.ended()),
            ("DELETE /applications/{c}/grant", lambda c: self.ended()),
            ("GET /orgs/{o}/installations", lambda o: self.listed(list(self.installations.values()), "installations")),
            ("GET /orgs/{o}/repos", lambda o: self.listed([{"full_name": name} for name in self.repos])),
            ("GET /orgs/{o}/personal-access-tokens", lambda o: self.listed(list(self.pats.values()))),
            ("POST /orgs/{o}/personal-access-tokens/{n}", lambda o, n: self.gone(self.pats, n)),
            ("GET /orgs/{o}/personal-access-token-requests", lambda o: self.listed(list(self.requests.values()))),
            ("POST /orgs/{o}/personal-access-token-requests/{n}", lambda o, n: self.gone(self.requests, n)),
            ("GET /orgs/{o}/credential-authorizations", lambda o: self.listed(list(self.authorizations.values()))),
            ("DELETE /orgs/{o}/credential-authorizations/{n}", lambda o, n: self.gone(self.authorizations, n)),
            ("GET /orgs/{o}/audit-log", lambda o: self.listed(self.log)),
            ("GET /orgs/{o}/members", lambda o: self.listed([owner(m) for m, r in self.members.items() if r == "admin"])),
            ("GET /orgs/{o}/memberships/{u}", lambda o, u: self.membership(u)),
            ("DELETE /orgs/{o}/memberships/{u}", lambda o, u: self.gone(self.members, u)),
            ("GET /orgs/{o}/outside_collaborators", lambda o: self.listed([owner(u) for u in self.outside])),
            ("DELETE /orgs/{o}/outside_collaborators/{u}", lambda o, u: ok(204, self.outside.remove(u))),
            ("GET /orgs/{o}/blocks", lambda o: self.listed([owner(u) for u in self.blocked])),
            ("PUT /orgs/{o}/blocks/{u}", lambda o, u: ok(204, self.blocked.append(u))),
            ("DELETE /orgs/{o}/blocks/{u}", lambda o, u: ok(204, self.blocked.remove(u))),
            ("GET /orgs/{o}/actions/permissions", lambda o: ok(200, self.actions)),
            ("PUT /orgs/{o}/actions/permissions", lambda o: ok(204, self.actions.update(self.body))),
            ("GET /orgs/{o}/actions/permissions/repositories", lambda o: self.repositories(self.chosen)),
            ("PUT /orgs/{o}/actions/permissions/repositories", lambda o: self.put(self.chosen)),
            ("GET /repos/{o}/{r}/actions/permissions", lambda o, r: ok(200, {"enabled": self.repo_actions[here(o, r)],
                                                                             "sha_pinning_required": False})),
            ("PUT /repos/{o}/{r}/actions/permissions",
             lambda o, r: ok(204, self.repo_actions.update({here(o, r): self.body["enabled"]}))),
            ("GET /orgs/{o}/actions/secrets/public-key", lambda o: ok(200, self.public())),
            ("GET /orgs/{o}/actions/secrets/{s}", lambda o, s: self.one(self.secrets, s)),
            ("PUT /orgs/{o}/actions/secrets/{s}", lambda o, s: self.org_secret_set(s)),
            ("GET /orgs/{o}/actions/secrets/{s}/repositories", lambda o, s: self.repositories(self.secret_repos[s])),
            ("PUT /orgs/{o}/actions/secrets/{s}/repositories", lambda o, s: self.put(self.secret_repos[s])),
            ("GET /repos/{o}/{r}/actions/secrets", lambda o, r: self.listed(
                [{"name": s, "created_at": t, "updated_at": t} for (n, s), t in self.repo_secrets.items() if n == here(o, r)],
                "secrets")),
            ("GET /repos/{o}/{r}/actions/secrets/public-key", lambda o, r: ok(200, self.public())),
            ("PUT /repos/{o}/{r}/actions/secrets/{s}", lambda o, r, s: self.repo_secret_set(here(o, r), s)),
            ("DELETE /repos/{o}/{r}/actions/secrets/{s}", lambda o, r, s: self.gone(self.repo_secrets, (here(o, r), s))),
            ("GET /orgs/{o}/hooks", lambda o: self.listed([h for (n, _), h in self.hooks.items() if n == o])),
            ("GET /orgs/{o}/hooks/{n}", lambda o, n: self.one(self.hooks, (o, n))),
            ("PATCH /orgs/{o}/hooks/{n}", lambda o, n: self.patched(self.hooks, (o, n))),
            ("GET /repos/{o}/{r}/hooks", lambda o, r: self.listed([h for (n, _), h in self.hooks.items() if n == here(o, r)])),
            ("GET /repos/{o}/{r}/hooks/{n}", lambda o, r, n: self.one(self.hooks, (here(o, r), n))),
            ("PATCH /repos/{o}/{r}/hooks/{n}", lambda o, r, n: self.patched(self.hooks, (here(o, r), n))),
            ("GET /repos/{o}/{r}/keys", lambda o, r: self.listed([k for (n, _), k in self.keys.items() if n == here(o, r)])),
            ("GET /repos/{o}/{r}/keys/{n}", lambda o, r, n: self.one(self.keys, (here(o, r), n))),
            ("DELETE /repos/{o}/{r}/keys/{n}", lambda o, r, n: self.gone(self.keys, (here(o, r), n))),
        ]  # fmt: skip

    def listed(self, items: list[Any], inside: str = "") -> tuple[int, Any, dict[str, str]]:
        """One page of at most `page` items, and where the next begins: RFC 8288."""
        number = int(self.query.get("page", 1))
        start = (number - 1) * self.page
        part = items[start : start + self.page]
        more = {}
        if start + self.page < len(items):
            rest = urlencode({**self.query, "page": number + 1})
            more["link"] = f'<https://api.github.com{self.path}?{rest}>; rel="next"'
        return 200, ({"total_count": len(items), inside: part} if inside else part), more

    def repositories(self, ids: list[int]) -> tuple[int, Any, dict[str, str]]:
        return self.listed([{"id": n} for n in ids], "repositories")

    def one(self, of: dict[Any, Any], key: Any) -> tuple[int, Any]:
        return (200, of[key]) if key in of else (404, {"message": "Not Found"})

    def gone(self, of: dict[Any, Any], key: Any) -> tuple[int, Any]:
        return (204, None) if of.pop(key, None) is not None else (404, {"message": "Not Found"})

    def patched(self, of: dict[Any, Any], key: Any) -> tuple[int, Any]:
        of[key].update(self.body)
        return 200, of[key]

    def put(self, ids: list[int]) -> tuple[int, Any]:
        ids[:] = self.body["selected_repository_ids"]
        return 204, None

    def suspended(self, n: str, at: str | None) -> tuple[int, Any]:
        self.ours[n].update(suspended_at=at)
        return 204, None

    def token(self) -> Any:
        return {**example("POST", "/app/installations/1/access_tokens"), "token": TOKEN}

    def membership(self, login: str) -> tuple[int, Any]:
        if login not in self.members:
            return 404, {"message": "Not Found"}
        return 200, {**example("GET", "/orgs/x/memberships/y"), "role": self.members[login], "user": owner(login)}

    def public(self) -> Any:
        return {"key_id": "568250167242549743", "key": base64.b64encode(bytes(self.box.public_key)).decode()}

    def opened(self) -> str:
        return SealedBox(self.box).decrypt(base64.b64decode(self.body["encrypted_value"])).decode()

    def org_secret_set(self, name: str) -> tuple[int, Any]:
        self.values[name] = self.opened()
        self.secrets[name].update(visibility=self.body["visibility"], updated_at="2026-03-01T03:10:00Z")
        self.secret_repos[name] = self.body.get("selected_repository_ids", [])
        return 204, None

    def repo_secret_set(self, place: str, name: str) -> tuple[int, Any]:
        self.values[place, name] = self.opened()
        self.repo_secrets[place, name] = "2026-03-01T03:10:00Z"
        return 204, None

    def checked(self) -> tuple[int, Any]:
        if self.body["access_token"] not in self.granted:
            return 404, {"message": "Not Found"}
        return 200, example("POST", "/applications/x/token")

    def ended(self) -> tuple[int, Any]:
        self.granted.discard(self.body["access_token"])
        return 204, None

    def rate_limit(self) -> tuple[int, Any]:
        credential = self.got.headers.get("authorization", "").removeprefix("Bearer ")
        if credential in self.revoking:
            self.revoking[credential] -= 1
            if self.revoking[credential] < 0:
                self.leaked.discard(credential)
        if credential.startswith(("ghp_", "ghs_")) and credential not in self.leaked:
            return 401, {"message": "Bad credentials"}
        return 200, example("GET", "/rate_limit")

    def ends_itself(self) -> tuple[int, Any]:
        self.leaked.discard(self.got.headers["authorization"].removeprefix("Bearer "))
        return 204, None

    def revoke_leaked(self) -> tuple[int, Any]:
        if "authorization" in self.got.headers:
            return 403, {"message": "authenticated requests are refused here"}
        self.revoking |= dict.fromkeys(self.body["credentials"], self.lag)
        return 202, {}


@asynccontextmanager
async def linked(there: GitHub, connector: Any, *, secret: str = TOKEN, **settings: Any):
    """A reader and a sender at it; writes are not spaced here, which has a test of its own."""
    fast = replace(connector, rate=Rate(5000, per_s=1, in_flight=20))
    async with provider(there.answer) as served:
        made = connector.settings(**settings)
        connection = Connection("here", fast, served.url, Secret(secret) if secret else None, made)
        read, sender, wire = connect(connection, writes=True)
        try:
            yield read, sender
        finally:
            await wire.close()
