"""A small Okta that keeps state, for what its description cannot say: what a call does to the next answer.

Each request is judged by the vendor's description, and each answer too. Where each behaviour comes from:
- life cycles, their 400s, two secrets at most, only INACTIVE ones deleted, the Link header: okta-management.json itself
  (descriptions and the examples ErrorMaxNumberOfSecrets, ErrorDeactivateTheOnlyClientSecret, ErrorDeleteActiveSecret)
- suspending who is not ACTIVE is a 400; a token id that is revoked is a 404 the next time: ../shared/vendor-apis.md section 2
- clearing sessions writes `user.session.clear` with the user as its target, which the log shows late: the same
- the paths in UNDESCRIBED, which the trimmed description lacks: from memory, so that they prove nothing about Okta
"""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.core import Call, Came, Reader, Secret, Sender
from connectors.okta import okta
from tests.connectors.described import described
from tests.connectors.provider import Got, provider, says, wired

UNDESCRIBED = {
    r"/api/v1/apps": {"q", "after", "limit", "filter", "expand", "includeNonDeleted"},
    r"/api/v1/eventHooks": set(),
    r"/api/v1/idps": {"q", "after", "limit", "type"},
    r"/api/v1/idps/[^/]+": set(),
    r"/api/v1/idps/[^/]+/users": {"q", "after", "limit", "expand"},
    r"/api/v1/users/[^/]+/factors": set(),
}
ORG = "https://acme.okta.example"
CODES = {400: "E0000001", 401: "E0000011", 403: "E0000006", 404: "E0000007"}


def problem(status, why=""):
    code = CODES[status]
    return status, {
        "errorCode": code,
        "errorSummary": why or "no",
        "errorLink": code,
        "errorId": "s1",
        "errorCauses": [],
    }


def judged(method, path, query, body):
    """AssertionError where Okta's own description knows no such request."""
    for name in ("okta-management", "okta-oauth"):
        if described(name).has(method, path):
            described(name).check(method, path, query, json=body)
            return name
    allowed = next((names for pattern, names in UNDESCRIBED.items() if re.fullmatch(pattern, path)), None)
    assert method == "GET", f"{method} {path} is not described"
    assert allowed is not None, f"{method} {path} is not described"
    assert set(query) <= allowed, f"{method} {path} takes no {sorted(set(query) - allowed)}"
    return ""


def judged_call(call: Call):
    """The same for a call, whose path may have a query."""
    from connectors.core.call import veil

    path, _, query = call.path.partition("?")
    return judged(call.method, path, dict(parse_qsl(query)), veil(call.body))


def without_null(value):
    """Okta answers null where its description says a text or a list: its own example of the log does."""
    if isinstance(value, dict):
        return {name: without_null(one) for name, one in value.items() if one is not None}
    return [without_null(one) for one in value] if isinstance(value, list) else value


@dataclass
class FakeOkta:
    """What there is, by id; `lies` answers writes with success and does nothing; `lag` hides that many new log events."""

    things: dict[str, dict[str, dict]] = field(default_factory=dict)
    log: list[dict] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)
    page: int = 200
    hole: bool = False
    lag: int = 0
    lies: bool = False
    clock: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(hours=1))

    def put(self, kind, id_, **fields):
        self.things.setdefault(kind, {})[id_] = {"id": id_, **fields}

    def of(self, kind, **same):
        found = self.things.get(kind, {}).values()
        return [one for one in found if all(one[name] == value for name, value in same.items())]

    def happened(self, type_, actor="", target="", address="198.51.100.7", client=None, result="SUCCESS"):
        self.clock += timedelta(seconds=1)
        self.log.append({
            "uuid": f"ev-{len(self.log)}", "eventType": type_, "published": self.clock.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "outcome": {"result": result}, "actor": {"id": actor, "type": "User", "alternateId": f"{actor}@acme.example"},
            "client": {"ipAddress": address, "id": client}, "target": [{"id": target, "type": "User"}] if target else None,
        })  # fmt: skip

    def answer(self, got: Got) -> bytes:
        self.got.append(got)
        assert got.headers["authorization"] == "SSWS our-own-api-token"
        url = urlsplit(got.target)
        path, query = url.path, dict(parse_qsl(url.query))
        body = json.loads(got.body) if got.body else None
        name = judged(got.method, path, query, body)
        parts = [unquote(part) for part in path.removeprefix("/api/v1/").split("/")]
        status, answer, *more = self.read(parts, query) if got.method == "GET" else self.write(got.method, parts, body)
        if name and status < 300:
            described(name).check_answer(got.method, path, status, without_null(answer))
        return says(status, answer, **(more[0] if more else {}))

    def read(self, parts, query):
        if parts[0] == "users" and len(parts) > 2 and parts[1] not in self.things["users"]:
            return problem(404)  # a login is taken by /users/{id} and its life cycle, not by /users/{userId}/...
        match parts:
            case ["users", name]:
                named = [one for one in self.of("users") if name in {one["id"], one["profile"]["login"]}]
                return (200, named[0]) if named else problem(404)
            case ["users", user, "factors"]:
                return 200, self.of("factors", userId=user)
            case ["users", user, "clients"]:
                clients = sorted({one["clientId"] for one in self.of("tokens", userId=user)})
                return 200, [{"client_id": one, "client_name": one} for one in clients]
            case ["users", user, "clients", client, "tokens", *rest]:
                return self.some(self.of("tokens", userId=user, clientId=client), rest, query)
            case ["users", user, "grants", *rest]:
                return self.some(self.of("consents", userId=user), rest, query)
            case ["apps", app, "users"]:
                return 200, self.of("app_users", app=app)
            case ["apps", app, "tokens", *rest]:
                return self.some(self.of("tokens", clientId=app), rest, query)
            case ["apps", app, "grants", *rest]:
                return self.some(self.of("grants", clientId=app), rest, query)
            case ["apps", app, "credentials", "secrets"]:
                return 200, [{k: v for k, v in one.items() if k != "app"} for one in self.of("secrets", app=app)]
            case ["apps", app, "credentials", "jwks"]:
                return 200, [{k: v for k, v in one.items() if k != "app"} for one in self.of("jwks", app=app)]
            case ["idps", idp, "users"]:
                return self.some(self.of("idp_users", idp=idp), [], query)
            case ["logs"]:
                return self.logs(query)
            case [kind, *rest]:
                return self.some(self.of(kind), rest, query)

    def some(self, items, rest, query):
        """One of them, or a page: with `hole` an empty page comes between, as where a filter took all of it."""
        if rest:
            found = next((one for one in items if one["id"] == rest[0]), None)
            return (200, found) if found else problem(404)
        start = query.get("after", "0")
        if self.hole and start == "0" and items:
            following, shown = "hole-0", []
        else:
            at = int(start.removeprefix("hole-"))
            shown = items[at : at + self.page]
            following = str(at + self.page) if at + self.page < len(items) else ""
        keep = "&".join(f"{name}={value}" for name, value in query.items() if name != "after")
        links = {"link": f'<{ORG}/x?after={following}&{keep}>; rel="next"'} if following else {}
        return 200, shown, links

    def logs(self, query):
        shown = self.log[: len(self.log) - self.lag]
        wanted = query["filter"]
        found = []
        for one in shown:
            facts = {
                "eventType": [one["eventType"]], "actor.id": [one["actor"]["id"]], "uuid": [one["uuid"]],
                "client.id": [one["client"]["id"]], "outcome.result": [one["outcome"]["result"]],
                "target.id": [target["id"] for target in one["target"] or ()],
            }  # fmt: skip
            if fulfils(wanted, facts) and one["published"] >= query.get("since", ""):
                found.append(one)
        found.sort(key=lambda one: one["published"], reverse=query.get("sortOrder") == "DESCENDING")
        return 200, found[: int(query["limit"])]

    def write(self, method, parts, body):
        if self.lies:
            return 204 if method == "DELETE" else 200, None if method == "DELETE" else {}
        match method, parts:
            case "POST", ["users", user, "lifecycle", step]:
                return self.user_step(user, step)
            case "DELETE", ["users", user, "sessions"]:
                if user not in self.things["users"]:
                    return problem(404)
                for one in self.of("tokens", userId=user):
                    one["status"] = "REVOKED"
                self.happened("user.session.clear", actor="us", target=user)
                return 204, None
            case "POST", ["apps", app, "credentials", kind] if kind in {"secrets", "jwks"}:
                if kind == "secrets" and len(self.of("secrets", app=app)) == 2:
                    return problem(400, "the maximum number of client secrets")
                self.put(kind, f"{kind}-{len(self.of(kind))}", app=app, **body)
                return 201, {"id": "made", "status": "ACTIVE"} | (
                    {"kty": "RSA", "use": "sig"} if kind == "jwks" else {}
                )
            case "POST", ["apps", app, "credentials", kind, id_, "lifecycle", step]:
                others = [one for one in self.of(kind, app=app, status="ACTIVE") if one["id"] != id_]
                if kind == "secrets" and step == "deactivate" and not others:
                    return problem(400, "You can't deactivate the only active client secret.")
                return self.switched(
                    kind,
                    id_,
                    step,
                    {"id": id_, "status": "INACTIVE", "kty": "RSA", "use": "sig"} if kind == "jwks" else {"id": id_},
                )
            case "DELETE", ["apps", _, "credentials", kind, id_]:
                if self.things[kind][id_]["status"] == "ACTIVE":
                    return problem(400, "delete an active one")
                return self.gone(kind, id_)
            case "POST", ["apps", app, "grants"]:
                self.put("grants", f"oag-{len(self.log)}-new", clientId=app, status="ACTIVE", **body)
                return 201, self.of("grants", clientId=app)[-1]
            case "POST", [kind, id_, "lifecycle", step]:
                return self.switched(kind, id_, step, self.things.get(kind, {}).get(id_, {}))
            case "PUT", ["zones", id_]:
                self.things["zones"][id_] |= body
                return 200, self.things["zones"][id_]
            case "PUT", ["api-tokens", id_]:
                self.things["api-tokens"][id_] |= body
                return 200, self.things["api-tokens"][id_]
            case "DELETE", ["apps", _, kind, id_]:
                return self.gone(kind, id_)
            case "DELETE", ["users", _, "grants", id_]:
                return self.gone("consents", id_)
            case "DELETE", ["users", _, "clients", _, "tokens", id_]:
                return self.gone("tokens", id_)
            case "DELETE", ["api-tokens", id_]:
                return self.gone("api-tokens", id_)
        raise AssertionError(f"the fake knows no {method} {parts}")

    def user_step(self, user, step):
        one = self.things["users"][user]
        starts = {"suspend": ("ACTIVE", "SUSPENDED"), "unsuspend": ("SUSPENDED", "ACTIVE")}
        if step == "reset_factors":
            self.things["factors"] = {}
        elif step == "deactivate":
            one["status"] = "DEPROVISIONED"
        elif one["status"] != starts[step][0]:
            return problem(400, "the user has another status")
        else:
            one["status"] = starts[step][1]
        return 200, {}

    def switched(self, kind, id_, step, answer):
        if id_ not in self.things.get(kind, {}):
            return problem(404)
        self.things[kind][id_]["status"] = "ACTIVE" if step == "activate" else "INACTIVE"
        return 200, answer

    def gone(self, kind, id_):
        return (204, None) if self.things.get(kind, {}).pop(id_, None) else problem(404)


def with_drift() -> FakeOkta:
    """An Okta in which Drift has all that it may have."""
    fake = FakeOkta()
    for n, status in (("00u1", "ACTIVE"), ("00u2", "ACTIVE"), ("00u3", "LOCKED_OUT")):
        fake.put(
            "users", n, status=status, lastLogin="2026-11-20T08:00:00.000Z", profile={"login": f"{n}@acme.example"}
        )
    fake.put("factors", "opf1", userId="00u1", factorType="push")
    client = {
        "grant_types": ["refresh_token"],
        "redirect_uris": ["https://drift.example/cb"],
        "response_types": ["code"],
        "application_type": "web",
    }
    fake.put("apps", "0oa1", status="ACTIVE", label="Drift", name="oidc_client", signOnMode="OPENID_CONNECT",
             credentials={"oauthClient": {"client_id": "0oa1"}}, settings={"oauthClient": client}, created="2026-01-01T00:00:00.000Z")  # fmt: skip
    fake.put("apps", "0oa9", status="ACTIVE", label="Wiki", name="saml", signOnMode="SAML_2_0")
    for n in range(5):
        fake.put("tokens", f"oar{n}", status="ACTIVE", clientId="0oa1", userId="00u1" if n < 2 else "00u2", scopes=["offline_access"],
                 issuer=ORG, lastUpdated="2026-11-26T02:30:00.000Z")  # fmt: skip
    fake.put("app_users", "00u1", app="0oa1", status="ACTIVE")
    fake.put(
        "grants",
        "oag1",
        clientId="0oa1",
        status="ACTIVE",
        scopeId="okta.users.read",
        issuer=ORG,
        createdBy={"id": "00u2", "type": "User"},
    )
    fake.put("consents", "oag2", userId="00u1", clientId="0oa1", status="ACTIVE", scopeId="car:drive", issuer=ORG)
    fake.put(
        "secrets", "ocs1", app="0oa1", status="ACTIVE", client_secret="the-old-secret-that-leaked", secret_hash="h"
    )
    fake.put("jwks", "pks1", app="0oa1", status="ACTIVE", kid="old", kty="RSA", use="sig", n="AAA", e="AQAB")
    fake.put(
        "api-tokens",
        "00T1",
        name="Drift sync",
        userId="00u1",
        network={"connection": "ANYWHERE"},
        created="2026-01-01T00:00:00.000Z",
    )
    fake.put(
        "zones",
        "nzo1",
        type="IP",
        name="BlockedIpZone",
        status="ACTIVE",
        usage="BLOCKLIST",
        system=True,
        gateways=None,
        proxies=None,
    )
    fake.put(
        "zones",
        "nzo2",
        type="IP",
        name="Vendors",
        status="ACTIVE",
        usage="POLICY",
        gateways=[{"type": "CIDR", "value": "192.0.2.0/24"}],
        proxies=None,
    )
    fake.put("zones", "nzo3", type="DYNAMIC", name="Far", status="ACTIVE", usage="POLICY")
    fake.put("eventHooks", "who1", status="ACTIVE", name="Drift", verificationStatus="VERIFIED", createdBy="00u2", created="2026-01-01T00:00:00.000Z",
             events={"type": "EVENT_TYPE", "items": ["user.session.start"]},
             channel={"type": "HTTP", "version": "1.0.0", "config": {"uri": "https://drift.example/in", "authScheme": {"type": "HEADER", "key": "authorization", "value": "hook-secret"}}})  # fmt: skip
    fake.put("idps", "0oa2", status="ACTIVE", type="SAML2", name="Support vendor")
    fake.put("idp_users", "00u1", idp="0oa2", profile={"login": "00u1@acme.example"})
    fake.put("idp_users", "00u2", idp="0oa2", profile={"login": "00u2@acme.example"})
    fake.happened("user.session.start", actor="00u1")
    fake.happened("user.session.start", actor="00u2", address="192.0.2.10")
    return fake


def fulfils(text, facts):
    """A filter of `eq` and `sw` with and, or and brackets, as far as ours go; the field and its text are judged exactly."""

    def one(match):
        field_, how, value = match[1], match[2], json.loads(match[3])
        found = [fact for fact in facts[field_] if fact]
        return str(any(fact == value if how == "eq" else fact.startswith(value) for fact in found))

    logic = re.sub(r'([\w.]+) (eq|sw) ("(?:[^"\\]|\\.)*")', one, text)
    assert re.fullmatch(r"(?:True|False|and|or|[() ])+", logic), f"no filter: {text}"
    return eval(logic)  # noqa: S307  # of these words alone


@asynccontextmanager
async def at(fake: FakeOkta, *, writes=True):
    """(reader, sender) at a fake, as with an API token."""
    async with (
        provider(fake.answer) as there,
        wired(there.url, writes=writes, connector=okta, secret=Secret("our-own-api-token")) as wire,
    ):
        yield Reader(wire), Sender(wire)


async def done(action, read, send, p, *, back=None, rounds=4):
    """Look, send what is missing, look again, until nothing is: the states in between. `back`: undo to that state."""
    states = []
    for _ in range(rounds):
        states.append(
            seen := await action.sees(
                read, action.sees.params(**{n: getattr(p, n) for n in action.sees.params.model_fields})
            )
        )
        calls = action.missing(p, seen, "run/step/target") if back is None else action.missing_back(p, seen, back)
        if not calls:
            return states
        for call in calls:
            outcome = await send.send(call, {})
            assert outcome.came is Came.OK, (str(call), outcome)
    raise AssertionError(f"{action.name} is never done: {states}")
