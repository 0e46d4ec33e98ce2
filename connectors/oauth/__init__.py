"""Any OAuth 2.0 server: what its standards let us do (server, registered, person), and what its operator may (listing, operator)."""

from connectors.oauth.listing import Grant, GrantSeen, Listed, ListedSeen, clients, grant, grants, listed_client
from connectors.oauth.operator import (
    TOKEN_EXCHANGE,
    GrantTypesSeen,
    May,
    NewSecret,
    OldSecret,
    OldSecretSeen,
    Withdrawn,
    clients_that_may,
    grant_types,
    old_secret,
    our_client,
    set_secret,
    withdraw_grant,
)
from connectors.oauth.person import Someone, revoke_person
from connectors.oauth.registered import (
    ClientSecret,
    Scopes,
    ScopesSeen,
    SecretSeen,
    client_scopes,
    client_secret,
    renew_secret,
    restrict_scopes,
)
from connectors.oauth.rights import held
from connectors.oauth.server import (
    REFETCH,
    REISSUE,
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
    "REFETCH", "REISSUE", "TOKEN_EXCHANGE", "Client", "ClientFoothold", "ClientSecret", "ClientSeen", "Grant", "GrantSeen", "GrantTypesSeen", "Listed", "ListedSeen", "May",
    "NewSecret", "OAuthSettings", "OldSecret", "OldSecretSeen", "RegistrationSeen", "Scopes", "ScopesSeen", "SecretSeen", "Someone", "Token", "TokenSeen", "Withdrawn", "client", "client_scopes", "client_secret", "clients",
    "clients_that_may", "delete_client", "grant", "grant_types", "grants", "held", "listed_client", "oauth", "old_secret", "our_client", "registration",
    "renew_secret", "restrict_client", "restrict_scopes", "revoke_person", "revoke_token", "set_secret", "token", "withdraw_grant",
]  # fmt: skip
