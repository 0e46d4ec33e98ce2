"""The two objects that an app is here: its registration (of our own apps alone), and its service principal (of any).

Source: learn.microsoft.com/graph/api/serviceprincipal-get, application-get, resources/serviceprincipal, resources/application.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from connectors.core import Reader, Shown, ShownAll, State, Volatile
from connectors.entra.graph import READS, App, Principal, chosen, entra

PRINCIPAL = ("id", "appId", "displayName", "accountEnabled", "appOwnerOrganizationId", "verifiedPublisher", "replyUrls")
APP = ("id", "appId", "displayName", "isDisabled", "createdDateTime", "web", "spa", "publicClient")


class PrincipalSeen(State):
    """Whether it may get tokens, where people are sent back to, and whose app it is.

    Attributes:
        app_id: the id that all tenants share. tenant: the organisation that the app is of.
    """

    enabled: bool
    hosts: ShownAll = ()
    app_id: Volatile[Shown] = ""
    name: Volatile[Shown] = ""
    tenant: Volatile[Shown] = ""


class AppSeen(State):
    """Whether anybody, in any tenant, gets tokens for it, and where people are sent back to."""

    enabled: bool
    hosts: ShownAll = ()
    app_id: Volatile[Shown] = ""
    name: Volatile[Shown] = ""


def hosts_of(*urls: str) -> tuple[str, ...]:
    """The hosts of addresses; all of one that has none, or is no address: whoever registered it chose it."""
    found = set()
    for url in urls:
        try:
            found.add(urlsplit(url).hostname or url)
        except ValueError:
            found.add(url)
    return tuple(sorted(found))


def principal_of(item: Any) -> PrincipalSeen:
    """A service principal as Graph gives it. What was never set, a delta query leaves out."""
    return PrincipalSeen(
        enabled=item["accountEnabled"],
        hosts=hosts_of(*(item.get("replyUrls") or [])),
        app_id=item["appId"],
        name=str(item.get("displayName") or ""),
        tenant=str(item.get("appOwnerOrganizationId") or ""),
    )


def app_of(item: Any) -> AppSeen:
    """An app registration as Graph gives it; `isDisabled` is missing where nobody ever set it."""
    places = (item.get(where) or {} for where in ("web", "spa", "publicClient"))
    return AppSeen(
        enabled=item.get("isDisabled") is not True,
        hosts=hosts_of(*(url for place in places for url in place.get("redirectUris") or [])),
        app_id=item["appId"],
        name=str(item.get("displayName") or ""),
    )


@entra.look(permission=READS)
async def principal(read: Reader, p: Principal) -> PrincipalSeen:
    """One service principal: a vendor's app, or one of our own, in our tenant."""
    return principal_of(await read.get("/servicePrincipals/{principal}", p, **chosen(*PRINCIPAL)))


@entra.look(permission=READS)
async def app(read: Reader, p: App) -> AppSeen:
    """One app registration of our own."""
    return app_of(await read.get("/applications/{app}", p, **chosen(*APP)))
