"""A credential that must become an access token first: RFC 6749 section 4.4 (client credentials), RFC 7523 (signed JWT).

The token lives in memory alone, until shortly before it expires. A read that is answered 401 drops it and is sent once
more with a new one; a write never is: it went out. Asking for a token changes nothing at the provider, so a dry run may.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

import orjson
from pydantic import AfterValidator

from connectors.core.errors import Busy, Impossible, NotAllowed, Unexpected
from connectors.core.secret import Secret
from connectors.core.waits import asked_wait_s

if TYPE_CHECKING:
    from connectors.core.wire import Connection, Reply

Auth = Literal["bearer", "basic", "path", "none", "client-credentials", "jwt-bearer", "signed-jwt"]
EXCHANGED = frozenset({"client-credentials", "jwt-bearer", "signed-jwt"})
"""Those for which a connector declares its `grant`."""
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
UNSAID_S = 600.0
"""How long a token is used whose answer says no `expires_in` (Salesforce's): a 401 ends it sooner."""
EARLY_S = 60.0
"""How long before it expires a token is used no more; a tenth of its life where that is less."""
SKEW_S = 10
"""By how much an assertion is dated back: servers refuse one from the future."""
ASSERTION_S = 170
"""How long an assertion is good for: Salesforce takes three minutes at most."""


def _token_url(value: str) -> str:
    parts = urlsplit(value)
    local = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if not (parts.scheme == "https" or local) or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("must be a plain https URL: a credential is sent there (http only to this host itself)")
    return value


TokenUrl = Annotated[str, AfterValidator(_token_url)]
"""A token endpoint at another host than the API's, from configuration."""


@dataclass(frozen=True)
class Grant:
    """One request for an access token, with what proves who we are. Made anew for each token: an assertion is dated.

    Attributes:
        at: the token endpoint: a `TokenUrl`, or a path below the connection's URL (`//path`: from its host's root).
        form: the fields of the request. It holds the credential, so it is shown nowhere.
        bearer: what goes along as bearer token, where that is the proof (GitHub's apps).
        holds: the field of the answer that the access token is in.
    """

    at: str
    form: Mapping[str, str] = field(repr=False)
    bearer: str = field(default="", repr=False)
    holds: str = "access_token"


@dataclass(frozen=True)
class Ready:
    """An access token that no request is needed for: a JWT that we sign ourselves, or the secret as it stands."""

    token: str = field(repr=False)
    life_s: float


Granting = Callable[[Any, Secret], Grant | Ready]
"""What a connector declares: the request for a token (or the token), out of a connection's settings and its secret."""


def client_credentials(at: str, client_id: str, secret: Secret, **more: str) -> Grant:
    """RFC 6749 section 4.4 with the client's secret in the form; `more`: scope and what else the provider wants."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret.reveal()}
    return Grant(at, form | more)


def client_assertion(
    at: str, client_id: str, key: str, *, audience: str, header: Mapping[str, str] | None = None, **more: str
) -> Grant:
    """RFC 6749 section 4.4 with a JWT in the secret's place (RFC 7523 section 2.2). `key`: a private key as PEM.

    `header`: names the key or its certificate (`kid`, `x5t#S256`).
    """
    claims = {"iss": client_id, "sub": client_id, "aud": audience, "jti": secrets.token_urlsafe(16)}
    now = _issued()  # taken once: `nbf` and `iat` are the same second
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_assertion_type": CLIENT_ASSERTION,
        "client_assertion": signed(key, claims | {"nbf": now}, header or {}, now),
    }
    return Grant(at, form | more)


def jwt_bearer(
    at: str, claims: Mapping[str, str], key: str, *, header: Mapping[str, str] | None = None, **more: str
) -> Grant:
    """RFC 7523 section 2.1: a JWT that says in whose name (`iss`, `sub`, `aud`, and `scope` where it stands there)."""
    return Grant(at, {"grant_type": JWT_BEARER, "assertion": signed(key, claims, header or {})} | more)


def _issued() -> int:
    """What an assertion says of when it was made: a little earlier, as clocks differ."""
    return int(time.time()) - SKEW_S


def signed(key: str, claims: Mapping[str, Any], header: Mapping[str, str], issued: int | None = None) -> str:
    """A JWT with `iat` and `exp`, signed RS256 (RFC 7515, RFC 7518 section 3.3). `key`: an RSA private key as PEM.

    `issued`: seconds since 1970; without it, now.

    Raises Impossible where that is none; nothing of it is in the error.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        loaded = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError):
        loaded = None
    if not isinstance(loaded, rsa.RSAPrivateKey):
        raise Impossible("sign for an access token", "the key is no RSA private key in PEM", "Mend where it is kept")
    now = _issued() if issued is None else issued
    parts = ({"alg": "RS256", "typ": "JWT", **header}, {**claims, "iat": now, "exp": now + ASSERTION_S})
    text = b".".join(_base64url(orjson.dumps(part)) for part in parts)
    return b".".join((text, _base64url(loaded.sign(text, padding.PKCS1v15(), hashes.SHA256())))).decode()


def _base64url(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")


class Tokens:
    """The access token of one open connection: one request for it, whoever asks meanwhile.

    `said`: what the token endpoint said beside the last one (its scope, perhaps), without it.
    """

    def __init__(self, connection: Connection, send: Callable[[Grant], Awaitable[Reply]]) -> None:
        self._connection = connection
        self._send = send
        self._asked: asyncio.Future[Secret] | None = None
        self._until = 0.0
        self.said: Mapping[str, Any] = {}

    async def current(self) -> Secret:
        """A token that is good for a while yet.

        Raises NotSent where the token endpoint does not answer: what wanted the token was not sent then. Busy,
        NotAllowed and Unexpected as for any answer.
        """
        asked = self._asked
        failed = asked is not None and asked.done() and (asked.cancelled() or asked.exception() is not None)
        old = asked is not None and asked.done() and asyncio.get_running_loop().time() >= self._until
        if asked is None or failed or old:
            asked = self._asked = asyncio.ensure_future(self._mint())
        return await asyncio.shield(asked)

    def refused(self, token: Secret) -> None:
        """The provider turned this one away: the next request gets another, unless one is there already."""
        asked = self._asked
        came = asked is not None and asked.done() and not asked.cancelled() and asked.exception() is None
        if asked is not None and came and asked.result() == token:
            self._asked = None

    def close(self) -> None:
        """Forget it."""
        if self._asked is not None:
            self._asked.cancel()
            self._asked = None

    async def _mint(self) -> Secret:
        from connectors.core.reader import reason
        from connectors.core.wire import NoAnswer, NotSent

        connector, secret = self._connection.connector, self._connection.secret
        assert connector.grant is not None
        assert secret is not None
        grant = connector.grant(self._connection.settings, secret)
        where = f"{self._connection.name}: an access token ({connector.auth})"
        began = asyncio.get_running_loop().time()
        if isinstance(grant, Ready):
            self._until = began + grant.life_s - min(EARLY_S, grant.life_s / 10)
            return Secret(grant.token)
        try:
            reply = await self._send(grant)
        except (NotSent, NoAnswer) as error:
            raise NotSent(f"the token endpoint does not answer: {error}") from None
        came = f"{reply.status}{reason(reply)}"
        if reply.status == 429:
            raise Busy(where, f"{came}, asks to wait {asked_wait_s(reply.headers):.0f} s", "It is tried again later")
        if reply.status >= 500:
            raise NotSent(f"the token endpoint answers {came}")
        if reply.status in {400, 401, 403}:
            raise NotAllowed(where, came, "Is this credential right, still alive, and granted what it asks for?")
        said = reply.json if reply.status in {200, 201} and isinstance(reply.json, dict) else {}
        token = said.get(grant.holds)
        if not isinstance(token, str) or not (token and token.isascii() and token.isprintable()):
            raise Unexpected(where, f"{came} without an access token", "A person must look: is this the right URL?")
        if str(said.get("token_type", "Bearer")).lower() != "bearer":
            raise Unexpected(where, "a token that is no bearer token", "A person must look at what is configured there")
        life = _seconds(said.get("expires_in"))
        self._until = began + life - min(EARLY_S, life / 10)
        self.said = {name: value for name, value in said.items() if name not in {grant.holds, "refresh_token"}}
        return Secret(token)


def claims_of(token: Secret) -> Mapping[str, Any]:
    """The claims of an access token of ours that is a JWT; {} where it is none.

    Nobody's signature is checked: it came from the token endpoint itself, and what it says opens nothing.
    """
    parts = token.reveal().split(".")
    if len(parts) != 3:
        return {}
    try:
        found = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(said: object) -> float:
    """A lifetime as it is said: a number, or its digits in a text."""
    try:
        life = float(said) if isinstance(said, int | float | str) else UNSAID_S
    except ValueError:
        return UNSAID_S
    return life if 0 <= life < float("inf") else UNSAID_S  # NaN is neither
