"""The identity provider's admin API: clients and their tokens.

Disabling a client lags, stops the token endpoint for it and leaves its live tokens working; revoking is immediate.
"""

from __future__ import annotations

from typing import Any

from sandbox.ask import Answer, Ask, Handler, Refuse, admit
from sandbox.things import Client, Token, rfc3339
from sandbox.world import World


def find_client(world: World, ask: Ask) -> Client:
    """Find the client that the request names."""
    admit(world, ask, "idp_key")
    client = world.clients.get(ask.params["client"])
    if client is None:
        raise Refuse(404, "no such client")
    return client


def read_client(world: World, ask: Ask) -> Answer:
    """Show a client as it is now."""
    client = find_client(world, ask)
    enabled = client.enabled.look(ours=ask.ours)
    return Answer(
        body={
            "client": client.client_id,
            "enabled": enabled,
            "version": client.enabled.version,
            "name": client.name,
            "users": client.users,
        }
    )


def write_enabled(world: World, ask: Ask) -> Answer:
    """Enable or disable a client."""
    client = find_client(world, ask)
    enabled = ask.json().get("enabled")
    if not isinstance(enabled, bool):
        raise Refuse(422, "enabled is true or false")
    return Answer(body={"ok": True}, effect=lambda: client.enabled.change(enabled, world.options.lag_s))


def show(token: Token) -> dict[str, Any]:
    """Show a token without the token itself. One never used was last used when it was issued."""
    return {
        "id": token.id,
        "kind": token.kind,
        "client": token.client,
        "user": token.user,
        "issued": rfc3339(token.issued),
        "used_at": rfc3339(token.used_at),
        "used_from": token.used_from,
        "active": token.active,
    }


def tokens(world: World, ask: Ask) -> Answer:
    """List a client's active tokens, a page at a time. Newer tokens have greater ids: paging misses none."""
    client = find_client(world, ask)
    found, after = world.active_tokens(client.client_id, ask.query.get("after", ""), ask.number("limit", 100, 500))
    return Answer(body={"items": [show(token) for token in found], "next": after})


def find_token(world: World, ask: Ask) -> Token:
    """Find the token that the request names by its public id."""
    admit(world, ask, "idp_key")
    token = world.tokens.get(ask.params["token"])
    if token is None:
        raise Refuse(404, "no such token")
    return token


def read_token(world: World, ask: Ask) -> Answer:
    """Show one token, active or not."""
    return Answer(body=show(find_token(world, ask)))


def revoke_token(world: World, ask: Ask) -> Answer:
    """Revoke one token at once, and no other: access tokens got with a refresh token live on."""
    token = find_token(world, ask)

    def revoke() -> None:
        token.revoked = True

    return Answer(body={"ok": True}, effect=revoke)


ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/idp/clients/{client}", read_client),
    ("PUT", "/idp/clients/{client}/enabled", write_enabled),
    ("GET", "/idp/clients/{client}/tokens", tokens),
    ("GET", "/idp/tokens/{token}", read_token),
    ("POST", "/idp/tokens/{token}/revoke", revoke_token),
]
