"""Microsoft Graph itself: how we sign in, how listings go on, and how a delta query tells what changed.

The connection's url is `https://graph.microsoft.com/v1.0` or a national cloud's. Graph names the next page by a whole
URL (`@odata.nextLink`); only its query is taken. A round of a delta query ends with an `@odata.deltaLink`: a listing
with neither ended early, and is none.
Source: learn.microsoft.com/graph/delta-query-overview, /graph/paging, /graph/throttling-limits.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import BaseModel, model_validator

from connectors.core import (
    Connector,
    Foothold,
    Grant,
    NotAllowed,
    Params,
    Rate,
    Reader,
    Secret,
    Settings,
    Tide,
    TokenUrl,
    Unexpected,
    Unseen,
    client_assertion,
    client_credentials,
)
from connectors.core.links import Trail, items_of
from connectors.core.told import NOTHING, Told
from connectors.entra.names import Holder

TOKEN_LIVES_S = 28 * 60 * 60
"""How long an access token lives at most: 60 to 90 minutes by default, a day where a token lifetime policy says so, and up
to 28 hours where its client takes part in continuous access evaluation. A resource that does not enforce that takes it to
the end (learn.microsoft.com, app-resilience-continuous-access-evaluation)."""

LIVES_ON = (
    "an access token that was issued lives on until it expires: 60 to 90 minutes by default, up to 28 hours where its client "
    "takes part in continuous access evaluation; a resource that enforces that (Graph, Exchange, SharePoint, Teams) turns it "
    "away within about 15 minutes"
)

READS = "Application.Read.All"
WRITES = "Application.ReadWrite.All"
"""Application permissions of Graph, as it names them; several are set apart by a space."""

SETTLES_S = 300
"""Directory replicas lag: a read after a write may show the old state for minutes."""


class EntraSettings(Settings):
    """Our own app registration in the tenant. Its secret is a client secret, or a private key as PEM.

    Attributes:
        token_url: `https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token`.
        scope: what we ask for; a national cloud has a Graph of its own.
        thumbprint: of the certificate that belongs to the private key: its SHA-256, base64url.
    """

    token_url: TokenUrl
    client_id: str
    scope: str = "https://graph.microsoft.com/.default"
    thumbprint: str = ""


class ClientFoothold(Foothold):
    """An enterprise application: a vendor's app in our tenant, by the object id of its service principal."""

    principal: str


class AppFoothold(Foothold):
    """An app registration of our own tenant, by its object id."""

    app: str


class KeyFoothold(Foothold):
    """A secret, certificate or federated trust of an app registration or of a service principal, by its id."""

    holder: Holder
    owner: str
    key_id: str


class UserFoothold(Foothold):
    """The user that the integration runs as, by object id or user principal name."""

    user: str


class PathFoothold(Foothold):
    """The named location of the addresses that may come in, or the block policy that is kept ready for the night."""

    location: str | None = None
    policy: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.location is None) == (self.policy is None):
            raise ValueError("give either a location or a policy")
        return self


def _grant(settings: EntraSettings, secret: Secret) -> Grant:
    if settings.thumbprint:
        header = {"x5t#S256": settings.thumbprint}
        at = settings.token_url
        return client_assertion(
            at, settings.client_id, secret.reveal(), audience=at, header=header, scope=settings.scope
        )
    return client_credentials(settings.token_url, settings.client_id, secret, scope=settings.scope)


_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,59}")
SO_ALREADY = ("Permission being assigned already exists", "No password credential found with keyId")
"""What Graph says, with a 400, to a write that was done before: all that tells it from a mistake is its message."""


def told(status: int, _headers: Mapping[str, str], json: Any) -> Told:
    """Graph's own word for an error: `{"error": {"code": ..., "message": ...}}`. The message is shown nowhere."""
    error = json.get("error") if isinstance(json, dict) else None
    if not isinstance(error, dict):
        return NOTHING
    code, message = error.get("code"), str(error.get("message"))
    return Told(
        code=code if isinstance(code, str) and _CODE.fullmatch(code) else "",
        look=status == 409 or (status == 400 and message.startswith(SO_ALREADY)),
    )


entra = Connector(
    "entra",
    rate=Rate(20, per_s=1, in_flight=20),  # 3,000 writes in 150 s for one app in one tenant
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen, 410: Unseen},
    auth="client-credentials",
    settings=EntraSettings,
    footholds={
        "client": ClientFoothold,
        "app": AppFoothold,
        "key": KeyFoothold,
        "user": UserFoothold,
        "path": PathFoothold,
    },
    grant=_grant,
    told=told,
)


class Principal(Params):
    """One service principal, by its object id (not the appId, which all tenants share)."""

    principal: str


class App(Params):
    """One app registration, by its object id."""

    app: str


def same(one: str, other: str) -> bool:
    """Whether two ids are one: Graph takes them in capitals too, and answers in small letters."""
    return one.lower() == other.lower()


Query = dict[str, Any]
"""What stands behind the question mark."""


def quoted(value: str) -> str:
    """A text inside a `$filter`: OData doubles the quote (URL conventions, section 5.1.1.14.1)."""
    return "'" + value.replace("'", "''") + "'"


def chosen(*fields: str, **more: str) -> Query:
    """The query that asks for these fields alone; `more`: `expand="…"` becomes `$expand`."""
    return {"$select": ",".join(fields)} | {f"${name}": value for name, value in more.items()}


async def pages(read: Reader, template: str, p: BaseModel | None, query: Query) -> AsyncIterator[Any]:
    """Every item of a listing. An empty page may have a next one."""
    trail = Trail(f"{read.url}{template}")
    while True:
        trail.to(query)
        page = await read.get(template, p, **query)
        for item in items_of(page["value"]):
            yield item
        if (link := page.get("@odata.nextLink")) is None:
            return
        query = _following(read, template, link, query)


async def delta(read: Reader, template: str, query: Query, tide: Tide) -> AsyncIterator[Any]:
    """Every item, or what changed since the tide's mark; sets its `changes`, and its `mark` once the round is whole.

    A mark that is not taken (410 for a reset, a 400 for one older than seven days) begins a whole listing.
    """
    try:
        page = await read.get(template, **dict(parse_qsl(tide.since)) if tide.since else query)
        tide.changes = tide.since != ""
    except (Unseen, Unexpected):
        if not tide.since:
            raise
        page = await read.get(template, **query)
    asked: Query = {}
    trail = Trail(f"{read.url}{template}")
    while True:
        for item in items_of(page["value"]):
            yield item
        if (link := page.get("@odata.nextLink")) is None:
            break
        asked = _following(read, template, link, asked)
        trail.to(asked)
        page = await read.get(template, **asked)
    tide.mark = urlencode(_query(page.get("@odata.deltaLink")))
    if not tide.mark:
        where = f"{read.url}{template}"
        raise Unexpected(where, "a last page without a deltaLink", "The listing is not whole: it is tried again")


def _following(read: Reader, template: str, link: object, query: Query) -> Query:
    following = _query(link)
    where = f"{read.url}{template}"
    if not following:
        raise Unexpected(where, "a next page without a query", "A person must look: the listing is not whole")
    if following == query:
        raise Unexpected(where, "a page that says it is its own next", "A person must look: the listing never ends")
    return following


def _query(link: object) -> Query:
    """What a link of Graph's asks for. Whom we ask, where and as whom is ours: its host and path are not taken."""
    asked = parse_qsl(urlsplit(link).query) if isinstance(link, str) else []
    return {name: value for name, value in asked if name not in {"bearer", "answers"}}
