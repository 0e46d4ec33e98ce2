"""`connectors check` of an OAuth server: how wide our own client is, where the server says it."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from connectors.core import Reader, Secret, Unexpected
from connectors.oauth import oauth
from tests.connectors.provider import provider, says, wired

MINTED = "minted-q7Hf2LzX9"


async def told(answers, **settings):
    """What is held to be, and what was asked: (path, form)."""
    at = []

    def answer(got):
        path = got.target.partition("?")[0]
        if path.startswith("/.well-known/"):
            ends = {f"{name}_endpoint": f"{at[0]}/{name}" for name in ("token", "introspection", "revocation")}
            return says(200, {"issuer": at[0], **ends})
        return answers.get(path, says(404, {}))

    async with provider(answer) as there:
        at.append(there.url)
        more = {"client_id": "us", **settings}
        async with wired(there.url, writes=False, connector=oauth, secret=Secret("ours"), **more) as wire:
            found = await oauth.held(Reader(wire))
        return found, [(got.target, parse_qs(got.body.decode())) for got in there.got if got.method == "POST"]


def token(**more):
    return {"/token": says(200, {"access_token": MINTED, "token_type": "Bearer", **more}), "/revocation": says(200)}


async def test_a_client_that_gets_tokens_is_wider_than_what_revokes():
    held, asked = await told({**token(), "/introspection": says(200, {"active": True, "scope": "crm.read openid"})})
    assert "crm.read, openid" in held.wide
    assert held.names is None
    assert asked[-1] == ("/revocation", {"token": [MINTED]}), "the token that was asked for is ended"
    assert MINTED not in repr(held)


@pytest.mark.parametrize(
    ("introspection", "more", "said"),
    [
        (says(200, {"active": True, "scope": ""}), {}, "has no scope"),
        (says(200, {"active": True}), {"scope": ""}, "has no scope"),
        (says(200, {"active": True}), {}, "ask its operator"),
        (says(200, {"active": False}), {}, "ask its operator"),
        (says(401, {}), {"scope": "crm.read"}, "ask its operator"),
    ],
)
async def test_what_is_not_wide_or_not_said_is_not_called_so(introspection, more, said):
    held, asked = await told({**token(**more), "/introspection": introspection})
    assert said in held.why
    assert not held.wide
    assert asked[-1][0] == "/revocation"


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_client_that_gets_no_token_of_its_own_is_not_told_of(status):
    held, asked = await told({"/token": says(status, {"error": "unauthorized_client"})})
    assert "ask its operator" in held.why
    assert [path for path, _ in asked] == ["/token"]


async def test_the_operators_listing_says_it_without_a_token():
    ours = {"client_id": "us", "scope": "clients.write openid", "grant_types": ["client_credentials"]}
    held, asked = await told({"/admin/clients/us": says(200, ours)}, clients_at="/admin/clients")
    assert "clients.write, openid, by client_credentials" in held.why
    assert not asked
    with pytest.raises(Unexpected):
        await told({"/admin/clients/us": says(200, {"client_id": "other"})}, clients_at="/admin/clients")
