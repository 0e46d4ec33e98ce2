"""Any OAuth 2.0 server: what its standards let us do (server), and what its operator lists (listing)."""

from connectors.oauth.listing import Grant, GrantSeen, Listed, ListedSeen, clients, grant, grants, listed_client
from connectors.oauth.server import (
    REFETCH,
    Client,
    ClientFoothold,
    ClientSeen,
    OAuthSettings,
    RegistrationSeen,
    Token,
    TokenSeen,
    client,
    delete_client,
    oauth,
    registration,
    restrict_client,
    revoke_token,
    token,
)

__all__ = [
    "REFETCH", "Client", "ClientFoothold", "ClientSeen", "Grant", "GrantSeen", "Listed", "ListedSeen", "OAuthSettings", "RegistrationSeen", "Token", "TokenSeen",
    "client", "clients", "delete_client", "grant", "grants", "listed_client", "oauth", "registration", "restrict_client",
    "revoke_token", "token",
]  # fmt: skip
