"""API tokens (SSWS): each may do all that its owner may. Narrow one to a network zone, or revoke it.

Whether one is dead can be tried only by who has it: Okta shows no value of it. Our own may be among them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from connectors.core import (
    Call,
    Found,
    Impossible,
    Lost,
    Params,
    Person,
    Reader,
    ShownAll,
    State,
    Tide,
    Volatile,
    account,
)
from connectors.okta.system import okta, pages


class ApiToken(Params):
    """One API token, by its public id."""

    token_id: str


class RestrictedApiToken(ApiToken):
    """One API token, and the only network zone that it may be used from, by the zone's id."""

    zone: str


class ApiTokenSeen(State):
    """Whether it is there, and from where it may be used: `connection` is ANYWHERE or ZONE."""

    exists: bool
    connection: str = "ANYWHERE"
    include: ShownAll = ()
    exclude: ShownAll = ()
    name: Volatile[str] = ""
    owner: Volatile[Person[str]] = ""


def _seen(item: Any) -> ApiTokenSeen:
    network = item.get("network") or {}
    return ApiTokenSeen(
        exists=True,
        connection=str(network.get("connection") or "ANYWHERE"),
        include=tuple(sorted(network.get("include") or ())),
        exclude=tuple(sorted(network.get("exclude") or ())),
        name=str(item.get("name") or ""),
        owner=str(item.get("userId") or ""),
    )


@okta.look(permission="okta.apiTokens.read")
async def api_token(read: Reader, p: ApiToken) -> ApiTokenSeen:
    """One API token."""
    return _seen(await read.get("/api/v1/api-tokens/{token_id}", p))


@okta.survey(of=api_token, kind="token", permission="okta.apiTokens.read")
async def api_tokens(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every API token, and in whose name it works. Okta says neither when one was used nor from where."""
    async for item in pages(read, "/api/v1/api-tokens"):
        seen = _seen(item)
        yield Found(
            params=ApiToken(token_id=item["id"]),
            seen=seen,
            title=seen.name,
            publisher=str(item.get("clientName") or ""),
            works_as=account("okta", seen.owner),
            person=seen.owner,
            created_at=str(item.get("created") or ""),
        )


@okta.action(
    sees=api_token,
    layer="identity",
    does="kills-access",
    permission="okta.apiTokens.manage",
    settles_within_s=60,
    residual="who comes from an address of the zone uses it on",
)
def restrict_api_token(p: RestrictedApiToken, seen: ApiTokenSeen) -> Iterator[Call]:
    """Let an API token be used from one network zone only: what its owner needs goes on, a thief elsewhere is out."""
    if seen.exists and not (seen.connection == "ZONE" and set(seen.include) == {p.zone}):
        yield _network(p, seen, {"connection": "ZONE", "include": [p.zone]})


@restrict_api_token.undo
def _(p: RestrictedApiToken, seen: ApiTokenSeen, before: ApiTokenSeen) -> Iterator[Call]:
    if not seen.exists:
        raise Impossible(f"let API token {p.token_id} be used as before", "it was revoked", "Make another, by hand")
    if (seen.connection, seen.include, seen.exclude) == (before.connection, before.include, before.exclude):
        return
    lists = {
        name: list(values) for name, values in (("include", before.include), ("exclude", before.exclude)) if values
    }
    yield _network(p, seen, {"connection": before.connection, **lists})


def _network(p: RestrictedApiToken, seen: ApiTokenSeen, network: dict[str, Any]) -> Call:
    """Only the network condition changes; name and owner go along as they are, as the request wants them."""
    named = {name: value for name, value in (("name", seen.name), ("userId", seen.owner)) if value}
    return Call.put("/api/v1/api-tokens/{token_id}", p, json=named | {"network": network}, shown={"network": network})


@okta.action(
    sees=api_token,
    layer="identity",
    does="kills-access",
    permission="okta.apiTokens.manage",
    settles_within_s=30,
    irreversible="its owner makes another and gives it to whatever used this one",
)
def revoke_api_token(p: ApiToken, seen: ApiTokenSeen) -> Iterator[Call]:
    """End one API token. Its owner, or who took the account, makes another: suspend_user first."""
    if seen.exists:
        yield Call.delete("/api/v1/api-tokens/{token_id}", p)
