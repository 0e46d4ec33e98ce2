"""The identity provider's admin API: clients, people's consents to them, and their tokens.

Disabling a client lags, stops the token endpoint for it and leaves its live tokens working; revoking is immediate.
"""

from __future__ import annotations

from typing import Any

from sandbox.ask import Answer, Ask, Handler, Refuse, admit, named, own_key, page
from sandbox.consents import ForeignMark, Grant
from sandbox.things import Client, Token, rfc3339
from sandbox.world import World


def find_client(world: World, ask: Ask) -> Client:
    """Find the client that the request names."""
    return named(world, ask, "idp_key", "client", world.clients)


def show_client(client: Client, ask: Ask) -> dict[str, Any]:
    """Show a client without its secret."""
    return {
        "client": client.client_id,
        "enabled": client.enabled.look(ours=ask.ours),
        "version": client.enabled.version,
        "name": client.name,
        "publisher": client.publisher,
        "users": client.users,
        "run_as": client.run_as,
        "scopes": client.scopes,
        "hosts": client.hosts,
        "created": rfc3339(client.created),
    }


def clients(world: World, ask: Ask) -> Answer:
    """List the clients, on or off, a page at a time, in the order of their ids."""
    admit(world, ask, "idp_key")
    ids, after = page(ask, world.clients)
    return Answer(body={"items": [show_client(world.clients[each], ask) for each in ids], "next": after})


def read_client(world: World, ask: Ask) -> Answer:
    """Show a client as it is now."""
    return Answer(body=show_client(find_client(world, ask), ask))


def write_enabled(world: World, ask: Ask) -> Answer:
    """Enable or disable a client."""
    client = find_client(world, ask)
    enabled = ask.flag("enabled")
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
    return named(world, ask, "idp_key", "token", world.tokens)


def read_token(world: World, ask: Ask) -> Answer:
    """Show one token, active or not."""
    return Answer(body=show(find_token(world, ask)))


def revoke_token(world: World, ask: Ask) -> Answer:
    """Revoke one token at once, and no other: access tokens got with a refresh token live on."""
    token = find_token(world, ask)
    return Answer(body={"ok": True}, effect=lambda: world.revoke(token))


def show_grant(grant: Grant) -> dict[str, Any]:
    """Show one person's consent."""
    return {
        "id": grant.id,
        "client": grant.client,
        "user": grant.user,
        "scopes": grant.scopes,
        "active": grant.active,
        "created": rfc3339(grant.created),
        "used_at": rfc3339(grant.used_at),
        "used_from": grant.used_from,
        "seq": grant.seq,
    }


def grants(world: World, ask: Ask) -> Answer:
    """List all consents, or those that changed after a mark, in the order of their changes; `mark` is for the next time."""
    admit(world, ask, "idp_key")
    try:
        found, after = world.consents.changes(ask.query.get("after", ""), ask.number("limit", 100, 500))
    except ForeignMark:
        raise Refuse(410, "this mark is of another feed: list all again") from None
    return Answer(body={"items": [show_grant(each) for each in found], "next": after, "mark": world.consents.mark})


def read_grant(world: World, ask: Ask) -> Answer:
    """Show one consent, active or not."""
    admit(world, ask, "idp_key")
    grant = world.consents.grants.get(ask.params["grant"])
    if grant is None:
        raise Refuse(404, "no such grant")
    return Answer(body=show_grant(grant))


MAY = ("idp.clients.manage", "idp.clients.read", "idp.grants.read", "idp.tokens.manage", "idp.tokens.read")
"""What the company's own key may do here."""

ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/idp/me", own_key("idp_key", *MAY)),
    ("GET", "/idp/clients", clients),
    ("GET", "/idp/clients/{client}", read_client),
    ("PUT", "/idp/clients/{client}/enabled", write_enabled),
    ("GET", "/idp/clients/{client}/tokens", tokens),
    ("GET", "/idp/tokens/{token}", read_token),
    ("POST", "/idp/tokens/{token}/revoke", revoke_token),
    ("GET", "/idp/grants", grants),
    ("GET", "/idp/grants/{grant}", read_grant),
]
