"""Every call of our GitHub and Okta connectors, sent by our own transport, before a judge that others wrote: Prism.

`tests/connectors/described.py` holds the same calls against the same descriptions by a validator of our own; here is the
second opinion, over HTTP: path, parameters, body, media type and credential as they really leave us.
"""

from __future__ import annotations

import json
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors.core import Call, Secret
from connectors.core.call import Mark
from connectors.core.sender import Sender
from engine.registry import registry
from tests.connectors.described import described
from tests.connectors.provider import wired
from tests.connectors.test_connectors_plans import CASES, asked, params_of, state_of
from tests.peers.prism.judge import Judge, missing

DESCRIBED = {
    "okta": "okta-management", "github": "github", "github_app": "github", "github_oauth": "github", "github_leaks": "github",
}  # fmt: skip
SETTINGS = {
    "okta": {}, "github": {"org": "acme"}, "github_app": {"app": "Iv1.app"}, "github_oauth": {"client_id": "Iv1.oauth"},
    "github_leaks": {},
}  # fmt: skip
ONE_OF_MANY = "/api/v1/zones/"
"""The body of a zone's PUT fits several schemas of a `oneOf` that a discriminator tells apart, and Prism reads none: it
refuses every such body. Our own validator reads it."""
OURS = [path for path in CASES if path.parent.name.partition(".")[0] in DESCRIBED]


@pytest.fixture(scope="module", params=sorted(set(DESCRIBED.values())))
def judge(request):
    if why := missing(request.param):
        pytest.skip(why)
    with Judge(request.param) as running:
        running.name = request.param
        yield running


@cache
def private_key():
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def calls_of(name):
    """Each call once, of every case of every action that this description is of: (system, call)."""
    found = {}
    for path in OURS:
        system = path.parent.name.partition(".")[0]
        case = json.loads(path.read_text())
        if DESCRIBED[system] != name or "refused" in case or path.stem == "odd_name":
            continue
        action = registry().actions[path.parent.name]
        for call in asked(action, params_of(action, case["params"]), state_of(action, case["seen"]), case):
            asked_of = call.path.partition("?")[0]
            if described(name).has(call.method, asked_of) and not (
                call.method == "PUT" and asked_of.startswith(ONE_OF_MANY)
            ):
                found[f"{system} {call}"] = (system, call)
    return found


async def refused(judge, system, call):
    """What the judge has against a request, as it really left us; "" for nothing.

    Of its own answers it also says that some are none of the description's (500), or not of the media type that GitHub
    and we agree on (406): that is about examples, and comes after the request was found good.
    """
    secret = Secret(private_key() if system == "github_app" else "a-secret-that-nobody-has")
    marks = {Mark.ME: "R-1/step/target", Mark.RUN: "R-1", Mark.NOW: "2026-01-01T00:00:00Z"}
    came = []
    async with wired(judge.url, connector=registry().systems[system], secret=secret, **SETTINGS[system]) as wire:
        exchange = wire.exchange

        async def kept(*asked, **more):
            came.append(await exchange(*asked, **more))
            return came[-1]

        wire.exchange = kept
        outcome = await Sender(wire).send(call, marks)
    if not came:
        return outcome.why
    (reply,) = came
    judged = json.loads(reply.headers.get("sl-violations", "[]"))
    if any(one["location"][0] == "request" for one in judged) or not (
        200 <= reply.status < 300 or reply.status in {406, 500}
    ):
        return f"{reply.status} {json.dumps(judged or reply.json)}"
    return "" if reply.status != 500 or judged else f"500 {json.dumps(reply.json)}"


async def test_no_call_of_ours_is_turned_away(judge):
    calls = calls_of(judge.name)
    assert len(calls) > 15
    said = {name: await refused(judge, system, call) for name, (system, call) in calls.items()}
    assert {name: why for name, why in said.items() if why} == {}


WRONG = {
    "github": [
        ("github", Call.put("/orgs/acme/actions/permissions", json={"enabled_repositories": "nobody"})),
        ("github", Call.put("/orgs/acme/actions/permissions")),
        ("github", Call.post("/orgs/acme/actions/permissions", json={"enabled_repositories": "none"})),
    ],
    "okta-management": [
        ("okta", Call.delete("/api/v1/users/00u1/sessions?oauthTokens=banana")),
        ("okta", Call.put("/api/v1/api-tokens/00T1", json={"network": {"connection": 7}})),
        ("okta", Call.post("/api/v1/users/00u1/lifecycle/suspended")),
    ],
}


async def test_what_the_vendor_does_not_describe_is_turned_away(judge):
    """Else it would prove nothing that ours are not."""
    for system, call in WRONG[judge.name]:
        assert await refused(judge, system, call), call
