"""What a credential may do: each system's names for it, the fewest that will do, and the provider's own word on what we have."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.core import Impossible, Reader, Secret, Unexpected
from connectors.core.rights import needs_nothing
from connectors.github.rights import PERMISSIONS as GITHUB
from connectors.google_workspace.service import AUDIT, SECURITY, USER, USER_READ
from engine.registry import registry
from tests.connectors.described import described
from tests.connectors.google_fake.fake import KEY_FILE
from tests.connectors.provider import provider, says, wired

SYSTEMS = registry().systems
RIGHTS = {name: system.rights for name, system in SYSTEMS.items() if system.rights is not None}
KEY = (
    rsa.generate_private_key(65537, 2048)
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)


def declared(system):
    groups = (system.actions, system.looks, system.finds, system.surveys)
    return [entry for group in groups for entry in group.values()]


def names_of(system):
    return set().union(*(system.rights.named(entry.permission) for entry in declared(system)))


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=list(SYSTEMS))
def test_a_permission_is_a_name_of_the_systems_or_a_sentence_that_says_whose_it_is(system):
    for entry in declared(system):
        text = entry.permission
        if system.rights is not None and not system.rights.named(text):
            assert needs_nothing(text) or text.startswith("the "), (
                f"{entry.name}: {text!r} is no permission of {system.name}"
            )


@pytest.mark.parametrize("name", RIGHTS)
def test_what_is_pasted_names_each_permission_that_it_should(name):
    rights = RIGHTS[name]
    least = rights.least(names_of(SYSTEMS[name]))
    pasted = rights.paste(least)
    assert least
    assert rights.where
    for one in least:
        assert all(part in pasted for part in one.split(": "))


def test_what_is_pasted_is_what_the_place_takes():
    github = json.loads(GITHUB.paste(("contents: read", "members: write")))
    assert github == {"contents": "read", "members": "write"}
    slack = yaml.safe_load(RIGHTS["slack_admin"].paste(("admin.apps:read", "users:read")))
    assert slack == {"oauth_config": {"scopes": {"user": ["admin.apps:read", "users:read"]}}}
    assert RIGHTS["google_workspace"].paste((AUDIT, USER)) == f"{AUDIT},{USER}"
    assert RIGHTS["okta"].paste(("okta.apps.read", "okta.logs.read")) == "okta.apps.read okta.logs.read"
    assert RIGHTS["salesforce"].paste(("ManageUsers",)) == (
        "<userPermissions><enabled>true</enabled><name>ManageUsers</name></userPermissions>"
    )


def test_the_least_is_what_covers_all_and_the_rest_is_too_much():
    wanted = {"members: read", "members: write", "contents: read"}
    assert GITHUB.least(wanted) == ("contents: read", "members: write", "metadata: read")
    assert GITHUB.missing(wanted, {"members: read", "contents: admin"}) == ("members: write",)
    assert GITHUB.beyond(wanted, {"members: admin", "contents: read", "metadata: read", "issues: read"}) == (
        "issues: read",
        "members: admin",
    )
    google = RIGHTS["google_workspace"]
    assert google.least({USER, USER_READ, SECURITY}) == (USER, SECURITY)
    assert google.missing({USER_READ}, {USER}) == ()
    entra = RIGHTS["entra"]
    assert entra.least({"Application.Read.All", "Application.ReadWrite.All"}) == ("Application.ReadWrite.All",)
    assert entra.missing({"Application.ReadWrite.All"}, {"Application.Read.All"}) == ("Application.ReadWrite.All",)


def test_oktas_scopes_are_of_its_own_description():
    flows = described("okta-management").document["components"]["securitySchemes"]["oauth2"]["flows"]
    assert names_of(SYSTEMS["okta"]) <= set(flows["authorizationCode"]["scopes"])


def test_githubs_permissions_are_of_its_own_description():
    known = described("github").document["components"]["schemas"]["app-permissions"]["properties"]
    for name in names_of(SYSTEMS["github"]):
        permission, _, level = name.partition(": ")
        assert level in known[permission]["enum"]


def jwt(**claims):
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims, {})
    )


async def held_by(name, answer, *, secret="ours", **settings):
    """What the connector makes of a provider's answers; and what was asked there."""
    async with provider(answer) as there:
        if "token_url" in settings:
            settings["token_url"] = there.url + "/token"
        if "token_info" in settings:
            settings["token_info"] = there.url
        async with wired(there.url, connector=SYSTEMS[name], secret=Secret(secret), writes=False, **settings) as wire:
            return await SYSTEMS[name].held(Reader(wire, patience_s=0.5)), there.got


OKTA = {"client_id": "0oa1", "token_url": "", "scopes": ("okta.users.read", "okta.logs.read")}


async def test_oktas_scopes_are_those_of_the_token_and_not_those_that_were_asked_for():
    token = jwt(scp=["okta.users.read"])
    held, got = await held_by(
        "okta", lambda _: says(200, {"access_token": token, "expires_in": 3600}), secret=KEY, **OKTA
    )
    assert held.names == {"okta.users.read"}
    assert len(got) == 1
    held, _ = await held_by(
        "okta", lambda _: says(200, {"access_token": "opaque", "scope": "okta.logs.read", "expires_in": 3600}), secret=KEY, **OKTA
    )  # fmt: skip
    assert held.names == {"okta.logs.read"}


async def test_an_api_token_of_oktas_is_wider_than_any_scope():
    held, got = await held_by("okta", lambda _: says(500))
    assert held.names is None
    assert "service app" in held.wide
    assert got == []


ENTRA = {"client_id": "c", "token_url": ""}


@pytest.mark.parametrize(
    ("claims", "names"), [({"roles": ["User.Read.All"]}, {"User.Read.All"}), ({"tid": "t"}, set())]
)
async def test_graphs_roles_are_those_of_the_token(claims, names):
    held, _ = await held_by("entra", lambda _: says(200, {"access_token": jwt(**claims), "expires_in": 1}), **ENTRA)
    assert held.names == names


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "a.eyJ9.c", f"a.{base64.urlsafe_b64encode(b'[1]').decode()}.c"])
async def test_a_token_that_says_nothing_is_not_taken_for_one_without_rights(token):
    held, _ = await held_by("entra", lambda _: says(200, {"access_token": token, "expires_in": 1}), **ENTRA)
    assert held.names is None
    assert held.why


async def test_googles_scopes_are_asked_of_tokeninfo_and_the_token_stands_in_no_path():
    def answer(got):
        if got.target == "/token":
            return says(200, {"access_token": "minted", "expires_in": 3599})
        assert (got.method, got.target) == ("POST", "/tokeninfo")
        assert got.headers["authorization"] == "Bearer minted"
        return says(200, {"scope": f"{USER} {AUDIT}", "expires_in": 3599})

    held, _ = await held_by(
        "google_workspace", answer, secret=KEY_FILE, admin="a@x.example", token_url="", token_info=""
    )
    assert held.names == {USER, AUDIT}
    assert "delegation" in held.why


async def test_slacks_scopes_are_in_the_header_of_a_look():
    said = {"x_oauth_scopes": "admin.apps:read,users:read"}
    held, got = await held_by("slack_admin", lambda _: says(200, {"ok": True}, **said), enterprise="E1")
    assert held.names == {"admin.apps:read", "users:read"}
    assert [(one.method, one.target) for one in got] == [("GET", "/auth.test")]
    held, _ = await held_by("slack_admin", lambda _: says(200, {"ok": True}), enterprise="E1")
    assert held.names is None


async def test_a_bots_scopes_are_in_that_header_too():
    held, _ = await held_by(
        "slack", lambda _: says(200, {"ok": True}, x_oauth_scopes="chat:write,files:write"), channel="C1"
    )
    assert RIGHTS["slack"].beyond({"chat:write"}, held.names) == ("files:write",)


async def test_an_installation_of_githubs_says_it_with_its_token():
    token = {"token": "ghs_1", "expires_at": "2026-01-01T00:00:00Z", "repository_selection": "selected"}
    token["permissions"] = {"members": "read", "metadata": "read"}
    held, got = await held_by(
        "github", lambda _: says(201, token), secret=KEY, org="acme", app="Iv1.1", installation="1"
    )
    assert held.names == {"members: read", "metadata: read"}
    assert "selected" in held.why
    assert [one.target for one in got] == ["/app/installations/1/access_tokens"]


@pytest.mark.parametrize(("headers", "wide"), [({"x_oauth_scopes": "admin:org, repo"}, True), ({}, False)])
async def test_a_personal_token_of_githubs_is_told_by_its_kind(headers, wide):
    held, got = await held_by("github", lambda _: says(200, {"resources": {}}, **headers), org="acme")
    assert held.names is None
    assert bool(held.wide) == wide
    assert "use an App" in held.wide + held.why
    assert [(one.method, one.target) for one in got] == [("GET", "/rate_limit")]


async def test_salesforces_permissions_are_those_of_our_own_user():
    def answer(got):
        if got.method == "POST":
            return says(200, {"access_token": "ours", "token_type": "Bearer"})
        asked = parse_qs(urlsplit(got.target).query)["q"][0]
        fields = re.findall(r"Permissions\w+", asked)
        assert asked.endswith("FROM UserPermissionAccess")
        row = {name: name in {"PermissionsApiEnabled", "PermissionsModifyAllData"} for name in fields}
        return says(200, {"totalSize": 1, "done": True, "records": [row]})

    held, _ = await held_by("salesforce", answer, client_id="3MVG")
    assert held.names == {"ApiEnabled", "ModifyAllData"}
    assert "alone" in held.why


async def test_jiras_scopes_are_those_of_this_site():
    sites = [{"id": "c-1", "scopes": ["write:jira-work"]}, {"id": "c-2", "scopes": ["manage:jira-project"]}]
    async with provider(
        lambda got: says(200, sites) if got.target == "/oauth/token/accessible-resources" else says(404)
    ) as there:
        url = f"{there.url}/ex/jira/c-1"
        async with wired(url, connector=SYSTEMS["jira"], secret=Secret("ours")) as wire:
            assert (await SYSTEMS["jira"].held(Reader(wire))).names == {"write:jira-work"}


@pytest.mark.parametrize(
    ("name", "settings"),
    [("practice_idp", {}), ("google_workspace", {"admin": "a", "token_url": "", "token_info": ""})],
)
async def test_an_answer_of_another_shape_is_told_and_says_nothing_of_the_token(name, settings):
    def answer(got):
        return says(200, {"access_token": "minted-q7Hf2LzX9", "expires_in": 9} if got.target == "/token" else {"a": 1})

    with pytest.raises(Unexpected) as error:
        await held_by(name, answer, secret=KEY_FILE if settings else "ours", **settings)
    assert "minted" not in str(error.value)


async def test_asking_what_it_may_do_can_send_nothing_else():
    """It declares the one POST that only reads; any other is refused before it is sent."""
    async with provider(lambda _: says(200, {})) as there:
        connector = SYSTEMS["google_workspace"]
        given = {"admin": "a", "token_url": f"{there.url}/token", "token_info": there.url}
        async with wired(there.url, connector=connector, secret=Secret(KEY_FILE), writes=False, **given) as wire:
            with pytest.raises(Impossible, match="does not declare"):
                await Reader(wire).ask("@token_info/tokeninfo", form={})
            with pytest.raises(Impossible, match="reading only"):
                await wire.exchange("POST", "@token_info/revoke", body={}, form=True)
        assert there.got == []
