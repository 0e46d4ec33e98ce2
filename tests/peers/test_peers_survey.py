"""What an OAuth server that others wrote keeps of clients and consents, found by the connector's surveys: all, and no more."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from connectors import oauth
from connectors.core import Found, Impossible, NotAllowed, Reader, Secret, Tide, Unseen
from tests.connectors.provider import wired
from tests.peers.oidc.peer import Peer, missing

pytestmark = pytest.mark.peers

CODE = {
    "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "scope": "openid offline_access",
}  # fmt: skip
MANY, PEOPLE = 1_200, 7
"""More clients than two pages, and more than the peer's own default store would hold."""


@pytest.fixture
def fresh():
    """A server of the test's own: what is registered there is what the test registered."""
    if why := missing():
        pytest.skip(why)
    with Peer() as running:
        yield running


@asynccontextmanager
async def operator(peer, *, secret=None, **settings):
    told = peer.told["operator"]
    paths = {"clients_at": "/admin/clients", "grants_at": "/admin/grants"} | settings
    async with wired(
        peer.issuer, connector=oauth.oauth, secret=Secret(secret or told["secret"]), client_id=told["client"],
        writes=False, **{name: path for name, path in paths.items() if path},
    ) as wire:  # fmt: skip
        yield Reader(wire), wire


async def listed(survey, read):
    found = {survey.key(one): one async for one in survey(read, Tide())}
    assert all(isinstance(one, Found) for one in found.values())
    return found


def score(what, found, wanted):
    """Print recall and precision, and want all of both."""
    hits = len(found & wanted)
    recall, precision = hits / len(wanted), hits / len(found)
    print(f"{what}: {len(wanted)} there, {len(found)} found, recall {recall:.0%}, precision {precision:.0%}")
    assert (recall, precision) == (1.0, 1.0), sorted(found ^ wanted)[:5]


async def test_every_client_and_every_consent_is_found_and_nothing_else(fresh, capsys):
    registered = [
        fresh.register(**CODE, client_name=f"Vendor {n}", redirect_uris=[f"https://vendor{n}.example/cb"], client_uri="https://vendor.example")
        for n in range(MANY)
    ]  # fmt: skip
    pairs = {
        (client.client, f"person{n}"): fresh.consent(client, f"person{n}")
        for client in registered[:40]
        for n in range(PEOPLE)
    }
    async with operator(fresh) as (read, wire):
        clients = await listed(oauth.clients, read)
        pages = wire.requests
        grants = await listed(oauth.grants, read)
        with capsys.disabled():
            print()
            score("clients", set(clients), {client.client for client in registered})
            score("grants", {(one.part_of, one.person) for one in grants.values()}, set(pairs))
        assert pages == -(-MANY // 250)
        assert len(grants) == len(pairs), "each once"
        one = clients[registered[3].client]
        assert (one.title, one.publisher, one.hosts) == ("Vendor 3", "https://vendor.example", ("vendor3.example",))
        assert one.scopes == ("offline_access", "openid")
        assert one.created_at.endswith("+00:00")
        grant = grants[next(iter(grants))]
        assert grant.scopes == ("offline_access", "openid")
        assert await oauth.listed_client(read, one.params) == one.seen
        assert await oauth.grant(read, grant.params) == grant.seen
        kept = "".join(f"{one!r} {one.model_dump_json()}" for one in [*clients.values(), *grants.values()])
        shown = fresh.http.get("/admin/clients", auth=("operator", fresh.told["operator"]["secret"])).text
        assert any(client.secret in shown for client in registered), "this operator's listing does show secrets"
        for client in registered:
            assert client.secret not in kept
            assert client.registration_token not in kept
        for pair in pairs.values():
            assert not any(token in kept for token in pair.values())


async def test_what_is_deleted_or_taken_back_is_gone_from_the_next_listing(fresh):
    leaving, staying = (fresh.register(**CODE, redirect_uris=["https://a.example/cb"]) for _ in range(2))
    revoked, kept = fresh.consent(staying, "one"), fresh.consent(staying, "other")
    async with operator(fresh) as (read, _):
        clients, grants = await listed(oauth.clients, read), await listed(oauth.grants, read)
        mine = {one.person: one for one in grants.values() if one.part_of == staying.client}
        assert set(mine) == {"one", "other"}
        fresh.unregister(leaving)
        fresh.revoke(revoked["refresh_token"], staying)
        after, left = await listed(oauth.clients, read), await listed(oauth.grants, read)
        assert clients.keys() - after.keys() == {leaving.client}
        assert [grants[key].person for key in grants.keys() - left.keys()] == ["one"]
        assert not after.keys() - clients.keys()
        assert not left.keys() - grants.keys()
        for look, gone in ((oauth.listed_client, clients[leaving.client]), (oauth.grant, mine["one"])):
            with pytest.raises(Unseen):
                await look(read, gone.params)
    assert fresh.active(kept["access_token"], staying)


async def test_a_client_that_may_do_more_now_is_seen_to(fresh):
    client = fresh.register(**CODE, redirect_uris=["https://a.example/cb"])
    async with operator(fresh) as (read, _):
        before = await oauth.listed_client(read, oauth.Listed(client=client.client))
        headers = {"authorization": f"Bearer {client.registration_token}"}
        wanted = {**CODE, "redirect_uris": ["https://a.example/cb", "https://thief.example/cb"]}
        told = {"client_id": client.client, "client_secret": client.secret, **wanted}
        assert fresh.http.put(client.registration, json=told, headers=headers).status_code == 200
        seen = await oauth.listed_client(read, oauth.Listed(client=client.client))
    assert seen != before
    assert seen.redirect_uris == ("https://a.example/cb", "https://thief.example/cb")


async def test_without_a_listing_it_says_that_it_cannot_and_never_that_there_is_none(fresh):
    fresh.register(**CODE, redirect_uris=["https://a.example/cb"])
    async with operator(fresh, clients_at=None, grants_at=None) as (read, wire):
        for survey, setting in ((oauth.clients, "clients_at"), (oauth.grants, "grants_at")):
            with pytest.raises(Impossible, match=rf"cannot be listed here.*Give the connection {setting}"):
                await listed(survey, read)
        for look, params in ((oauth.listed_client, oauth.Listed(client="x")), (oauth.grant, oauth.Grant(grant="x"))):
            with pytest.raises(Impossible, match="cannot be listed here"):
                await look(read, params)
        assert wire.requests == 0, "nothing was asked"


async def test_a_credential_that_may_not_list_is_turned_away_in_a_sentence(fresh):
    async with operator(fresh, secret="not-the-secret") as (read, _):
        with pytest.raises(NotAllowed, match=r"401 invalid_client.*the operator's listing of clients \(clients_at\)"):
            await listed(oauth.clients, read)
    async with operator(fresh, clients_at="/nowhere") as (read, _):
        with pytest.raises(Unseen):
            await listed(oauth.clients, read)
