"""What an app proves itself with: client secrets and public keys. Rotate: add the new, let it be used, retire the old.

An app has two secrets at most, and never fewer than one that is active. Okta shows secrets in clear to whoever may read
them; we compare, and keep none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal

from connectors.core import Call, Impossible, Params, Reader, Secret, State, Volatile
from connectors.core.links import items_of
from connectors.okta.apps import app
from connectors.okta.system import App, AppId, okta, pages

MOST_SECRETS = 2
Status = Literal["ACTIVE", "INACTIVE", "GONE"]


class ClientSecret(Params):
    """One client secret of an app, by its public id."""

    app: AppId
    secret_id: str


class ClientKey(Params):
    """One public key (JWK) of an app, by its id there, which is not its `kid`."""

    app: AppId
    key_id: str


class CredentialSeen(State):
    """Whether it is taken. `others`: how many more of its kind are, which it takes for this one to be retired."""

    status: Status
    others: Volatile[int] = 0


class NewSecret(Params):
    """A secret for an app, made by us: 14 to 100 printable ASCII letters, 32 at least where it signs JWTs."""

    app: AppId
    secret: Secret


class NewSecretSeen(State):
    """Whether the app takes it; how many it has."""

    taken: bool
    kept: Volatile[int]


class NewKey(Params):
    """A public RSA key for an app (RFC 7517): its `kid`, and modulus and exponent as base64url."""

    app: AppId
    kid: str
    modulus: str
    exponent: str = "AQAB"


class Kid(Params):
    """A public key of an app, by the `kid` that its owner gave it."""

    app: AppId
    kid: str


class KidSeen(State):
    """Whether the app takes what is signed by it, and the modulus that stands there."""

    taken: bool
    modulus: Volatile[str] = ""


async def _secrets(read: Reader, p: Params) -> list[Any]:
    return [item async for item in pages(read, "/api/v1/apps/{app}/credentials/secrets", p)]


async def _keys(read: Reader, p: Params) -> list[Any]:
    found = await read.get("/api/v1/apps/{app}/credentials/jwks", p)
    jwks = (
        found.get("jwks", found) if isinstance(found, dict) else found
    )  # described as a list, shown as {jwks: {keys}}
    return items_of(jwks["keys"] if isinstance(jwks, dict) else jwks)


def _seen(item: Any, items: list[Any]) -> CredentialSeen:
    active = sum(1 for one in items if one["status"] == "ACTIVE" and one["id"] != item["id"])
    return CredentialSeen(status=item["status"], others=active)


def _of(id_: str, items: list[Any]) -> CredentialSeen:
    """The one of that id. The listing has all of an app's, so one that it lacks is gone."""
    return next((_seen(item, items) for item in items if item["id"] == id_), CredentialSeen(status="GONE"))


@okta.look(permission="okta.apps.read")
async def secret(read: Reader, p: ClientSecret) -> CredentialSeen:
    """One client secret of an app."""
    return _of(p.secret_id, await _secrets(read, p))


@okta.look(permission="okta.apps.read")
async def key(read: Reader, p: ClientKey) -> CredentialSeen:
    """One public key of an app."""
    return _of(p.key_id, await _keys(read, p))


@okta.look(permission="okta.apps.read", identifies=("app", "secret"))
async def new_secret(read: Reader, p: NewSecret) -> NewSecretSeen:
    """Whether an app takes this secret."""
    items = await _secrets(read, p)
    taken = any(item["status"] == "ACTIVE" and _is(item.get("client_secret"), p.secret) for item in items)
    return NewSecretSeen(taken=taken, kept=len(items))


def _is(shown: object, ours: Secret) -> bool:
    return isinstance(shown, str) and shown != "" and Secret(shown) == ours


@okta.look(permission="okta.apps.read")
async def kid(read: Reader, p: Kid) -> KidSeen:
    """Whether an app takes the key of this `kid`."""
    for item in await _keys(read, p):
        if item.get("kid") == p.kid and item["status"] == "ACTIVE":
            return KidSeen(taken=True, modulus=str(item.get("n") or ""))
    return KidSeen(taken=False)


@okta.find(of=secret, permission="okta.apps.read", control=app)
async def secrets(read: Reader, p: App) -> AsyncIterator[tuple[ClientSecret, CredentialSeen]]:
    """Every client secret of an app."""
    items = await _secrets(read, p)
    for item in items:
        yield ClientSecret(app=p.app, secret_id=item["id"]), _seen(item, items)


@okta.find(of=key, permission="okta.apps.read", control=app)
async def keys(read: Reader, p: App) -> AsyncIterator[tuple[ClientKey, CredentialSeen]]:
    """Every public key of an app."""
    items = await _keys(read, p)
    for item in items:
        yield ClientKey(app=p.app, key_id=item["id"]), _seen(item, items)


def _not_the_last(p: ClientSecret, seen: CredentialSeen) -> None:
    if seen.others == 0:
        raise Impossible(
            f"deactivate secret {p.secret_id} of app {p.app}",
            "it is the only active one, which Okta does not deactivate",
            "Add another first (okta.add_secret), or switch the app off (okta.deactivate_app)",
        )


@okta.action(
    sees=new_secret,
    layer="identity",
    does="rotates",
    stops="new",
    permission="okta.apps.manage",
    settles_within_s=30,
    identifies=("app", "secret"),
    irreversible="the app takes it from then on: okta.retire_secret ends that",
)
def add_secret(p: NewSecret, seen: NewSecretSeen) -> Iterator[Call]:
    """Give an app a secret that we made, beside the one that it has; then give it to the app's owner."""
    if seen.taken:
        return
    if seen.kept >= MOST_SECRETS:
        raise Impossible(
            f"add a secret to app {p.app}", "it has two already, the most that Okta keeps",
            "Delete the one that nobody uses (okta.retire_secret, okta.delete_secret)",
        )  # fmt: skip
    body = {"client_secret": p.secret, "status": "ACTIVE"}
    yield Call.post(
        "/api/v1/apps/{app}/credentials/secrets", p, json=body, once="it adds a secret, and an app has two at most"
    )


@okta.action(
    sees=secret, layer="identity", does="rotates", stops="new", permission="okta.apps.manage", settles_within_s=30
)
def retire_secret(p: ClientSecret, seen: CredentialSeen) -> Iterator[Call]:
    """Take one client secret no more. Tokens that it opened go on: follow with revoke_app_token."""
    if seen.status == "ACTIVE":
        _not_the_last(p, seen)
        yield Call.post("/api/v1/apps/{app}/credentials/secrets/{secret_id}/lifecycle/deactivate", p)


@retire_secret.undo
def _(p: ClientSecret, seen: CredentialSeen, before: CredentialSeen) -> Iterator[Call]:
    if before.status == "ACTIVE" and seen.status == "INACTIVE":
        yield Call.post("/api/v1/apps/{app}/credentials/secrets/{secret_id}/lifecycle/activate", p)


@okta.action(
    sees=secret,
    layer="identity",
    does="rotates",
    stops="new",
    permission="okta.apps.manage",
    settles_within_s=30,
    irreversible="a secret that is deleted does not come back: add_secret makes another",
)
def delete_secret(p: ClientSecret, seen: CredentialSeen) -> Iterator[Call]:
    """Delete one client secret, deactivated first where it is not yet: Okta deletes none that is active."""
    if seen.status == "ACTIVE":
        _not_the_last(p, seen)
        yield Call.post("/api/v1/apps/{app}/credentials/secrets/{secret_id}/lifecycle/deactivate", p)
    elif seen.status == "INACTIVE":
        yield Call.delete("/api/v1/apps/{app}/credentials/secrets/{secret_id}", p)


@okta.action(
    sees=kid,
    layer="identity",
    does="rotates",
    stops="new",
    permission="okta.apps.manage",
    settles_within_s=30,
    irreversible="the app takes it from then on: okta.retire_key ends that",
)
def add_key(p: NewKey, seen: KidSeen) -> Iterator[Call]:
    """Let an app sign in with one more public key, whose private half its owner holds."""
    if seen.taken and seen.modulus.rstrip("=") == p.modulus.rstrip("="):
        return
    if seen.taken:
        raise Impossible(
            f"add key {p.kid} to app {p.app}",
            "another key stands there by that name",
            "Give the new key a kid of its own",
        )
    jwk = {
        "kid": p.kid,
        "kty": "RSA",
        "alg": "RS256",
        "use": "sig",
        "n": p.modulus,
        "e": p.exponent,
        "status": "ACTIVE",
    }
    yield Call.post("/api/v1/apps/{app}/credentials/jwks", p, json=jwk, once="it adds a key")


@okta.action(
    sees=key, layer="identity", does="rotates", stops="new", permission="okta.apps.manage", settles_within_s=30
)
def retire_key(p: ClientKey, seen: CredentialSeen) -> Iterator[Call]:
    """Take what one key signs no more. Tokens that it opened go on: follow with revoke_app_token.

    Okta refuses it for the last key of an app that signs in by keys alone: add_key first.
    """
    if seen.status == "ACTIVE":
        yield Call.post("/api/v1/apps/{app}/credentials/jwks/{key_id}/lifecycle/deactivate", p)


@retire_key.undo
def _(p: ClientKey, seen: CredentialSeen, before: CredentialSeen) -> Iterator[Call]:
    if before.status == "ACTIVE" and seen.status == "INACTIVE":
        yield Call.post("/api/v1/apps/{app}/credentials/jwks/{key_id}/lifecycle/activate", p)
