"""GitHub Apps: those that others installed in our organisation (seen only), and our own wherever it is installed.

An organisation cannot suspend an App's installation by API: its owner does in the settings, or the App's owner by
`github_app.suspend_installation`. So for somebody else's App there is a manual step, which `github.installation` checks.
What lives on: user-to-server tokens of the App (`github_oauth.revoke_grant`), and whatever the App read before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from connectors.core import (
    Call,
    Found,
    Lost,
    NotAllowed,
    Params,
    Reader,
    ShownAll,
    State,
    Tide,
    Unseen,
    Volatile,
    account,
)
from connectors.github.base import Id, Login, absent, github, github_app, pages, words


class Installation(Params):
    """An App's installation in an organisation."""

    org: Login
    installation: Id


class InstallationSeen(State):
    """Whether it is suspended, what it may do, and to which repositories (all, or selected)."""

    suspended: bool
    permissions: ShownAll
    repositories: str
    events: ShownAll
    app: Volatile[str] = ""


class Organisation(Params):
    """An organisation."""

    org: Login


class OrganisationSeen(State):
    """How many Apps are installed there: our own at least, where our credential sees them."""

    installations: int


def _installation(item: Any) -> InstallationSeen:
    return InstallationSeen(
        suspended=item.get("suspended_at") is not None,
        permissions=words(item["permissions"]),
        repositories=str(item["repository_selection"]),
        events=tuple(sorted(item.get("events") or [])),
        app=str(item.get("app_slug") or ""),
    )


@github.look(permission="organization_administration: read")
async def installation(read: Reader, p: Installation) -> InstallationSeen:
    """One App's installation in the organisation."""
    async for item in pages(read, "/orgs/{org}/installations", p, inside="installations"):
        if str(item["id"]) == p.installation:
            return _installation(item)
    raise absent(f"installation {p.installation} in {p.org}")


@github.look(permission="organization_administration: read")
async def organisation(read: Reader, p: Organisation) -> OrganisationSeen:
    """Whether our credential sees an organisation's administration at all."""
    page = await read.get("/orgs/{org}/installations", p, per_page=1)
    return OrganisationSeen(installations=page["total_count"])


@github.survey(of=installation, kind="installation", permission="organization_administration: read")
async def installations(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every App that is installed in the organisation, suspended or not."""
    here = Organisation(org=read.settings.org)
    async for item in pages(read, "/orgs/{org}/installations", here, inside="installations"):
        seen = _installation(item)
        yield Found(
            params=Installation(org=here.org, installation=str(item["id"])),
            seen=seen,
            title=seen.app,
            works_as=account("github", f"{seen.app}[bot]" if seen.app else ""),
            scopes=seen.permissions,
            created_at=str(item.get("created_at") or ""),
        )


class App(Params):
    """An App that we own, by its slug."""

    app: str


class AppSeen(State):
    """That our key is this App's, and what it asks for."""

    slug: str
    permissions: ShownAll


class AppInstallation(Params):
    """One installation of an App that we own."""

    installation: Id


class AppInstallationSeen(State):
    """Whether it is suspended, and at whose account it is."""

    suspended: bool
    account: Volatile[str] = ""
    permissions: Volatile[ShownAll] = ()


def _ours(item: Any) -> AppInstallationSeen:
    return AppInstallationSeen(
        suspended=item.get("suspended_at") is not None,
        account=str((item.get("account") or {}).get("login") or ""),
        permissions=words(item["permissions"]),
    )


@github_app.look(permission="the App's private key")
async def app(read: Reader, p: App) -> AppSeen:
    """The App whose key we hold: it must be the one that is asked about."""
    seen = await read.get("/app")
    if seen["slug"] != p.app:
        todo = f"Give the connection the private key of {p.app}"
        raise NotAllowed(f"the App {p.app}", "our key is another App's", todo)
    return AppSeen(slug=seen["slug"], permissions=words(seen["permissions"]))


@github_app.look(permission="the App's private key")
async def installed(read: Reader, p: AppInstallation) -> AppInstallationSeen:
    """One installation of our App."""
    return _ours(await read.get("/app/installations/{installation}", p))


@github_app.find(of=installed, permission="the App's private key", control=app)
async def everywhere(read: Reader, p: App) -> AsyncIterator[tuple[AppInstallation, AppInstallationSeen]]:
    """Every installation of our App, at any account."""
    await app(read, p)
    async for item in pages(read, "/app/installations"):
        yield AppInstallation(installation=str(item["id"])), _ours(item)


@github_app.survey(of=installed, kind="installation", permission="the App's private key")
async def our_installations(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every installation of our App, at any account, suspended or not."""
    async for item in pages(read, "/app/installations"):
        seen = _ours(item)
        yield Found(
            params=AppInstallation(installation=str(item["id"])),
            seen=seen,
            title=seen.account,
            scopes=seen.permissions,
            created_at=str(item.get("created_at") or ""),
        )


@github_app.action(
    sees=installed,
    layer="application",
    does=("blocks-reissue", "kills-access"),
    permission="the App's private key",
    settles_within_s=60,
    residual="tokens that people gave the App go on working for what they may do themselves",
)
def suspend_installation(p: AppInstallation, seen: AppInstallationSeen) -> Iterator[Call]:
    """Stop our App at one account: its requests are refused and it is told of no event.

    Undone within the hour, an installation token that was made before the suspension works again until it expires:
    have the App's private key replaced first.
    """
    if not seen.suspended:
        yield Call.put("/app/installations/{installation}/suspended", p)


@suspend_installation.undo
def _(p: AppInstallation, seen: AppInstallationSeen, before: AppInstallationSeen) -> Iterator[Call]:
    if seen.suspended and not before.suspended:
        yield Call.delete("/app/installations/{installation}/suspended", p)


class AppInstallationThere(State):
    """That it is installed."""

    exists: bool


@github_app.look(permission="the App's private key")
async def installed_at_all(read: Reader, p: AppInstallation) -> AppInstallationThere:
    """Whether our App is installed there. A 404 is our own App's: its key sees all its installations."""
    try:
        await read.get("/app/installations/{installation}", p)
    except Unseen:
        await read.get("/app")  # the control: our key is good, so the installation is not
        return AppInstallationThere(exists=False)
    return AppInstallationThere(exists=True)


@github_app.action(
    sees=installed_at_all,
    layer="application",
    does=("blocks-reissue", "kills-access"),
    permission="the App's private key",
    settles_within_s=60,
    residual="tokens that people gave the App go on working for what they may do themselves",
    irreversible="the account's owner installs the App anew, and it gets another installation id",
)
def delete_installation(p: AppInstallation, seen: AppInstallationThere) -> Iterator[Call]:
    """Take our App out of one account, with its settings there. suspend_installation keeps them."""
    if seen.exists:
        yield Call.delete("/app/installations/{installation}", p)
