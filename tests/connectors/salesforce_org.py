"""A small Salesforce org: what its REST API does with the objects that our connector knows, and its own reading of SOQL.

No description by the vendor exists, so each answer has its source:
[OT]  Object Reference, "OauthToken": its id is null; who lacks Customize Application sees their own; 500 rows a page,
      2,500 at most, and COUNT() tells of all.
[Q]   REST API Developer Guide, "Query": totalSize, done, nextRecordsUrl, records with attributes.
[ERR] the same, "Status Codes and Error Responses": a list of {errorCode, message}; 403 with REQUEST_LIMIT_EXCEEDED;
      Sforce-Limit-Info beside every answer.
[ROW] the same, "sObject Rows": PATCH and DELETE are answered 204 without a body, POST 201 with an id.
[REV] Mobile SDK Guide, "Revoking OAuth Tokens": 200 without a body, and 400 for every error.
[TOK] Salesforce Help, "OAuth 2.0 Client Credentials Flow": access_token, instance_url, token_type; no expires_in.
[AUTH], [LOGIN], [PS], [USR]: Object Reference, "AuthSession", "LoginHistory", "PermissionSetAssignment",
      "UserPermissionAccess".
[SOQL] SOQL Reference: escapes of quoted text; `=` on text does not tell capitals from small letters.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.salesforce.soql import _as_id
from tests.connectors.provider import Got, says

BASE = "/services/data/v62.0"
SECRET = "the-secret-of-our-app"  # noqa: S105  made up
CANARY = "canary-access-token"


def id_of(prefix: str, number: int) -> str:
    """A record's id, 18 letters."""
    return _as_id(f"{prefix}Ws{number:010d}")


US = id_of("005", 1)
"""The user whose credential is ours."""

_TOKEN = re.compile(r"\s*('(?:[^'\\]|\\.)*'|[(),]|!=|>=|<=|=|<|>|[\w.:+-]+)")
_BACK = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


class Refused(Exception):
    """An error of the API's: status and code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


def words_of(text: str) -> list[str]:
    """The words of a query; 400 MALFORMED_QUERY where something is none, such as a quote that is never closed."""
    found, at = [], 0
    while at < len(text.rstrip()):
        if (match := _TOKEN.match(text, at)) is None:
            raise Refused(400, "MALFORMED_QUERY")
        found.append(match[1])
        at = match.end()
    return found


def value_of(word: str) -> Any:
    """A literal's value [SOQL]."""
    if word.startswith("'"):
        return re.sub(r"\\(.)", lambda m: _BACK[m[1]] if m[1] in _BACK else m[1], word[1:-1], flags=re.DOTALL)
    return {"TRUE": True, "FALSE": False, "NULL": None}.get(word.upper(), word)


@dataclass
class Org:
    """Attributes:
    tables: object -> records. may: our user's permissions. page: records a page.
    spent: the org's requests are used up. lag: so many queries see a token that was revoked before.
    cut: pages after the first are lost without a word. canary: whether the canary's app is let in.
    """  # noqa: D205

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    may: set[str] = field(default_factory=lambda: {"CustomizeApplication", "ManageUsers"})
    page: int = 2000
    spent: bool = False
    lag: int = 0
    cut: bool = False
    canary: bool = True
    queries: list[str] = field(default_factory=list)
    _cursors: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _ghosts: list[dict[str, Any]] = field(default_factory=list)
    _made: int = 100

    def answer(self, got: Got) -> bytes:
        """Answer one request."""
        if got.target == "/services/oauth2/token":
            return self._token(got)
        if got.target == "/services/oauth2/revoke":
            return self._revoke(parse_qs(got.body.decode())["token"][0])
        used = "api-usage=100000/100000" if self.spent else "api-usage=17/100000"
        try:
            self._signed_in(got)
            status, body = self._api(got)
        except Refused as error:
            status, body = error.status, [{"message": "what went wrong, in words", "errorCode": error.code}]  # [ERR]
        return says(status, body, Sforce_Limit_Info=used)

    def _token(self, got: Got) -> bytes:
        form = parse_qs(got.body.decode())
        known = form.get("client_secret") == [SECRET] or form["grant_type"][0].endswith("jwt-bearer")
        if not known:
            return says(401, {"error": "invalid_client", "error_description": "invalid client credentials"})
        return says(200, {"access_token": "ours", "instance_url": "https://x", "token_type": "Bearer"})  # [TOK]

    def _signed_in(self, got: Got) -> None:
        alive = {"Bearer ours"} | ({f"Bearer {CANARY}"} if self.canary else set())
        if got.headers.get("authorization") not in alive:
            raise Refused(401, "INVALID_SESSION_ID")  # [ERR]
        if self.spent:
            raise Refused(403, "REQUEST_LIMIT_EXCEEDED")  # [ERR]

    def _revoke(self, token: str) -> bytes:
        for row in self.tables["OauthToken"]:
            if row["DeleteToken"] == token:
                self.tables["OauthToken"].remove(row)
                self._ghosts.append(row)
                return says(200)  # [REV]
        return says(400, {"error": "invalid_token", "error_description": "expired, or never there"})  # [REV]

    def _api(self, got: Got) -> tuple[int, Any]:
        parts = urlsplit(got.target)
        path = parts.path.removeprefix(BASE)
        if path == "/":
            return 200, {"sobjects": f"{BASE}/sobjects", "query": f"{BASE}/query"}
        if path == "/query":
            return 200, self._query(parse_qs(parts.query)["q"][0])
        if path.startswith("/query/"):
            return 200, self._page(path.removeprefix("/query/"), self._cursors[path.removeprefix("/query/")])
        _, _, kind, *row = path.split("/")
        return self._row(got, kind, row[0] if row else "")

    def _row(self, got: Got, kind: str, row: str) -> tuple[int, Any]:
        records = self.tables[kind]
        if got.method == "POST":
            fields = json.loads(got.body)
            if any(fields.items() <= one.items() for one in records):
                raise Refused(400, "DUPLICATE_VALUE")
            self._made += 1
            profile = {"PermissionSet": {"IsOwnedByProfile": False}}
            records.append({"Id": id_of("0Pa", self._made), **fields, **profile})
            return 201, {"id": records[-1]["Id"], "success": True, "errors": []}  # [ROW]
        found = next((one for one in records if one["Id"] == row), None)
        if found is None:
            raise Refused(404, "NOT_FOUND" if got.method == "PATCH" else "ENTITY_IS_DELETED")  # [ROW]
        if got.method == "PATCH":
            found.update(json.loads(got.body))
        else:
            records.remove(found)
        return 204, None  # [ROW]

    def _query(self, text: str) -> dict[str, Any]:
        self.queries.append(text)
        found, kind, names = self._selected(words_of(text))
        if names == ["COUNT", "(", ")"]:
            return {"totalSize": len(found), "done": True, "records": []}  # [Q]
        total = len(found)
        page = min(self.page, 500) if kind == "OauthToken" else self.page  # [OT]
        shown = [{"attributes": {"type": kind}} | _shown(row, names) for row in found]
        return self._page("", shown[:2500] if kind == "OauthToken" else shown, total=total, page=page)  # [OT]

    def _page(self, _at: str, left: list[dict[str, Any]], *, total: int = 0, page: int = 0) -> dict[str, Any]:
        page = page or (500 if left[0]["attributes"]["type"] == "OauthToken" else self.page)
        if self.cut or len(left) <= page:
            return {"totalSize": total or len(left), "done": True, "records": left[:page]}
        at = f"01gWs{len(self._cursors):012d}-{page}"
        self._cursors[at] = left[page:]
        more = {"done": False, "nextRecordsUrl": f"{BASE}/query/{at}"}
        return {"totalSize": total or len(left), "records": left[:page], **more}  # [Q]

    def _selected(self, words: list[str]) -> tuple[list[dict[str, Any]], str, list[str]]:
        if words[0] != "SELECT" or "FROM" not in words:
            raise Refused(400, "MALFORMED_QUERY")
        names = [word for word in words[1 : words.index("FROM")] if word != ","]
        kind, rest = words[words.index("FROM") + 1], words[words.index("FROM") + 2 :]
        found, order = self._visible(kind), ""
        while rest:
            if rest[0] in {"WHERE", "AND"}:
                found, rest = self._where(found, rest[1:])
            elif rest[:2] == ["ORDER", "BY"]:
                order, rest = rest[2], rest[3:]
            elif rest[0] == "LIMIT":
                rest = rest[2:]
            else:
                raise Refused(400, "MALFORMED_QUERY")
        return sorted(found, key=lambda row: _field(row, order)) if order else found, kind, names

    def _visible(self, kind: str) -> list[dict[str, Any]]:
        """What our user may see: what it may not is left out without a word [OT] [USR]."""
        if kind == "UserPermissionAccess":
            return [{f"Permissions{one}": one in self.may for one in ("CustomizeApplication", "ManageUsers")}]
        if kind not in self.tables:
            raise Refused(400, "INVALID_TYPE")
        found = self.tables[kind]
        if kind == "OauthToken":
            if self.lag:
                self.lag -= 1
                found = [*found, *self._ghosts]
            return found if "CustomizeApplication" in self.may else [row for row in found if row["UserId"] == US]
        if kind in {"UserLogin", "AuthSession", "LoginHistory"} and "ManageUsers" not in self.may:
            return []
        return found

    def _where(self, found: list[dict[str, Any]], rest: list[str]) -> tuple[list[dict[str, Any]], list[str]]:
        name, how, *rest = rest
        if how != "IN":
            wanted, rest = value_of(rest[0]), rest[1:]
            return [row for row in found if _holds(_field(row, name), how, wanted)], rest
        if rest[0] != "(":
            raise Refused(400, "MALFORMED_QUERY")
        deep, end = 0, 0
        while True:
            deep += {"(": 1, ")": -1}.get(rest[end], 0)
            if deep == 0:
                break
            end += 1
        inside, rest = rest[1:end], rest[end + 1 :]
        if inside[0] == "SELECT":
            chosen, _, names = self._selected(inside)
            wanted = {_field(row, names[0]) for row in chosen}
        else:
            wanted = {value_of(word) for word in inside if word != ","}
        return [row for row in found if _field(row, name) in wanted], rest


def _shown(row: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The fields that were asked for; those of a parent stand in a record of its own [Q]."""
    found: dict[str, Any] = {}
    for name in names:
        first, _, rest = name.partition(".")
        value = _field(row, name)
        if rest:
            found.setdefault(first, {"attributes": {"type": first}})[rest] = value
        else:
            found[name] = value
    return found


def _field(row: dict[str, Any], name: str) -> Any:
    if name not in row and "." in name:
        first, _, rest = name.partition(".")
        return _field(row[first], rest)
    if name.partition(".")[0] not in row:
        raise Refused(400, "INVALID_FIELD")
    return row[name]


def _holds(value: Any, how: str, wanted: Any) -> bool:
    if isinstance(value, str) and isinstance(wanted, str) and how in {"=", "!="}:
        value, wanted = value.lower(), wanted.lower()  # [SOQL]
    if how == "=":
        return bool(value == wanted)
    if how == "!=":
        return bool(value != wanted)
    return bool(value > wanted) if how == ">" else bool(value >= wanted)


def token(app: str, user: str, number: int, used: str = "2025-08-12T03:40:00.000+0000") -> dict[str, Any]:
    """A row of OauthToken [OT]: without an id."""
    return {
        "Id": None,
        "AppName": app,
        "UserId": user,
        "LastUsedDate": used,
        "UseCount": 3,
        "DeleteToken": f"dt-{number}",
    }


def company() -> Org:
    """An org with one vendor's app that anybody may let in, one that only approved people get into, and their users."""
    people = [id_of("005", number) for number in range(1, 5)]
    bot = people[3]
    sets = [id_of("0PS", 1), id_of("0PS", 2)]
    approved = id_of("0H4", 2)
    return Org({
        "OauthToken": [
            token("Drift", people[1], 1), token("Drift", bot, 2), token("Drift", bot, 3, ""), token("drift", people[2], 4),
            token("Gong", people[2], 5),
        ],
        "ConnectedApplication": [
            {"Id": id_of("0H4", 1), "Name": "Drift", "OptionsAllowAdminApprovedUsersOnly": False,
             "CreatedDate": "2024-02-01T10:00:00.000+0000"},
            {"Id": approved, "Name": "Gong", "OptionsAllowAdminApprovedUsersOnly": True,
             "CreatedDate": "2024-03-01T10:00:00.000+0000"},
        ],
        "SetupEntityAccess": [
            {"Id": id_of("0J0", 1), "ParentId": sets[0], "SetupEntityType": "ConnectedApplication", "SetupEntityId": approved},
        ],
        "PermissionSetAssignment": [
            {"Id": id_of("0Pa", 1), "AssigneeId": people[1], "PermissionSetId": sets[0],
             "PermissionSet": {"IsOwnedByProfile": False, "PermissionsApiUserOnly": False}},
            {"Id": id_of("0Pa", 2), "AssigneeId": people[2], "PermissionSetId": sets[0],
             "PermissionSet": {"IsOwnedByProfile": False, "PermissionsApiUserOnly": False}},
            {"Id": id_of("0Pa", 3), "AssigneeId": bot, "PermissionSetId": sets[1],
             "PermissionSet": {"IsOwnedByProfile": False, "PermissionsApiUserOnly": True}},
        ],
        "PermissionSetGroupComponent": [],
        "User": [
            {"Id": one, "Username": f"user{n}@example.com", "IsActive": True, "CreatedDate": "2023-01-01T00:00:00.000+0000",
             "LastLoginDate": None} for n, one in enumerate(people)
        ],
        "UserLogin": [{"Id": id_of("0Yw", n), "UserId": one, "IsFrozen": False} for n, one in enumerate(people)],
        "AuthSession": [
            {"Id": id_of("0Ak", n), "UsersId": whose, "SourceIp": ip, "LastModifiedDate": "2025-08-12T03:40:00.000+0000",
             "IsCurrent": whose == US}
            for n, (whose, ip) in enumerate([(US, "10.0.0.1"), (bot, "192.0.2.66"), (bot, "203.0.113.10")])
        ],
        "LoginHistory": [
            {"Id": id_of("0Yl", n), "UserId": bot, "LoginTime": at, "SourceIp": ip, "Status": status, "Application": app,
             "LoginType": "Remote Access 2.0"}
            for n, (at, ip, status, app) in enumerate([
                ("2025-08-08T03:40:00.000+0000", "192.0.2.1", "Success", "Drift"),
                ("2025-08-12T03:40:00.000+0000", "203.0.113.10", "Success", "Drift"),
                ("2025-08-12T03:41:00.000+0000", "192.0.2.66", "Success", "Drift"),
                ("2025-08-12T03:42:00.000+0000", "Salesforce.com IP", "Failed: Computer activation required", "Drift"),
                ("2025-08-12T03:43:00.000+0000", "192.0.2.66", "Success", "Browser"),
            ])
        ],
    })  # fmt: skip
