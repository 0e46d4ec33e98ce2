"""Narrower scopes, another secret, and clients that exchange tokens, at an OAuth server that others wrote."""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager

import pytest

from connectors import oauth
from connectors.core import Came, Impossible, NotAllowed, Reader, Secret
from tests.connectors.provider import wired
from tests.peers.oidc.peer import EXCHANGE
from tests.peers.test_peers_oidc import carry_out, link, params

AGAINST = "oidc-provider"

pytestmark = pytest.mark.peers


@asynccontextmanager
async def operator(peer, **more):
    told = peer.told["operator"]
    more = {"clients_at": "/admin/clients", "client_id": told["client"], "secret": Secret(told["secret"])} | more
    async with wired(peer.issuer, connector=oauth.oauth, writes=True, **more) as wire:
        yield wire


async def test_a_client_is_narrowed_to_a_scope_and_gets_no_token_for_another_until_it_is_given_back(peer):
    client = peer.register(scope="api openid")
    p = oauth.Scopes(**params(client).model_dump(exclude={"registration_token"}),
                     registration_token=Secret(client.registration_token), keep=("openid",))  # fmt: skip
    async with link(peer, client) as wire:
        asked = oauth.Client(**{name: getattr(p, name) for name in oauth.Client.model_fields})
        before = await oauth.client_scopes(Reader(wire), asked)
        assert before.scopes == ("api", "openid")
        assert peer.ask_for_token(client, scope="api").status_code == 200
        await carry_out(wire, oauth.restrict_scopes.missing(p, before, "me"))
        seen = await oauth.client_scopes(Reader(wire), asked)
        assert oauth.restrict_scopes.missing(p, seen, "me") == ()
        refused = peer.ask_for_token(client, scope="api")
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
        await carry_out(wire, oauth.restrict_scopes.missing_back(p, seen, before))
        assert peer.ask_for_token(client, scope="api").status_code == 200
        with pytest.raises(Impossible, match="a server chooses"):
            oauth.restrict_scopes.missing(p.model_copy(update={"keep": ("other",)}), before, "me")


async def renewed(peer, client):
    """Send what renews a secret, once; what is seen before and after, and what was sealed."""
    sealed = {}

    async def keeper(answer, secret):
        sealed[answer.field] = secret

    p = oauth.ClientSecret(
        client=client.client, registration=client.registration,
        registration_token=Secret(client.registration_token), client_secret=Secret(client.secret),
    )  # fmt: skip
    async with link(peer, client) as wire:
        wire.keeper = keeper
        before = await oauth.client_secret(Reader(wire), p)
        calls = oauth.renew_secret.missing(p, before, "me")
        outcomes = await carry_out(wire, calls)
        after = await oauth.client_secret(Reader(wire), p)
        if not after.taken:  # and our connection, which is that client, goes on by the new one
            known = oauth.Token(token=Secret("nobody-ever-issued-this"))
            assert not (await oauth.token(Reader(wire), known)).active
    shown = f"{calls} {outcomes} {before} {after}"
    assert client.secret not in shown
    assert all(secret.reveal() not in shown for secret in sealed.values())
    return p, before, after, sealed, outcomes


async def test_a_server_that_issues_another_secret_turns_the_old_one_away_and_the_new_one_is_sealed(peer):
    client = peer.register(reissues=True)
    p, before, after, sealed, outcomes = await renewed(peer, client)
    assert [(o.came, o.status) for o in outcomes] == [(Came.OK, 200)]
    assert (before.taken, after.taken) == (True, False)
    assert oauth.renew_secret.missing(p, after, "me") == ()
    assert set(sealed) == {"registration_access_token", "client_secret"}
    assert peer.ask_for_token(client).status_code == 401
    now = type(client)(client.client, sealed["client_secret"].reveal(), client.registration, "")
    assert peer.ask_for_token(now).status_code == 200


async def test_a_server_that_says_200_and_keeps_the_secret_is_seen_through(peer, vendor):
    p, before, after, _, outcomes = await renewed(peer, vendor)
    assert peer.ask_for_token(vendor).status_code == 200
    assert [(o.came, o.status) for o in outcomes] == [(Came.OK, 200)]
    assert (before.taken, after.taken) == (True, True)
    assert oauth.renew_secret.missing(p, after, "me")


async def test_an_update_that_rotates_the_secret_unasked_is_followed_as_well(peer):
    client = peer.register(reissues=True)
    async with link(peer, client) as wire:
        p = params(client)
        await carry_out(wire, oauth.restrict_client.missing(p, await oauth.client(Reader(wire), p), "me"))
        assert wire.current[Secret(client.secret).fingerprint] != Secret(client.secret)
        known = oauth.Token(token=Secret("nobody-ever-issued-this"))
        assert not (await oauth.token(Reader(wire), known)).active, "our connection is that client, and goes on"
        assert oauth.restrict_client.missing(p, await oauth.client(Reader(wire), p), "me") == ()


async def test_the_operator_gives_a_client_another_secret(peer, vendor):
    new = Secret(secrets.token_urlsafe(32))
    p = oauth.NewSecret(client=vendor.client, client_secret=Secret(vendor.secret), new_secret=new)
    asked = oauth.OldSecret(client=p.client, client_secret=p.client_secret)
    async with operator(peer) as wire:
        seen = await oauth.old_secret(Reader(wire), asked)
        assert seen.taken
        calls = oauth.set_secret.missing(p, seen, "me")
        assert new.reveal() not in f"{calls} {calls[0]!r}"
        await carry_out(wire, calls)
        seen = await oauth.old_secret(Reader(wire), asked)
        assert not seen.taken
        assert oauth.set_secret.missing(p, seen, "me") == ()
    assert peer.ask_for_token(vendor).status_code == 401
    assert peer.ask_for_token(type(vendor)(vendor.client, new.reveal(), "", "")).status_code == 200


async def test_clients_that_exchange_are_found_and_closed_and_keep_their_other_ways(peer, vendor):
    client = peer.register(grant_types=["client_credentials", EXCHANGE])
    (token,) = peer.mint(vendor)
    assert peer.exchange(client, token).status_code == 200
    async with operator(peer) as wire:
        found = [p.client async for p, _ in oauth.clients_that_may(Reader(wire), oauth.May())]
        assert client.client in found
        assert vendor.client not in found
        asked, p = oauth.Listed(client=client.client), oauth.Withdrawn(client=client.client)
        before = await oauth.grant_types(Reader(wire), asked)
        await carry_out(wire, oauth.withdraw_grant.missing(p, before, "me"))
        seen = await oauth.grant_types(Reader(wire), asked)
        assert oauth.withdraw_grant.missing(p, seen, "me") == ()
        assert "not allowed for this client" in peer.exchange(client, token).json()["error_description"]
        assert peer.ask_for_token(client).status_code == 200, "its other way stays"
        await carry_out(wire, oauth.withdraw_grant.missing_back(p, seen, before))
        assert (await oauth.grant_types(Reader(wire), asked)).governed() == before.governed()
    assert peer.exchange(client, token).status_code == 200


async def test_a_credential_that_may_not_list_finds_no_clients_in_no_silence(peer, vendor):
    async with operator(peer, client_id=vendor.client, secret=Secret(vendor.secret)) as wire:
        with pytest.raises(NotAllowed, match="clients_at"):
            [pair async for pair in oauth.clients_that_may(Reader(wire), oauth.May())]
    async with operator(peer, clients_at=None) as wire:
        with pytest.raises(Impossible, match="no listing of its operator's is configured"):
            [pair async for pair in oauth.clients_that_may(Reader(wire), oauth.May())]


async def test_a_server_that_offers_no_global_revocation_is_told_so(peer, vendor):
    async with link(peer, vendor) as wire:
        (outcome,) = await carry_out(wire, oauth.revoke_person.fn(oauth.Someone(subject="someone")))
    assert outcome.came is Came.REFUSED
    assert "metadata does not name it" in outcome.why
