"""The identity provider's OAuth part, on authlib: tokens (RFC 6749), revocation (7009), introspection (7662), metadata (8414).

Where the RFCs leave a choice it takes the one that is worse for us, as large providers do: revoking a refresh token
leaves the access tokens got with it alive (RFC 7009 section 2.1 only says SHOULD), and refresh tokens do not rotate.
"""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidClientError, InvalidRequestError, OAuth2Request
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant, RefreshTokenGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from sandbox.ask import Answer, Ask, Handler, form
from sandbox.things import ACCESS_LIFE_S, Client, Token, same
from sandbox.world import World

SECRET_METHODS = ["client_secret_basic", "client_secret_post"]
ADMIN = "admin_key"
"""Our own way to introspect: the admin key as bearer, which RFC 7662 section 2.1 allows."""


class FormRequest(OAuth2Request):  # type: ignore[misc] # authlib has no types
    """A request as authlib wants it."""

    def __init__(self, world: World, ask: Ask) -> None:
        super().__init__(ask.method, f"{world.url}{ask.path}", headers={"Authorization": _authorization(ask)})
        self.ask = ask
        self.fields = form(ask)
        self.payload = BasicOAuth2Payload(self.fields)

    @property
    def form(self) -> dict[str, str]:
        """Give the parameters of the body."""
        return self.fields


def _authorization(ask: Ask) -> str | None:
    return ask.headers.get("authorization")


class Administrator:
    """The company's own key in the place of a client: it may introspect any token."""

    client_id = ""

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Only to introspect."""
        return method == ADMIN and endpoint == IntrospectionEndpoint.ENDPOINT_NAME


class PracticeServer(AuthorizationServer):  # type: ignore[misc] # authlib has no types
    """The authorization server over the company's state."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        maker = BearerTokenGenerator(lambda **_: secrets.token_urlsafe(32), None, lambda *_: ACCESS_LIFE_S)
        self.register_token_generator("default", maker)
        self.register_client_auth_method(ADMIN, self.admin)
        self.register_grant(Credentials)
        self.register_grant(Refresh)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)

    def admin(self, _query: object, request: FormRequest) -> Administrator | None:
        """Authenticate by our own key."""
        scheme, credential = request.ask.credential()
        if scheme == "bearer" and same(credential, self.world.keys["idp_key"]):
            return Administrator()
        return None

    def query_client(self, client_id: str) -> Client | None:
        """Find a client."""
        return self.world.clients.get(client_id)

    def authenticate_client(self, request: FormRequest, methods: list[str], endpoint: str = "token") -> Client:
        """Authenticate a client; a disabled one gets no token, but may still revoke and introspect its own."""
        client: Client = super().authenticate_client(request, methods, endpoint)
        if endpoint == "token" and not client.enabled.now():
            raise InvalidClientError(description="The client is disabled.", status_code=401)
        return client

    def save_token(self, token: dict[str, Any], request: FormRequest) -> None:
        """Keep a token that was just made."""
        parent = request.refresh_token
        self.world.add_token(
            "access",
            request.client.client_id,
            parent.user if parent else request.client.run_as,
            request.ask.address,
            parent=parent.id if parent else "",
            secret=token["access_token"],
        )
        if parent:
            self.world.use_token(parent, request.ask.address)

    def create_oauth2_request(self, request: FormRequest) -> FormRequest:
        """Pass on what already is a request of authlib's kind."""
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Answer:
        """Turn authlib's answer into ours."""
        return Answer(status, body, dict(headers))

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""


class Credentials(ClientCredentialsGrant):  # type: ignore[misc] # authlib has no types
    """RFC 6749 section 4.4."""

    TOKEN_ENDPOINT_AUTH_METHODS = SECRET_METHODS


class Refresh(RefreshTokenGrant):  # type: ignore[misc] # authlib has no types
    """RFC 6749 section 6; the refresh token stays the same."""

    TOKEN_ENDPOINT_AUTH_METHODS = SECRET_METHODS

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        """Find a refresh token that is active."""
        token: Token | None = self.server.world.token_of(refresh_token)
        return token if token and token.kind == "refresh" and token.active else None

    def authenticate_user(self, refresh_token: Token) -> str:
        """Name the user who once consented."""
        return refresh_token.user

    def revoke_old_credential(self, refresh_token: Token) -> None:
        """Keep it: no rotation."""


class Revocation(RevocationEndpoint):  # type: ignore[misc] # authlib has no types
    """RFC 7009. An unknown token is a 200, another client's an error."""

    CLIENT_AUTH_METHODS = SECRET_METHODS

    def check_params(self, request: FormRequest, _client: Client) -> None:
        """Want a token; a hint that nobody knows is ignored (section 2.2)."""
        if "token" not in request.form:
            raise InvalidRequestError

    def query_token(self, token_string: str, _hint: str | None) -> Token | None:
        """Find a token; the hint is not needed."""
        found: Token | None = self.server.world.token_of(token_string)
        return found

    def revoke_token(self, token: Token, request: FormRequest) -> None:
        """Revoke this token at once, and no other."""
        if not request.ask.pretend:
            self.server.world.revoke(token)


class Introspection(IntrospectionEndpoint):  # type: ignore[misc] # authlib has no types
    """RFC 7662. What is not active, unknown or another's says `{"active": false}` and no more."""

    CLIENT_AUTH_METHODS: ClassVar = [*SECRET_METHODS, ADMIN]

    def check_params(self, request: FormRequest, _client: Client) -> None:
        """Want a token; a hint that nobody knows is ignored."""
        if "token" not in request.form:
            raise InvalidRequestError

    def query_token(self, token_string: str, _hint: str | None) -> Token | None:
        """Find a token; the hint is not needed."""
        found: Token | None = self.server.world.token_of(token_string)
        return found

    def check_permission(self, token: Token, client: Client | Administrator, _request: FormRequest) -> bool:
        """Tell a client of its own tokens, the company of all."""
        return isinstance(client, Administrator) or token.check_client(client)

    def introspect_token(self, token: Token) -> dict[str, Any]:
        """Tell what is known of an active token; `jti` is its public id, `token_type` only an access token's."""
        told: dict[str, Any] = {
            "active": True,
            "client_id": token.client,
            "username": token.user,
            "sub": token.user,
            "scope": token.get_scope(),
            "iat": int(token.issued.timestamp()),
            "iss": f"{self.server.world.url}/idp",
            "jti": token.id,
        }
        if token.expires:
            told |= {"token_type": "Bearer", "exp": int(token.expires.timestamp())}
        return told


def metadata(world: World, _ask: Ask) -> Answer:
    """Describe the server (RFC 8414). Its issuer is http, which loopback alone excuses."""
    issuer = f"{world.url}/idp"
    told = AuthorizationServerMetadata(
        issuer=issuer,
        token_endpoint=f"{issuer}/oauth/token",
        revocation_endpoint=f"{issuer}/oauth/revoke",
        introspection_endpoint=f"{issuer}/oauth/introspect",
        grant_types_supported=["client_credentials", "refresh_token"],
        response_types_supported=[],
        scopes_supported=["crm"],
        token_endpoint_auth_methods_supported=SECRET_METHODS,
        revocation_endpoint_auth_methods_supported=SECRET_METHODS,
        introspection_endpoint_auth_methods_supported=SECRET_METHODS,
    )
    return Answer(body=dict(told))


def routes(world: World) -> list[tuple[str, str, Handler]]:
    """Give the OAuth routes over one authorization server."""
    server = PracticeServer(world)

    def token(world: World, ask: Ask) -> Answer:
        request = FormRequest(world, ask)
        if "grant_type" not in request.form:
            return Answer(400, {"error": "invalid_request"})
        answer: Answer = server.create_token_response(request)
        return answer

    def endpoint(name: str) -> Handler:
        def answer(world: World, ask: Ask) -> Answer:
            given: Answer = server.create_endpoint_response(name, FormRequest(world, ask))
            return given

        return answer

    return [
        ("GET", "/.well-known/oauth-authorization-server/idp", metadata),
        ("POST", "/idp/oauth/token", token),
        ("POST", "/idp/oauth/revoke", endpoint(Revocation.ENDPOINT_NAME)),
        ("POST", "/idp/oauth/introspect", endpoint(Introspection.ENDPOINT_NAME)),
    ]
