"""The oauth connector against an OAuth server that others wrote, with the traps that the standards leave open."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from connectors import oauth
from connectors.core import Came, NotAllowed, Outcome, Reader, Secret, Sender, Unseen
from tests.connectors.provider import wired

AGAINST = "oidc-provider"

pytestmark = pytest.mark.peers


def params(client, **more):
    return oauth.Client(
        client=client.client,
        registration=client.registration,
        registration_token=Secret(more.get("token", client.registration_token)),
    )


@asynccontextmanager
async def link(peer, client, *, secret=None, writes=True):
    credential = Secret(secret or client.secret)
    async with wired(
        peer.issuer, connector=oauth.oauth, secret=credential, client_id=client.client, writes=writes
    ) as wire:
        yield wire


async def carry_out(wire, calls) -> list[Outcome]:
    """Send as the engine does: what an answer rotates takes the old one's place before the next send."""
    outcomes = []
    for call in calls:
        outcomes.append(await Sender(wire).send(call, {}))
        for answer, secret in outcomes[-1].kept:
            await wire.keep(answer, secret)
    return outcomes


async def test_a_token_is_seen_revoked_and_seen_to_be_dead(peer, vendor):
    (token,) = peer.mint(vendor)
    p = oauth.Token(token=Secret(token))
    async with link(peer, vendor) as wire:
        seen = await oauth.token(Reader(wire), p)
        assert (seen.active, seen.client) == (True, vendor.client)
        assert seen.expires > 0
        outcomes = await carry_out(wire, oauth.revoke_token.missing(p, seen, "me"))
        assert [(o.came, o.status) for o in outcomes] == [(Came.OK, 200)]
        seen = await oauth.token(Reader(wire), p)
        assert oauth.revoke_token.missing(p, seen, "me") == ()
    assert not peer.active(token, vendor)


async def test_a_dry_run_sees_a_token_and_leaves_it_alive(peer, vendor):
    (token,) = peer.mint(vendor)
    async with link(peer, vendor, writes=False) as wire:
        assert (await oauth.token(Reader(wire), oauth.Token(token=Secret(token)))).active
        assert (await oauth.client(Reader(wire), params(vendor))).grant_types == ("client_credentials",)
    assert peer.active(token, vendor)


async def test_a_revocation_of_an_unknown_token_is_200_so_it_proves_nothing(peer, vendor):
    p = oauth.Token(token=Secret("nobody-ever-issued-this"))
    async with link(peer, vendor) as wire:
        call = oauth.revoke_token.missing(p, oauth.TokenSeen(active=True), "me")
        assert [(o.came, o.status) for o in await carry_out(wire, call)] == [(Came.OK, 200)]
        assert not (await oauth.token(Reader(wire), p)).active


async def test_revoking_a_refresh_token_ends_its_access_token_too(peer):
    client = peer.register(
        grant_types=["authorization_code", "refresh_token"], response_types=["code"],
        redirect_uris=["https://vendor.example/cb"], scope="openid offline_access",
    )  # fmt: skip
    pair = peer.consent(client)
    p = oauth.Token(token=Secret(pair["refresh_token"]))
    async with link(peer, client) as wire:
        await carry_out(wire, oauth.revoke_token.missing(p, await oauth.token(Reader(wire), p), "me"))
        assert not (await oauth.token(Reader(wire), p)).active
        assert not (await oauth.token(Reader(wire), oauth.Token(token=Secret(pair["access_token"])))).active


async def test_a_wrong_client_secret_is_told_in_a_sentence(peer, vendor):
    (token,) = peer.mint(vendor)
    p = oauth.Token(token=Secret(token))
    async with link(peer, vendor, secret="not-the-secret") as wire:
        with pytest.raises(NotAllowed) as error:
            await oauth.token(Reader(wire), p)
        outcomes = await carry_out(wire, oauth.revoke_token.missing(p, oauth.TokenSeen(active=True), "me"))
    assert str(error.value) == (
        "here: POST @introspection_endpoint: 401 invalid_client. "
        "Our credential there needs: introspection by the client's own credential"
    )
    assert [(o.came, o.status, o.why) for o in outcomes] == [(Came.REFUSED, 401, "401 invalid_client")]
    assert peer.active(token, vendor)


async def test_another_clients_token_is_seen_but_its_revocation_refused(peer, vendor):
    (token,) = peer.mint(peer.register())
    p = oauth.Token(token=Secret(token))
    async with link(peer, vendor) as wire:
        seen = await oauth.token(Reader(wire), p)
        assert seen.active
        assert seen.client != vendor.client
        (outcome,) = await carry_out(wire, oauth.revoke_token.missing(p, seen, "me"))
        assert (outcome.came, outcome.status) == (Came.REFUSED, 400)
    assert peer.active(token, vendor)


CODE = {
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "redirect_uris": ["https://vendor.example/cb", "https://vendor.example/other"],
    "scope": "openid offline_access",
    "client_name": "Vendor",
    "contacts": ["ops@vendor.example"],
}


async def test_a_restricted_client_gets_no_token_until_it_is_given_back(peer, vendor):
    (token,) = peer.mint(vendor)
    p = params(vendor)
    async with link(peer, vendor) as wire:
        before = await oauth.client(Reader(wire), p)
        outcomes = await carry_out(wire, oauth.restrict_client.missing(p, before, "me"))
        assert [(o.came, o.status) for o in outcomes] == [(Came.OK, 200)]
        seen = await oauth.client(Reader(wire), p)
        assert oauth.restrict_client.missing(p, seen, "me") == ()
        refused = peer.ask_for_token(vendor)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")

        assert (await oauth.token(Reader(wire), oauth.Token(token=Secret(token)))).active, "live tokens go on"
        await carry_out(wire, oauth.revoke_token.missing(*await seen_token(wire, token), "me"))
        assert not peer.active(token, vendor), "and its own credential still revokes them"

        await carry_out(wire, oauth.restrict_client.missing_back(p, seen, before))
        assert (await oauth.client(Reader(wire), p)).governed() == before.governed()
        assert oauth.restrict_client.missing_back(p, await oauth.client(Reader(wire), p), before) == ()
    assert peer.active(*peer.mint(vendor), vendor)


async def seen_token(wire, token):
    p = oauth.Token(token=Secret(token))
    return p, await oauth.token(Reader(wire), p)


async def test_a_restricted_client_cannot_refresh_nor_ask_for_consent_and_comes_back_whole(peer):
    client = peer.register(**CODE)
    pair, p = peer.consent(client), params(client)
    ask = {"client_id": client.client, "response_type": "code", "redirect_uri": CODE["redirect_uris"][0]}
    refresh = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    assert peer.http.get("/auth", params=ask | {"scope": "openid"}).status_code == 303
    async with link(peer, client) as wire:
        before = await oauth.client(Reader(wire), p)
        await carry_out(wire, oauth.restrict_client.missing(p, before, "me"))
        assert peer.ask_for_token(client, **refresh).status_code == 400
        assert peer.http.get("/auth", params=ask | {"scope": "openid"}).status_code == 400
        await carry_out(wire, oauth.restrict_client.missing_back(p, await oauth.client(Reader(wire), p), before))
        after = await oauth.client(Reader(wire), p)
    assert after == before
    assert after.metadata == before.metadata, "name, contacts and scope as well"
    assert peer.ask_for_token(client, **refresh).status_code == 200


async def test_an_update_rotates_the_registration_token_and_the_chain_follows(peer, vendor):
    sealed = []

    async def keeper(answer, secret):
        if answer.field == "registration_access_token":
            sealed.append(secret)

    p = params(vendor)
    async with link(peer, vendor) as wire:
        wire.keeper = keeper
        before = await oauth.client(Reader(wire), p)
        assert sealed == [], "a look does not rotate it here"
        await carry_out(wire, oauth.restrict_client.missing(p, before, "me"))
        await carry_out(wire, oauth.restrict_client.missing_back(p, await oauth.client(Reader(wire), p), before))
        await oauth.client(Reader(wire), p)
        assert len(sealed) == 2
        assert sealed[1] != sealed[0] != Secret(vendor.registration_token)
    async with link(peer, vendor) as fresh:
        with pytest.raises(NotAllowed, match="401"):
            await oauth.client(Reader(fresh), p)
        fresh.lost[p.registration_token.fingerprint] = oauth.REFETCH
        with pytest.raises(NotAllowed, match="administrator issue a new registration token"):
            await oauth.client(Reader(fresh), p)
        assert (await oauth.client(Reader(fresh), params(vendor, token=sealed[1].reveal()))).grant_types


async def test_deleting_a_client_leaves_its_tokens_active(peer, vendor):
    other = peer.register()
    (token,) = peer.mint(vendor)
    p = params(vendor)
    async with link(peer, vendor) as wire:
        seen = await oauth.registration(Reader(wire), p)
        outcomes = await carry_out(wire, oauth.delete_client.missing(p, seen, "me"))
        assert [(o.came, o.status) for o in outcomes] == [(Came.OK, 204)]
        with pytest.raises(Unseen):
            await oauth.registration(Reader(wire), p)
        assert peer.ask_for_token(vendor).status_code == 401
        with pytest.raises(NotAllowed, match="invalid_client"):
            await oauth.token(Reader(wire), oauth.Token(token=Secret(token)))
    assert peer.active(token, other), "so a deletion is no end of its tokens: revoke first"


async def test_a_wrong_registration_token_is_told_and_a_deletion_by_it_refused(peer, vendor):
    p = params(vendor, token="not-the-token")
    async with link(peer, vendor) as wire:
        with pytest.raises(NotAllowed, match="registration token"):
            await oauth.client(Reader(wire), p)
        (outcome,) = await carry_out(wire, oauth.delete_client.missing(p, oauth.RegistrationSeen(exists=True), "me"))
        assert (outcome.came, outcome.status) == (Came.REFUSED, 401)
    assert peer.mint(vendor)
