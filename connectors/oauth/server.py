"""Any OAuth 2.0 server by its standards: RFC 7009, 7662, 7592, 8414.

Revoke and introspect tokens, restrict or delete a client by its registration, find the endpoints by discovery.

What the standards leave open and servers really do: deleting a client may leave its access tokens alive; an update may
rotate the registration token; a revocation of an unknown token is answered 200. So only a look proves anything. There
is no standard way to list tokens: what is cut is the list that is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.core import (
    Answer,
    Call,
    Connector,
    Foothold,
    Impossible,
    NotAllowed,
    Params,
    Person,
    Rate,
    Reader,
    Sealed,
    Secret,
    Settings,
    State,
    Unseen,
    UrlPath,
    Volatile,
)  # fmt: skip


class OAuthSettings(Settings):
    """The client whose credential revokes and introspects: RFC 7009 lets a client end its own tokens only.

    Its operator may let the same credential list: clients_at and grants_at are the paths, from the host's root.
    global_revocation_at is that of global token revocation, for a server that has it and does not say so in its metadata.
    """

    client_id: str
    clients_at: UrlPath | None = None
    grants_at: UrlPath | None = None
    global_revocation_at: UrlPath | None = None


class ClientFoothold(Foothold):
    """A registered client, with its own registration path and token (RFC 7591 section 3.2.1)."""

    client: str
    registration: UrlPath
    registration_token: Secret


async def metadata(read: Reader) -> Mapping[str, str]:
    """The server's endpoints: RFC 8414 section 3, or OpenID Connect discovery. The issuer must be the configured URL."""
    base = read.url
    try:
        found = await read.get("//.well-known/oauth-authorization-server" + urlsplit(base).path)
    except Unseen:
        found = await read.get("/.well-known/openid-configuration")
    if not isinstance(found, dict) or str(found.get("issuer", "")).rstrip("/") != base:
        raise Impossible(
            f"discovery at {base}", "its metadata names another issuer", "The connection's url must be the issuer"
        )
    told = {"global_token_revocation_endpoint": at} if (at := read.settings.global_revocation_at) else {}
    return {name: url for name, url in found.items() if name.endswith("_endpoint") and isinstance(url, str)} | told


oauth = Connector(
    "oauth",
    rate=Rate(500, per_s=1, in_flight=20),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
    auth="basic",
    settings=OAuthSettings,
    footholds={"client": ClientFoothold},
    endpoints=metadata,
)


MANAGED = frozenset(
    {"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"}
)
"""What an update must not carry (RFC 7592 section 2.2)."""

NAMED = {"kind": "token_type", "client": "client_id", "user": "username"}
"""What introspection may say of a live token (RFC 7662 section 2.2), beside until when it lives."""

_MASK = re.compile(
    r"^(.)\1*$|^[x*.\u2022]+$|[*\u2022]{3}|\u2026|\.\.\.|^<.*>$|^\[.*\]$|^\(.*\)$"
    r"|^((client[ _-]?)?secret[ _-]?)?(is[ _-]?)?(redacted|hidden|masked|omitted|removed|protected|not[ _-]?shown)$",
    re.IGNORECASE,
)
"""One letter again and again, dots or stars in it, brackets around it, or a word that says so."""

REFETCH = "Have the server's administrator issue a new registration token for this client, and configure it"

REISSUE = "Have the server's administrator issue a new secret for this client, and configure it"


class Token(Params):
    """One access or refresh token."""

    token: Secret


class TokenSeen(State):
    """Whether the server takes it, and until when it would by itself."""

    active: bool
    kind: Volatile[str] = ""
    client: Volatile[str] = ""
    user: Volatile[Person[str]] = ""
    expires: Volatile[int] = 0


class Client(Params):
    """One registered client."""

    client: str
    registration: UrlPath
    registration_token: Secret


class ClientSeen(State):
    """The ways in which it can get tokens, and the whole of its metadata for the next update."""

    grant_types: tuple[str, ...]
    response_types: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    metadata: Volatile[Sealed[dict[str, Any]]]


class RegistrationSeen(State):
    """That it exists. Its absence is a 401, which counts only where this run saw it before."""

    exists: bool


async def registered(read: Reader, p: Client) -> dict[str, Any]:
    """A client's metadata, as an update may send it back (RFC 7592 section 2.1). A secret that is masked stays out.

    ValueError where it is another client's: the path that was configured is wrong, and another would be changed for it.
    """
    rotated = Answer("registration_access_token", replaces=p.registration_token, lost=REFETCH)
    seen = await read.get("/{+registration}", p, bearer=p.registration_token, answers=(rotated,))
    if seen["client_id"] != p.client:  # REQUIRED (RFC 7591 section 3.2.1)
        raise ValueError("it is another client's registration")
    masked = {name for name, value in seen.items() if name == "client_secret" and not _whole(value)}
    return {name: value for name, value in seen.items() if name not in MANAGED | masked}


def _whole(secret: object) -> bool:
    """Whether it may be a secret itself: some servers show stars in its place, the end of it, or none."""
    return isinstance(secret, str) and bool(secret) and not _MASK.search(secret)


@oauth.look(permission="introspection by the client's own credential", asks=("@introspection_endpoint",))
async def token(read: Reader, p: Token) -> TokenSeen:
    """One token, by introspection. Inactive may also mean: not visible to this client."""
    seen = await read.ask("@introspection_endpoint", form={"token": p.token})
    if not isinstance(
        seen["active"], bool
    ):  # REQUIRED (RFC 7662 section 2.2): without it, it is no answer about a token
        raise TypeError("active is neither true nor false")
    if not seen["active"]:
        return TokenSeen(active=False)
    said = {ours: str(seen.get(theirs) or "") for ours, theirs in NAMED.items()}
    return TokenSeen(active=True, **said, expires=int(seen.get("exp") or 0))


@oauth.look(permission="the client's registration token", identifies=("client",))
async def client(read: Reader, p: Client) -> ClientSeen:
    """One client's registration (RFC 7592 section 2.1)."""
    seen = await registered(read, p)
    return ClientSeen(
        grant_types=tuple(sorted(seen.get("grant_types", ["authorization_code"]))),
        response_types=tuple(sorted(seen.get("response_types", ["code"]))),
        redirect_uris=tuple(seen.get("redirect_uris", [])),
        metadata=seen,
    )


@oauth.look(permission="the client's registration token", meaning={401: Unseen}, identifies=("client",))
async def registration(read: Reader, p: Client) -> RegistrationSeen:
    """Whether the client is registered: a server answers 401 once it is not (RFC 7592 section 2.3)."""
    rotated = Answer("registration_access_token", replaces=p.registration_token, lost=REFETCH)
    await read.get("/{+registration}", p, bearer=p.registration_token, answers=(rotated,))
    return RegistrationSeen(exists=True)


@oauth.action(
    sees=token,
    layer="identity",
    does=("kills-refresh", "kills-access"),
    permission="revocation by the client's own credential",
    settles_within_s=10,
    residual="a service that checks JWT access tokens by itself takes them until they expire",
    irreversible="its owner signs in and consents again",
)
def revoke_token(p: Token, seen: TokenSeen) -> Iterator[Call]:
    """End one token (RFC 7009). A client that can still get tokens gets another: restrict_client first."""
    if seen.active:
        yield Call.post("@revocation_endpoint", form={"token": p.token})


def update(p: Client, metadata: Mapping[str, Any], shown: Mapping[str, Any]) -> Call:
    """The complete metadata, as an update replaces all of it; people see the part that changes.

    A server may answer with a new registration token, and with a new client secret though nobody asked for one: what
    comes is kept, as the old one is dead by then.
    """
    answers = [Answer("registration_access_token", replaces=p.registration_token, lost=REFETCH)]
    if isinstance(secret := metadata.get("client_secret"), str) and secret:
        answers.append(Answer("client_secret", replaces=Secret(secret), lost=REISSUE))
    return Call.put(
        "/{+registration}", p, json=metadata, shown=shown, bearer=p.registration_token, answers=tuple(answers)
    )


def _update(p: Client, seen: ClientSeen, **wanted: list[str]) -> Call:
    return update(p, seen.metadata | wanted, wanted)


@oauth.action(
    sees=client,
    layer="application",
    does="blocks-reissue",
    stops="new",
    permission="the client's registration token",
    settles_within_s=10,
    masks=(revoke_token,),
)
def restrict_client(p: Client, seen: ClientSeen) -> Iterator[Call]:
    """Take from a client every way to get tokens. Live tokens go on working: follow with revoke_token."""
    if seen.grant_types or seen.response_types or seen.redirect_uris:
        yield _update(p, seen, grant_types=[], response_types=[], redirect_uris=[])


@restrict_client.undo
def _(p: Client, seen: ClientSeen, before: ClientSeen) -> Iterator[Call]:
    if seen.governed() != before.governed():
        yield _update(
            p,
            seen,
            grant_types=list(before.grant_types),
            response_types=list(before.response_types),
            redirect_uris=list(before.redirect_uris),
        )


@oauth.action(
    sees=registration,
    layer="application",
    does="blocks-reissue",
    stops="new",
    permission="the client's registration token",
    settles_within_s=10,
    irreversible="the client is registered anew, with another id and secret",
)
def delete_client(p: Client, seen: RegistrationSeen) -> Iterator[Call]:
    """Delete a client (RFC 7592). Its access tokens may live on: revoke them first, with the client's credential."""
    if seen.exists:
        yield Call.delete("/{+registration}", p, bearer=p.registration_token)
