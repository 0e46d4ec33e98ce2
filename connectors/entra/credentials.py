"""Secrets, certificates and federated trusts: of app registrations, and of service principals.

Graph never gives a secret out again, only its id, its dates and three letters of it. A certificate goes by writing back
the list of all others (removeKey wants a proof that only the owner can make): each by its keyId with no key in it, which
leaves it as it is. No key is read or sent, so nothing masked can take a real one's place.
Source: learn.microsoft.com/graph/api/application-removepassword, serviceprincipal-removepassword, application-update,
resources/keycredential, application-list-federatedidentitycredentials, federatedidentitycredential-delete; the list with
its keys left null is what Azure CLI writes (`az ad app credential delete --cert`, role/custom.py).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, Literal

from connectors.core import Call, Params, Reader, Shown, State, Unseen, Volatile
from connectors.entra.graph import (
    LIVES_ON,
    READS,
    SETTLES_S,
    TOKEN_LIVES_S,
    WRITES,
    App,
    Principal,
    chosen,
    entra,
    pages,
    same,
)
from connectors.entra.names import Holder
from connectors.entra.objects import app, principal, refuse_own

KEPT = ("keyId", "type", "usage", "displayName", "startDateTime", "endDateTime", "customKeyIdentifier")
"""What is written back of a certificate that stays."""

Kind = Literal["password", "certificate", "federated"]


class Credential(Params):
    """One credential, by its id at the object that holds it (never the secret itself)."""

    holder: Holder
    owner: str
    key_id: str


class CredentialSeen(State):
    """What it is, and whether it still opens anything.

    Attributes:
        trusts: of a federated one, the issuer and subject that it lets in.
        others: the certificates beside it that stay, as JSON, without their keys.
        own: it is of the app that we sign in as.
    """

    kind: Kind
    expired: bool
    expires: Shown = ""
    trusts: Shown = ""
    others: Volatile[tuple[str, ...]] = ()
    own: Volatile[bool] = False


def past(when: object) -> bool:
    """Whether a time of Graph's lies behind us. One that is missing or cannot be read does not."""
    try:
        return datetime.fromisoformat(str(when)) < datetime.now(UTC)
    except (ValueError, TypeError):
        return False


def credentials_of(holder: Holder, item: Any) -> Iterator[tuple[Credential, CredentialSeen]]:
    """The passwords, certificates and trusts that one object lists."""
    owner = str(item["id"])
    keys = item.get("keyCredentials") or []
    for one in item.get("passwordCredentials") or []:
        yield _pair(holder, owner, one, "password", ())
    for one in keys:
        if one.get("usage") != "Sign":  # it signs SAML answers to others; it opens nothing here
            others = tuple(_written(other) for other in keys if other is not one)
            yield _pair(holder, owner, one, "certificate", others)
    for one in item.get("federatedIdentityCredentials") or []:
        yield _trust(owner, one)


def _pair(
    holder: Holder, owner: str, one: Any, kind: Kind, others: tuple[str, ...]
) -> tuple[Credential, CredentialSeen]:
    ends = str(one.get("endDateTime") or "")
    seen = CredentialSeen(kind=kind, expired=past(ends), expires=ends, others=others)
    return Credential(holder=holder, owner=owner, key_id=one["keyId"]), seen


def _trust(owner: str, one: Any) -> tuple[Credential, CredentialSeen]:
    trusts = f"{one['issuer']} {one.get('subject') or 'by a claim'}"
    seen = CredentialSeen(kind="federated", expired=False, trusts=trusts)
    return Credential(holder="applications", owner=owner, key_id=one["id"]), seen


def _written(key: Any) -> str:
    """A certificate as it is written back."""
    return json.dumps({name: key[name] for name in KEPT if key.get(name) is not None} | {"key": None}, sort_keys=True)


async def _held(read: Reader, holder: Holder, owner: str) -> AsyncIterator[tuple[Credential, CredentialSeen]]:
    at = Credential(holder=holder, owner=owner, key_id="")
    query = chosen("id", "appId", "passwordCredentials", "keyCredentials")
    item = await read.get("/{holder}/{owner}", at, **query)
    own = {"own": same(item["appId"], read.settings.client_id)}
    for found, seen in credentials_of(holder, item):
        yield found, seen.model_copy(update=own)
    if holder == "applications":
        async for one in pages(read, "/applications/{owner}/federatedIdentityCredentials", at, {}):
            found, seen = _trust(owner, one)
            yield found, seen.model_copy(update=own)


@entra.look(permission=READS)
async def credential(read: Reader, p: Credential) -> CredentialSeen:
    """One secret, certificate or trust, among all that its object holds."""
    async for found, seen in _held(read, p.holder, p.owner):
        if same(found.key_id, p.key_id):
            return seen
    tried = f"{read.url}: credential {p.key_id} of {p.holder}/{p.owner}"
    raise Unseen(tried, "it holds none of that id", "It is gone, or the id is another's")


@entra.find(of=credential, permission=READS, control=app)
async def app_credentials(read: Reader, p: App) -> AsyncIterator[tuple[Credential, CredentialSeen]]:
    """Every secret, certificate and trust of an app registration."""
    async for pair in _held(read, "applications", p.app):
        yield pair


@entra.find(of=credential, permission=READS, control=principal)
async def principal_credentials(read: Reader, p: Principal) -> AsyncIterator[tuple[Credential, CredentialSeen]]:
    """Every secret and certificate that was put on a service principal in our tenant: a favourite place to hide one."""
    async for pair in _held(read, "servicePrincipals", p.principal):
        yield pair


@entra.action(
    sees=credential,
    layer="identity",
    does=("blocks-reissue", "kills-access"),
    stops="new",
    permission=WRITES,
    settles_within_s=SETTLES_S,
    residual=LIVES_ON,
    residual_s=TOKEN_LIVES_S,
    irreversible="a new secret or certificate is made, and given to who works with it; a trust is set up anew",
)
def remove_credential(p: Credential, seen: CredentialSeen) -> Iterator[Call]:
    """Take away one secret, certificate or trust. The tokens that it got live on until they expire."""
    if seen.expired:
        return
    refuse_own(seen.own, f"remove credential {p.key_id} of {p.holder}/{p.owner}")
    match seen.kind:
        case "password":
            yield Call.post("/{holder}/{owner}/removePassword", p, json={"keyId": p.key_id})
        case "federated":
            yield Call.delete("/applications/{owner}/federatedIdentityCredentials/{key_id}", p)
        case "certificate":
            stay = [json.loads(one) for one in seen.others]
            shown = {"keyCredentials": f"without {p.key_id}; {len(stay)} stay"}
            yield Call.patch("/{holder}/{owner}", p, json={"keyCredentials": stay}, shown=shown)
