"""Google Workspace: suspend users, revoke third-party grants over all users, app passwords, the token and login logs.

How it is reached: a service account's key (its JSON file is the connection's secret) signs an assertion in the name of an
admin (domain-wide delegation, RFC 7523), which Google exchanges for an access token of an hour. That admin needs a custom
role only: Users > Read, Users > Update > Suspend, Security > User Security Management, Reports. Super admins are beyond it.

What no API of Google's does, so it is a `manual` step of a playbook:

- **App access control** (Admin console > Security > Access and data control > API controls > Manage third-party app
  access: *Blocked*). Nothing here stops a user from consenting again: a client foothold is not closed by its grants alone.
- **Domain-wide delegation** (the same page > Manage domain-wide delegation: delete the client). Whom a service account
  may impersonate is listed by no API, and appears among nobody's tokens.
- Clearing who is signed in on one device, or blocking Google's own apps for one user.

Sources: the Directory and Reports APIs' own descriptions (admin.directory_v1, admin.reports_v1, revision 2026-11) and
developers.google.com/workspace/admin/directory; support.google.com/a/answer/178854 for how long sessions live on.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson

from connectors.core import (
    Busy,
    Connector,
    Foothold,
    Grant,
    Impossible,
    NotAllowed,
    Rate,
    Reader,
    Secret,
    Settings,
    TokenUrl,
    Unexpected,
    Unseen,
    jwt_bearer,
)
from connectors.core.links import items_of
from connectors.core.told import Told

USER = "https://www.googleapis.com/auth/admin.directory.user"
USER_READ = "https://www.googleapis.com/auth/admin.directory.user.readonly"
SECURITY = "https://www.googleapis.com/auth/admin.directory.user.security"
AUDIT = "https://www.googleapis.com/auth/admin.reports.audit.readonly"
"""OAuth scopes: Google's own names of permissions. The delegation must list those that `scopes` asks for, no more."""

SLOWED = frozenset({"quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded"})
"""Reasons of a 403 that mean *slower*, where others mean *no*."""
SLOWER_S = 8.0
"""How long we wait then: Google says no time, and asks for 1 to 64 seconds."""
PAGE = 500
"""Users a page: the most that it gives."""
_REASON = re.compile(r"[A-Za-z]{1,40}")


class GoogleSettings(Settings):
    """In whose name we work, for which customer, and what the delegation lets us ask for.

    `token_info`: where Google says what an access token may do.
    """

    admin: str
    customer: str = "my_customer"
    scopes: tuple[str, ...] = (USER, SECURITY, AUDIT)
    token_url: TokenUrl = "https://oauth2.googleapis.com/token"  # noqa: S105  # where it is asked for
    token_info: str | None = "https://oauth2.googleapis.com"  # noqa: S105  # where it is asked about


class ClientFoothold(Foothold):
    """A third-party OAuth client that users consented to, by its client id."""

    client: str


class UserFoothold(Foothold):
    """A user (a vendor's, or one that an integration works as), by primary address or id."""

    user: str


class KeyFoothold(Foothold):
    """An app password of a user's: it opens mail without a second factor, by the id of its code."""

    owner: str
    code: int


def service_account(settings: GoogleSettings, secret: Secret) -> Grant:
    """The request for an access token, out of a service account's key file. Impossible where the secret is none."""
    try:
        key = orjson.loads(secret.reveal())
        claims = {"iss": str(key["client_email"]), "sub": settings.admin, "scope": " ".join(settings.scopes)}
        header = {"kid": str(key["private_key_id"])} if key.get("private_key_id") else {}
        pem = str(key["private_key"])
    except (orjson.JSONDecodeError, LookupError, TypeError, AttributeError):
        came = "our credential is no service account's key file (JSON with client_email and private_key)"
        raise Impossible("an access token of Google's", came, "Mend where it is kept") from None
    return jwt_bearer(settings.token_url, claims | {"aud": settings.token_url}, pem, header=header)


def told(status: int, _headers: Mapping[str, str], json: Any) -> Told:
    """What Google's errors say in `error.errors[].reason`: a 403 may be a rate limit, a 409 and 412 want a fresh look."""
    try:
        said = str(json["error"]["errors"][0]["reason"])
    except (LookupError, TypeError):
        said = ""
    code = said if _REASON.fullmatch(said) else ""
    if status == 403 and code in SLOWED:
        return Told(code, Busy, wait_s=SLOWER_S)
    return Told(code, look=status in {409, 412})


google_workspace = Connector(
    "google_workspace",
    rate=Rate(1500, per_s=100, in_flight=10),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
    auth="jwt-bearer",
    grant=service_account,
    told=told,
    settings=GoogleSettings,
    hosts=("token_info",),
    footholds={"client": ClientFoothold, "user": UserFoothold, "key": KeyFoothold},
)


def held_in(page: Any, part: str) -> list[Any]:
    """The items of a listing, which is left out where there are none; ValueError for what does not say that it is one."""
    if not str(page["kind"]).startswith("admin#"):
        raise ValueError("it is no listing of this API")
    return items_of(page.get(part) or [])


async def pages(read: Reader, path: str, part: str, p: Any = None, /, **query: Any) -> AsyncIterator[list[Any]]:
    """A listing page by page; a page may be empty and not the last.

    Unexpected where a page token comes again: such a listing never ends.
    """
    after, seen = "", set[str]()
    while True:
        page = await read.get(path, p, pageToken=after, **query)
        yield held_in(page, part)
        if not (after := page.get("nextPageToken") or ""):
            return
        if after in seen:
            raise Unexpected(f"{read.url}: GET {path}", "a page that was there before", "A person must look")
        seen.add(after)
