"""Listings that are not what they look like, for every connector that lists: cut short, going round, behind a write; and
secrets that a provider masks, which no action sends back in a real one's place.
"""  # noqa: D205

from __future__ import annotations

import json

import pytest

from connectors.core import ConnectorError, Secret, Tide, Unexpected
from connectors.core.call import veil
from connectors.oauth import TOKEN_EXCHANGE
from engine.registry import registry
from tests.connectors.provider import says
from tests.connectors.strangers import following, reading

P = "11111111-2222-4333-8444-555555555555"
SF = "005000000000001AAA"


def _role(n):
    return {"id": f"a{n}", "resourceId": "r", "appRoleId": f"role{n}"}


def _session(n):
    return {
        "Id": f"0Ak00000000000{n}AAA"[:15],
        "UsersId": SF,
        "SourceIp": "",
        "LastModifiedDate": None,
        "IsCurrent": False,
    }


def _entry(n):
    return {"id": f"e{n}", "date_create": 1790000000 + n, "action": "user_login"}


def _sf(n, done):
    more = {} if done else {"nextRecordsUrl": "/services/data/v62.0/query/01g-2"}
    return {"totalSize": 2, "done": done, "records": [_session(n)], **more}


def _graph(n, after=None):
    link = {"@odata.nextLink": f"https://graph.microsoft.com/v1.0/x?$skiptoken={after}"} if after else {}
    return says(200, {"value": [_role(n)], **link})


def _slack(n, after=""):
    return says(200, {"ok": True, "entries": [_entry(n)], "response_metadata": {"next_cursor": after}})


def _google(n, after=None):
    more = {"nextPageToken": after} if after else {}
    return says(200, {"kind": "admin#directory#users", "users": [{"primaryEmail": f"u{n}"}], **more})


def _pat(n):
    return {"id": n, "owner": {"login": "svc"}}


def _installed(n):
    return {"id": n, "permissions": {}}


def _linked(make):
    return lambda n, after=None: following([make(n)], after) if after else says(200, [make(n)])


GRANTED = {"kind": "admin#directory#tokenList", "items": [{"clientId": "c1"}]}
PAGED = {
    "okta.scope_grants": ({"app": "0oa1"}, "/api/v1/apps/0oa1/grants",
        _linked(lambda n: {"id": f"g{n}", "scopeId": f"s{n}", "issuer": "i", "status": "ACTIVE"}), {}),
    "github.pats_of": ({"org": "acme", "user": "svc"}, "/orgs/acme/personal-access-tokens", _linked(_pat), {}),
    "github_app.everywhere": ({"app": "ours"}, "/app/installations", _linked(_installed),
        {"/app": says(200, {"slug": "ours", "permissions": {}})}),
    "oauth.clients_that_may": ({}, "/admin/clients",
        _linked(lambda n: {"client_id": f"c{n}", "grant_types": [TOKEN_EXCHANGE]}), {}),
    "entra.assignments": ({"principal": P}, f"/servicePrincipals/{P}/appRoleAssignments", _graph, {}),
    "google_workspace.grants": ({"client": "c1"}, "/admin/directory/v1/users", _google,
        {f"/admin/directory/v1/users/u{n}/tokens": says(200, GRANTED) for n in (1, 2)}),
    "salesforce.sessions": ({"user": SF}, "/query", lambda n, after=None: says(200, _sf(n, done=after is None)), {}),
    "slack_admin.user_entries": ({"user": "U1"}, "/audit/v1/logs", _slack, {}),
}  # fmt: skip
"""find -> what it is asked about, its path, a page of one thing (and the name of the next), and what else is asked."""
SECOND = {"salesforce.sessions": "/query/01g-2"}
"""Where the second page is not the first's path with `p2` in its query."""


def second(name, path):
    return SECOND.get(name, f"{path}?p2")


async def found(name, answers):
    system, find = name.partition(".")[0], registry().finds[name]
    async with reading(system, answers) as read:
        return [p async for p, _ in find(read, find.params(**PAGED[name][0]))]


def test_every_system_that_lists_page_by_page_is_in_the_table():
    lists = {name.partition(".")[0] for name in registry().finds if not name.startswith("practice_")}
    assert {name.partition(".")[0] for name in PAGED} == lists


@pytest.mark.parametrize("name", PAGED)
async def test_a_listing_goes_on_to_its_last_page(name):
    _, path, page, more = PAGED[name]
    assert len(await found(name, {second(name, path): page(2), path: page(1, "p2"), **more})) == 2


CUT = {
    "403": says(403, {}), "404": says(404, {}), "200 {}": says(200, {}), "200 HTML": says(200, b"<html>"), "204": says(204),
}  # fmt: skip


@pytest.mark.parametrize("cut", CUT)
@pytest.mark.parametrize("name", PAGED)
async def test_a_listing_whose_second_page_does_not_come_is_none(name, cut):
    """Else a sweep of the first page alone would call the whole done."""
    _, path, page, more = PAGED[name]
    with pytest.raises(ConnectorError):
        await found(name, {second(name, path): CUT[cut], path: page(1, "p2"), **more})


@pytest.mark.parametrize("name", [name for name in PAGED if name not in SECOND])
async def test_a_listing_that_goes_round_ends_in_a_word_and_not_never(name):
    _, path, page, more = PAGED[name]
    with pytest.raises(Unexpected):
        await found(name, {f"{path}?p2": page(2, "p3"), f"{path}?p3": page(2, "p2"), path: page(1, "p2"), **more})


async def _installations(read):
    return [one async for one in registry().systems["github"].surveys["github.installations"](read, Tide())]


async def _logs(read):
    look = registry().systems["slack_admin"].looks["slack_admin.installation"]
    return await look(read, look.params(app="A1"))


async def _sessions(read):
    find = registry().finds["salesforce.sessions"]
    return [one async for one in find(read, find.params(user=SF))]


COUNTED = {
    "github": ("/orgs/acme/installations", {"total_count": 2, "installations": [
        {"id": 1, "permissions": {}, "repository_selection": "all", "app_slug": "drift"}]}, _installations),
    "slack_admin": ("/team.integrationLogs", {"ok": True, "paging": {"pages": 1, "total": 2}, "logs": [
        {"app_id": "A1", "date": "1", "change_type": "added", "user_id": "U1"}]}, _logs),
    "salesforce": ("/query", _sf(1, done=True), _sessions),
}  # fmt: skip


@pytest.mark.parametrize("system", COUNTED)
async def test_a_listing_that_counts_more_than_it_gives_is_none(system):
    path, body, walk = COUNTED[system]
    async with reading(system, {path: says(200, body)}) as read:
        with pytest.raises(Unexpected):
            await walk(read)


# A listing that lags behind a write

NONE = {"kind": "admin#directory#tokenList"}
LAGS = {
    "okta.revoke_scope_grant": ({"app": "0oa1", "scope": "s1"}, "/api/v1/apps/0oa1/grants",
        [{"id": "g1", "scopeId": "s1", "issuer": "i", "status": "ACTIVE"}], []),
    "okta.retire_secret": ({"app": "0oa1", "secret_id": "1"}, "/api/v1/apps/0oa1/credentials/secrets",
        [{"id": "1", "status": "ACTIVE"}, {"id": "2", "status": "ACTIVE"}],
        [{"id": "1", "status": "INACTIVE"}, {"id": "2", "status": "ACTIVE"}]),
    "github.revoke_pat": ({"org": "acme", "pat": "1"}, "/orgs/acme/personal-access-tokens", [_pat(1)], []),
    "github.remove_deploy_key": ({"key_of": "acme/api", "key_id": "1"}, "/repos/acme/api/keys",
        [{"id": 1, "read_only": True}], []),
    "entra.remove_assignment": ({"principal": P, "resource": "r", "role": "role1"},
        f"/servicePrincipals/{P}/appRoleAssignments", {"value": [_role(1)]}, {"value": []}),
    "google_workspace.revoke_grant": ({"user": "u1", "client": "c1"},
        "/admin/directory/v1/users/u1/tokens", GRANTED, NONE),
    "slack_admin.restrict_app": ({"app": "A1"}, "/admin.apps.restricted.list",
        {"ok": True, "restricted_apps": []}, {"ok": True, "restricted_apps": [{"app": {"id": "A1"}}]}),
    "oauth.withdraw_grant": ({"client": "c1"}, "/admin/clients/c1",
        {"client_id": "c1", "grant_types": [TOKEN_EXCHANGE]}, {"client_id": "c1", "grant_types": []}),
    "salesforce.freeze_user": ({"user": SF}, "/query",
        {"totalSize": 1, "done": True, "records": [{"Id": SF, "UserId": SF, "IsFrozen": False}]},
        {"totalSize": 1, "done": True, "records": [{"Id": SF, "UserId": SF, "IsFrozen": True}]}),
}  # fmt: skip
"""action -> what it is about, the path of its listing, what that says for a while after the write, and what then."""
BESIDE = {"/admin.apps.approved.list": says(200, {"ok": True, "approved_apps": []})}


async def asked_of(name, answers, params):
    action = registry().actions[name]
    p = action.params(**params)
    async with reading(name.partition(".")[0], {**answers, **BESIDE}) as read:
        asked = action.sees.params(**{n: getattr(p, n) for n in action.sees.params.model_fields})
        return action, p, await action.sees(read, asked)


@pytest.mark.parametrize("name", LAGS)
async def test_a_listing_that_lags_is_waited_for_and_what_is_sent_again_is_the_same(name):
    """While it shows the state of before, nothing is closed; a second sending is the first's repetition and does no more."""
    params, path, old, new = LAGS[name]
    action, p, behind = await asked_of(name, {path: says(200, old)}, params)
    calls = action.missing(p, behind, "R1/step/x")
    assert calls
    assert not any(call.once for call in calls)
    assert [call.digest for call in action.missing(p, behind, "R1/step/x")] == [call.digest for call in calls]
    assert action.settles_within_s > 0
    _, _, there = await asked_of(name, {path: says(200, new)}, params)
    assert action.missing(p, there, "R1/step/x") == ()


@pytest.mark.parametrize("name", [name for name in LAGS if registry().actions[name].back is not None])
async def test_an_undo_waits_for_a_listing_that_lags_as_well(name):
    params, path, old, new = LAGS[name]
    action, p, before = await asked_of(name, {path: says(200, old)}, params)
    _, _, behind = await asked_of(name, {path: says(200, new)}, params)
    assert action.missing_back(p, behind, before)
    assert action.missing_back(p, before, before) == ()


# Masked secrets

MASK = "********"
ZONE = {"type": "IP", "usage": "BLOCKLIST", "status": "ACTIVE", "name": "z", "gateways": [], "secret": MASK}
HOOK = {"name": "h", "channel": {"config": {"uri": "https://x.example", "headers": [{"key": "a", "value": MASK}],
        "authScheme": {"type": "HEADER", "key": "a", "value": MASK}}}, "events": {"items": ["a"]}}  # fmt: skip
CLIENT = {"client_id": "c1", "client_secret": MASK, "grant_types": ["refresh_token"], "scope": "a b"}
KEYS = {
    "id": P, "appId": "x", "passwordCredentials": [{"keyId": "k3", "hint": MASK, "secretText": MASK}],
    "keyCredentials": [
        {"keyId": "k1", "type": "AsymmetricX509Cert", "usage": "Verify", "key": MASK},
        {"keyId": "k2", "type": "AsymmetricX509Cert", "usage": "Verify", "key": MASK},
    ],
}  # fmt: skip
WEB = {"url": "https://x.example", "secret": MASK, "content_type": "json"}
REGISTERED = {"client": "c1", "registration": "/r/c1", "registration_token": Secret("rt")}
APP = {"holder": "applications", "owner": P}
ASP = [{"codeId": 1, "password": MASK, "name": "m"}]
SECRETS = [{"id": "1", "status": "ACTIVE", "client_secret": MASK}]
TOKEN = {"id": "00T1", "name": "t", "token": MASK, "network": {"connection": "ANYWHERE"}}
AT = {
    "asps": "/admin/directory/v1/users/u1/asps", "codes": "/admin/directory/v1/users/u1/verificationCodes",
    "secrets": "/api/v1/apps/0oa1/credentials/secrets", "hook": "/orgs/acme/hooks/1", "narrowed": "/orgs/acme/actions/secrets/S",
    "users": "/users.info",
}  # fmt: skip
TRUSTS = {f"/applications/{P}/federatedIdentityCredentials": says(200, {"value": []})}
MASKED = {
    "okta.deactivate_event_hook": ({"hook": "w1"}, {"/api/v1/eventHooks/w1": says(200, {**HOOK, "status": "ACTIVE"})},
        {"/api/v1/eventHooks/w1": says(200, {**HOOK, "status": "INACTIVE"})}),
    "okta.block_addresses": ({"zone": "n1", "blocked": ("192.0.2.1",)}, {"/api/v1/zones/n1": says(200, ZONE)}, None),
    "okta.restrict_api_token": ({"token_id": "00T1", "zone": "n1"}, {"/api/v1/api-tokens/00T1": says(200, TOKEN)},
        {"/api/v1/api-tokens/00T1": says(200, {**TOKEN, "network": {"connection": "ZONE", "include": ["n1"]}})}),
    "okta.add_secret": ({"app": "0oa1", "secret": Secret("a-new-one")}, {AT["secrets"]: says(200, SECRETS)}, None),
    "github.disable_webhook": ({"hook_of": "acme", "hook": "1"},
        {AT["hook"]: says(200, {"active": True, "events": ["push"], "config": WEB})},
        {AT["hook"]: says(200, {"active": False, "events": ["push"], "config": WEB})}),
    "github.narrow_secret": ({"secret_of": "acme", "secret_name": "S"},
        {AT["narrowed"]: says(200, {"name": "S", "visibility": "selected", "value": MASK}),
         AT["narrowed"] + "/repositories": says(200, {"total_count": 1, "repositories": [{"id": 5, "token": MASK}]})},
        {AT["narrowed"]: says(200, {"name": "S", "visibility": "selected", "value": MASK}),
         AT["narrowed"] + "/repositories": says(200, {"total_count": 0, "repositories": []})}),
    "entra.remove_credential": ({**APP, "key_id": "k1"}, {f"/applications/{P}": says(200, KEYS), **TRUSTS}, None),
    "google_workspace.delete_app_password": ({"owner": "u1", "code": 1},
        {AT["asps"]: says(200, {"kind": "admin#directory#aspList", "items": ASP})}, None),
    "google_workspace.invalidate_backup_codes": ({"user": "u1"},
        {AT["codes"]: says(200, {"kind": "admin#directory#verificationCodesList", "items": [{"verificationCode": MASK}]})},
        None),
    "slack_admin.remove_user": ({"user": "U1", "workspace": "T1"},
        {AT["users"]: says(200, {"ok": True, "user": {"enterprise_user": {"teams": ["T1"]}, "token": MASK}})},
        {AT["users"]: says(200, {"ok": True, "user": {"enterprise_user": {"teams": []}, "token": MASK}})}),
    "oauth.restrict_client": (REGISTERED, {"/r/c1": says(200, CLIENT)},
        {"/r/c1": says(200, {**CLIENT, "grant_types": [], "response_types": [], "redirect_uris": []})}),
    "oauth.restrict_scopes": ({**REGISTERED, "keep": ("a",)}, {"/r/c1": says(200, CLIENT)},
        {"/r/c1": says(200, {**CLIENT, "scope": "a"})}),
    "oauth.withdraw_grant": ({"client": "c1"},
        {"/admin/clients/c1": says(200, {**CLIENT, "grant_types": [TOKEN_EXCHANGE]})},
        {"/admin/clients/c1": says(200, {**CLIENT, "grant_types": []})}),
}  # fmt: skip
"""action -> what it is about, a provider that masks before, and, for an undo, after."""


def sent(calls):
    assert calls, "there is something to send"
    return json.dumps([veil(call.body) for call in calls]) + " ".join(call.path for call in calls)


@pytest.mark.parametrize("name", MASKED)
async def test_no_masked_secret_is_sent_back(name):
    """It would take the place of the real one: neither an action nor its undo sends what stands for a secret."""
    params, before, after = MASKED[name]
    action, p, seen = await asked_of(name, before, params)
    assert MASK not in sent(action.missing(p, seen, "R1/step/x"))
    assert MASK not in seen.model_dump_json()
    if after is not None:
        _, _, then = await asked_of(name, after, params)
        assert MASK not in sent(action.missing_back(p, then, seen))


def test_the_systems_that_show_masks_are_in_the_table():
    told = {name.partition(".")[0] for name in MASKED}
    assert told == {"okta", "github", "entra", "google_workspace", "slack_admin", "oauth"}
