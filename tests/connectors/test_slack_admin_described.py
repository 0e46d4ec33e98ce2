"""Slack's calls against Slack's own description (slack-web.json, 2021), and its examples against our looks.

The description was not kept up: what it lacks and docs.slack.dev has is added here, and a test holds that nothing is added
that it has. SCIM and the audit log have no description: their shapes are those that slackapi/java-slack-sdk recorded.
"""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import connectors.slack_admin as sa
from connectors.core import Call, NotAllowed, Secret, Tide, Unexpected, Unseen
from tests.connectors.described import Description, described
from tests.connectors.provider import says
from tests.connectors.slack import Slack, entry_of, session_of
from tests.connectors.test_slack_admin import ANNA, DRIFT, acme, installed, people

AGAINST = "Slack's OpenAPI description (2021, with what its pages added since)"

PLANS = sorted((Path(__file__).parents[1] / "plans").glob("slack_admin.*/*.json"))
ADDED: dict[str, dict[str, tuple[str, ...]]] = {
    # method and path: what it takes; "!" marks what it must have (docs.slack.dev/reference/methods/NAME)
    "post /admin.apps.clearResolution": {"formData": ("app_id!", "team_id", "enterprise_id")},
    "post /admin.apps.uninstall": {"formData": ("app_id!", "team_ids", "enterprise_id")},
    "post /admin.users.session.resetBulk": {"formData": ("user_ids!", "mobile_only", "web_only")},
    "get /admin.users.session.list": {"query": ("cursor", "limit", "team_id", "user_id")},
    "post /auth.revoke": {"formData": ("test",)},
    "get /team.integrationLogs": {
        "query": ("app_id", "change_type", "count", "page", "service_id", "team_id", "user"),
    },
}
WIDENED = {"post /admin.apps.approve": "enterprise_id", "post /admin.apps.restrict": "enterprise_id"}
"""What took a workspace alone in 2021, and takes the organisation as well."""
TRIMMED = {
    # of the 174 methods that the description has at its source, this copy was trimmed to 81
    "post /admin.users.assign": {
        "formData": ("team_id!", "user_id!", "channel_ids", "is_restricted", "is_ultra_restricted")
    },
    "get /admin.teams.list": {"query": ("limit", "cursor")},
}


@cache
def slack_of_today() -> Description:
    old = described("slack-web")
    document = deepcopy(old.document)
    for name, takes in (ADDED | TRIMMED).items():
        method, path = name.split(" ")
        if method in document["paths"].get(path, {}):
            continue  # the copy beside this checkout has it
        fields = [
            {"name": one.rstrip("!"), "in": where, "required": one.endswith("!"), "type": _type(one)}
            for where, those in takes.items()
            for one in those
        ]
        ok = {"description": "ok", "schema": {"type": "object"}}
        document["paths"].setdefault(path, {})[method] = {"parameters": fields, "responses": {"200": ok}}
    for name, field in WIDENED.items():
        method, path = name.split(" ")
        document["paths"][path][method]["parameters"].append({"name": field, "in": "formData", "type": "string"})
    return Description("slack-web, as docs.slack.dev has it now", document)


def _type(name: str) -> str:
    return "array" if name.startswith("user_ids") else "string"


def test_nothing_is_added_that_the_description_has():
    old = described("slack-web")
    assert [name for name in ADDED if old.has(*_split(name))] == []
    for name, field in WIDENED.items():
        assert field not in {one["name"] for one in old.operation(*_split(name)).parameters}


def _split(name: str) -> tuple[str, str]:
    method, path = name.split(" ")
    return method.upper(), path


@pytest.mark.parametrize("path", PLANS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_call_of_a_plan_is_a_valid_request(path):
    for wanted in json.loads(path.read_text()).get("calls", []):
        method, _, where = wanted["request"].partition(" ")
        if where.startswith("@scim/"):
            continue
        call = Call(method, where, wanted.get("form") or wanted.get("json"), form="form" in wanted)
        slack_of_today().check_call(call)


async def test_every_request_that_was_sent_is_a_valid_one():
    slack = installed(people=people().people, sessions=people().sessions, page=1)
    slack.tokens["xoxb-x"] = ""
    async with acme(slack) as (read, send):
        await sa.app(read, DRIFT)
        await sa.installation(read, DRIFT)
        assert [one async for one in sa.slack_admin.surveys["slack_admin.apps"](read, Tide())]
        await sa.token(read, sa.Token(token=Secret("xoxb-x")))
        await sa.membership(read, sa.Membership(user="W0ANNA", workspace="T0OPS"))
        await sa.sessions(read, ANNA)
        await sa.signed_in(read, sa.Users(users=("W0ANNA",)))
        for call in sa.revoke_token.missing(sa.Token(token=Secret("xoxb-x")), sa.TokenSeen(active=True), ""):
            await send.send(call, {})
    asked = {name for _, name, _ in slack.calls}
    assert asked >= {"admin.teams.list", "users.info", "auth.test", "auth.revoke", "team.integrationLogs"}
    for method, name, sent in slack.calls:
        slack_of_today().check(method, f"/{name}", *([sent] if method == "GET" else []))


@pytest.mark.parametrize(
    ("path", "app", "org"),
    [
        ("/admin.apps.approved.list", "A0W7UKG8E", "approved"),
        ("/admin.apps.restricted.list", "A0FDLP8M2L", "restricted"),
    ],
)
async def test_the_examples_of_the_listings_are_understood(path, app, org):
    (example,) = [one for one in described("slack-web").answers("GET", path) if one.status == 200]
    slack = Slack(faults={path[1:]: [says(200, example.json)]})
    async with acme(slack, workspaces=("T0OPS",)) as (read, _):
        seen = await sa.app(read, sa.App(app=app))
    assert (seen.org, seen.name, len(seen.scopes)) == (org, "My Test App", 1)


async def test_the_examples_of_auth_test_and_users_info_are_understood():
    (works,) = [one for one in described("slack-web").answers("GET", "/auth.test") if one.status == 200]
    (person,) = [one for one in described("slack-web").answers("GET", "/users.info") if one.status == 200]
    slack = Slack(faults={"auth.test": [says(200, works.json)], "users.info": [says(200, person.json)]})
    async with acme(slack) as (read, _):
        seen = await sa.token(read, sa.Token(token=Secret("xoxp-x")))
        assert seen == sa.TokenSeen(active=True, user="W12345678", workspace="T12345678")
        with pytest.raises(Unexpected):  # of a workspace outside an organisation: nobody there has other workspaces
            await sa.membership(read, sa.Membership(user="W012A3CDE", workspace="T012AB3C4"))


def _errors() -> list[str]:
    """Every word that the description has for a method of ours that fails."""
    words = set[str]()
    for path, item in described("slack-web").document["paths"].items():
        ours = path.startswith(("/admin.apps", "/admin.users", "/auth.")) or path == "/users.info"
        for spec in item.values() if ours else ():
            schema = spec["responses"].get("default", {}).get("schema", {})
            words |= set(schema.get("properties", {}).get("error", {}).get("enum", []))
    return sorted(words)


OUR_MISTAKE = {
    "invalid_arg_name", "invalid_array_arg", "invalid_charset", "invalid_form_data", "invalid_json", "invalid_post_type",
    "json_not_object", "missing_post_type", "upgrade_required",
}  # fmt: skip
"""Words that only a mistake of this connector brings about: a person must look."""


def test_every_word_of_the_description_is_known_or_is_a_mistake_of_ours():
    unknown = {word for word in _errors() if sa.told(200, {}, {"ok": False, "error": word}).kind is Unexpected}
    assert unknown <= OUR_MISTAKE
    assert len(_errors()) > 15


@pytest.mark.parametrize("path", ["/auth.test", "/users.info", "/admin.apps.restrict"])
def test_the_examples_of_errors_are_errors(path):
    document = described("slack-web").document["paths"][path]
    (spec,) = document.values()
    body = spec["responses"]["default"]["examples"]["application/json"]
    assert sa.told(200, {}, body).kind in {NotAllowed, Unseen}
    (good,) = spec["responses"]["200"]["examples"].values()
    assert sa.told(200, {}, good).kind is None


def test_the_small_slack_answers_as_the_description_lets_it():
    slack = Slack(people={"W1": {}})
    old = described("slack-web")
    for name in ("auth_test", "auth_revoke"):
        said = json.loads(getattr(slack, name)({}, "xoxb-x").partition(b"\r\n\r\n")[2])
        old.check_answer("GET", "/" + name.replace("_", "."), 200, said)
    keys = {"user_id", "team_id", "session_id", "created", "recent"}  # java-slack-sdk's record of it
    assert set(session_of("W1", 1)) == keys
    example: dict[str, Any] = {"app_id", "app_type", "user_id", "user_name", "date", "change_type", "scope"}
    assert set(entry_of("A1", "added", 1, "W1")) == example, "docs.slack.dev/reference/methods/team.integrationLogs"
