"""What our own client may do at an OAuth server, as far as that says it: by its operator's listing, or by introspection.

To revoke and to introspect a client needs no scope (RFC 7009 section 2, RFC 7662 section 2), so whatever it gets tokens for
is more than that. Without a listing it is asked for a token of its own (RFC 6749 section 4.4), which is introspected and
ended at once: nothing is left of it.
"""

from __future__ import annotations

from connectors.core import Busy, ConnectorError, Held, Reader, Secret, Unreachable
from connectors.oauth.listing import Listed, of_client, operators
from connectors.oauth.registered import REVOCATION
from connectors.oauth.server import oauth

TOKEN = "@token_endpoint"  # noqa: S105  a path
INTROSPECTION = "@introspection_endpoint"
UNKNOWN = (
    "the standards say nothing of what a client may do at a server, and this one does not either; ask its operator"
)


@oauth.credential(asks=(TOKEN, INTROSPECTION, REVOCATION))
async def held(read: Reader) -> Held:
    """The scopes that our client may have. What the operator's own paths ask for, no standard says."""
    try:
        return await (_listed(read) if read.settings.clients_at is not None else _introspected(read))
    except (Busy, Unreachable):
        raise
    except ConnectorError:
        return Held(why=UNKNOWN)  # whether it is let in at all, the looks tell


async def _listed(read: Reader) -> Held:
    ours = read.settings.client_id
    item = of_client(
        await read.get("/{+at}/{one}", operators(read, "clients_at", f"our client {ours}", ours)), Listed(client=ours)
    )
    scopes, ways = _words(item.get("scope")), _words(" ".join(map(str, item.get("grant_types") or [])))
    asked = "to revoke and to introspect it needs none; what its operator's paths ask for, its operator knows"
    return Held(why=f"by the listing our client may ask for {scopes or 'no scope'}, by {ways or 'no grant'}: {asked}")


async def _introspected(read: Reader) -> Held:
    """By a token of our own, whose end we see to. Introspection's word is the server's; else that of the token's answer."""
    said = await read.ask(TOKEN, form={"grant_type": "client_credentials"})
    token = Secret(said["access_token"])
    try:
        about = await read.ask(INTROSPECTION, form={"token": token})
        scope = about.get("scope", said.get("scope")) if about["active"] is True else said.get("scope")
    finally:
        await read.client_refused(REVOCATION, form={"token": token.reveal()})
    if scope is None:
        return Held(why=UNKNOWN)
    if not (scopes := _words(scope)):
        return Held(
            why="introspection of a token of its own: it has no scope, and needs none to revoke and to introspect"
        )
    return Held(
        wide=f"our client gets tokens with {scopes}, and to revoke and to introspect it needs none: use one without"
    )


def _words(scope: object) -> str:
    """Scopes as they are shown: the server's text, printable, and not for ever."""
    words = sorted({word for word in str(scope or "").split() if word.isprintable()})
    return ", ".join(words)[:300]
