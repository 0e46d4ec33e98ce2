"""Global token revocation, and what a server shows of a client's secret, at a small OAuth server of ours.

oidc-provider has no global token revocation. What this one answers: draft-parecki-oauth-global-token-revocation-06, "Revocation
Request" and "Revocation Response" (204, 400, 401, 404, and that access tokens may stay); RFC 7662 section 2.2; RFC 7592
section 2.1.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest

from connectors import oauth
from connectors.core import Came, Impossible, NoState, Reader, Secret, Sender
from tests.connectors.provider import provider, says, wired

AGAINST = "a small OAuth server of ours, after the draft and RFC 7662 and 7592"
ME = "run/step/target"

BASIC = "Basic cmVzcG9uZGVyOnBhc3N3b3JkLW9mLW91cnM="


class Server:
    """Two people with a refresh and an access token each. `ends_access`: it ends access tokens as well."""

    def __init__(self, *, ends_access=False, named=True):
        self.url, self.ends_access, self.named = "", ends_access, named
        self.live = {f"{kind}-{who}": who for kind in ("refresh", "access") for who in ("ana", "ben")}
        self.registration = {"client_id": "vendor", "scope": "api", "redirect_uris": [], "grant_types": ["x"]}

    def __call__(self, got):
        if got.target == "/.well-known/oauth-authorization-server":
            more = {"global_token_revocation_endpoint": f"{self.url}/all"} if self.named else {}
            return says(200, {"issuer": self.url, "introspection_endpoint": f"{self.url}/introspect", **more})
        if got.target == "/reg/vendor":
            return says(200, self.registration)
        if got.headers.get("authorization") != BASIC:
            return says(401, {"error": "invalid_client"})
        if got.target == "/introspect":
            (token,) = parse_qs(got.body.decode())["token"]
            return says(200, {"active": token in self.live})
        return self.revoked(json.loads(got.body))

    def revoked(self, body):
        match body:
            case {"sub_id": {"format": "opaque", "id": str(who)}} if who in self.live.values():
                kinds = ("refresh", "access") if self.ends_access else ("refresh",)
                self.live = {t: w for t, w in self.live.items() if w != who or not t.startswith(kinds)}
                return says(204)
            case {"sub_id": {"format": "opaque" | "email"}}:
                return says(404)
        return says(400)


def reach(server, url, **more):
    server.url = url
    secret = Secret("password-of-ours")
    return wired(url, connector=oauth.oauth, secret=secret, client_id="responder", writes=True, **more)


async def sent(wire, **who):
    calls = oauth.revoke_person.missing(oauth.Someone(**who), NoState(), ME)
    return [await Sender(wire).send(call, {}) for call in calls]


async def active(wire):
    tokens = [f"{kind}-{who}" for kind in ("refresh", "access") for who in ("ana", "ben")]
    return {t for t in tokens if (await oauth.token(Reader(wire), oauth.Token(token=Secret(t)))).active}


@pytest.mark.parametrize("ends_access", [False, True])
async def test_a_persons_refresh_tokens_die_at_once_and_a_look_tells_what_became_of_the_rest(ends_access):
    server = Server(ends_access=ends_access)
    async with provider(server) as there, reach(server, there.url) as wire:
        (outcome,) = await sent(wire, subject="ana")
        assert (outcome.came, outcome.status) == (Came.OK, 204)
        left = {"refresh-ben", "access-ben"} | (set() if ends_access else {"access-ana"})
        assert await active(wire) == left, "204 alone says nothing of access tokens"


async def test_a_server_that_does_not_name_it_is_told_by_configuration():
    server = Server(named=False)
    async with provider(server) as there, reach(server, there.url) as wire:
        (outcome,) = await sent(wire, subject="ana")
        assert (outcome.came, "does not name it" in outcome.why) == (Came.REFUSED, True)
        assert not [got for got in there.got if got.method == "POST"]
    async with provider(server) as there, reach(server, there.url, global_revocation_at="/all") as wire:
        (outcome,) = await sent(wire, subject="ana")
        assert (outcome.came, await active(wire)) == (Came.OK, {"refresh-ben", "access-ben", "access-ana"})


async def test_what_the_server_does_not_understand_is_refused_and_nobody_is_signed_out():
    server = Server()
    async with provider(server) as there, reach(server, there.url) as wire:
        (outcome,) = await sent(wire, subject="ana", format="iss_sub", issuer="https://idp.example")
        assert (outcome.came, outcome.status) == (Came.REFUSED, 400)
        assert len(await active(wire)) == 4
        with pytest.raises(Impossible, match="Give issuer"):
            await sent(wire, subject="ana", format="iss_sub")


def test_what_it_says_is_never_more_than_requested():
    assert oauth.revoke_person.sees is None
    assert "no standard lists" in oauth.revoke_person.because


@pytest.mark.parametrize(
    "shown",
    ["**********", "****************cret", "abc...xyz", "", None, "<redacted>", "[hidden]", "xxxxxxxx", "•••••"],
)
async def test_a_masked_secret_is_never_sent_back(shown):
    server = Server()
    server.registration["client_secret"] = shown
    p = oauth.Client(client="vendor", registration="/reg/vendor", registration_token=Secret("of-registration"))
    async with provider(server) as there, reach(server, there.url) as wire:
        seen = await oauth.client(Reader(wire), p)
        (call,) = oauth.restrict_client.missing(p, seen, "me")
        narrow = oauth.Scopes(**{name: getattr(p, name) for name in oauth.Client.model_fields}, keep=("api",))
        scopes = await oauth.client_scopes(Reader(wire), p)
        assert oauth.restrict_scopes.missing(narrow, scopes, "me") == ()
    assert "client_secret" not in call.body
    assert [answer.field for answer in call.answers] == ["registration_access_token"]


async def test_a_secret_that_is_shown_whole_goes_back_as_it_was():
    server = Server()
    server.registration["client_secret"] = "Zx9.k-3_whole~secret"
    p = oauth.Client(client="vendor", registration="/reg/vendor", registration_token=Secret("of-registration"))
    async with provider(server) as there, reach(server, there.url) as wire:
        (call,) = oauth.restrict_client.missing(p, await oauth.client(Reader(wire), p), "me")
    assert call.body["client_secret"] == "Zx9.k-3_whole~secret"
