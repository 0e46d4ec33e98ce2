"""Answers after which a way in looks closed and is open, or another's state would be sent: one provider each, to the byte."""

from __future__ import annotations

import json

import pytest

from connectors.core import ConnectorError, NotAllowed, Secret, Unexpected, Unseen
from engine.registry import registry
from tests.connectors.provider import says
from tests.connectors.strangers import following, reading


def action_of(name: str):
    return registry().actions[name]


async def missing(name: str, answers: dict[str, bytes], **params):
    """The calls that an action misses at such a provider."""
    action = action_of(name)
    p = action.params(**params)
    asked = action.sees.params(**{n: getattr(p, n) for n in action.sees.params.model_fields})
    async with reading(name.partition(".")[0], answers) as read:
        return action.missing(p, await action.sees(read, asked), "R1/step/x")


# Okta


async def test_a_blocklist_of_a_thousand_addresses_keeps_them_all_when_one_more_is_blocked():
    """A BLOCKLIST zone takes 1,000: whoever is blocked must stay so, and no count of what is left over is an address."""
    there = [{"type": "CIDR", "value": f"10.{n // 250}.{n % 250}.0/24"} for n in range(999)]
    zone = {"type": "IP", "usage": "BLOCKLIST", "status": "ACTIVE", "name": "bad", "gateways": there}
    [call] = await missing(
        "okta.block_addresses", {"/api/v1/zones/nzo1": says(200, zone)}, zone="nzo1", blocked=("198.51.100.7",)
    )
    sent = call.body["gateways"]
    assert sorted(map(json.dumps, sent)) == sorted(
        map(json.dumps, [*there, {"type": "CIDR", "value": "198.51.100.7/32"}])
    )


async def test_a_sign_in_behind_an_empty_page_of_the_log_is_a_sign_in():
    who = {"id": "00u1", "status": "ACTIVE", "profile": {"login": "svc"}}
    ended = {"eventType": "user.session.clear", "published": "2026-03-01T02:00:00.000Z", "uuid": "1"}
    began = {"eventType": "user.session.start", "published": "2026-03-01T02:05:00.000Z", "uuid": "2"}
    answers = {
        "/api/v1/users/00u1": says(200, who),
        "/api/v1/logs?after=p2": says(200, [began]),
        "/api/v1/logs?user.session.clear": says(200, [ended]),
        "/api/v1/logs": following([], "p2"),
    }
    assert await missing("okta.end_sessions", answers, user="00u1")


@pytest.mark.parametrize("odd", [{}, {"factors": []}])
async def test_second_factors_that_are_no_list_are_not_none(odd):
    answers = {"/api/v1/users/00u1": says(200, {"id": "00u1"}), "/api/v1/users/00u1/factors": says(200, odd)}
    with pytest.raises(Unexpected):
        await missing("okta.reset_factors", answers, user="00u1")


@pytest.mark.parametrize("odd", [{}, {"events": []}])
async def test_a_log_that_is_no_list_shows_no_silence(odd):
    ended = {"eventType": "user.session.clear", "published": "2026-03-01T02:00:00.000Z", "uuid": "1"}
    answers = {
        "/api/v1/users/00u1": says(200, {"id": "00u1"}),
        "/api/v1/logs?user.session.clear": says(200, [ended]),
        "/api/v1/logs": says(200, odd),
    }
    with pytest.raises(Unexpected):
        await missing("okta.end_sessions", answers, user="00u1")


async def test_a_scope_that_was_granted_twice_and_revoked_once_is_granted():
    grant = {"scopeId": "okta.users.read", "issuer": "https://acme.okta.com"}
    listed = [{**grant, "id": "oag1", "status": "REVOKED"}, {**grant, "id": "oag2", "status": "ACTIVE"}]
    [call] = await missing(
        "okta.revoke_scope_grant", {"/api/v1/apps/0oa1/grants": says(200, listed)}, app="0oa1", scope="okta.users.read"
    )
    assert call.path.endswith("/grants/oag2")


@pytest.mark.parametrize(
    ("survey", "path", "one"),
    [
        ("okta.api_tokens", "/api/v1/api-tokens", {"name": "a"}),
        (
            "okta.event_hooks", "/api/v1/eventHooks",
            {"status": "ACTIVE", "channel": {"config": {"uri": "https://x.example"}}, "events": {"items": []}},
        ),
    ],
)  # fmt: skip
async def test_oktas_listings_go_on_where_their_link_says_so(survey, path, one):
    from connectors.core import Tide

    answers = {f"{path}?after=p2": says(200, [{**one, "id": "2"}]), path: following([{**one, "id": "1"}], "p2")}
    async with reading("okta", answers) as read:
        found = [thing async for thing in registry().systems["okta"].surveys[survey](read, Tide())]
    assert len(found) == 2


async def test_the_clients_of_a_user_go_on_where_their_link_says_so():
    """The tokens of a client on the second page would live on, and the sweep call itself whole."""
    token = {"id": "oar1", "status": "ACTIVE"}
    answers = {
        "/api/v1/users/svc": says(200, {"id": "00u1"}),
        "/api/v1/users/00u1/clients?after=p2": says(200, [{"client_id": "0oa2"}]),
        "/api/v1/users/00u1/clients": following([{"client_id": "0oa1"}], "p2"),
        "/api/v1/users/00u1/clients/0oa1/tokens": says(200, []),
        "/api/v1/users/00u1/clients/0oa2/tokens": says(200, [token]),
    }
    find = registry().finds["okta.user_tokens"]
    async with reading("okta", answers) as read:
        assert [p.client async for p, _ in find(read, find.params(user="svc"))] == ["0oa2"]


@pytest.mark.parametrize("status", ["ACTIVE", "A_WORD_OF_TOMORROW"])
async def test_an_app_or_token_of_a_status_that_nobody_knows_is_not_closed(status):
    app = {"id": "0oa1", "status": status}
    answers = {
        "/api/v1/apps/0oa1": says(200, app),
        "/api/v1/apps/0oa1/users": says(200, []),
        "/api/v1/apps/0oa1/tokens/oar1": says(200, {"status": status}),
    }
    for name, params in (
        ("okta.deactivate_app", {"app": "0oa1"}),
        ("okta.revoke_app_token", {"app": "0oa1", "token_id": "oar1"}),
    ):
        assert await missing(name, answers, **params)


# GitHub


async def test_a_leaked_credential_that_github_forbids_something_is_not_dead():
    """403 is for one that it knows: a suspended installation, an address that is not let in, a request that it dislikes."""
    answers = {"/rate_limit": says(403, {"message": "Request forbidden by administrative rules."})}
    with pytest.raises(NotAllowed):
        await missing("github_leaks.revoke_leaked", answers, leaked_token=Secret("ghp_leaked"))
    answers = {"/rate_limit": says(401, {"message": "Bad credentials"})}
    assert await missing("github_leaks.revoke_leaked", answers, leaked_token=Secret("ghp_leaked")) == ()


async def test_a_token_that_expired_is_not_the_end_of_the_grant_that_it_came_of():
    """An App's token of a person lives eight hours, its refresh token half a year: only what this run saw live counts."""
    limit = says(200, {"resources": {"core": {"limit": 5000}}})
    answers = {"/applications/Iv1.ours/token": says(404, {"message": "Not Found"}), "/rate_limit": limit}
    with pytest.raises(Unseen):
        await missing("github_oauth.revoke_grant", answers, client="Iv1.ours", granted_token=Secret("gho_old"))
    assert await missing("github_oauth.revoke_app_token", answers, client="Iv1.ours", app_token=Secret("gho_old")) == ()


# Salesforce


@pytest.mark.parametrize("look", ["token", "grant"])
async def test_a_token_beyond_the_2500_that_a_query_gives_is_not_gone(look):
    rows = [
        {"AppName": "Drift", "UserId": USER, "LastUsedDate": None, "UseCount": 1, "DeleteToken": f"d{n}"}
        for n in range(2500)
    ]
    if look == "grant":  # none of ours among them
        rows = [{**row, "AppName": "drift"} for row in rows]
    page = {"totalSize": 2600, "done": True, "records": rows}
    may = {"totalSize": 1, "done": True, "records": [{"PermissionsCustomizeApplication": True}]}
    answers = {"/query?UserPermissionAccess": says(200, may), "/query": says(200, page)}
    asked = registry().systems["salesforce"].looks[f"salesforce.{look}"]
    more = {"fingerprint": Secret("d2555").fingerprint} if look == "token" else {}
    async with reading("salesforce", answers) as read:
        with pytest.raises(Unexpected, match="2500"):
            await asked(read, asked.params(app="Drift", user=USER, **more))


USER = "005000000000001AAA"


# Slack


@pytest.mark.parametrize("person", [{"enterprise_user": {}}, {"enterprise_user": {"teams": None}}])
async def test_somebody_of_whom_slack_names_no_workspaces_is_not_out_of_them(person):
    answers = {"/users.info": says(200, {"ok": True, "user": {"id": "U1", "name": "a", **person}})}
    with pytest.raises(ConnectorError):
        await missing("slack_admin.remove_user", answers, user="U1", workspace="T1")


async def test_no_session_of_one_person_counts_only_where_anybodys_is_to_be_seen():
    person = {"id": "U1", "enterprise_user": {"teams": ["T1"]}}
    nothing = {"/users.info": says(200, {"ok": True, "user": person})}
    mine = {"user_id": "U9", "session_id": 9, "team_id": "T1"}
    empty = says(200, {"ok": True, "active_sessions": []})
    with pytest.raises(Unseen):
        await missing("slack_admin.reset_sessions", {**nothing, "/admin.users.session.list": empty}, user="U1")
    answers = {
        **nothing, "/admin.users.session.list?user_id=U1": empty,
        "/admin.users.session.list": says(200, {"ok": True, "active_sessions": [mine]}),
    }  # fmt: skip
    assert await missing("slack_admin.reset_sessions", answers, user="U1") == ()


# OAuth


@pytest.mark.parametrize("name", ["restrict_client", "restrict_scopes"])
async def test_a_registration_of_another_client_is_not_changed_for_ours(name):
    """A path of the wrong client in the configuration: its metadata would be sent back as ours, or it be cut for it."""
    other = {
        "client_id": "gong",
        "grant_types": ["refresh_token"],
        "redirect_uris": ["https://g.example"],
        "scope": "a b",
    }
    more = {"keep": ("a",)} if name == "restrict_scopes" else {}
    with pytest.raises(Unexpected):
        await missing(
            f"oauth.{name}", {"/register/gong": says(200, other)}, client="drift", registration="/register/gong",
            registration_token=Secret("rt"), **more,
        )  # fmt: skip


@pytest.mark.parametrize("place", ["acme", "acme/api"])
async def test_workflows_come_back_with_no_more_actions_allowed_than_before(place):
    """Switched off, GitHub says no more which are: what is given back without a word on it may allow all."""
    on = {"enabled": True} if "/" in place else {"enabled_repositories": "all"}
    off = {"enabled": False} if "/" in place else {"enabled_repositories": "none"}
    path = f"/{'repos' if '/' in place else 'orgs'}/{place}/actions/permissions"
    action = action_of("github.disable_actions")
    p, states = action.params(actions_of=place), []
    for said in ({**on, "allowed_actions": "selected", "sha_pinning_required": True}, off):
        async with reading("github", {path: says(200, said)}) as read:
            states.append(await action.sees(read, p))
    [call] = action.missing_back(p, states[1], states[0])
    assert call.body == {**on, "allowed_actions": "selected", "sha_pinning_required": True}
