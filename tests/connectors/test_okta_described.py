"""Okta by its own description: every call is a valid request of it, every example of an answer is understood."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors.core import NotAllowed, Reader, Secret, Tide, Unseen
from connectors.okta import okta
from tests.connectors.described import described
from tests.connectors.okta_fake import judged, judged_call
from tests.connectors.provider import provider, says, wired
from tests.connectors.test_connectors_plans import CASES, asked, params_of, state_of

AGAINST = "Okta's OpenAPI description"

OURS = [path for path in CASES if path.parent.name.startswith("okta.")]
ASKED = {
    "user": "00u1", "app": "0oa1", "token_id": "oar1", "client": "0oa1", "scope": "okta.users.read", "consent": "oag1",
    "secret_id": "ocs2f50kZB0cITmYU0g4", "key_id": "pks2f50kZB0cITmYU0g4", "secret": Secret("a-secret-that-nobody-has"),
    "kid": "ASHJHGasa782333-Sla3x3POBiIxDreBCdZuFs5B", "zone": "nzo1", "hook": "who1", "idp": "0oa2", "event": "e-1",
    "token": Secret("an-access-token"), "since": "",
}  # fmt: skip
SIBLINGS = {
    "/api/v1/apps": "/api/v1/apps/0oa1",
    "/api/v1/eventHooks": "/api/v1/eventHooks/who1",
    "/api/v1/idps": "/api/v1/idps/0oa2/lifecycle/deactivate",
    "/api/v1/idps/0oa2": "/api/v1/idps/0oa2/lifecycle/deactivate",
    "/api/v1/idps/0oa2/users": "/api/v1/idps/0oa2/users/00u1",
}
"""Where the trimmed description lacks a path: whose examples are of the same schema, alone or in a list."""


@pytest.mark.parametrize("path", OURS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_call_of_every_case_is_a_request_that_okta_describes(path):
    described("okta-management")
    case = json.loads(path.read_text())
    action = okta.actions[path.parent.name]
    calls = (
        ()
        if "refused" in case
        else asked(action, params_of(action, case["params"]), state_of(action, case["seen"]), case)
    )
    for call in calls:
        if path.stem != "odd_name":
            assert judged_call(call) == "okta-management"
            assert scopes(call.method, call.path.partition("?")[0]) == set(action.permission.split()), "the least"


UNDESCRIBED_SCOPES = {
    "apps": "okta.apps.read",
    "eventHooks": "okta.eventHooks.read",
    "idps": "okta.idps.read",
    "users": "okta.users.read",
}
"""Of the paths that the trimmed description lacks, by their first word (2024.06.1)."""


def scopes(method, path):
    """The OAuth scopes that Okta's description wants for a request."""
    for name in ("okta-management", "okta-oauth"):
        if described(name).has(method, path):
            ways = described(name).operation(method, path).spec.get("security", [])
            return {scope for way in ways for scope in way.get("oauth2", ())}
    return {UNDESCRIBED_SCOPES[path.split("/")[3]]}


def examples(path):
    """Every example of an answer of a GET here."""
    name = next((n for n in ("okta-management", "okta-oauth") if described(n).has("GET", path)), "")
    if name:
        # two of the log's three examples are one event, and a part of one: no answers by themselves
        shown = [
            one
            for one in described(name).answers("GET", path)
            if one.status == 200 and one.name != "LogTargetChangeDetails"
        ]
        found = [[one.json] if path.endswith("/logs") and isinstance(one.json, dict) else one.json for one in shown]
        return found or [{"sub": "00u1"}] * (name == "okta-oauth") or not_shown(path)
    if path.endswith("/factors"):  # UserFactor: id, factorType, provider, status (2024.06.1)
        return [[{"id": "opf1", "factorType": "push", "provider": "OKTA", "status": "ACTIVE"}], []]
    sibling = SIBLINGS[path]
    method = "POST" if "lifecycle" in sibling else "PUT" if path == "/api/v1/apps" else "GET"  # PUT shows every kind
    found = [one.json for one in described("okta-management").answers(method, sibling) if one.status == 200]
    return found if path.count("/") == 4 else [found]


def not_shown(path):
    """Where the description has the schema of an answer and no example: those that it has of the schema elsewhere."""
    of_user, _, rest = path.partition("/clients/")
    kind, one = ("tokens" if rest else "grants"), not path.endswith(("/tokens", "/grants"))
    sibling = f"/api/v1/apps/0oa1/{kind}" + "/x" * one
    assert of_user.startswith("/api/v1/users/"), path
    return [example.json for example in described("okta-management").answers("GET", sibling) if example.status == 200]


def shown(which, used):
    """A provider that answers with the n-th example of whatever is asked, and keeps what was asked."""

    def answer(got):
        url = urlsplit(got.target)
        judged(got.method, url.path, dict(parse_qsl(url.query)), None)
        found = examples(url.path)
        used.append((url.path, len(found)))
        return says(200, found[which % len(found)])

    return answer


async def each_example(carry_out, entry):
    """Do it with the first example of each answer, then with the second, until each was had; by the scopes it names."""
    which, most, named = 0, 1, set()
    permission = set(entry.permission.split()) if entry.name != "okta.access" else {"openid"}
    while which < most:
        used = []
        async with (
            provider(shown(which, used)) as there,
            wired(there.url, writes=False, connector=okta, secret=Secret("an-api-token")) as wire,
        ):
            await carry_out(Reader(wire))
        assert used
        wanted = set().union(*(scopes("GET", path) for path, _ in used))
        assert wanted <= permission, "what is asked is what is named"
        named |= wanted
        most = max(count for _, count in used)
        which += 1
    assert named == permission, "no more than is asked"


def asked_of(model):
    return model(**{name: ASKED[name] for name in model.model_fields})


@pytest.mark.parametrize("look", okta.looks.values(), ids=list(okta.looks))
async def test_every_example_of_an_answer_is_understood_by_its_look(look):
    described("okta-management")

    async def once(read):
        assert isinstance(await look(read, asked_of(look.params)), look.state)

    await each_example(once, look)


@pytest.mark.parametrize("find", okta.finds.values(), ids=list(okta.finds))
async def test_every_example_of_a_listing_is_understood_by_its_find(find):
    described("okta-management")

    async def once(read):
        async for p, seen in find(read, asked_of(find.params)):
            assert isinstance(p, find.of.params)
            assert isinstance(seen, find.of.state)

    await each_example(once, find)


@pytest.mark.parametrize("survey", okta.surveys.values(), ids=list(okta.surveys))
async def test_every_example_of_a_listing_is_understood_by_its_survey(survey):
    described("okta-management")

    async def once(read):
        async for found in survey(read, Tide()):
            assert isinstance(found.params, survey.of.params)
            assert isinstance(found.seen, survey.of.state)

    await each_example(once, survey)


@pytest.mark.parametrize(("status", "name", "error"), [
    (401, "ErrorInvalidTokenProvided", NotAllowed), (403, "ErrorAccessDenied", NotAllowed), (404, "ErrorResourceNotFound", Unseen),
])  # fmt: skip
async def test_errors_as_okta_shows_them_say_what_is_next(status, name, error):
    body = described("okta-management").document["components"]["examples"][name]["value"]
    look = okta.looks["okta.app"]
    async with (
        provider(lambda _: says(status, body)) as there,
        wired(there.url, connector=okta, secret=Secret("an-api-token")) as wire,
    ):
        with pytest.raises(error, match=r"okta.apps.read|may not see"):
            await look(Reader(wire), asked_of(look.params))
