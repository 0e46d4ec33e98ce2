"""Okta's connector against a small Okta that keeps state: what is done is seen, undone is as before, oddities are met."""

from __future__ import annotations

import time
from datetime import timedelta
from email.utils import formatdate
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from connectors.core import Came, Grade, Impossible, NotAllowed, Reader, Secret, Tide, Unseen
from connectors.core.waits import asked_wait_s
from connectors.okta import OktaSettings, okta
from connectors.okta.api_tokens import ApiToken, RestrictedApiToken
from connectors.okta.apps import App, AppToken, UserToken
from connectors.okta.canary import AccessToken
from connectors.okta.credentials import ClientKey, ClientSecret, NewKey, NewSecret
from connectors.okta.federation import Hook
from connectors.okta.grants import Consent, ScopeGrant
from connectors.okta.log import AppLog, UserLog
from connectors.okta.sessions import Idp
from connectors.okta.system import User, quoted
from connectors.okta.zones import AllowedAddresses, BlockedAddresses
from tests.connectors.okta_fake import at, done, with_drift
from tests.connectors.provider import provider, says, wired

AGAINST = "a fake of ours, each request and answer judged by Okta's OpenAPI description; the listings that this lacks, from memory"

OURS = Secret("our-own-api-token")
NEW_SECRET = Secret("a-new-secret-of-more-than-32-letters")
A, L, F, S = okta.actions, okta.looks, okta.finds, okta.surveys


def act(name):
    return A[f"okta.{name}"]


@pytest.fixture
def there():
    return with_drift()


WITH_A_WAY_BACK = {
    "suspend_user": User(user="00u1"),
    "deactivate_app": App(app="0oa1"),
    "revoke_scope_grant": ScopeGrant(app="0oa1", scope="okta.users.read"),
    "restrict_api_token": RestrictedApiToken(token_id="00T1", zone="nzo2"),
    "block_addresses": BlockedAddresses(zone="nzo1", blocked=("198.51.100.7",)),
    "allow_only": AllowedAddresses(zone="nzo2", addresses=("192.0.2.10",)),
    "deactivate_event_hook": Hook(hook="who1"),
    "deactivate_idp": Idp(idp="0oa2"),
    "retire_key": ClientKey(app="0oa1", key_id="pks1"),
}


@pytest.mark.parametrize("name", WITH_A_WAY_BACK)
async def test_what_is_held_is_seen_and_given_back_as_it_was(there, name):
    action, p = act(name), WITH_A_WAY_BACK[name]
    async with at(there) as (read, send):
        before, *_, after = await done(action, read, send, p)
        assert after.governed() != before.governed()
        assert await done(action, read, send, p) == [after], "nothing is asked for twice"
        *_, back = await done(action, read, send, p, back=before)
        assert back.governed() == before.governed()


ONE_WAY = {
    "deactivate_user": User(user="00u3"),
    "reset_factors": User(user="00u1"),
    "end_sessions": User(user="00u1"),
    "revoke_app_token": AppToken(app="0oa1", token_id="oar0"),
    "revoke_user_token": UserToken(user="00u1", client="0oa1", token_id="oar1"),
    "revoke_consent": Consent(user="00u1", consent="oag2"),
    "add_secret": NewSecret(app="0oa1", secret=NEW_SECRET),
    "add_key": NewKey(app="0oa1", kid="new", modulus="BBB"),
    "revoke_api_token": ApiToken(token_id="00T1"),
}


@pytest.mark.parametrize("name", ONE_WAY)
async def test_what_is_cut_is_seen_or_gone(there, name):
    """Gone is a 404, which the engine takes for it as this run saw the thing before."""
    action, p = act(name), ONE_WAY[name]
    async with at(there) as (read, send):
        try:
            states = await done(action, read, send, p)
        except Unseen:
            assert name in {"revoke_app_token", "revoke_user_token", "revoke_consent", "revoke_api_token"}
        else:
            assert len(states) == 2
    writes = [got for got in there.got if got.method != "GET"]
    assert len(writes) == 1


def test_every_action_is_carried_out_here():
    rotated = {"retire_secret", "delete_secret"}
    assert {f"okta.{name}" for name in {*WITH_A_WAY_BACK, *ONE_WAY, *rotated}} == set(A)


async def test_a_secret_is_rotated_and_the_old_one_never_comes_out(there):
    old = ClientSecret(app="0oa1", secret_id="ocs1")
    async with at(there) as (read, send):
        with pytest.raises(Impossible, match="add_secret"):
            await done(act("retire_secret"), read, send, old)
        await done(act("add_secret"), read, send, ONE_WAY["add_secret"])
        with pytest.raises(Impossible, match="two already"):
            await done(act("add_secret"), read, send, NewSecret(app="0oa1", secret=Secret("a-third-one")))
        before, after = await done(act("retire_secret"), read, send, old)
        assert (before.status, after.status) == ("ACTIVE", "INACTIVE")
        assert [s.status for s in await done(act("delete_secret"), read, send, old)] == ["INACTIVE", "GONE"]
        seen = [seen async for _, seen in F["okta.secrets"](read, App(app="0oa1"))]
        assert "the-old-secret-that-leaked" not in f"{before!r}{after!r}{seen!r}{before.model_dump_json()}"
    assert all(b"the-old-secret" not in got.body for got in there.got)
    assert there.of("secrets")[0]["client_secret"] == NEW_SECRET.reveal()


async def test_active_secrets_are_deactivated_before_they_are_deleted(there):
    there.put("secrets", "ocs2", app="0oa1", status="ACTIVE", client_secret="another")
    async with at(there) as (read, send):
        states = await done(act("delete_secret"), read, send, ClientSecret(app="0oa1", secret_id="ocs1"))
    assert [seen.status for seen in states] == ["ACTIVE", "INACTIVE", "GONE"]


async def test_a_key_of_that_name_that_is_another_is_not_taken_for_ours(there):
    async with at(there) as (read, send):
        with pytest.raises(Impossible, match="another key"):
            await done(act("add_key"), read, send, NewKey(app="0oa1", kid="old", modulus="BBB"))


@pytest.mark.parametrize(("user", "words"), [("00u3", "LOCKED_OUT"), ("00u3@acme.example", "deactivate_user")])
async def test_who_cannot_be_suspended_is_not_said_to_be(there, user, words):
    async with at(there) as (read, send):
        with pytest.raises(Impossible, match=words):
            await done(act("suspend_user"), read, send, User(user=user))


# sessions, which only the log shows


async def test_sessions_are_ended_when_the_log_says_so_and_nothing_was_used_since(there):
    p, look = User(user="00u1@acme.example"), L["okta.sessions"]
    assert look.grade is Grade.QUIET
    async with at(there) as (read, send):
        seen = await look(read, p)
        assert (seen.all_ended, seen.used_from, seen.login) == (False, "198.51.100.7", "00u1@acme.example")
        (call,) = act("end_sessions").missing(p, seen, "me")
        there.lag = 1
        assert (await send.send(call, {})).came is Came.OK
        assert not (await look(read, p)).all_ended, "the log lags: said is not seen"
        there.lag = 0
        assert (await look(read, p)).all_ended
        there.happened("user.authentication.sso", actor="00u1")
        assert not (await look(read, p)).all_ended, "a session that was used since had not ended"


async def test_an_end_that_okta_only_says_is_never_seen(there):
    there.lies = True
    async with at(there) as (read, send):
        with pytest.raises(AssertionError, match="never done"):
            await done(act("end_sessions"), read, send, User(user="00u1"))


async def test_a_failed_sign_in_or_anothers_changes_nothing(there):
    p = User(user="00u1")
    async with at(there) as (read, send):
        await done(act("end_sessions"), read, send, p)
        there.happened("user.session.start", actor="00u1", result="FAILURE")
        there.happened("user.session.start", actor="00u2")
        there.happened("user.session.clear", actor="us", target="00u2", result="FAILURE")
        assert (await L["okta.sessions"](read, p)).all_ended
        assert not (await L["okta.sessions"](read, User(user="00u2"))).all_ended


async def test_an_end_of_a_month_ago_is_still_seen(there):
    """The log shows seven days unless it is asked for more: a recovery weeks later must not think that sessions live."""
    there.log.clear()
    there.clock -= timedelta(days=30)
    there.happened("user.session.clear", actor="us", target="00u1")
    async with at(there) as (read, _):
        assert (await L["okta.sessions"](read, User(user="00u1"))).all_ended


async def test_everybody_that_an_identity_provider_lets_in_is_signed_out(there):
    there.page = 1
    p, find = Idp(idp="0oa2"), F["okta.idp_users"]
    async with at(there) as (read, send):
        before = {one.user: seen async for one, seen in find(read, p)}
        assert {user: seen.all_ended for user, seen in before.items()} == {"00u1": False, "00u2": False}
        await done(act("end_sessions"), read, send, User(user="00u1"))
        after = {one.user: seen async for one, seen in find(read, p)}
        assert {user: seen.all_ended for user, seen in after.items()} == {"00u1": True, "00u2": False}
        for user, seen in after.items():
            assert (await L["okta.sessions"](read, User(user=user))).governed() == seen.governed()
        there.happened("user.session.start", actor="00u1")
        again = {one.user: seen async for one, seen in find(read, p)}
        assert not again["00u1"].all_ended


# evidence


async def test_the_log_of_a_user_and_of_an_app_is_read_whole_and_by_ids(there):
    there.happened("app.oauth2.token.grant.refresh_token", actor="0oa1", client="0oa1", address="203.0.113.9")
    there.happened("application.lifecycle.update", actor="00u2", target="0oa1")
    async with at(there) as (read, _):
        events = [seen.type async for _, seen in F["okta.user_log"](read, UserLog(user="00u2@acme.example"))]
        assert events == ["user.session.start", "application.lifecycle.update"]
        pairs = [pair async for pair in F["okta.app_log"](read, AppLog(app="0oa1"))]
        assert [seen.type for _, seen in pairs] == [
            "app.oauth2.token.grant.refresh_token",
            "application.lifecycle.update",
        ]
        for p, seen in pairs:
            assert await L["okta.event"](read, p) == seen
        use = await L["okta.app_use"](read, App(app="0oa1"))
        assert (use.used_from, use.used_at) == ("203.0.113.9", pairs[0][1].at)
        entry = await L["okta.sign_ins"](read, User(user="00u2"))
        assert (entry.used_from, entry.login) == ("192.0.2.10", "00u2@acme.example")
    asked = [dict(parse_qsl(urlsplit(got.target).query)) for got in there.got if "/logs" in got.target]
    assert all("since" in one or "until" in one for one in asked), "never a listing that has no end"


async def test_a_name_that_ends_the_filter_stays_in_it(there):
    odd = 'x" or actor.id eq "00u2'
    there.put("users", odd, status="ACTIVE", profile={"login": "odd@acme.example"})
    async with at(there) as (read, _):
        assert (await L["okta.sign_ins"](read, User(user="odd@acme.example"))).used_at == ""
    assert quoted(odd) == r'"x\" or actor.id eq \"00u2"'


async def test_an_event_that_the_log_has_not_is_unseen(there):
    async with at(there) as (read, _):
        with pytest.raises(Unseen, match="90 days"):
            await L["okta.event"](read, L["okta.event"].params(event="nothing"))


# listings


@pytest.mark.parametrize(("page", "hole"), [(200, False), (2, False), (1, True), (5, True)])
async def test_a_listing_ends_where_the_link_header_says_and_not_at_a_short_or_empty_page(there, page, hole):
    there.page, there.hole = page, hole
    async with at(there) as (read, _):
        tokens = [p.token_id async for p, _ in F["okta.app_tokens"](read, App(app="0oa1"))]
        assert tokens == [f"oar{n}" for n in range(5)]
        mine = [p.token_id async for p, _ in F["okta.user_tokens"](read, User(user="00u1"))]
        assert mine == ["oar0", "oar1"]
        found = [one.params.app async for one in S["okta.apps"](read, Tide())]
        assert found == ["0oa1"]
        consents = [p.consent async for p, _ in F["okta.consents"](read, User(user="00u1"))]
        assert consents == ["oag2"]


async def test_surveys_find_what_reaches_us_and_their_looks_see_it_so(there):
    found = {}
    async with at(there, writes=False) as (read, _):
        for name, survey in S.items():
            async for one in survey(read, Tide()):
                found[survey.kind, survey.key(one)] = one
                assert (await survey.of(read, one.params)).governed() == one.seen.governed(), name
    assert set(found) == {
        ("client", "0oa1"), ("grant", "0oa1,okta.users.read"), ("token", "00T1"), ("webhook", "who1"), ("sso", "0oa2")
    }  # fmt: skip
    app, grant, token, hook = (
        found[key]
        for key in [("client", "0oa1"), ("grant", "0oa1,okta.users.read"), ("token", "00T1"), ("webhook", "who1")]
    )
    assert (app.title, app.hosts, app.belongs_to) == ("Drift", ("drift.example",), ())
    assert (grant.part_of, grant.scopes, grant.person) == ("0oa1", ("okta.users.read",), "00u2")
    assert (token.works_as, token.person, token.title) == (("okta:00u1",), "00u1", "Drift sync")
    assert (hook.hosts, hook.scopes) == (("drift.example",), ("user.session.start",))
    shown = "".join(f"{one!r}{one.model_dump_json()}" for one in found.values())
    assert "hook-secret" not in shown


async def test_an_empty_listing_needs_an_app_that_can_be_seen(there):
    there.things["tokens"].clear()
    async with at(there) as (read, _):
        assert [one async for one in F["okta.app_tokens"](read, App(app="0oa1"))] == []
        with pytest.raises(Unseen):
            [one async for one in F["okta.app_tokens"](read, App(app="0oa-nowhere"))]


# zones


async def test_a_zone_keeps_what_we_do_not_govern_and_what_okta_fills_in_is_not_sent_back(there):
    there.things["zones"]["nzo2"]["proxies"] = [{"type": "CIDR", "value": "203.0.113.0/24"}]
    async with at(there) as (read, send):
        await done(act("allow_only"), read, send, WITH_A_WAY_BACK["allow_only"])
    zone = there.things["zones"]["nzo2"]
    assert (zone["name"], zone["proxies"]) == ("Vendors", [{"type": "CIDR", "value": "203.0.113.0/24"}])
    assert zone["gateways"] == [{"type": "CIDR", "value": "192.0.2.10/32"}]
    (put,) = [got for got in there.got if got.method == "PUT"]
    assert not {b'"id"', b'"system"', b'"created"'} & {
        word for word in (b'"id"', b'"system"', b'"created"') if word in put.body
    }


@pytest.mark.parametrize(("name", "p", "words"), [
    ("allow_only", AllowedAddresses(zone="nzo1", addresses=("192.0.2.10",)), "BLOCKLIST"),
    ("block_addresses", BlockedAddresses(zone="nzo2", blocked=("198.51.100.7",)), "POLICY"),
    ("block_addresses", BlockedAddresses(zone="nzo3", blocked=("198.51.100.7",)), "DYNAMIC"),
    ("allow_only", AllowedAddresses(zone="nzo2", addresses=()), "without addresses"),
    ("block_addresses", BlockedAddresses(zone="nzo1", blocked=("all of them",)), "as CIDR"),
])  # fmt: skip
async def test_a_zone_that_would_do_the_opposite_is_left_alone(there, name, p, words):
    async with at(there) as (read, send):
        with pytest.raises(Impossible, match=words):
            await done(act(name), read, send, p)
    assert all(got.method == "GET" for got in there.got)


# credentials and waits


@pytest.mark.parametrize("skew_s", [0, 200, -200])
def test_okta_says_until_when_to_wait_by_its_own_clock(skew_s):
    """X-Rate-Limit-Reset is in seconds since 1970 by Okta's clock, which `Date` tells: ours may go wrong."""
    theirs = time.time() + skew_s
    headers = {"x-rate-limit-reset": str(int(theirs) + 12), "date": formatdate(theirs, usegmt=True)}
    assert asked_wait_s(headers) == pytest.approx(12, abs=1)


async def test_a_429_with_an_epoch_is_waited_out(there):
    told = iter([True])

    def answer(got):
        if next(told, False):
            now = time.time()
            return says(
                429, {"errorCode": "E0000047"}, x_rate_limit_reset=str(int(now) + 1), date=formatdate(now, usegmt=True)
            )
        return there.answer(got)

    async with provider(answer) as busy, wired(busy.url, connector=okta, secret=OURS) as wire:
        assert (await L["okta.user"](Reader(wire), User(user="00u1"))).status == "ACTIVE"


async def test_a_service_app_signs_for_its_token_and_an_api_token_goes_as_it_is(there):
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    asked = []

    def answer(got):
        if got.target == "/oauth2/v1/token":
            asked.append(dict(parse_qsl(got.body.decode())))
            return says(200, {"access_token": "short-lived", "token_type": "Bearer", "expires_in": 3600})
        assert got.headers["authorization"] == "Bearer short-lived"
        return says(200, there.things["users"]["00u1"])

    async with provider(answer) as org:
        settings = {
            "client_id": "0oaUs",
            "token_url": f"{org.url}/oauth2/v1/token",
            "scopes": ("okta.users.read", "okta.logs.read"),
        }
        async with wired(org.url, connector=okta, secret=Secret(pem.decode()), **settings) as wire:
            assert (await L["okta.user"](Reader(wire), User(user="00u1"))).status == "ACTIVE"
    assert (asked[0]["grant_type"], asked[0]["scope"]) == ("client_credentials", "okta.users.read okta.logs.read")
    async with at(there) as (read, _):
        assert (await L["okta.user"](read, User(user="00u1"))).status == "ACTIVE", "SSWS, as the fake demands"


@pytest.mark.parametrize("half", [{"client_id": "x"}, {"scopes": ("a",)}, {"token_url": "https://a.example/t"}])
def test_half_a_service_app_is_no_connection(half):
    with pytest.raises(ValidationError, match="go together"):
        OktaSettings(**half)


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (401, False)])
async def test_a_canary_is_tried_with_itself(status, accepted):
    async with (
        provider(lambda _: says(status, {"sub": "00u1"})) as org,
        wired(org.url, connector=okta, secret=OURS) as wire,
    ):
        assert (await L["okta.access"](Reader(wire), AccessToken(token=Secret("stolen-token")))).accepted is accepted
    assert org.got[0].headers["authorization"] == "Bearer stolen-token"
    assert L["okta.access"].grade is Grade.TRIED


async def test_a_canary_without_the_scope_is_no_proof_that_it_is_dead():
    async with provider(lambda _: says(403, {})) as org, wired(org.url, connector=okta, secret=OURS) as wire:
        with pytest.raises(NotAllowed):
            await L["okta.access"](Reader(wire), AccessToken(token=Secret("stolen-token")))
