"""How GitHub is talked to: four connectors, since it takes four kinds of credential, and what they share.

`github` is an organisation by its administrator (an App installed there, or a token), `github_app` an App that we own (its
private key), `github_oauth` an OAuth app that we own (client id and secret), `github_leaks` takes back anybody's leaked
credential, without one of ours. Sources: docs.github.com/rest, version 2022-11-28, and GitHub's OpenAPI description
(github/rest-api-description); where an answer is from neither, it is said there.

Limits (docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api): 5,000 requests an hour (an App's
installation has more), writes one at a time and a second apart. A limit that is passed is told by 403 as well as 429:
`retry-after` first, else `x-ratelimit-reset` where none remain, else a minute. A 404 may mean that our credential may not:
whatever is absent from a listing is Unseen, and the engine decides whether this run saw it before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from connectors.core import (
    Busy,
    Connector,
    Foothold,
    Grant,
    Impossible,
    NotAllowed,
    Params,
    Rate,
    Reader,
    Ready,
    Secret,
    Settings,
    Told,
    Unexpected,
    Unseen,
    signed,
)
from connectors.core.links import Trail, items_of
from connectors.core.waits import asked_wait_s

PAGE = 100
"""Things a page: the most that it gives."""
SECONDARY_S = 60.0
"""What to wait after a secondary limit that names no time."""
MEANING = {401: NotAllowed, 403: NotAllowed, 404: Unseen}
HEADERS = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
RATE = Rate(600, per_s=60, in_flight=20, write_gap_s=1.0)
"""Two thirds of the 900 points a minute that it takes (docs.github.com/rest): the hour's limit is told as it comes."""
JWT_S = 150.0
"""For how long an App's own JWT is used: it is signed for longer, and GitHub takes ten minutes at most."""

Login = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")]
"""An organisation or a person, by login."""
Repository = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}$")]
"""`owner/name`."""
Place = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}(/[A-Za-z0-9._-]{1,100})?$")]
"""An organisation, or a repository as `owner/name`."""
Id = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
"""A number by which GitHub knows a thing."""
SecretName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,254}$")]


def told(status: int, headers: Mapping[str, str], json: Any) -> Told:
    """A limit that is passed, by 403 or 429, in the order in which GitHub says to read its headers."""
    if status not in {403, 429}:
        return Told()
    message = str(json.get("message", "")).lower() if isinstance(json, dict) else ""
    if "retry-after" in headers:
        return Told(kind=Busy, wait_s=asked_wait_s({"retry-after": headers["retry-after"]}, default_s=SECONDARY_S))
    if headers.get("x-ratelimit-remaining") == "0":
        reset = {name: headers[name] for name in ("x-ratelimit-reset", "date") if name in headers}
        return Told(kind=Busy, wait_s=asked_wait_s(reset, default_s=SECONDARY_S))
    if status == 429 or "secondary rate limit" in message:
        return Told(kind=Busy, wait_s=SECONDARY_S)
    return Told()


class GitHubSettings(Settings):
    """The organisation that is listed. With `app` and `installation` the secret is that App's private key (PEM), and
    each request carries an installation token made by it; without them the secret is a token as it stands.

    `saml`: the organisation is on Enterprise Cloud with SAML single sign-on. Only then does it know which personal
    tokens, SSH keys and OAuth apps its members let in.
    """  # noqa: D205

    org: Login
    app: str = ""
    installation: str = ""
    saml: bool = False


def _installation_token(settings: GitHubSettings, secret: Secret) -> Grant | Ready:
    if not settings.app:
        return Ready(secret.reveal(), float("inf"))
    proof = signed(secret.reveal(), {"iss": settings.app}, {})
    return Grant(f"/app/installations/{settings.installation}/access_tokens", {}, bearer=proof, holds="token")


class AppSettings(Settings):
    """The App that we own, by its client id (or number): the issuer of its JWTs."""

    app: str


def _own_jwt(settings: AppSettings, secret: Secret) -> Ready:
    return Ready(signed(secret.reveal(), {"iss": settings.app}, {}), JWT_S)


class OAuthAppSettings(Settings):
    """The OAuth app that we own, by its client id; the secret is its client secret."""

    client_id: str


class InstallationFoothold(Foothold):
    """A GitHub App that is installed in the organisation: suspending it there has no API (a manual step)."""

    org: Login
    installation: Id


class PatFoothold(Foothold):
    """A fine-grained personal access token that reaches the organisation, by the id of its grant there."""

    org: Login
    pat: Id


class ClientFoothold(Foothold):
    """An OAuth app that members let in: denying it has no API (a manual step in the organisation's settings)."""

    org: Login
    client: str


class UserFoothold(Foothold):
    """A member or outside collaborator: the account that a machine works as."""

    org: Login
    user: Login


class DeployKeyFoothold(Foothold):
    """An SSH key of one repository."""

    key_of: Repository
    key_id: Id


class HookFoothold(Foothold):
    """A webhook of an organisation or a repository."""

    hook_of: Place
    hook: Id


class PathFoothold(Foothold):
    """What workflows can do there (actions_of), or a secret that they get: of an organisation, or in a repository."""

    actions_of: Place | None = None
    secret_of: Login | None = None
    secret_in: Repository | None = None
    secret_name: SecretName | None = None


class AppFoothold(Foothold):
    """A GitHub App that we own, by its slug, wherever it is installed."""

    app: str


class AppInstallationFoothold(Foothold):
    """One installation of a GitHub App that we own."""

    installation: Id


class OAuthClientFoothold(Foothold):
    """An OAuth app that we own: its secret is replaced in its settings (a manual step), its tokens end one by one."""

    client: str


class AppTokenFoothold(Foothold):
    """A token that our OAuth app or App was given by a person."""

    client: str
    app_token: Secret


class LeakFoothold(Foothold):
    """A leaked GitHub credential, whosever it is."""

    leaked_token: Secret


github = Connector(
    "github",
    rate=RATE,
    meaning=MEANING,
    auth="signed-jwt",
    grant=_installation_token,
    told=told,
    headers=HEADERS,
    settings=GitHubSettings,
    footholds={
        "installation": InstallationFoothold,
        "token": PatFoothold,
        "client": ClientFoothold,
        "user": UserFoothold,
        "key": DeployKeyFoothold,
        "webhook": HookFoothold,
        "path": PathFoothold,
    },
)

github_app = Connector(
    "github_app",
    rate=RATE,
    meaning=MEANING,
    auth="signed-jwt",
    grant=_own_jwt,
    told=told,
    headers=HEADERS,
    settings=AppSettings,
    footholds={"app": AppFoothold, "installation": AppInstallationFoothold},
)

github_oauth = Connector(
    "github_oauth",
    rate=RATE,
    meaning=MEANING,
    auth="basic",
    told=told,
    headers=HEADERS,
    settings=OAuthAppSettings,
    footholds={"client": OAuthClientFoothold, "token": AppTokenFoothold},
)

github_leaks = Connector(
    "github_leaks",
    rate=Rate(10, per_s=1, in_flight=5, write_gap_s=1.0),
    meaning=MEANING,
    auth="none",
    told=told,
    headers=HEADERS,
    footholds={"token": LeakFoothold},
)


class At(Params):
    """A place's parts, for paths: `owner` alone for an organisation."""

    owner: str
    repo: str = ""


def at(place: str) -> tuple[str, At]:
    """Where a place's own resources begin: the path's template, and what fills it."""
    owner, _, repo = place.partition("/")
    return ("/repos/{owner}/{repo}" if repo else "/orgs/{owner}"), At(owner=owner, repo=repo)


async def pages(
    read: Reader, template: str, p: Params | None = None, *, inside: str = "", **query: Any
) -> AsyncIterator[Any]:
    """Every item of a listing, page by page; `inside`: the field of a page that holds them, beside how many there are.

    Unexpected where fewer came than that: the listing ended early, or changed on the way. A listing that answers 404 is
    none that is empty: NotAllowed.
    """
    following: dict[str, Any] = {"per_page": PAGE, **query}
    came, there, trail = 0, 0, Trail(f"{read.url}{template}")
    while following:
        trail.to(following)
        try:
            page, following = await read.page(template, p, **following)
        except Unseen as error:
            todo = f"Is the name right, and has our credential there {read.permission or 'that permission'}?"
            raise NotAllowed(error.tried, f"{error.came_back}, of a whole listing", todo) from None
        if inside:
            there = page["total_count"]
        for item in items_of(page[inside] if inside else page):
            came += 1
            yield item
    if came < there:
        what = f"its pages ended after {came} of {there}"
        raise Unexpected(f"{read.url}{template}", what, "It is listed again; a person must look where this stays so")


def absent(what: str) -> Unseen:
    """What is said of a thing that no page of its listing has."""
    return Unseen(what, "no page of its listing has it", "It is gone, or our credential may not see it")


def no_saml(read: Reader, what: str) -> Impossible:
    """What is said where members' credentials are asked of an organisation that does not know them."""
    came = "GitHub tells an organisation of its members' credentials only with SAML single sign-on (Enterprise Cloud)"
    return Impossible(f"{what} at {read.url}", came, "Set saml on the connection where it has that")


def words(permissions: Any) -> tuple[str, ...]:
    """Permissions as words: `contents: read`; of a fine-grained token the nested ones as well."""
    found: list[str] = []
    for name, level in (permissions or {}).items():
        found += words(level) if isinstance(level, dict) else [f"{name}: {level}"]
    return tuple(sorted(found))
