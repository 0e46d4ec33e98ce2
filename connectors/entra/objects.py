"""The two objects that an app is here: its registration (of our own apps alone), and its service principal (of any).

Source: learn.microsoft.com/graph/api/serviceprincipal-get, application-get, resources/serviceprincipal, resources/application.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from connectors.core import Impossible, Reader, Shown, ShownAll, State, Volatile
from connectors.entra.graph import READS, App, Principal, chosen, entra, same

PRINCIPAL = ("id", "appId", "displayName", "accountEnabled", "appOwnerOrganizationId", "verifiedPublisher", "replyUrls")
APP = ("id", "appId", "displayName", "isDisabled", "createdDateTime", "web", "spa", "publicClient")


class PrincipalSeen(State):
    """Whether it may get tokens, where people are sent back to, and whose app it is.

    Attributes:
        app_id: the id that all tenants share. tenant: the organisation that the app is of.
        own: it is the very app that we sign in as.
    """

    enabled: bool
    hosts: ShownAll = ()
    app_id: Volatile[Shown] = ""
    name: Volatile[Shown] = ""
    tenant: Volatile[Shown] = ""
    own: Volatile[bool] = False


class AppSeen(State):
    """Whether anybody, in any tenant, gets tokens for it, and where people are sent back to. `own`: we sign in as it."""

    enabled: bool
    hosts: ShownAll = ()
    app_id: Volatile[Shown] = ""
    name: Volatile[Shown] = ""
    own: Volatile[bool] = False


def hosts_of(*urls: str) -> tuple[str, ...]:
    """The hosts of addresses; all of one that has none, or is no address: whoever registered it chose it."""
    found = set()
    for url in urls:
        try:
            found.add(urlsplit(url).hostname or url)
        except ValueError:
            found.add(url)
    return tuple(sorted(found))


def refuse_own(own: bool, tried: str) -> None:
    """Impossible for the app that we sign in as: it would be the last thing that we do here."""
    if own:
        came = "it is the app that this connection signs in as: we would lock ourselves out"
        raise Impossible(tried, came, "Do it by a connection of another app, a spare one, at the very end")


def principal_of(item: Any, us: str = "") -> PrincipalSeen:
    """A service principal as Graph gives it. What was never set, a delta query leaves out."""
    return PrincipalSeen(
        enabled=item["accountEnabled"],
        hosts=hosts_of(*(item.get("replyUrls") or [])),
        app_id=item["appId"],
        name=str(item.get("displayName") or ""),
        tenant=str(item.get("appOwnerOrganizationId") or ""),
        own=same(item["appId"], us),
    )


def app_of(item: Any, us: str = "") -> AppSeen:
    """An app registration as Graph gives it; `isDisabled` is missing where nobody ever set it."""
    places = (item.get(where) or {} for where in ("web", "spa", "publicClient"))
    return AppSeen(
        enabled=item.get("isDisabled") is not True,
        hosts=hosts_of(*(url for place in places for url in place.get("redirectUris") or [])),
        app_id=item["appId"],
        name=str(item.get("displayName") or ""),
        own=same(item["appId"], us),
    )


@entra.look(permission=READS)
async def principal(read: Reader, p: Principal) -> PrincipalSeen:
    """One service principal: a vendor's app, or one of our own, in our tenant."""
    item = await read.get("/servicePrincipals/{principal}", p, **chosen(*PRINCIPAL))
    return principal_of(item, read.settings.client_id)


@entra.look(permission=READS)
async def app(read: Reader, p: App) -> AppSeen:
    """One app registration of our own."""
    return app_of(await read.get("/applications/{app}", p, **chosen(*APP)), read.settings.client_id)
