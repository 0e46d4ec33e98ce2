"""Salesforce, against a small org that keeps state and sources (salesforce_org)."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors import salesforce as sf
from connectors.core import (
    Busy,
    Came,
    Connection,
    Grade,
    Impossible,
    Lost,
    Mark,
    NotAllowed,
    Secret,
    Tide,
    Unexpected,
    Unseen,
    connect,
    persons,
    used_at,
    used_from,
)
from tests.connectors.provider import provider, says
from tests.connectors.salesforce_org import BASE, CANARY, SECRET, US, Org, company, id_of, token

AGAINST = "a fake of ours, after Salesforce's pages"

BOT, APPROVED = id_of("005", 4), id_of("005", 2)
MARKS = {Mark.ME: "r/s/t", Mark.RUN: "r", Mark.NOW: "2025-08-12T03:50:00Z"}
DRIFT, GONG = sf.App(app="Drift"), sf.App(app="Gong")


@asynccontextmanager
async def linked(org: Org, *, writes: bool = True, secret: str = SECRET, **settings: str):
    """Our reader and sender at this org."""
    async with provider(org.answer) as there:
        own = sf.SalesforceSettings(client_id="ringfence", **settings)
        connection = Connection("crm", sf.salesforce, there.url + BASE, Secret(secret), own)
        read, send, wire = connect(connection, writes=writes)
        try:
            yield read, send, org
        finally:
            await wire.close()


async def listed(find, read, p):
    return [pair async for pair in find(read, p)]


async def carried_out(action, p, read, send):
    """Send what is missing, and look again: how each call came, and what a second look misses."""
    calls = action.missing(p, await action.sees(read, p), "r/s/t")
    came = [(await send.send(call, MARKS)).came for call in calls]
    return came, action.missing(p, await action.sees(read, p), "r/s/t")


async def test_the_tokens_of_an_app_are_listed_for_every_person_and_of_no_other_app():
    async with linked(company()) as (read, _, org):
        found = await listed(sf.tokens, read, DRIFT)
        assert [seen.delete_token for _, seen in found] == ["dt-1", "dt-2", "dt-3"], "`drift` is another app"
        p, seen = found[0]
        assert (persons(p), used_at(seen)) == ([APPROVED], ["2025-08-12T03:40:00+00:00"])
        assert await sf.token(read, p) == seen
        assert "dt-" not in repr(seen) + repr(p) + str(seen.governed())
        assert not any("AccessToken" in asked or "dt-" in asked for asked in org.queries), "no secret in a URL"


async def test_a_token_is_ended_and_gone():
    async with linked(company()) as (read, send, org):
        (p, seen), *_ = await listed(sf.tokens, read, DRIFT)
        (call,) = sf.revoke_token.missing(p, seen, "r/s/t")
        assert "dt-1" not in str(call)
        assert (await send.send(call, MARKS)).came is Came.OK
        with pytest.raises(Unseen):
            await sf.token(read, p)
        assert [row["DeleteToken"] for row in org.tables["OauthToken"]] == ["dt-2", "dt-3", "dt-4", "dt-5"]
        again = await send.send(call, MARKS)
        assert (again.came, again.why) == (Came.OK, "400 invalid_token"), "ended already: a look decides"


async def test_a_listing_that_lags_behind_shows_it_until_it_has_caught_up():
    org = company()
    async with linked(org) as (read, send, _):
        (p, seen), *_ = await listed(sf.tokens, read, DRIFT)
        await send.send(sf.revoke_token.missing(p, seen, "")[0], MARKS)
        org.lag = 1
        assert sf.revoke_token.missing(p, await sf.token(read, p), ""), "not believed yet"
        with pytest.raises(Unseen):
            await sf.token(read, p)


async def test_a_token_without_what_ends_it_is_for_hands():
    p = sf.Token(app="Drift", user=BOT, fingerprint="00")
    with pytest.raises(Impossible, match="by hand"):
        sf.revoke_token.missing(p, sf.TokenSeen(alive=True), "")


async def test_more_tokens_than_a_query_gives_are_listed_all_the_same():
    org = company()
    org.tables["OauthToken"] = [token("Drift", id_of("005", n // 3), n) for n in range(6001)]
    async with linked(org) as (read, _, _org):
        found = await listed(sf.tokens, read, DRIFT)
        assert len(found) == len({p.fingerprint for p, _ in found}) == 6001
        assert (await sf.app(read, DRIFT)).tokens == 6001
        org.tables["OauthToken"] = [token("Drift", BOT, n) for n in range(2500)]
        with pytest.raises(Unexpected, match="one user alone"):
            await listed(sf.tokens, read, DRIFT)


async def test_an_empty_listing_counts_only_where_our_user_sees_all():
    org = company()
    org.tables["OauthToken"] = [token("Gong", BOT, 1)]
    async with linked(org) as (read, _, _org):
        assert await listed(sf.tokens, read, DRIFT) == []
        org.may.remove("CustomizeApplication")
        with pytest.raises(NotAllowed, match="needs: CustomizeApplication"):
            await listed(sf.tokens, read, DRIFT)
        org.may.remove("ManageUsers")
        with pytest.raises(Unseen, match="ManageUsers"):
            await listed(sf.sessions, read, sf.User(user=BOT))
        since = datetime(2025, 8, 1, tzinfo=UTC)
        with pytest.raises(NotAllowed, match="needs: ManageUsers"):
            await listed(sf.find_logins, read, sf.Logins(app="Drift", since=since))


async def test_an_app_that_anybody_may_let_in_is_blocked_by_hand():
    async with linked(company()) as (read, _, _org):
        seen = await sf.admitted(read, DRIFT)
        assert not seen.admin_only
        with pytest.raises(Impossible, match="Block it by hand"):
            sf.admit_nobody.missing(DRIFT, seen, "")
        nowhere = sf.App(app="Nobody's")
        with pytest.raises(Impossible, match="Block it by hand"):
            sf.admit_nobody.missing(nowhere, await sf.admitted(read, nowhere), "")


async def test_nobody_is_let_in_and_everybody_again():
    org = company()
    before = {(row["PermissionSetId"], row["AssigneeId"]) for row in org.tables["PermissionSetAssignment"]}
    async with linked(org) as (read, send, _):
        was = await sf.admitted(read, GONG)
        assert len(was.assigned) == 2
        assert await carried_out(sf.admit_nobody, GONG, read, send) == ([Came.OK, Came.OK], ())
        assert len(org.tables["PermissionSetAssignment"]) == 1
        gone = await send.send(sf.admit_nobody.missing(GONG, was, "")[0], MARKS)
        assert (gone.came, gone.why) == (Came.OK, "404 ENTITY_IS_DELETED")
        for _ in range(2):  # an answer that was lost: the second is refused as a duplicate, which is as good
            calls = sf.admit_nobody.missing_back(GONG, sf.AdmittedSeen(admin_only=True), was)
            assert [(await send.send(call, MARKS)).came for call in calls] == [Came.OK, Came.OK]
        assert sf.admit_nobody.missing_back(GONG, await sf.admitted(read, GONG), was) == ()
    assert {(row["PermissionSetId"], row["AssigneeId"]) for row in org.tables["PermissionSetAssignment"]} == before


@pytest.mark.parametrize("other", ["profile", "group"])
async def test_what_else_lets_people_in_is_said(other):
    org = company()
    if other == "profile":
        for row in org.tables["PermissionSetAssignment"][:2]:
            row["PermissionSet"]["IsOwnedByProfile"] = True
    else:
        del org.tables["PermissionSetAssignment"][:2]
        org.tables["PermissionSetGroupComponent"] = [
            {"PermissionSetId": id_of("0PS", 1), "PermissionSetGroupId": id_of("0PG", 1)}
        ]
    async with linked(org) as (read, _, _org):
        with pytest.raises(Impossible, match="profiles or permission set groups"):
            sf.admit_nobody.missing(GONG, await sf.admitted(read, GONG), "")


async def test_a_user_is_frozen_and_free_again():
    p = sf.User(user=BOT)
    async with linked(company()) as (read, send, org):
        was = await sf.user(read, p)
        assert await carried_out(sf.freeze_user, p, read, send) == ([Came.OK], ())
        assert [row["UserId"] for row in org.tables["UserLogin"] if row["IsFrozen"]] == [BOT]
        (back,) = sf.freeze_user.missing_back(p, await sf.user(read, p), was)
        assert (await send.send(back, MARKS)).came is Came.OK
        assert await sf.user(read, p) == was
        with pytest.raises(Unseen):
            await sf.user(read, sf.User(user=id_of("005", 99)))


async def test_sessions_are_ended_but_not_the_one_that_we_speak_by():
    async with linked(company()) as (read, send, org):
        found = await listed(sf.sessions, read, sf.User(user=BOT))
        assert [used_from(seen) for _, seen in found] == [["192.0.2.66"], ["203.0.113.10"]]
        for p, seen in found:
            assert (await send.send(sf.end_session.missing(p, seen, "")[0], MARKS)).came is Came.OK
            with pytest.raises(Unseen):
                await sf.session(read, p)
        assert await listed(sf.sessions, read, sf.User(user=BOT)) == []
        ((p, ours),) = await listed(sf.sessions, read, sf.User(user=US))
        with pytest.raises(Impossible, match="we ourselves"):
            sf.end_session.missing(p, ours, "")
        assert len(org.tables["AuthSession"]) == 1


async def test_the_canary_is_tried_and_only_a_401_kills_it():
    p = sf.Canary(canary=Secret(CANARY))
    assert sf.try_canary.grade is Grade.TRIED
    org = company()
    async with linked(org) as (read, _, _org):
        assert not (await sf.try_canary(read, p)).dead
        org.canary = False
        assert (await sf.try_canary(read, p)).dead
        org.canary, org.spent = True, True
        with pytest.raises(Busy):
            await sf.try_canary(read, p)


async def test_used_up_requests_are_a_wait_and_no_missing_permission():
    org = company()
    async with linked(org) as (read, _, _org):
        org.spent = True
        with pytest.raises(Busy, match="403 REQUEST_LIMIT_EXCEEDED api-usage=100000/100000, asks to wait 90 s"):
            await sf.app(read, DRIFT)
    org.spent = False
    async with linked(org) as (read, send, _org):
        p = sf.User(user=BOT)
        calls = sf.freeze_user.missing(p, await sf.user(read, p), "")
        org.spent = True
        outcome = await send.send(calls[0], MARKS)
        assert (outcome.came, outcome.wait_s) == (Came.BUSY, 90)


ERRORS = {
    "a lock": (400, [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "x"}], Came.BUSY),
    "no permission": (400, [{"errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "x"}], Came.REFUSED),
    "hidden": (404, [{"errorCode": "INSUFFICIENT_ACCESS", "message": "x"}], Came.REFUSED),
    "gone": (404, [{"errorCode": "NOT_FOUND", "message": "x"}], Came.OK),
    "no such token": (400, {"error": "unsupported_token_type", "error_description": "x"}, Came.OK),
    "a code that is none": (400, [{"errorCode": "eyJ.token", "message": "x"}], Came.REFUSED),
    "a text": (400, "oh", Came.REFUSED),
    "nothing": (400, [], Came.REFUSED),
    "trouble": (500, [{"errorCode": "UNKNOWN_EXCEPTION", "message": "x"}], Came.UNSURE),
}  # fmt: skip


@pytest.mark.parametrize("what", ERRORS)
async def test_what_a_send_is_answered(what):
    status, body, came = ERRORS[what]
    org = company()
    async with linked(org) as (read, send, _):
        p = sf.User(user=BOT)
        (call,) = sf.freeze_user.missing(p, await sf.user(read, p), "")
        org._api = lambda _: (status, body)
        outcome = await send.send(call, MARKS)
        assert outcome.came is came
        assert "token" not in outcome.why or what == "no such token"


async def test_an_object_that_is_hidden_is_a_missing_permission():
    org = company()
    del org.tables["AuthSession"]
    async with linked(org) as (read, _, _org):
        with pytest.raises(NotAllowed, match="400 INVALID_TYPE.*needs: ManageUsers"):
            await sf.session(read, sf.Session(session=id_of("0Ak", 1)))


async def test_logins_tell_the_app_the_address_and_the_time():
    async with linked(company()) as (read, _, _org):
        since = datetime(2025, 8, 10, tzinfo=UTC)
        found = await listed(sf.find_logins, read, sf.Logins(app="Drift", since=since))
        assert [(seen.address, seen.succeeded) for _, seen in found] == [
            ("203.0.113.10", True), ("192.0.2.66", True), ("Salesforce.com IP", False),
        ]  # fmt: skip
        known = ("203.0.113.0/24", "no network")
        strangers = await listed(sf.find_logins, read, sf.Logins(app="Drift", since=since, known=known[:1]))
        assert [seen.address for _, seen in strangers] == ["192.0.2.66", "Salesforce.com IP"]
        p, seen = found[0]
        assert await sf.login(read, p) == seen
        with pytest.raises(Unseen):
            await sf.login(read, sf.Login(login=id_of("0Yl", 77)))


async def surveyed(survey, read):
    return {survey.key(one): one async for one in survey(read, Tide()) if not isinstance(one, Lost)}


async def test_every_app_is_surveyed_the_one_that_nobody_installed_too():
    async with linked(company(), writes=False) as (read, send, _org):
        assert send is None
        found = await surveyed(sf.apps, read)
        assert set(found) == {"Drift", "Gong", "drift"}
        assert (found["Drift"].people, found["Drift"].seen.tokens, found["Drift"].seen.installed) == (2, 3, True)
        assert not found["drift"].seen.installed
        for one in found.values():
            looked = await sf.app(read, one.params)
            assert looked.governed() == one.seen.governed()


async def test_what_each_person_let_in_is_counted():
    async with linked(company()) as (read, _, _org):
        found = await surveyed(sf.grants, read)
        assert {key: one.seen.tokens for key, one in found.items()} == {
            f"Drift,{APPROVED}": 1, f"Drift,{BOT}": 2, f"drift,{id_of('005', 3)}": 1, f"Gong,{id_of('005', 3)}": 1,
        }  # fmt: skip
        one = found[f"Drift,{BOT}"]
        assert (one.part_of, one.person) == ("Drift", BOT)
        assert await sf.grant(read, one.params) == one.seen
        gone = sf.Grant(app="Gong", user=BOT)
        assert not (await sf.grant(read, gone)).active


async def test_a_user_that_is_no_person_belongs_to_its_only_app():
    org = company()
    async with linked(org) as (read, _, _org):
        (found,) = (await surveyed(sf.users, read)).values()
        assert (found.params.user, found.belongs_to) == (BOT, ("salesforce:Drift",))
        assert await sf.user(read, found.params) == found.seen
        org.tables["OauthToken"].append(token("Gong", BOT, 9))
        (found,) = (await surveyed(sf.users, read)).values()
        assert found.belongs_to == (), "of two apps nobody can say which"
        for permission in ("ManageUsers", "CustomizeApplication"):
            org.may.remove(permission)
            with pytest.raises(NotAllowed, match=permission):
                await surveyed(sf.users, read)
            org.may.add(permission)


async def test_our_credential_is_the_apps_secret_or_a_key_that_speaks_for_a_user():
    async with linked(company(), secret="another") as (read, _, _org):  # noqa: S106  made up
        with pytest.raises(NotAllowed, match="401 invalid_client"):
            await sf.app(read, DRIFT)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    async with linked(company(), secret=pem, user="ringfence@example.com") as (read, _, _org):
        assert (await sf.app(read, DRIFT)).installed


async def test_a_session_of_ours_that_ended_is_a_missing_permission():
    def answer(got):
        if got.target.endswith("/token"):
            return says(200, {"access_token": "ours", "token_type": "Bearer"})
        return says(401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}])

    org = company()
    org.answer = answer
    async with linked(org) as (read, _, _org):
        with pytest.raises(NotAllowed, match="401 INVALID_SESSION_ID"):
            await sf.user(read, sf.User(user=BOT))


def test_there_is_no_secret_in_what_a_survey_keeps():
    for survey in sf.salesforce.surveys.values():
        assert not survey.of.state.sealed_fields()
    assert sf.TokenSeen.sealed_fields() == {"delete_token"}
