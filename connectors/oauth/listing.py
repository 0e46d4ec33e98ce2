"""The operator's own listing of clients and consents at an OAuth server: the standards have none.

RFC 7591 and 7592 register one client and manage it, by a token of its own; nothing lists them. So operators have a listing
of theirs, which the settings `clients_at` and `grants_at` name. It is read in the shape of Ory Hydra's administration API
(ory.com/docs/hydra/reference/api): `GET /admin/clients?page_size=&page_token=` gives an array of RFC 7591 metadata and the
next page in a `Link` header, and `/{id}` one of them; consents are its consent sessions (`consent_request_id`,
`consent_request`, `grant_scope`, `handled_at`), which Hydra itself lists for one subject at a time only. Where a setting is
missing the survey says that it cannot list: an empty list would say that there is nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.core import Found, Impossible, Lost, Params, Person, Reader, ShownAll, State, Tide, UrlPath, Volatile
from connectors.core.links import Trail, items_of
from connectors.oauth.server import oauth

PAGE = 250
"""Things a page: the page size that Hydra takes where none is asked for."""


class Listed(Params):
    """One client, by its id alone, as the operator lists it."""

    client: str


class ListedSeen(State):
    """What it may ask for, and where it gets tokens sent. Never a secret of it, which some listings show."""

    grant_types: ShownAll
    scopes: ShownAll
    redirect_uris: ShownAll


class Grant(Params):
    """One person's consent, by the server's id of it."""

    grant: str


class GrantSeen(State):
    """Of whom it is, to which client, and for what."""

    scopes: ShownAll
    client: Volatile[str] = ""
    user: Volatile[Person[str]] = ""


class At(Params):
    """A path of the operator's listing, and one thing of it."""

    at: UrlPath
    one: str = ""


def operators(read: Reader, setting: str, what: str, one: str = "") -> At:
    """Where the operator's listing is, and one thing of it. Impossible where the connection does not say."""
    path: str | None = getattr(read.settings, setting)
    if path is None:
        came = "cannot be listed here: OAuth has no standard way, and no listing of its operator's is configured"
        raise Impossible(f"{what} at {read.url}", came, f"Give the connection {setting}: its path, or declare by hand")
    return At(at=path, one=one)


async def operators_pages(read: Reader, at: At) -> AsyncIterator[Any]:
    """Each thing of a listing, over all its pages."""
    query: dict[str, Any] = {"page_size": PAGE}
    trail = Trail(f"{read.url}{at.at}")
    while query:
        trail.to(query)
        items, query = await read.page("/{+at}", at, **query)
        for item in items_of(items):
            yield item


def of_client(item: Any, p: Listed) -> Any:
    """An answer about one client; ValueError for one about another, or none: what it leaves out would be taken for so."""
    if item["client_id"] != p.client:
        raise ValueError("it is about another client")
    return item


def _words(text: object) -> tuple[str, ...]:
    return tuple(sorted(set(str(text or "").split())))


def _host(uri: str) -> str:
    """The host of an address; all of one that has none, or is no address: whoever registered it chose it."""
    try:
        return urlsplit(uri).hostname or uri
    except ValueError:
        return uri


def _registered(item: Any) -> str:
    """When, RFC 3339: Hydra says it so, RFC 7591 section 3.2.1 in seconds since 1970; "" where neither can be read."""
    if said := item.get("created_at"):
        return str(said)
    with contextlib.suppress(TypeError, ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(item.get("client_id_issued_at"), UTC).isoformat()
    return ""


def _listed(item: Any) -> ListedSeen:
    return ListedSeen(
        grant_types=tuple(sorted(item.get("grant_types") or ["authorization_code"])),
        scopes=_words(item.get("scope")),
        redirect_uris=tuple(sorted(item.get("redirect_uris") or [])),
    )


def _grant(item: Any) -> GrantSeen:
    asked = item["consent_request"]
    return GrantSeen(
        scopes=tuple(sorted(item.get("grant_scope") or [])),
        client=str(asked["client"]["client_id"]),
        user=str(asked.get("subject") or ""),
    )


@oauth.look(permission="the operator's listing of clients (clients_at)")
async def listed_client(read: Reader, p: Listed) -> ListedSeen:
    """One client, as the operator lists it."""
    where = operators(read, "clients_at", f"client {p.client}", p.client)
    return _listed(of_client(await read.get("/{+at}/{one}", where), p))


@oauth.look(permission="the operator's listing of consents (grants_at)")
async def grant(read: Reader, p: Grant) -> GrantSeen:
    """One person's consent, as the operator lists it."""
    return _grant(await read.get("/{+at}/{one}", operators(read, "grants_at", f"grant {p.grant}", p.grant)))


@oauth.survey(of=listed_client, kind="client", permission="the operator's listing of clients (clients_at)")
async def clients(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every client, where the operator has a listing; elsewhere it says that there is none, as none is no answer."""
    async for item in operators_pages(read, operators(read, "clients_at", "clients")):
        seen = _listed(item)
        yield Found(
            params=Listed(client=item["client_id"]),
            seen=seen,
            title=str(item.get("client_name") or ""),
            publisher=str(item.get("owner") or item.get("client_uri") or ""),
            scopes=seen.scopes,
            hosts=tuple(sorted({_host(uri) for uri in seen.redirect_uris})),
            created_at=_registered(item),
        )


@oauth.survey(of=grant, kind="grant", permission="the operator's listing of consents (grants_at)", part_of="client")
async def grants(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every person's consent, where the operator has a listing; elsewhere it says that there is none."""
    async for item in operators_pages(read, operators(read, "grants_at", "grants")):
        seen = _grant(item)
        yield Found(
            params=Grant(grant=item["consent_request_id"]),
            seen=seen,
            part_of=seen.client,
            person=seen.user,
            scopes=seen.scopes,
            created_at=str(item.get("handled_at") or ""),
        )
