"""How to talk to Salesforce: one org, over its REST API.

The connection's URL is `https://DOMAIN.my.salesforce.com/services/data/v62.0`: the version belongs to it. Our credential
is an app's (RFC 6749 section 4.4), or with `user` a private key whose signed word stands for that user (RFC 7523): that
of a dedicated integration user with a permission set of what `ringfence connectors permissions PLAYBOOK` prints.

No API at all: blocking a connected or external client app (Setup > Connected Apps OAuth Usage), the IP ranges of a
profile or an app (the Tooling API reads profiles and writes none, the Metadata API wants SOAP or an archive), the
rotation of a consumer secret. Those are manual steps; `try_canary` checks them.
Sources: developer.salesforce.com, Object Reference and REST API Developer Guide; each function names its page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.core import (
    Busy,
    Connector,
    Foothold,
    Grant,
    NotAllowed,
    Rate,
    Secret,
    Settings,
    Told,
    Unseen,
    client_credentials,
    jwt_bearer,
)
from connectors.salesforce.soql import WholeId

TOKEN_URL = "//services/oauth2/token"  # noqa: S105  a path
OVER_LIMIT_S = 90.0
"""How long nothing is asked once the org's requests are used up: the limit is a day's, and no answer says until when."""
_CODE = re.compile(r"[A-Za-z][A-Za-z_]{0,60}")
_USED = re.compile(r"api-usage=\d{1,12}/\d{1,12}")
_IS_SO_ALREADY = frozenset({"invalid_token", "unsupported_token_type", "ENTITY_IS_DELETED", "DUPLICATE_VALUE"})
_NOT_ALLOWED = frozenset({
    "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "INVALID_TYPE", "INVALID_FIELD",
})  # fmt: skip
"""What is hidden from a credential is answered as an object or a field that there is not."""


class SalesforceSettings(Settings):
    """Whose credential it is. `user`: the secret is a private key, and its signed word stands for this login."""

    client_id: str
    user: str = ""
    audience: str = "https://login.salesforce.com"


class ClientFoothold(Foothold):
    """A connected or external client app, by its label: what `AppName` of its tokens says."""

    app: str


class UserFoothold(Foothold):
    """The user that an integration runs as, by id."""

    user: WholeId


def _granted(settings: SalesforceSettings, secret: Secret) -> Grant:
    if settings.user:
        claims = {"iss": settings.client_id, "sub": settings.user, "aud": settings.audience}
        return jwt_bearer(TOKEN_URL, claims, secret.reveal())
    return client_credentials(TOKEN_URL, settings.client_id, secret)


def told(status: int, headers: Mapping[str, str], body: Any) -> Told:
    """What an error says: a list of `{errorCode, message}`, from the OAuth endpoints `{error, error_description}`.

    `REQUEST_LIMIT_EXCEEDED` comes as 403 without a word on when to come again (REST API Developer Guide, "Status Codes
    and Error Responses"); `Sforce-Limit-Info` says how many requests are used of how many.
    """
    if status < 400:
        return Told()
    first = body[0] if isinstance(body, list) and body else body
    said = first.get("errorCode", first.get("error")) if isinstance(first, dict) else None
    code = said if isinstance(said, str) and _CODE.fullmatch(said) else ""
    if code == "REQUEST_LIMIT_EXCEEDED":
        used = _USED.search(headers.get("sforce-limit-info", ""))
        return Told(f"{code} {used[0]}" if used else code, Busy, OVER_LIMIT_S)
    if code == "UNABLE_TO_LOCK_ROW":
        return Told(code, Busy, 1.0)
    if code in _NOT_ALLOWED:
        return Told(code, NotAllowed)
    return Told(code, look=code in _IS_SO_ALREADY)


salesforce = Connector(
    "salesforce",
    rate=Rate(20, per_s=1, in_flight=10),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
    auth="client-credentials",
    grant=_granted,
    settings=SalesforceSettings,
    footholds={"client": ClientFoothold, "user": UserFoothold},
    told=told,
)
