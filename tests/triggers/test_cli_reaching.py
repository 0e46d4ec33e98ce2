"""`connectors permissions` and `connectors check` as people call them: the least, ready to paste, and what we really have."""

from __future__ import annotations

import json
import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from triggers.cli import place
from triggers.cli.say import WIDE

CONFIG = """\
connections:
  idp: {{system: practice_idp, url: "{idp}", secret: "env:IDP_KEY"}}
  crm: {{system: practice_crm, url: "{crm}", secret: "env:CRM_KEY"}}
  chat: {{system: notify, url: "https://chat.example/hook"}}
{more}"""
INTEGRATIONS = """\
integrations:
  drift:
    title: Drift
    owner: sales
    footholds:
      - {id: client, kind: client, at: idp, client: drift-prod}
      - {id: run_as, kind: user, at: crm, user: svc-drift}
      - {id: key, kind: key, at: crm, key: ak_1}
"""
IDP = ("idp.clients.manage", "idp.clients.read", "idp.grants.read", "idp.tokens.manage", "idp.tokens.read")
CRM = (
    "crm.keys.manage",
    "crm.users.manage",
    "crm.users.read",
    "crm.sessions.manage",
    "crm.sessions.read",
    "crm.keys.read",
    "crm.webhooks.read",
)


class System:
    """A provider that says what our key may do, lists nothing, and keeps all that it was sent."""

    def __init__(self, may, *, refused=()):
        self.may, self.refused, self.sent, self.methods = may, refused, [], set()
        self.listing = {"items": [], "next": "", "mark": "m1"}

    def answer(self, path):
        if path.startswith(tuple(self.refused)):
            return 403, {"error": "forbidden"}
        if path == "/me":
            return (200, {"may": list(self.may)}) if self.may is not None else (404, {})
        if path.partition("?")[0].count("/") == 1 or path.endswith(("/grants", "/tokens", "/sessions")):
            return 200, self.listing
        return 404, {}


@contextmanager
def up(system):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802  # http.server's name
            system.sent.append(f"{self.requestline} {self.headers}")
            system.methods.add(self.command)
            status, body = system.answer(self.path)
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def company(tmp_path, monkeypatch, ringfence):
    """Two systems; `check` runs over their discovery and the playbooks that fit them."""
    monkeypatch.setenv("IDP_KEY", "idp-key-Zq81")
    monkeypatch.setenv("CRM_KEY", "crm-key-Vx92")
    (tmp_path / "integrations.yaml").write_text(INTEGRATIONS)

    def check(idp, crm, *words, more=""):
        with up(idp) as one, up(crm) as two:
            (tmp_path / "ringfence.yaml").write_text(CONFIG.format(idp=one, crm=two, more=more))
            return ringfence("connectors", "check", *words)

    return check


def by_name(said):
    return {one["connection"]: one for one in said.json["connections"]}


def test_the_least_is_printed_by_system_and_fits_the_width(ringfence):
    said = ringfence("connectors", "permissions", "vendor_tokens_stolen")
    assert said.code == 0
    lines = said.out.splitlines()
    assert "salesforce: permissions of a permission set" in lines
    for name in ("ApiEnabled", "AssignPermissionSets", "CustomizeApplication", "ManageUsers", "ViewSetup"):
        assert f"    <userPermissions><enabled>true</enabled><name>{name}</name></userPermissions>" in lines
    assert "ModifyAllData" not in said.out
    assert "any integration with salesforce" in said.out
    assert all(len(line) <= WIDE for line in lines)


def test_every_playbook_of_ours_says_what_it_takes(ringfence):
    for file in sorted((place.CHECKOUT / "playbooks").glob("*.yaml")):
        shown = ringfence("connectors", "permissions", str(file), "--json").json
        assert shown["systems"], file.stem
        for one in shown["systems"]:
            assert one["permissions"] or one["other"], (file.stem, one["system"])
            assert bool(one["paste"]) == bool(one["permissions"]) == bool(one["where"])


def test_github_is_pasted_as_a_manifest_takes_it(ringfence):
    shown = ringfence("connectors", "permissions", "github_app_compromised", "--json").json
    (github,) = [one for one in shown["systems"] if one["system"] == "github"]
    pasted = json.loads(github["paste"])
    assert pasted["members"] == "write"
    assert pasted["organization_administration"] == "write"
    assert "contents" not in pasted


def test_an_integration_that_has_less_needs_less(ringfence):
    def scopes(*words):
        shown = ringfence("connectors", "permissions", "isolate_integration", "--sandbox", *words, "--json").json
        return {name["name"] for one in shown["systems"] for name in one["permissions"]}

    drift, calendar, both = scopes("--integration", "drift"), scopes("--integration", "calendar"), scopes()
    assert "crm.keys.manage" in calendar - drift
    assert "firewall.manage" in drift - calendar
    assert both == drift | calendar


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["stolen_oauth_token"], "stolen_oauth_tokens"),
        (["isolate_integration", "--integration", "drift"], "--config"),
        (["isolate_integration", "--sandbox", "--integration", "drif"], "did you mean 'drift'"),
        (["vendor_tokens_stolen", "--sandbox", "--integration", "drift"], "has not all the systems"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_what_to_do(ringfence, words, said):
    told = ringfence("connectors", "permissions", *words)
    assert told.code == 1
    assert said in told.err


def test_what_is_told_here_is_what_the_plan_says(ringfence):
    """Both are bound by the same binding: what is granted is what is done."""
    ringfence("sandbox", "up", "--tokens", "4", "--attacker", "none")
    plan = ringfence("plan", "stolen_oauth_tokens", "--sandbox", "--json").json["plan"]["permissions"]
    shown = ringfence("connectors", "permissions", "stolen_oauth_tokens", "--sandbox", "--json").json
    here = {one["connection"]: {use["permission"] for use in one["uses"]} for one in shown["systems"]}
    assert here == {name: {*parts["looks"], *parts["calls"]} for name, parts in plan.items()}


def test_the_practice_companys_keys_reach_what_is_needed_and_no_more(ringfence):
    ringfence("sandbox", "up", "--tokens", "4", "--attacker", "none")
    said = ringfence("connectors", "check", "--sandbox")
    assert said.code == 0
    assert said.out.count("reaches what is needed, and no more") == 3
    assert all(len(line) <= WIDE for line in said.out.splitlines())
    log = ringfence("sandbox", "log", "--who", "ringfence", "--json").json
    assert {one["method"] for one in log["requests"]} == {"GET"}, "looks only"
    narrower = ringfence("connectors", "check", "stolen_oauth_tokens", "--sandbox", "--json")
    assert narrower.code == 2
    assert by_name(narrower)["practice_crm"]["wider"] == ["crm.keys.manage", "crm.webhooks.manage"]


def test_a_key_that_just_fits_is_good(company):
    idp, crm = System(IDP), System(CRM)
    said = company(idp, crm, "--json")
    assert said.code == 0, said.out
    assert said.json["ok"]
    assert set(by_name(said)) == {"idp", "crm", "chat"}
    assert by_name(said)["chat"]["may"] is None
    assert idp.methods | crm.methods == {"GET"}


def test_a_key_that_may_less_or_more_is_told(company):
    said = company(System(IDP[:-1]), System((*CRM, "crm.records.export")))
    assert said.code == 2
    assert "idp (practice_idp): DOES NOT REACH all that is needed" in said.out
    assert "    missing  idp.tokens.read, for token, tokens: the provider says that it has not" in said.out
    assert "crm (practice_crm): MAY MORE than is needed" in said.out
    assert "    too wide crm.records.export" in said.out


def test_a_look_that_is_turned_away_counts_whatever_the_provider_says(company):
    said = company(System(IDP, refused=("/clients?", "/clients/drift-prod/tokens")), System(CRM), "--json")
    assert said.code == 2
    idp = by_name(said)["idp"]
    lacks = {one["name"]: one["why"] for one in idp["missing"]}
    assert set(lacks) == {"idp.clients.read", "idp.tokens.read"}
    assert "/clients/drift-prod/tokens" in lacks["idp.tokens.read"]
    assert all("403 forbidden, though the provider says that it has" in why for why in lacks.values())
    assert any(one["refused"] and "403 forbidden" in one["came"] for one in idp["tried"])


def test_a_provider_that_is_down_or_turns_us_away_hides_no_other(company, tmp_path, ringfence):
    said = company(System(IDP, refused=("/",)), System(CRM), "--json")
    assert said.code == 2
    assert "403" in by_name(said)["idp"]["trouble"]
    assert by_name(said)["crm"]["ok"]
    down = ringfence("connectors", "check")
    assert down.code == 2
    assert down.out.count("COULD NOT BE ASKED") == 2
    assert "no connection" in down.out


def test_a_provider_that_tells_nothing_leaves_its_writes_unproven(company):
    said = company(System(None), System(CRM), "--json")
    idp = by_name(said)["idp"]
    assert said.code == 2
    assert idp["may"] is None
    assert idp["trouble"]


def test_a_secret_that_cannot_be_read_is_told_at_its_connection_alone(company, monkeypatch):
    monkeypatch.delenv("IDP_KEY")
    said = company(System(IDP), System(CRM), "--json")
    assert said.code == 2
    assert "the environment has no IDP_KEY" in by_name(said)["idp"]["trouble"]
    assert by_name(said)["crm"]["ok"]


def test_each_system_is_shown_its_own_secret_and_no_other(company):
    idp, crm = System(IDP), System(CRM)
    company(idp, crm)
    assert idp.sent
    assert crm.sent
    assert all("idp-key-Zq81" in one and "crm-key-Vx92" not in one for one in idp.sent)
    assert all("crm-key-Vx92" in one and "idp-key-Zq81" not in one for one in crm.sent)


def test_a_connection_is_opened_with_its_own_reference_alone(tmp_path, monkeypatch):
    from dataclasses import replace

    from engine.opening import connection
    from engine.registry import registry
    from inventory.read import read_inventory

    (tmp_path / "integrations.yaml").write_text(INTEGRATIONS)
    (tmp_path / "ringfence.yaml").write_text(CONFIG.format(idp="https://i.example", crm="https://c.example", more=""))
    asked = []
    inventory = replace(
        read_inventory(tmp_path / "ringfence.yaml"), resolve=lambda reference: asked.append(reference) or "x"
    )
    opened = connection(inventory, "idp", registry())
    assert asked == ["env:IDP_KEY"]
    assert not any(callable(value) for value in (opened.name, opened.url, opened.secret, opened.settings))


def test_one_secret_for_two_systems_is_told(company, tmp_path, ringfence):
    idp, crm = System(IDP), System(CRM)
    more = '  third: {system: practice_firewall, url: "http://127.0.0.1:1", secret: "env:CRM_KEY"}\n'
    said = company(idp, crm, "--json", more=more)
    assert said.code == 2
    assert by_name(said)["crm"]["shared_with"] == ["third"]
    assert by_name(said)["idp"]["shared_with"] == []


def test_a_foothold_cannot_name_another_systems_credential(tmp_path, monkeypatch, ringfence):
    """Its system would be shown it: told when it is checked, and refused before anything is opened."""
    monkeypatch.setenv("OAUTH_KEY", "oauth-key")
    monkeypatch.setenv("CRM_KEY", "crm-key")
    (tmp_path / "ringfence.yaml").write_text(
        'connections:\n  o: {system: oauth, url: "http://127.0.0.1:1", secret: "env:OAUTH_KEY", client_id: me}\n'
        '  crm: {system: practice_crm, url: "http://127.0.0.1:1", secret: "env:CRM_KEY"}\n'
    )
    (tmp_path / "integrations.yaml").write_text(
        "integrations: {a: {title: A, owner: b, footholds: [{id: c, kind: client, at: o, client: d,"
        ' registration: /r/d, registration_token: "env:CRM_KEY"}]}}\n'
    )
    lint = ringfence("integrations", "lint")
    assert lint.code == 1
    assert "this is the credential of crm, and o would see it" in lint.out
    text = (tmp_path / "integrations.yaml").read_text()
    (tmp_path / "integrations.yaml").write_text(text.replace("title: A,", "title: A, canary: 'env:OAUTH_KEY',"))
    assert "canary: this is the credential of o" in ringfence("integrations", "lint").out
    (tmp_path / "tokens.txt").write_text("t1\n")
    plan = ringfence("plan", "given_tokens_standard_oauth", "-i", "integration=a", "-i", "tokens=@tokens.txt")
    assert plan.code == 1
    assert "this is the credential of crm, and o would see it" in plan.err
    assert os.environ["CRM_KEY"] not in plan.out + plan.err


def test_nothing_to_ask_is_said(tmp_path, ringfence):
    (tmp_path / "ringfence.yaml").write_text('connections: {chat: {system: notify, url: "https://chat.example"}}\n')
    (tmp_path / "integrations.yaml").write_text(
        INTEGRATIONS.replace("at: idp", "at: chat").replace("at: crm", "at: chat")
    )
    said = ringfence("connectors", "check", "vendor_client_leaked")
    assert said.code == 1
    assert "No connection here is used" in said.err


def test_an_answer_that_nobody_here_knows_is_told_and_is_not_good(company):
    idp = System(IDP)
    idp.listing = {"items": [{"client": 7}], "next": "", "mark": "m1"}
    said = company(idp, System(CRM))
    assert said.code == 2
    assert "idp (practice_idp): ANSWERS what nobody here knows" in said.out
    assert "another shape" in said.out
