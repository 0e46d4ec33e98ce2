"""The Okta organisation: how we sign in to it, what its answers mean, by what a foothold is named there.

Source of every path here and beside: okta/okta-management-openapi-spec, `dist/current` (2026.06.3, trimmed, in
../shared/openapi). From memory, and held against no description: what that trimmed file lacks, namely the listings of apps,
of event hooks and of identity providers with their users, and those of one user's factors.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NewType, Self

import orjson
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
    TokenUrl,
    Unseen,
    client_assertion,
)
from connectors.core.links import Trail, items_of

UserId = NewType("UserId", str)
"""A user by id or by login, never by the name that is displayed."""
AppId = NewType("AppId", str)
"""An app by its id, which for an OAuth client is its client id as well, unless somebody chose another."""
DAY_S = 24 * 60 * 60
"""The longest that an access token may live here: a custom authorization server's policy says 5 minutes to 24 hours, an
hour where nobody changed it; the organisation's own server always an hour."""


class User(Params):
    """One user, by id or login."""

    user: UserId


class App(Params):
    """One app, by its id."""

    app: AppId


class OktaSettings(Settings):
    """Without a client id the secret is an API token (SSWS), which may do all that the admin may who made it.

    With one it is the private key (PEM) of a service app, and an access token is asked for with it: least privilege, as
    both the scopes and the app's admin role bound it. The app must not demand DPoP, which new ones do until told not to.

    Attributes:
        token_url: `https://ORG/oauth2/v1/token`; also the audience that the key signs for.
        key_id: `kid` of the key, where the app has several.
        scopes: what the access token is asked for: `okta.users.manage`, ...
    """

    client_id: str = ""
    token_url: TokenUrl | None = None
    key_id: str = ""
    scopes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.client_id) != (self.token_url is not None) or bool(self.client_id) != bool(self.scopes):
            raise ValueError("client_id, token_url and scopes go together: all of them, or none for an API token")
        return self

    @property
    def exchanged(self) -> bool:
        """Whether the secret is a key that an access token is asked for with."""
        return bool(self.client_id)

    @property
    def scheme(self) -> str:
        """What stands before the credential in its header."""
        return "Bearer" if self.client_id else "SSWS"


def _grant(settings: OktaSettings, secret: Secret) -> Grant:
    assert settings.token_url is not None
    header = {"kid": settings.key_id} if settings.key_id else {}
    return client_assertion(
        settings.token_url,
        settings.client_id,
        secret.reveal(),
        audience=settings.token_url,
        header=header,
        scope=" ".join(settings.scopes),
    )


class ClientFoothold(Foothold):
    """An app that gets tokens here: an OAuth client, or a service app that acts by itself."""

    app: AppId


class UserFoothold(Foothold):
    """The user that the integration works as, by id or login."""

    user: UserId


class TokenFoothold(Foothold):
    """An API token (SSWS) that an integration holds, by its public id."""

    token_id: str


class WebhookFoothold(Foothold):
    """An event hook by which an integration is told what happens."""

    hook: str


class SsoFoothold(Foothold):
    """A foreign identity provider whose word lets people in here."""

    idp: str


class PathFoothold(Foothold):
    """A network zone whose addresses are let in: what a policy or an API token's condition rests on."""

    zone: str


okta = Connector(
    "okta",
    # 600 a minute is the least of the limits on what is used most; an organisation's own may be lower, then it says 429
    rate=Rate(600, per_s=60, in_flight=15),
    # 404 also means that the credential's role does not reach there: the engine asks whether it was seen before
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
    auth="client-credentials",
    grant=_grant,
    settings=OktaSettings,
    footholds={
        "client": ClientFoothold,
        "user": UserFoothold,
        "token": TokenFoothold,
        "webhook": WebhookFoothold,
        "sso": SsoFoothold,
        "path": PathFoothold,
    },
)


async def record_of(read: Reader, p: User) -> Any:
    """A user's record. Many paths, and the log, know a user by id alone, and not by login."""
    return await read.get("/api/v1/users/{user}", p)


async def pages(read: Reader, template: str, p: BaseModel | None = None, /, **query: Any) -> AsyncIterator[Any]:
    """Every item of a listing. Only the `Link` header says that it ends: a page may be empty, and another follow."""
    trail = Trail(f"{read.url}{template}")
    while True:
        trail.to(query)
        items, query = await read.page(template, p, **query)
        for item in items_of(items):
            yield item
        if not query:
            return


def quoted(value: str) -> str:
    """A text as a filter expression takes it (RFC 7644 section 3.4.2.2: as in JSON), so that it ends where it ends."""
    return orjson.dumps(value).decode()
