"""Each system's own API: what it shows, what it refuses, when a change holds."""

import threading
import time
from datetime import UTC, datetime

import pytest

ROUTES = [
    ("GET", "/idp/clients/drift-prod"),
    ("PUT", "/idp/clients/drift-prod/enabled"),
    ("GET", "/idp/clients/drift-prod/tokens"),
    ("GET", "/idp/tokens/tk_00000001"),
    ("POST", "/idp/tokens/tk_00000001/revoke"),
    ("GET", "/crm/users/svc-drift"),
    ("PUT", "/crm/users/svc-drift/frozen"),
    ("GET", "/crm/users/svc-drift/sessions"),
    ("GET", "/crm/sessions/se_00000001"),
    ("DELETE", "/crm/sessions/se_00000001"),
    ("GET", "/firewall/paths/crm-api"),
    ("PUT", "/firewall/paths/crm-api"),
    ("GET", "/idp/grants/gr_00000001"),
    ("GET", "/crm/keys/ak_0001"),
    ("PUT", "/crm/keys/ak_0001/enabled"),
    ("GET", "/crm/webhooks/wh_0001"),
    ("PUT", "/crm/webhooks/wh_0001/enabled"),
]
LISTINGS = ["/idp/clients", "/idp/grants", "/crm/users", "/crm/keys", "/crm/webhooks", "/firewall/paths"]


def test_every_route_wants_its_own_credential(shared):
    for method, path in [*ROUTES, *(("GET", path) for path in (*LISTINGS, "/chat/messages"))]:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Session wrong"}):
            answer = shared.http.request(method, path, headers=headers, json={"enabled": True})
            assert (answer.status_code, set(answer.json())) == (401, {"error"}), path
        others = {"idp_key", "crm_key", "firewall_key"} - {f"{path.split('/')[1]}_key"}
        for key in others:
            assert shared.ask(method, path, key=key).status_code == 401, path
    assert shared.get("/idp/tokens/tk_00000001")["active"] is True
    assert shared.get("/crm/sessions/se_00000001")["alive"] is True
    assert shared.get("/idp/clients/drift-prod")["enabled"] is True


def test_unknown_things_are_404_and_wrong_bodies_422(shared):
    for method, path in ROUTES:
        unknown = "/".join("nobody" if place == 3 else part for place, part in enumerate(path.split("/")))
        assert shared.ask(method, unknown, json={"enabled": True}).status_code == 404, unknown
    for path, bodies in {
        "/idp/clients/drift-prod/enabled": ({}, {"enabled": "no"}, {"enabled": 0}, []),
        "/crm/users/svc-drift/frozen": ({}, {"frozen": None}),
        "/crm/keys/ak_0001/enabled": ({}, {"enabled": 1}),
        "/crm/webhooks/wh_0001/enabled": ({}, {"enabled": "off"}),
        "/firewall/paths/crm-api": ({"mode": "some"}, {"mode": "only", "addresses": ["x"]}, {"addresses": []}),
    }.items():
        for body in bodies:
            answer = shared.ask("PUT", path, json=body)
            assert (answer.status_code, set(answer.json())) == (422, {"error"}), body
    assert shared.ask("PUT", "/crm/users/svc-drift/frozen", content=b"{").status_code == 422
    assert shared.ask("GET", "/idp/clients/drift-prod/tokens?limit=many").status_code == 422
    for path in LISTINGS:
        assert shared.ask("GET", f"{path}?limit=501").status_code == 422, path
    assert shared.ask("GET", "/crm/users?kind=robot").status_code == 422
    assert shared.ask("GET", "/nowhere", key="idp_key").status_code == 404
    wrong = shared.ask("DELETE", "/firewall/paths/crm-api")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, PUT")
    assert shared.ask("PUT", "/crm/users/svc-drift/frozen", content=b" " * 70_000).status_code == 413


@pytest.mark.parametrize(
    ("look", "change", "body"),
    [
        ("/idp/clients/drift-prod", "/idp/clients/drift-prod/enabled", {"enabled": False}),
        ("/crm/users/svc-drift", "/crm/users/svc-drift/frozen", {"frozen": True}),
        ("/firewall/paths/crm-api", "/firewall/paths/crm-api", {"mode": "only", "addresses": ["203.0.113.10"]}),
        ("/crm/keys/ak_0001", "/crm/keys/ak_0001/enabled", {"enabled": False}),
        ("/crm/webhooks/wh_0001", "/crm/webhooks/wh_0001/enabled", {"enabled": False}),
    ],
)
def test_a_change_shows_when_it_holds_and_not_before(start, eventually, look, change, body):
    practice = start("--attacker", "none", "--lag-s", "0.6")
    before = practice.get(look)
    began = time.monotonic()
    practice.put(change, **body)
    assert practice.get(look) == before
    eventually(lambda: practice.get(look) != before)
    assert 0.55 < time.monotonic() - began < 10
    after = practice.get(look)
    assert after == before | body | {"version": before["version"] + 1}


def test_a_frozen_user_cannot_log_in_and_stays_where_he_is(calm, eventually):
    secret = calm.login().json()["session"]
    calm.put("/crm/users/svc-drift/frozen", frozen=True)
    eventually(lambda: calm.login().status_code == 401)
    assert calm.records(f"Session {secret}").status_code == 200
    for session in calm.listed("/crm/users/svc-drift/sessions"):
        assert session["alive"] is True
        assert secret != session["id"]
        assert calm.ask("DELETE", f"/crm/sessions/{session['id']}").status_code == 204
        assert calm.ask("DELETE", f"/crm/sessions/{session['id']}").status_code == 204
        assert calm.get(f"/crm/sessions/{session['id']}")["alive"] is False
    assert calm.records(f"Session {secret}").status_code == 401
    assert calm.listed("/crm/users/svc-drift/sessions") == []
    assert len(calm.listed("/crm/users/svc-calendar/sessions")) == 1


def test_the_path_lets_in_only_whom_it_names(calm, eventually):
    token = calm.secrets["canary"]
    calm.put("/firewall/paths/crm-api", mode="only", addresses=["203.0.113.10", "10.0.0.0/24"])
    eventually(lambda: calm.records(f"Bearer {token}", "185.220.101.34").status_code == 403)
    assert calm.records(f"Bearer {token}", "203.0.113.10").status_code == 200
    assert calm.records(f"Bearer {token}", "203.0.113.11").status_code == 403
    headers = {"Authorization": f"Bearer {token}"}
    assert calm.http.get("/crm/records", headers=headers).status_code == 200
    assert calm.http.get("/crm/records", headers=headers | {"X-Sandbox-Address": "x"}).status_code == 422
    calm.put("/firewall/paths/crm-api", mode="only", addresses=[])
    eventually(lambda: calm.http.get("/crm/records", headers=headers).status_code == 403)
    calm.put("/firewall/paths/crm-api", mode="any", addresses=[])
    eventually(lambda: calm.records(f"Bearer {token}", "185.220.101.34").status_code == 200)


def test_a_revoked_token_is_shown_as_such_and_listed_no_more(calm):
    first = calm.listed("/idp/clients/drift-prod/tokens")[0]
    assert set(first) >= {"id", "kind", "user", "issued", "used_at", "used_from", "active"}
    assert calm.get(f"/idp/tokens/{first['id']}")["active"] is True
    for _ in range(2):
        assert calm.ask("POST", f"/idp/tokens/{first['id']}/revoke").status_code == 200
    assert calm.get(f"/idp/tokens/{first['id']}")["active"] is False
    assert first["id"] not in {token["id"] for token in calm.listed("/idp/clients/drift-prod/tokens")}


def test_use_of_a_token_is_noted(shared):
    token = shared.introspect(shared.secrets["canary"])["jti"]
    assert shared.records(f"Bearer {shared.secrets['canary']}", "185.220.101.34").status_code == 200
    assert shared.get(f"/idp/tokens/{token}")["used_from"] in {"185.220.101.34", "203.0.113.10", "203.0.113.11"}


def test_a_listing_of_300_misses_no_token_while_others_are_minted_and_revoked(start):
    practice = start("--tokens", "300", "--mint-per-s", "40")
    first = {token["id"] for token in practice.state()["tokens"][5:305]}
    people = {token["user"] for token in practice.listed("/idp/clients/drift-prod/tokens")}
    assert len(people - {"svc-drift"}) == 41
    listed = practice.listed("/idp/clients/drift-prod/tokens", limit=7)
    ids = [token["id"] for token in listed]
    assert ids == sorted(set(ids))
    assert first <= set(ids)
    kinds = [token["kind"] for token in listed if token["id"] in first]
    assert abs(kinds.count("access") - kinds.count("refresh")) <= 2

    def revoke_even():
        for token in sorted(first)[::2]:
            practice.ask("POST", f"/idp/tokens/{token}/revoke")

    thread = threading.Thread(target=revoke_even)
    thread.start()
    for _ in range(5):
        seen = {token["id"] for token in practice.listed("/idp/clients/drift-prod/tokens", limit=20)}
        assert set(sorted(first)[1::2]) <= seen
    thread.join()
    page = practice.get("/idp/clients/drift-prod/tokens?limit=100")
    assert (len(page["items"]), page["next"]) == (100, page["items"][-1]["id"])


def test_a_last_full_page_has_no_successor(shared):
    page = shared.get("/idp/clients/calendar-sync/tokens?limit=5")
    assert (len(page["items"]), page["next"]) == (5, "")


def test_the_client_says_whom_it_serves(shared):
    told = shared.get("/idp/clients/calendar-sync")
    assert datetime.fromisoformat(told.pop("created")) < datetime.now(UTC)
    assert told == {
        "client": "calendar-sync", "enabled": True, "version": 1, "name": "Calendar sync", "users": 5,
        "publisher": "Calendly (practice)", "run_as": "svc-calendar", "scopes": ["crm", "calendar"],
        "hosts": ["calendly.example"],
    }  # fmt: skip
    assert shared.get("/idp/clients/drift-prod")["users"] == 41


def test_chat_says_ok_and_a_person_reads_it(calm):
    hook = f"/chat/hooks/{calm.secrets['chat_hook']}"
    answer = calm.http.post(hook, json={"text": "drift: contained"})
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["content-type"].startswith("text/plain")
    assert calm.http.post("/chat/hooks/wrong", json={"text": "x"}).status_code == 404
    assert calm.http.post(hook, json={"text": 3}).status_code == 422
    assert [each["text"] for each in calm.get("/chat/messages")["items"]] == ["drift: contained"]
    assert calm.ask("GET", "/chat/messages", key="idp_key").status_code == 401


def test_a_person_may_change_things_by_hand(calm, eventually):
    body = {"mode": "only", "addresses": ["10.0.0.5"]}
    assert calm.ask("PUT", "/firewall/paths/crm-api", key="person_key", json=body).status_code == 200
    eventually(lambda: calm.get("/firewall/paths/crm-api")["mode"] == "only")
    assert {line["who"] for line in calm.log() if line["method"] == "PUT"} == {"person"}
