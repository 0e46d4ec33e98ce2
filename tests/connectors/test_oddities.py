"""What vendors answer that is not what it looks like, tried on every connector: none of it may pass for *closed*.

A look that answers with a state in which its action has nothing to do says that a way in is closed. So each is asked at a
provider that answers something else, and may raise or see what is open, but claim nothing.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from email.utils import formatdate

import pytest

from connectors.core import Came, ConnectorError, Mark, Params, Reader, Sender
from engine.registry import registry
from tests.connectors.provider import provider, says
from tests.connectors.strangers import Stranger, asked, link

MARKS = {Mark.ME: "R1/step/x", Mark.RUN: "R1", Mark.NOW: "2026-03-01T02:40:00Z"}
HELD = "it tries a credential of the attacker's, and being turned away is what it asks for"
EMPTY = "an empty list is what the vendor's own listing says where there is none of it"
CLAIMED = {
    ("401", "github_leaks.revoke_leaked"): HELD,
    **{
        ("200 []", name): EMPTY
        for name in (
            "github.deauthorize", "github.deny_pat", "github.remove_deploy_key", "github.revoke_pat",
            "okta.delete_secret", "okta.retire_key", "okta.retire_secret", "okta.revoke_scope_grant",
        )
    },
}  # fmt: skip
"""(answer, action) -> why this answer is the vendor's word that it is closed."""
ANSWERS = {
    "200 {}": says(200, {}),
    "200 []": says(200, []),
    "200 ok:false": says(200, {"ok": False, "error": "a_word_that_nobody_knows"}),
    "200 error": says(200, {"error": "not_allowed"}),
    "200 HTML": says(200, b"<html>Sign in</html>"),
    "200 nothing": says(200),
    "202": says(202, {}),
    "204": says(204),
    "302": says(302, None, location="https://elsewhere.example/"),
    "401": says(401, {}),
    "403": says(403, {}),
    "404": says(404, {}),
    "410": says(410, {}),
}


async def claims(action, p: Params, url: str) -> str:
    """What a look claims to be closed; "" where it raises, or sees what is open."""
    look = action.sees
    async with link(action.name.partition(".")[0], url) as wire:
        try:
            async with asyncio.timeout(20):
                seen = await look(Reader(wire), look.params(**{n: getattr(p, n) for n in look.params.model_fields}))
                return "" if action.missing(p, seen, "R1/step/x") else repr(seen)
        except ConnectorError:
            return ""


@pytest.mark.parametrize("name", ANSWERS)
async def test_no_look_takes_an_answer_that_is_none_for_closed(name):
    """404 that means no permission, 200 with ok:false, an async 202, a sign-in page, a listing that is an object."""
    stranger, walked = Stranger(ANSWERS[name]), list(asked())
    async with provider(stranger) as there:
        stranger.url = there.url
        found = await asyncio.gather(*(claims(action, p, there.url) for action, p in walked))
    claimed = {action.name for (action, _), said in zip(walked, found, strict=True) if said}
    assert len(walked) > 50
    assert claimed == {action for answer, action in CLAIMED if answer == name}


async def test_the_walk_itself_can_see_something_closed():
    """Else the test above would pass where no look is understood at all."""
    stranger = Stranger(says(200, {"active": False}))
    async with provider(stranger) as there:
        stranger.url = there.url
        found = [a.name for a, p in asked() if a.name.startswith("oauth.") and await claims(a, p, there.url)]
    assert found == ["oauth.revoke_token"]


ABOUT = {
    "user": "U1", "app": "0oa1", "org": "acme", "client": "c1", "principal": "11111111-2222-4333-8444-555555555555",
    "idp": "0oi1", "since": dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
}  # fmt: skip
"""What a find is asked about."""
OTHERWISE = {
    ("entra", "app"): ABOUT["principal"], ("slack_admin", "app"): "A1", ("salesforce", "user"): "005000000000001",
}  # fmt: skip


async def ends_empty(find, url: str) -> bool:
    """Whether a listing ends as one in which there is nothing."""
    system = find.name.partition(".")[0]
    fields = {n: f for n, f in find.params.model_fields.items() if f.is_required()}
    p = find.params(**{name: OTHERWISE.get((system, name), ABOUT[name]) for name in fields})
    async with link(system, url) as wire:
        try:
            async with asyncio.timeout(20):
                return [pair async for pair in find(Reader(wire), p)] == []
        except ConnectorError:
            return False


@pytest.mark.parametrize("name", ANSWERS)
async def test_no_find_takes_an_answer_that_is_none_for_an_empty_listing(name):
    """An empty object, another's page, a missing permission: a sweep would take it for the last token gone."""
    stranger = Stranger(ANSWERS[name])
    finds = [find for find in registry().finds.values() if not find.name.startswith("practice_")]
    async with provider(stranger) as there:
        stranger.url = there.url
        empty = await asyncio.gather(*(ends_empty(find, there.url) for find in finds))
    assert len(finds) > 30
    assert [find.name for find, said in zip(finds, empty, strict=True) if said] == []


EPOCH = "1790000000"
"""2026-09-21T13:33:20Z."""
DATE = {"date": formatdate(int(EPOCH) - 7, usegmt=True)}
"""By the provider's own clock a moment of 7 s later is EPOCH."""
BUSY = [
    ("okta", 429, {"x-rate-limit-reset": EPOCH, **DATE}, None, 7),
    ("github", 403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": EPOCH, **DATE}, None, 7),
    ("github", 429, {"retry-after": "7"}, None, 7),
    ("github", 403, {}, {"message": "You have exceeded a secondary rate limit."}, 60),
    ("entra", 429, {"retry-after": "7"}, {"error": {"code": "TooManyRequests"}}, 7),
    ("entra", 503, {"retry-after": formatdate(int(EPOCH), usegmt=True), **DATE}, None, 7),
    ("google_workspace", 429, {"retry-after": "7"}, None, 7),
    ("google_workspace", 403, {}, {"error": {"errors": [{"reason": "userRateLimitExceeded"}]}}, None),
    ("salesforce", 403, {}, [{"errorCode": "REQUEST_LIMIT_EXCEEDED"}], None),
    ("salesforce", 503, {"retry-after": "7"}, None, 7),
    ("slack_admin", 429, {"retry-after": "7"}, {"ok": False, "error": "ratelimited"}, 7),
    ("slack_admin", 200, {"retry-after": "7"}, {"ok": False, "error": "ratelimited"}, 7),
    ("oauth", 503, {"retry-after": formatdate(int(EPOCH), usegmt=True), **DATE}, None, 7),
    ("jira", 429, {"retry-after": "7"}, None, 7),
    ("servicenow", 429, {"x-ratelimit-reset": EPOCH, **DATE}, None, 7),
    ("pagerduty", 429, {}, None, 1),
    ("notify", 429, {"retry-after": "7"}, None, 7),
    ("slack", 200, {"retry-after": "7"}, {"ok": False, "error": "ratelimited"}, 7),
]
"""(system, status, headers, body, seconds to wait; None: of the connector's own choice), each in the vendor's own form."""


def calls_of():
    """One call of each system: of an action as its plans show it, or of a message."""
    import json

    from tests.connectors.strangers import PLANS
    from tests.connectors.test_connectors_plans import asked as planned
    from tests.connectors.test_connectors_plans import params_of, state_of

    found = {}
    for path in sorted(PLANS.glob("*/*.json")):
        system, case = path.parent.name.partition(".")[0], json.loads(path.read_text())
        if system in found or not case.get("calls") or "before" in case:
            continue
        action = registry().actions[path.parent.name]
        found[system] = planned(action, params_of(action, case["params"]), state_of(action, case["seen"]), case)[0]
    return found


@pytest.mark.parametrize(("system", "status", "headers", "body", "wait_s"), BUSY)
async def test_a_limit_in_the_vendors_own_form_is_waited_for_as_it_says(system, status, headers, body, wait_s):
    stranger = Stranger(says(status, body, **{name.replace("-", "_"): value for name, value in headers.items()}))
    async with provider(stranger) as there:
        stranger.url = there.url
        async with link(system, there.url) as wire:
            outcome = await Sender(wire).send(calls_of()[system], MARKS)
    assert outcome.came is Came.BUSY
    assert outcome.wait_s == wait_s if wait_s is not None else outcome.wait_s >= 1


def test_every_system_that_is_written_to_over_http_has_its_limit_in_the_table():
    without = {"apprise", "email"}  # no HTTP of ours
    same = {
        "github_app": "github",
        "github_oauth": "github",
        "github_leaks": "github",
        "google_oauth": "google_workspace",
    }
    written = {name.partition(".")[0] for name in registry().actions if not name.startswith("practice_")} - without
    assert {same.get(name, name) for name in written} == {system for system, *_ in BUSY}
    for name, other in same.items():
        if name != "google_oauth":
            assert registry().systems[name].told is registry().systems[other].told
