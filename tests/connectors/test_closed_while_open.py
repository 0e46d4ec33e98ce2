"""What once passed for closed while it was open, or would have been lost on the way: one provider's odd answer each."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.core import Impossible, NotAllowed, Reader, Secret
from engine.registry import registry
from tests.connectors.provider import provider, says
from tests.connectors.strangers import TOKEN, link

GITHUB_LOCKED = {"message": "Maximum number of login attempts exceeded. Please try again later."}
SP, GRAPH, ROLE = (f"{letter * 8}-{letter * 4}-{letter * 4}-{letter * 4}-{letter * 12}" for letter in ("a", "b", "c"))


def answers(by_path):
    """Answers a GET by its path; every token endpoint works."""

    def answer(got):
        at = urlsplit(got.target)
        if got.method == "POST" and at.path.endswith(TOKEN):
            return says(200, {"access_token": "t1", "token_type": "Bearer", "expires_in": 3600})
        said = by_path.get(at.path, says(404, {}))
        return said(parse_qs(at.query)) if callable(said) else said

    return answer


async def looked(name, answer, **params):
    """What a look sees at a provider that answers so."""
    system = name.partition(".")[0]
    look = registry().systems[system].looks[name]
    async with provider(answer) as there, link(system, there.url) as wire:
        return await look(Reader(wire), look.params(**params))


async def test_a_login_lock_of_githubs_is_no_dead_token():
    """GitHub answers 403 to every credential, good ones too, after several bad ones: a sweep of leaked ones brings that."""
    locked = answers({"/rate_limit": says(403, GITHUB_LOCKED)})
    with pytest.raises(NotAllowed):
        await looked("github_leaks.leaked", locked, leaked_token=Secret("ghp_leaked-and-alive"))


async def test_an_empty_page_of_a_token_log_is_not_quiet_where_another_follows():
    kind = {"kind": "admin#reports#activities"}
    use = {"id": {"time": "2026-11-26T01:00:00Z", "uniqueQualifier": "1"}, "ipAddress": "198.51.100.66"}

    def log(query):
        return says(200, kind | ({"items": [use]} if "pageToken" in query else {"nextPageToken": "2"}))

    seen = await looked(
        "google_workspace.client_quiet",
        answers({"/admin/reports/v1/activity/users/all/applications/token": log}),
        client="1234-drift",
    )
    assert (seen.quiet, seen.used_from) == (False, "198.51.100.66")


async def test_an_app_role_is_seen_however_the_letters_of_its_id_are_written():
    """Graph takes an id in capitals and answers in small letters: compared letter by letter, no role would be there."""
    listed = {"value": [{"id": "as1", "resourceId": GRAPH, "appRoleId": ROLE, "principalId": SP}]}
    there = answers({f"/servicePrincipals/{of}/appRoleAssignments": says(200, listed) for of in (SP, SP.upper())})
    for write in (str.lower, str.upper):
        asked = {"principal": write(SP), "resource": write(GRAPH), "role": write(ROLE)}
        assert (await looked("entra.assignment", there, **asked)).assigned


async def test_a_credential_is_seen_however_the_letters_of_its_id_are_written():
    held = {"id": SP, "appId": GRAPH, "passwordCredentials": [{"keyId": ROLE}], "keyCredentials": []}
    there = answers({f"/servicePrincipals/{SP}": says(200, held)})
    seen = await looked("entra.credential", there, holder="servicePrincipals", owner=SP, key_id=ROLE.upper())
    assert seen.kind == "password"


@pytest.mark.parametrize("states", [("INACTIVE", "ACTIVE"), ("ACTIVE", "INACTIVE")])
async def test_a_scope_that_is_granted_by_any_of_its_records_is_granted(states):
    listed = [
        {"id": f"oag{n}", "scopeId": "okta.users.read", "issuer": "https://acme.okta.example", "status": state}
        for n, state in enumerate(states)
    ]
    there = answers({"/api/v1/apps/0oa1/grants": says(200, listed)})
    seen = await looked("okta.scope_grant", there, app="0oa1", scope="okta.users.read")
    assert (seen.granted, seen.grant) == (True, f"oag{states.index('ACTIVE')}")


def zone(usage, *gateways):
    return {
        "id": "nzo1", "type": "IP", "name": "z", "status": "ACTIVE", "usage": usage,
        "gateways": [{"type": kind, "value": value} for kind, value in gateways],
    }  # fmt: skip


async def test_a_gateway_that_nobody_can_read_is_not_closed_over():
    """It lets in, whatever it is: beside the wanted ones it must go."""
    let_in = zone("POLICY", ("CIDR", "192.0.2.10/32"), ("RANGE", "every address of the vendor"))
    seen = await looked("okta.zone", answers({"/api/v1/zones/nzo1": says(200, let_in)}), zone="nzo1")
    action = registry().actions["okta.allow_only"]
    (call,) = action.missing(action.params(zone="nzo1", addresses=("192.0.2.10",)), seen, "me")
    assert call.body["gateways"] == [{"type": "CIDR", "value": "192.0.2.10/32"}]


async def test_a_long_blocklist_loses_none_of_its_addresses():
    """Okta keeps 1,000 gateways in one; what is shown of a provider's list is capped, what is written back must not be."""
    kept = [("CIDR", f"198.51.{n // 250}.{n % 250}/32") for n in range(900)]
    there = answers({"/api/v1/zones/nzo1": says(200, zone("BLOCKLIST", *kept))})
    seen = await looked("okta.zone", there, zone="nzo1")
    action = registry().actions["okta.block_addresses"]
    (call,) = action.missing(action.params(zone="nzo1", blocked=("203.0.113.9",)), seen, "me")
    written = {(one["type"], one["value"]) for one in call.body["gateways"]}
    assert written == {*kept, ("CIDR", "203.0.113.9/32")}


def test_blocking_nobody_is_not_said_to_be_done():
    action = registry().actions["okta.block_addresses"]
    state = action.state(type="IP", usage="BLOCKLIST", active=True, gateways=(), whole={})
    with pytest.raises(Impossible, match="no address"):
        action.missing(action.params(zone="nzo1", blocked=()), state, "me")


@pytest.mark.parametrize(
    "shown",
    ["REDACTED", "hidden", "(masked)", "-----", "#########", "________", "[secret]", "abcd******", "secret omitted"],
)
async def test_a_secret_that_is_masked_in_any_way_is_not_sent_back(shown):
    held = {"client_id": "c1", "grant_types": ["authorization_code"], "client_secret": shown}
    there = answers({"/register/c1": says(200, held)})
    seen = await looked(
        "oauth.client", there, client="c1", registration="/register/c1", registration_token=Secret("rat-of-c1")
    )
    assert "client_secret" not in seen.metadata
