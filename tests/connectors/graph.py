"""A small Microsoft Graph that keeps what is written to it, from its documentation: no description of it runs offline.

Each answer names the page of learn.microsoft.com/graph that it is from. What the pages do not name (a path, a query
option, a field of a body) is answered 400, so a request that Graph would not know fails the test that sent it.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from tests.connectors.provider import Got, says

REAL = "https://graph.microsoft.com"
TOKEN, SECRET = "eyJ-our-access-token", "our-client-secret"  # noqa: S105
GRAPH_SP, VENDOR, OURS, EXCHANGE = "sp-graph", "sp-vendor", "sp-ours", "sp-exchange"
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
DELTAS = {"servicePrincipals": "principals", "applications": "apps", "oauth2PermissionGrants": "grants"}
WRITABLE = {
    "servicePrincipals": {"accountEnabled", "keyCredentials"},
    "applications": {"isDisabled", "keyCredentials"},
    "users": {"accountEnabled"},
    "namedLocations": {"@odata.type", "ipRanges"},
    "policies": {"state"},
}


def cert(key_id: str, usage: str = "Verify") -> dict[str, Any]:
    """resources/keycredential."""
    return {
        "keyId": key_id, "type": "AsymmetricX509Cert", "usage": usage, "displayName": f"CN={key_id}", "key": f"MII-{key_id}",
        "startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2099-01-01T00:00:00Z", "customKeyIdentifier": f"T{key_id}",
    }  # fmt: skip


def password(key_id: str, ends: str = "2099-01-01T00:00:00Z") -> dict[str, Any]:
    """resources/passwordcredential: a hint, never the secret."""
    return {"keyId": key_id, "hint": "Q1d", "displayName": "p", "endDateTime": ends, "secretText": None}


def principal(of: str, tenant: str, **more: Any) -> dict[str, Any]:
    """resources/serviceprincipal."""
    return {
        "id": of, "appId": f"app-{of}", "displayName": of, "accountEnabled": True, "appOwnerOrganizationId": tenant,
        "verifiedPublisher": {"displayName": None}, "replyUrls": [f"https://{of}.example/cb"], "passwordCredentials": [],
        "keyCredentials": [], **more,
    }  # fmt: skip


def grant(of: str, client: str, user: str | None, scope: str) -> dict[str, Any]:
    """resources/oauth2permissiongrant."""
    kind = "Principal" if user else "AllPrincipals"
    return {
        "id": of, "clientId": client, "consentType": kind, "principalId": user, "resourceId": GRAPH_SP, "scope": scope
    }  # fmt: skip


def assignment(of: str, client: str, role: str) -> dict[str, Any]:
    """resources/approleassignment."""
    return {
        "id": of, "principalId": client, "principalType": "ServicePrincipal", "resourceId": GRAPH_SP,
        "resourceDisplayName": "Microsoft Graph", "appRoleId": role, "createdDateTime": "2026-02-02T04:22:45.4980259Z",
    }  # fmt: skip


def company() -> dict[str, dict[str, Any]]:
    """A tenant: one vendor's app, one of our own, two of Microsoft's."""
    return {
        "principals": {
            GRAPH_SP: principal(GRAPH_SP, MICROSOFT),
            VENDOR: principal(VENDOR, "t-vendor", verifiedPublisher={"displayName": "Vendor Ltd"}),
            OURS: principal(OURS, "t-ours", passwordCredentials=[password("pw-sp")], keyCredentials=[cert("c-sp")]),
            EXCHANGE: principal(EXCHANGE, MICROSOFT, passwordCredentials=[password("pw-planted")]),
        },
        "apps": {
            "reg-ours": {
                "id": "reg-ours", "appId": f"app-{OURS}", "displayName": "Ours", "isDisabled": None,
                "createdDateTime": "2025-01-01T00:00:00Z", "web": {"redirectUris": ["https://ours.example/cb"]},
                "spa": {"redirectUris": []}, "publicClient": {"redirectUris": []},
                "passwordCredentials": [password("pw-1"), password("pw-old", "2020-01-01T00:00:00Z")],
                "keyCredentials": [cert("c-1"), cert("c-2"), cert("c-sign", "Sign")],
                "federatedIdentityCredentials": [
                    {"id": "fic-1", "name": "ci", "issuer": "https://token.actions.githubusercontent.com",
                     "subject": "repo:acme/deploy:ref:refs/heads/main", "audiences": ["api://AzureADTokenExchange"]},
                ],
            },
        },
        "grants": {
            "g-ann": grant("g-ann", VENDOR, "u-ann", "openid Mail.Read offline_access"),
            "g-bob": grant("g-bob", VENDOR, "u-bob", "openid"),
            "g-all": grant("g-all", OURS, None, "User.Read"),
        },
        "assignments": {
            "a-1": assignment("a-1", VENDOR, "Mail.ReadWrite.All"),
            "a-2": assignment("a-2", VENDOR, "Files.Read.All"),
            "a-3": assignment("a-3", OURS, "User.Read.All"),
        },
        "users": {
            "u-ann": {"id": "u-ann", "userPrincipalName": "ann@contoso.example", "accountEnabled": True,
                      "onPremisesSyncEnabled": None, "signInSessionsValidFromDateTime": "2025-01-01T00:00:00Z"},
            "u-guest": {"id": "u-guest", "userPrincipalName": "eve_x.example#EXT#@contoso.example", "accountEnabled": True,
                        "onPremisesSyncEnabled": None, "signInSessionsValidFromDateTime": "2025-01-01T00:00:00Z"},
        },
        "namedLocations": {
            "loc-1": {"@odata.type": "#microsoft.graph.ipNamedLocation", "id": "loc-1", "displayName": "Vendors", "isTrusted": False,
                      "createdDateTime": "2025-01-01T00:00:00Z",
                      "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "0.0.0.0/1"}]},
            "loc-c": {"@odata.type": "#microsoft.graph.countryNamedLocation", "id": "loc-c", "displayName": "DE",
                      "countriesAndRegions": ["DE"]},
        },
        "policies": {
            "pol-1": policy("pol-1", "enabled", ["All"], ["grp-breakglass"], {"includeLocations": ["All"], "excludeLocations": ["loc-1"]}),
            "pol-ready": policy("pol-ready", "disabled", ["All"], ["grp-breakglass"], None),
            "pol-all": policy("pol-all", "disabled", ["All"], [], None),
            "pol-mfa": policy("pol-mfa", "disabled", ["All"], ["grp-breakglass"], None, "mfa"),
        },
        "sign_ins": {}, "audits": {},
    }  # fmt: skip


def policy(
    of: str, state: str, users: list[str], spared: list[str], where: Any, control: str = "block"
) -> dict[str, Any]:
    """resources/conditionalaccesspolicy."""
    people = {"includeUsers": users, "excludeUsers": [], "excludeGroups": spared, "excludeRoles": []}
    return {
        "id": of, "displayName": of, "state": state, "conditions": {"users": people, "locations": where},
        "grantControls": {"operator": "OR", "builtInControls": [control]},
    }  # fmt: skip


def error(status: int, code: str, message: str = "a message", **headers: str) -> bytes:
    """graph/errors: every error is such an object."""
    return says(status, {"error": {"code": code, "message": message, "innerError": {"request-id": "r"}}}, **headers)


class Wrong(Exception):
    """A request that Graph would not understand."""


@dataclass
class Graph:
    """Attributes: `page` is the size of a page; `lag` for how many reads a write is not seen yet; `before` answers first.

    `marks`: how many delta rounds back a token is still good. `expanded`: the most that `$expand` gives.
    """

    page: int = 2
    lag: int = 0
    expanded: int = 20
    now: str = "2026-11-26T17:00:00Z"
    tenant: dict[str, dict[str, Any]] = field(default_factory=company)
    before: Callable[[Got], bytes | None] = lambda _: None
    resets: str = ""
    changes: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    stale: dict[str, dict[str, Any]] | None = None
    stale_reads: int = 0
    made: int = 0

    def answer(self, got: Got) -> bytes:
        """One request's answer."""
        path, _, text = got.target.partition("?")
        query = dict(parse_qsl(text, keep_blank_values=True))
        if path == "/t-ours/oauth2/v2.0/token":
            return self._token(dict(parse_qsl(got.body.decode())))
        self.asked.append(f"{got.method} {path}")
        if (said := self.before(got)) is not None:
            return said
        if got.headers.get("authorization") != f"Bearer {TOKEN}":
            return error(401, "InvalidAuthenticationToken")
        parts = [unquote(part) for part in path.split("/")[1:]]
        try:
            if got.method == "GET":
                return self._read(parts, query)
            body = json.loads(got.body) if got.body else None
            return self._written(got.method, parts, body)
        except Wrong as wrong:
            return error(400, "Request_BadRequest", str(wrong))
        except KeyError:
            return error(404, "Request_ResourceNotFound")

    def _token(self, form: dict[str, str]) -> bytes:
        # entra/identity-platform/v2-oauth2-client-creds-grant-flow
        good = {"grant_type": "client_credentials", "client_id": "our-client", "scope": "https://graph.microsoft.com/.default"}  # fmt: skip
        if not good.items() <= form.items() or not (form.get("client_secret") == SECRET or "client_assertion" in form):
            return says(401, {"error": "invalid_client", "error_description": "AADSTS7000215"})
        return says(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN})

    # reads

    def _seen(self) -> dict[str, dict[str, Any]]:
        if self.stale is not None and self.stale_reads > 0:
            self.stale_reads -= 1
            return self.stale
        return self.tenant

    def _read(self, parts: list[str], query: dict[str, str]) -> bytes:
        if parts[:2] == ["beta", "auditLogs"]:  # beta/api/signin-list
            return self._log("sign_ins", parts[2:], "signIns", query)
        if parts[0] != "v1.0":
            raise Wrong("no such version")
        match parts[1:]:
            case [kind, "delta"] if kind in DELTAS:
                return self._delta(kind, query)
            case ["auditLogs", *rest]:  # directoryaudit-list
                return self._log("audits", rest, "directoryAudits", query)
            case ["oauth2PermissionGrants", one]:  # oauth2permissiongrant-get
                return self._one(self._seen()["grants"][one], query)
            case ["servicePrincipals", one, "oauth2PermissionGrants"]:  # serviceprincipal-list-oauth2permissiongrants
                seen = self._seen()
                _ = seen["principals"][one]
                return self._page(parts, [g for g in seen["grants"].values() if g["clientId"] == one], query)
            case ["servicePrincipals", one, "appRoleAssignments"]:  # serviceprincipal-list-approleassignments
                seen = self._seen()
                _ = seen["principals"][one]
                return self._page(parts, [a for a in seen["assignments"].values() if a["principalId"] == one], query)
            case ["applications", one, "federatedIdentityCredentials"]:  # application-list-federatedidentitycredentials
                return self._page(parts, self._seen()["apps"][one]["federatedIdentityCredentials"], query)
            case ["servicePrincipals" | "applications" | "users" as kind, one]:
                return self._one(self._found(kind, one), query)
            case ["servicePrincipals" | "applications" as kind]:  # serviceprincipal-list, application-list
                return self._listed(kind, parts, query)
            case ["identity", "conditionalAccess", "namedLocations" | "policies" as kind]:
                return self._page(parts, list(self._seen()[kind].values()), query)
            case ["identity", "conditionalAccess", "namedLocations" | "policies" as kind, one]:
                return self._one(self._seen()[kind][one], query)
            case ["organization"]:  # organization-list
                return says(200, {"value": [{"id": "t-ours"}]})
        raise Wrong("no such path")

    def _found(self, kind: str, one: str) -> Any:
        name = {"servicePrincipals": "principals", "applications": "apps", "users": "users"}[kind]
        things = self._seen()[name]
        by_login = next((u for u in things.values() if u.get("userPrincipalName") == one), None)
        return by_login or things[one]

    def _one(self, item: Any, query: dict[str, str]) -> bytes:
        if set(query) - {"$select"}:
            raise Wrong("a query option that a single object does not take")
        return says(200, self._chosen(item, query, single=True))

    def _chosen(self, item: Any, query: dict[str, str], *, single: bool = False) -> Any:
        names = [name for name in query.get("$select", "").split(",") if name]
        if unknown := [name for name in names if name not in item]:
            raise Wrong(f"no property {unknown}")
        expand = [query["$expand"]] if "$expand" in query else []
        shown = {name: copy.deepcopy(item[name]) for name in (*names, *expand, "id")} if names else copy.deepcopy(item)
        for key in shown.get("keyCredentials") or []:  # resources/keycredential: key only on $select of a single object
            if not (single and "keyCredentials" in names) or key["usage"] == "Sign":
                key["key"] = None
        return shown

    def _listed(self, kind: str, parts: list[str], query: dict[str, str]) -> bytes:
        seen = self._seen()
        items = copy.deepcopy(list(seen[DELTAS[kind]].values()))
        for item in items if kind == "servicePrincipals" else ():  # graph/query-parameters: at most 20 expanded
            given = [a for a in seen["assignments"].values() if a["principalId"] == item["id"]]
            item["appRoleAssignments"] = given[: self.expanded]
        return self._page(parts, items, query)

    def _page(self, parts: list[str], items: list[Any], query: dict[str, str]) -> bytes:
        # graph/paging: the next link carries the whole query, and a page may be empty though another follows
        if set(query) - {"$select", "$expand", "$skiptoken", "$filter"}:
            raise Wrong("a query option that the listing does not take")
        if "$expand" in query and query["$expand"] not in {"appRoleAssignments", "federatedIdentityCredentials"}:
            raise Wrong("no such relation")
        start = int(query.get("$skiptoken", "0"))
        said: dict[str, Any] = {"value": [self._chosen(item, query) for item in items[start : start + self.page]]}
        if start + self.page < len(items):
            kept = "".join(f"{name}={value}&" for name, value in query.items() if name != "$skiptoken")
            said["@odata.nextLink"] = f"{REAL}/{'/'.join(parts)}?{kept}$skiptoken={start + self.page}"
        return says(200, said)

    def _log(self, name: str, rest: list[str], called: str, query: dict[str, str]) -> bytes:
        match rest:
            case [kind] if kind == called:
                told = query.get("$filter", "")
                items = [item for item in self.tenant[name].values() if _passes(item, told)]
                version = "beta" if name == "sign_ins" else "v1.0"
                return self._page([version, "auditLogs", called], items, query)
            case [kind, one] if kind == called:
                return self._one(self.tenant[name][one], query)
        raise Wrong("no such log")

    def _delta(self, kind: str, query: dict[str, str]) -> bytes:
        # graph/delta-query-overview: $select only in the first request; a round ends with a deltaLink
        name, path = DELTAS[kind], f"{REAL}/v1.0/{kind}/delta"
        token = query.get("$deltatoken", "")
        if token and self.resets:
            return error(*{"410": (410, "syncStateNotFound"), "400": (400, "Directory_ExpiredPageToken")}[self.resets])
        if set(query) - {"$select", "$skiptoken", "$deltatoken"} or (token and len(query) > 1):
            raise Wrong("a query option that a delta does not take")
        select, since, start, until = query.get("$select", ""), -1, 0, len(self.changes)
        if state := token or query.get("$skiptoken", ""):
            select, since, start, until = json.loads(bytes.fromhex(state))
            until = len(self.changes) if token else until
        items = self._changed(name, select, since, until)
        said: dict[str, Any] = {"value": items[start : start + self.page]}
        after = [select, since, start + self.page, until]
        link = ("nextLink", "$skiptoken") if start + self.page < len(items) else ("deltaLink", "$deltatoken")
        if link[0] == "deltaLink":
            after = [select, until, 0, 0]
        said[f"@odata.{link[0]}"] = f"{path}?{link[1]}={json.dumps(after).encode().hex()}"
        return says(200, said)

    def _changed(self, name: str, select: str, since: int, until: int) -> list[Any]:
        things = self.tenant[name]
        if since < 0:  # what was never set is left out
            every = [self._chosen(one, {"$select": select}) for one in things.values()]
            return [{key: value for key, value in one.items() if value is not None} for one in every]
        items: list[Any] = []
        for kind, one, fields in self.changes[since:until]:
            if kind != name:
                continue
            if one not in things:
                items.append({"id": one, "@removed": {"reason": "deleted"}})
            else:  # "represented by their id with at least the properties that have been updated"
                items.append({"id": one} | {key: things[one][key] for key in fields})
        return items

    # writes

    def changed(self, name: str, one: str, *fields: str) -> None:
        """Note for the next delta round that something was changed, made or removed."""
        self.changes.append((name, one, fields))

    def _written(self, method: str, parts: list[str], body: Any) -> bytes:
        old = copy.deepcopy(self.tenant)
        said = self._write(method, parts[1:], body)
        self.writes.append(f"{method} /{'/'.join(parts[1:])}")
        self.stale, self.stale_reads = old, self.lag
        return said

    def _write(self, method: str, parts: list[str], body: Any) -> bytes:
        match method, parts:
            case "PATCH", ["servicePrincipals" | "applications" | "users" as kind, one]:
                item = self._found(kind, one)
                self._patch(kind, item, body)
                return says(204)
            case "PATCH", ["identity", "conditionalAccess", "namedLocations" | "policies" as kind, one]:
                self._patch(kind, self.tenant[kind][one], body)
                return says(204)
            case "POST", ["servicePrincipals" | "applications" as kind, one, "removePassword"]:
                # application-removepassword, serviceprincipal-removepassword: 204; 400 where it has no such key
                if set(body) != {"keyId"}:
                    raise Wrong("a password is named by its keyId")
                held = self._found(kind, one)["passwordCredentials"]
                there = [key for key in held if key["keyId"] == body["keyId"]]
                if not there:
                    raise Wrong(f"No password credential found with keyId {body['keyId']!r}.")
                held.remove(there[0])
                return says(204)
            case "DELETE", ["applications", one, "federatedIdentityCredentials", trust]:
                held = self.tenant["apps"][one]["federatedIdentityCredentials"]
                held.remove({t["id"]: t for t in held}[trust])
                return says(204)
            case "DELETE", ["oauth2PermissionGrants", one]:  # oauth2permissiongrant-delete
                del self.tenant["grants"][one]
                self.changed("grants", one)
                return says(204)
            case "DELETE", ["servicePrincipals", resource, "appRoleAssignedTo", one]:
                if self.tenant["assignments"][one]["resourceId"] != resource:
                    raise KeyError(one)
                del self.tenant["assignments"][one]
                return says(204)
            case "POST", [
                "servicePrincipals",
                resource,
                "appRoleAssignedTo",
            ]:  # serviceprincipal-post-approleassignedto
                return self._assign(resource, body)
            case "POST", ["users", one, "revokeSignInSessions"] if body is None:  # user-revokesigninsessions
                self._found("users", one)["signInSessionsValidFromDateTime"] = self.now
                return says(200, {"@odata.context": f"{REAL}/v1.0/$metadata#Edm.Boolean", "value": True})
        raise Wrong("no such write")

    def _assign(self, resource: str, body: Any) -> bytes:
        _ = self.tenant["principals"][resource], self.tenant["principals"][body["principalId"]]
        same = {"principalId", "resourceId", "appRoleId"}
        if set(body) != same or body["resourceId"] != resource:
            raise Wrong("an assignment is named by these three")
        if any(all(a[name] == body[name] for name in same) for a in self.tenant["assignments"].values()):
            raise Wrong("Permission being assigned already exists on the object")
        self.made += 1
        made = assignment(f"a-new-{self.made}", body["principalId"], body["appRoleId"])
        self.tenant["assignments"][made["id"]] = made
        return says(201, made)

    def _patch(self, kind: str, item: Any, body: Any) -> None:
        if not body or set(body) - WRITABLE[kind]:
            raise Wrong("a field that is not writable here")
        if kind == "namedLocations" and body.get("@odata.type") != item["@odata.type"]:  # ipnamedlocation-update
            raise Wrong("@odata.type must be given")
        for name, value in body.items():
            item[name] = self._keys(item, value) if name == "keyCredentials" else value
        if kind in DELTAS:
            self.changed(DELTAS[kind], item["id"], *body)

    def _keys(self, item: Any, wanted: list[Any]) -> list[Any]:
        """A list replaces the list; a key that is named by its keyId, and is null, stays as it is."""
        there = {key["keyId"]: key for key in item["keyCredentials"]}
        for key in wanted:
            if key["key"] is not None or key["keyId"] not in there:
                raise Wrong("a new key, or a change of one")
            same = {name: there[key["keyId"]][name] for name in key if name != "key"}
            if same != {name: value for name, value in key.items() if name != "key"}:
                raise Wrong("Update to existing credential with KeyId is not allowed")
        return [there[key["keyId"]] for key in wanted]


def _passes(item: Any, told: str) -> bool:
    """The few forms of `$filter` that the logs' pages name; a text in it has its quotes doubled."""
    for one in told.split(" and "):
        text = r"'((?:[^']|'')*)'"
        if found := re.fullmatch(r"(\w+) ge (\S+Z)", one):
            good = item[found[1]] >= found[2]
        elif found := re.fullmatch(rf"signInEventTypes/any\(t: t eq {text}\)", one):
            good = found[1] in item["signInEventTypes"]
        elif found := re.fullmatch(rf"targetResources/any\(t: t/id eq {text}\)", one):
            good = found[1] in [target["id"] for target in item["targetResources"]]
        elif found := re.fullmatch(rf"([\w/]+) eq {text}", one):
            value: Any = item
            for step in found[1].split("/"):
                value = (value or {}).get(step)
            good = value == found[2].replace("''", "'")
        else:
            raise Wrong("no such filter")
        if not good:
            return False
    return True
