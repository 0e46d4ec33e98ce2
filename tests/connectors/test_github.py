"""GitHub's connectors against a stateful GitHub of which each request and answer is judged by the vendor's description."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime

import orjson
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connectors.core import Came, Found, Impossible, NotAllowed, Secret, Tide, Unexpected, Unseen
from connectors.github import github, github_app, github_leaks, github_oauth
from connectors.github.stored import Boxed
from tests.connectors.github_fake import TOKEN, GitHub, linked
from tests.connectors.provider import says

AGAINST = (
    "a fake of ours, each request and answer judged by GitHub's OpenAPI description or a page of its documentation"
)

RSA_KEY = rsa.generate_private_key(65537, 2048)
PEM = RSA_KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
SINCE = datetime(2026, 3, 1, 2, 40, tzinfo=UTC)
NEW = Secret("the-new-value-from-drift")
CLIENT = "Iv1.8a61f9b3a7aba766"

SETTINGS = {
    "github": {"org": "acme", "saml": True},
    "github_app": {"app": "Iv23li-ours"},
    "github_oauth": {"client_id": CLIENT},
    "github_leaks": {},
}
SECRETS = {"github": TOKEN, "github_app": PEM, "github_oauth": "our-client-secret", "github_leaks": ""}
CONNECTORS = {c.name: c for c in (github, github_app, github_oauth, github_leaks)}

TARGETS = {
    "github.revoke_pat": {"org": "acme", "pat": "5"},
    "github.deny_pat": {"org": "acme", "request": "7"},
    "github.deauthorize": {"org": "acme", "authorization": "3"},
    "github.remove_user": {"org": "acme", "user": "svc-drift"},
    "github.block_outsider": {"org": "acme", "outsider": "mallory"},
    "github.disable_actions": {"actions_of": "acme"},
    "github.narrow_secret": {"secret_of": "acme", "secret_name": "DRIFT_TOKEN"},
    "github.rotate_org_secret": {
        "secret_of": "acme", "secret_name": "DRIFT_TOKEN", "new_secret": NEW, "set_after": SINCE,
    },
    "github.rotate_repo_secret": {
        "secret_in": "acme/site", "secret_name": "DRIFT_TOKEN", "new_secret": NEW, "set_after": SINCE,
    },
    "github.delete_repo_secret": {"secret_in": "acme/site", "secret_name": "DRIFT_TOKEN"},
    "github.disable_webhook": {"hook_of": "acme/api", "hook": "2"},
    "github.remove_deploy_key": {"key_of": "acme/docs", "key_id": "3"},
    "github_app.suspend_installation": {"installation": "2"},
    "github_app.delete_installation": {"installation": "2"},
    "github_oauth.revoke_app_token": {"client": CLIENT, "app_token": Secret("gho_drift-token-of-octocat")},
    "github_oauth.revoke_grant": {"client": CLIENT, "granted_token": Secret("gho_drift-token-of-octocat")},
    "github_leaks.revoke_leaked": {"leaked_token": Secret("ghp_leaked-on-a-pastebin")},
}  # fmt: skip
ACTIONS = {name: action for c in CONNECTORS.values() for name, action in c.actions.items()}


def link(there, name):
    return linked(there, CONNECTORS[name], secret=SECRETS[name], **SETTINGS[name])


async def sight(read, action, p):
    return await action.sees(read, action.sees.params(**{n: getattr(p, n) for n in action.sees.params.model_fields}))


async def carried_out(read, sender, action, p, back_to=None):
    """Look, send what is missing, look again, until nothing is: what is seen then."""
    for _ in range(5):
        seen = await sight(read, action, p)
        calls = action.missing(p, seen, "me") if back_to is None else action.missing_back(p, seen, back_to)
        if not calls:
            return seen
        for call in calls:
            outcome = await sender.send(call, {})
            assert outcome.came is Came.OK, outcome
    raise AssertionError(f"{action.name} never ends")


def test_every_action_has_its_target_here():
    assert set(TARGETS) == set(ACTIONS)


@pytest.mark.parametrize("name", TARGETS)
async def test_an_action_reaches_its_goal_and_its_undo_what_was_before(name):
    action, there = ACTIONS[name], GitHub()
    p = action.params(**TARGETS[name])
    async with link(there, name.partition(".")[0]) as (read, sender):
        before = await sight(read, action, p)
        assert action.missing(p, before, "me"), "there is something to do"
        if name == "github_oauth.revoke_grant":
            with pytest.raises(Unseen):  # which counts as its end where the run saw it live, as here
                await carried_out(read, sender, action, p)
        else:
            left = await carried_out(read, sender, action, p)
            assert left.governed() != before.governed() or "rotates" in action.does
        writes = [one for one in there.seen if one[0] != "GET" and not one[1].endswith(f"/{CLIENT}/token")]
        if action.back is not None:
            assert (await carried_out(read, sender, action, p, before)).governed() == before.governed()
        if name != "github_oauth.revoke_app_token":
            assert len(writes) == 1, "one call does it"


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("github.disable_actions", {"actions_of": "acme/site"}),
        ("github.disable_webhook", {"hook_of": "acme", "hook": "1"}),
        ("github.remove_user", {"org": "acme", "user": "freelancer"}),
    ],
)
async def test_what_has_two_forms_works_in_the_other_too(name, target):
    action, there = ACTIONS[name], GitHub()
    p = action.params(**target)
    async with link(there, "github") as (read, sender):
        before = await sight(read, action, p)
        assert action.missing(p, before, "me")
        await carried_out(read, sender, action, p)
        if action.back is not None:
            assert (await carried_out(read, sender, action, p, before)).governed() == before.governed()


async def test_the_repositories_behind_selected_come_back_though_the_list_was_cleared_meanwhile():
    action, there = ACTIONS["github.disable_actions"], GitHub()
    p = action.params(actions_of="acme")
    async with link(there, "github") as (read, sender):
        before = await sight(read, action, p)
        assert before.repositories == (1, 2)
        await carried_out(read, sender, action, p)
        there.chosen.clear()
        assert (await carried_out(read, sender, action, p, before)).repositories == (1, 2)


async def test_a_webhooks_config_is_never_sent_back():
    action, there = ACTIONS["github.disable_webhook"], GitHub()
    there.hooks["acme/api", "2"]["config"]["secret"] = "********"
    p = action.params(hook_of="acme/api", hook="2")
    async with link(there, "github") as (read, sender):
        before = await sight(read, action, p)
        await carried_out(read, sender, action, p)
        await carried_out(read, sender, action, p, before)
    assert [body for method, _, body, _ in there.seen if method == "PATCH"] == [{"active": False}, {"active": True}]


async def test_a_new_value_arrives_sealed_and_the_call_is_the_same_in_every_plan():
    action, there = ACTIONS["github.rotate_org_secret"], GitHub()
    p = action.params(**TARGETS[action.name])
    async with link(there, "github") as (read, sender):
        seen = await sight(read, action, p)
        call, again = (action.missing(p, seen, "me")[0] for _ in range(2))
        assert call.digest == again.digest
        assert NEW.reveal() not in str(call)
        box = call.body["encrypted_value"]
        assert isinstance(box, Boxed)
        assert box.reveal() != box.reveal(), "each box is another"
        await carried_out(read, sender, action, p)
    assert there.values == {"DRIFT_TOKEN": NEW.reveal()}
    assert there.secret_repos["DRIFT_TOKEN"] == [1, 3], "for whom it was before"
    assert not any(NEW.reveal() in json.dumps(body) for _, _, body, _ in there.seen)


async def test_a_public_key_that_is_none_is_told():
    with pytest.raises(Unexpected, match="public key that is none"):
        Boxed(NEW, "bm8=").reveal()


async def test_a_secret_that_all_repositories_get_is_not_said_to_be_narrowed():
    action, there = ACTIONS["github.narrow_secret"], GitHub()
    there.secrets["DRIFT_TOKEN"]["visibility"] = "private"
    p = action.params(**TARGETS[action.name])
    async with link(there, "github") as (read, _):
        with pytest.raises(Impossible, match="only together with a new value"):
            action.missing(p, await sight(read, action, p), "me")


async def test_a_member_is_not_blocked_but_taken_out_first():
    action, there = ACTIONS["github.block_outsider"], GitHub()
    p = action.params(org="acme", outsider="svc-drift")
    async with link(there, "github") as (read, sender):
        with pytest.raises(Impossible, match="remove_user"):
            action.missing(p, await sight(read, action, p), "me")
        taken = ACTIONS["github.remove_user"]
        await carried_out(read, sender, taken, taken.params(org="acme", user="svc-drift"))
        assert (await carried_out(read, sender, action, p)).blocked


async def test_a_404_on_a_membership_counts_only_where_an_owners_is_seen():
    there = GitHub()
    user = github.looks["github.user"]
    async with link(there, "github") as (read, _):
        assert (await user(read, user.params(org="acme", user="stranger"))).role == ""
        there.odd = lambda _, path: says(404, {"message": "Not Found"}) if "/memberships/" in path else None
        with pytest.raises(Unseen):
            await user(read, user.params(org="acme", user="stranger"))
        there.odd = lambda _, path: (
            says(404, {}) if "/memberships/" in path else says(200, []) if path.endswith("/members") else None
        )
        with pytest.raises(NotAllowed, match="members: read"):
            await user(read, user.params(org="acme", user="stranger"))


async def test_a_404_on_a_token_counts_only_where_our_own_credential_is_good():
    there, look = GitHub(), github_oauth.looks["github_oauth.app_token"]
    dead = look.params(client=CLIENT, app_token=Secret("gho_dead-for-long"))
    async with link(there, "github_oauth") as (read, _):
        assert not (await look(read, dead)).live
        with pytest.raises(NotAllowed, match="our credential is that of"):
            await look(read, look.params(client="Iv1.another", app_token=Secret("gho_dead-for-long")))
        limits = {"resources": {"core": {"limit": 60, "remaining": 59, "reset": 1, "used": 1}}}
        there.odd = lambda _, path: says(200, limits) if path == "/rate_limit" else None
        with pytest.raises(NotAllowed, match="60 requests an hour"):
            await look(read, dead)


async def test_a_leaked_credential_counts_as_ended_only_once_it_opens_nothing():
    """202 is a promise: the credential goes on working for a while, and no credential of ours may go along."""
    action, there = ACTIONS["github_leaks.revoke_leaked"], GitHub(lag=2)
    p = action.params(**TARGETS[action.name])
    async with link(there, "github_leaks") as (read, sender):
        (call,) = action.missing(p, await sight(read, action, p), "me")
        outcome = await sender.send(call, {})
        assert (outcome.came, outcome.status) == (Came.OK, 202)
        assert action.missing(p, await sight(read, action, p), "me") == (call,), "a 202 proves nothing"
        assert [(await sight(read, action, p)).opens for _ in range(2)] == [True, False]
    (sent,) = [one for one in there.seen if one[1] == "/credentials/revoke"]
    assert sent[3] == "", "without an Authorization header"
    assert action.settles_within_s >= 600


async def test_a_refresh_token_is_not_said_to_be_ended():
    there, look = GitHub(), github_leaks.looks["github_leaks.leaked"]
    async with link(there, "github_leaks") as (read, _):
        with pytest.raises(Impossible, match="nothing shows whether it lives"):
            await look(read, look.params(leaked_token=Secret("ghr_a-refresh-token")))
    assert there.seen == []


async def listed(survey, read):
    return {survey.key(one): one async for one in survey(read, Tide()) if isinstance(one, Found)}


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("github.installations", {"acme,1", "acme,2", "acme,3"}),
        ("github.pats", {f"acme,{n}" for n in range(1, 6)}),
        ("github.authorizations", {f"acme,{n}" for n in range(1, 4)}),
        ("github.webhooks", {"acme,1", "acme/site,1", "acme/api,2", "acme/docs,3"}),
        ("github.deploy_keys", {"acme/site,1", "acme/api,2", "acme/docs,3"}),
        ("github_app.our_installations", {"1", "2", "3"}),
    ],
)
async def test_a_survey_lists_all_of_them_and_each_can_be_looked_at_again(name, keys):
    system, there = CONNECTORS[name.partition(".")[0]], GitHub()
    survey = system.surveys[name]
    async with link(there, system.name) as (read, _):
        found = await listed(survey, read)
        assert set(found) == keys
        for one in found.values():
            assert (await survey.of(read, one.params)).governed() == one.seen.governed()


async def test_an_authorization_is_part_of_its_oauth_app():
    there = GitHub()
    async with link(there, "github") as (read, _):
        found = await listed(github.surveys["github.authorizations"], read)
        find = github.finds["github.authorizations_to"]
        to_drift = [p async for p, _ in find(read, find.params(org="acme", client="Iv1.drift"))]
    assert {key: one.part_of for key, one in found.items()} == {
        "acme,1": "acme,Iv1.drift", "acme,2": "", "acme,3": "acme,Iv1.drift",
    }  # fmt: skip
    assert [p.authorization for p in to_drift] == ["1", "3"]


async def test_an_organisation_without_single_sign_on_says_that_it_cannot_list():
    there, survey = GitHub(), github.surveys["github.authorizations"]
    async with linked(there, github, org="acme") as (read, _):
        with pytest.raises(Impossible, match="single sign-on"):
            await listed(survey, read)


async def test_a_listing_that_ends_early_or_is_hidden_is_not_taken_for_all():
    there, survey = GitHub(), github.surveys["github.installations"]
    short = {"total_count": 9, "installations": list(there.installations.values())}
    async with link(there, "github") as (read, _):
        there.odd = lambda *_: says(200, short)
        with pytest.raises(Unexpected, match="3 of 9"):
            await listed(survey, read)
        there.odd = lambda *_: says(404, {"message": "Not Found"})
        with pytest.raises(NotAllowed, match="organization_administration: read"):
            await listed(survey, read)


async def test_a_find_has_all_of_one_person_and_a_control_where_there_is_none():
    there, find = GitHub(), github.finds["github.pats_of"]
    async with link(there, "github") as (read, _):
        theirs = [p.pat async for p, _ in find(read, find.params(org="acme", user="User-1"))]
        assert theirs == ["1", "3", "5"]
        assert [p async for p, _ in find(read, find.params(org="acme", user="nobody"))] == []
        assert there.seen[-1][1] == "/orgs/acme/installations", "the control was asked"


async def test_the_audit_log_is_kept_as_evidence():
    there, find = GitHub(), github.finds["github.audit_events"]
    p = find.params(org="acme", user="svc-drift", action="git.clone", since=SINCE)
    async with link(there, "github") as (read, _):
        events = [(one, seen) async for one, seen in find(read, p)]
        assert len(events) == 5
        look = github.looks["github.audit_event"]
        assert (await look(read, events[3][0])) == events[3][1]
    assert events[0][1].address == "198.51.100.66"
    asked = [path for path in there.seen if path[1].endswith("/audit-log")]
    assert asked


async def test_our_app_is_suspended_wherever_it_is_and_only_with_its_own_key():
    there, find = GitHub(), github_app.finds["github_app.everywhere"]
    async with link(there, "github_app") as (read, _):
        assert [p.installation async for p, _ in find(read, find.params(app="octoapp"))] == ["1", "2", "3"]
        with pytest.raises(NotAllowed, match="another App's"):
            _ = [p async for p, _ in find(read, find.params(app="someone-elses"))]
    token = there.seen[0][3].removeprefix("Bearer ")
    text, _, signature = token.rpartition(".")
    pad = lambda part: base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))  # noqa: E731
    RSA_KEY.public_key().verify(pad(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())
    claims = orjson.loads(pad(text.split(".")[1]))
    assert claims["iss"] == "Iv23li-ours"
    assert claims["iat"] <= time.time() < claims["exp"] <= time.time() + 600


async def test_an_organisation_may_be_reached_by_an_app_that_is_installed_there():
    there = GitHub()
    settings = {"org": "acme", "app": "Iv23li-ours", "installation": "77"}
    async with linked(there, github, secret=PEM, **settings) as (read, _):
        look = github.looks["github.organisation"]
        assert (await look(read, look.params(org="acme"))).installations == 3
        await look(read, look.params(org="acme"))
    assert [path for _, path, _, _ in there.seen].count("/app/installations/77/access_tokens") == 1
    assert there.seen[-1][3] == f"Bearer {TOKEN}"


async def test_a_leaked_installation_token_ends_itself():
    action, there = ACTIONS["github_leaks.revoke_leaked"], GitHub()
    there.leaked.add("ghs_leaked-from-a-build-log")
    p = action.params(leaked_token=Secret("ghs_leaked-from-a-build-log"))
    async with link(there, "github_leaks") as (read, sender):
        assert not (await carried_out(read, sender, action, p)).opens
    assert ("DELETE", "/installation/token", None, "Bearer ghs_leaked-from-a-build-log") in there.seen


async def test_what_the_engine_counts_is_in_what_is_seen():
    """Whose it is and when it was used: guardrails count the people, the hot rule asks for the time."""
    from connectors.core import persons, used_at

    there = GitHub()
    there.pats["5"]["token_last_used_at"] = "2026-03-01T02:31:00Z"
    async with link(there, "github") as (read, _):
        seen = await sight(read, ACTIONS["github.revoke_pat"], ACTIONS["github.revoke_pat"].params(org="acme", pat="5"))
        assert (persons(seen), used_at(seen)) == (["user-1"], ["2026-03-01T02:31:00Z"])
        key = ACTIONS["github.remove_deploy_key"]
        seen = await sight(read, key, key.params(key_of="acme/docs", key_id="3"))
        assert (persons(seen), used_at(seen)) == (["octocat"], ["2022-01-10T15:53:42Z"])
