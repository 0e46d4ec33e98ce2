"""The thief and the vendor: what they do, what stops them, and that nothing forgotten stays unfound."""

import time
from datetime import UTC, datetime

import pytest

TOKENS = "/idp/clients/drift-prod/tokens"


def deeds(practice):
    return practice.state()["attacker"]


def by(practice, who):
    return [line for line in practice.log() if line["who"] == who]


def test_he_reads_refreshes_and_mints_at_the_rate_he_was_told(start, eventually):
    practice = start("--mint-per-s", "20")
    time.sleep(1.5)
    lines = by(practice, "attacker")
    minted = [line for line in lines if line["path"] == "/idp/oauth/token"]
    assert 15 <= len(minted) <= 60
    assert deeds(practice)["minted"] >= len(minted)
    assert any(line["reads"] for line in lines)
    assert all(line["address"].startswith("185.220.101.") for line in lines)
    assert len(practice.listed(TOKENS)) > 50
    eventually(lambda: any(token["used_from"].startswith("185.220.101.") for token in practice.listed(TOKENS)))


def test_the_vendor_works_from_its_own_addresses(start):
    practice = start("--attacker", "none")
    time.sleep(1.6)
    lines = by(practice, "vendor")
    assert 2 <= len(lines) <= 10
    assert {line["address"] for line in lines} == {"203.0.113.10", "203.0.113.11"}
    assert any(line["reads"] for line in lines)
    assert deeds(practice)["attempts"] == 0


@pytest.mark.parametrize("path_too", [False, True])
def test_once_all_is_closed_an_admin_gains_nothing(start, eventually, path_too):
    practice = start("--attacker", "admin", "--mint-per-s", "20")
    practice.put("/idp/clients/drift-prod/enabled", enabled=False)
    eventually(lambda: practice.get("/idp/clients/drift-prod")["version"] > 2)
    closed_at = practice.contain(path_too=path_too)
    before = deeds(practice)["attempts"]
    time.sleep(2)
    after = deeds(practice)
    assert after["last_success_at"] < closed_at
    assert after["attempts"] >= before + 3
    assert after["switched_back"] > 0
    others = [token["active"] for token in practice.state()["tokens"] if token["client"] == "calendar-sync"]
    assert others == [True] * 5


def test_once_all_is_closed_a_thief_gains_nothing_and_slows_down_but_never_gives_up(start):
    practice = start("--tokens", "20", "--mint-per-s", "2")
    closed_at = practice.contain()
    time.sleep(3.2)
    before = deeds(practice)["attempts"]
    time.sleep(2)
    after = deeds(practice)
    assert 2 <= after["attempts"] - before <= 7
    assert after["successes"] > 0
    assert after["last_success_at"] < closed_at
    assert after["switched_back"] == 0


@pytest.mark.parametrize("kind", ["token", "session", "client", "user"])
def test_what_was_forgotten_he_finds(start, eventually, kind):
    practice = start("--tokens", "60")
    token = practice.introspect(practice.secrets["canary"])["jti"]
    session = practice.listed("/crm/users/svc-drift/sessions")[-1]["id"]
    if kind != "client":
        practice.put("/idp/clients/drift-prod/enabled", enabled=False)
    if kind != "user":
        practice.put("/crm/users/svc-drift/frozen", frozen=True)
    time.sleep(0.5)
    for _ in range(2):
        for each in practice.listed(TOKENS):
            if not (kind == "token" and each["id"] == token):
                practice.ask("POST", f"/idp/tokens/{each['id']}/revoke")
        for each in practice.listed("/crm/users/svc-drift/sessions"):
            if not (kind == "session" and each["id"] == session):
                practice.ask("DELETE", f"/crm/sessions/{each['id']}")
    mark = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    eventually(lambda: deeds(practice)["last_success_at"] > mark)


def test_an_admin_waits_until_one_of_us_saw_it_closed(start, eventually):
    practice = start("--attacker", "admin", "--lag-s", "0.1")
    practice.put("/idp/clients/drift-prod/enabled", enabled=False)
    time.sleep(1.2)
    assert deeds(practice)["switched_back"] == 0
    assert practice.get("/idp/clients/drift-prod")["enabled"] is False
    eventually(lambda: deeds(practice)["switched_back"] == 1, seconds=0.8)
    eventually(
        lambda: (
            practice.get("/idp/clients/drift-prod")
            == {**practice.get("/idp/clients/drift-prod"), "enabled": True, "version": 3}
        )
    )
    lines = [line for line in by(practice, "attacker") if line["method"] == "PUT"]
    assert [(line["path"], line["status"]) for line in lines] == [("/idp/clients/drift-prod/enabled", 200)]


def test_an_admin_does_not_wait_for_ever(start, eventually):
    practice = start("--attacker", "admin", "--lag-s", "0.1")
    for path, body in (
        ("/crm/users/svc-drift/frozen", {"frozen": True}),
        ("/firewall/paths/crm-api", {"mode": "only", "addresses": ["10.0.0.5"]}),
    ):
        practice.put(path, **body)
    time.sleep(1.5)
    assert deeds(practice)["switched_back"] == 0
    eventually(lambda: deeds(practice)["switched_back"] == 2, seconds=3)
    eventually(lambda: practice.get("/crm/users/svc-drift")["frozen"] is False)
    eventually(lambda: practice.get("/firewall/paths/crm-api")["mode"] == "any")


def test_what_an_admin_asked_for_before_he_was_cut_off_still_comes(start, eventually):
    practice = start("--attacker", "admin", "--lag-s", "0.5", "--mint-per-s", "0")
    mine = practice.login().json()
    headers = {"Authorization": f"Session {mine['session']}"}
    look = "/idp/clients/calendar-sync"
    asked = practice.http.put(f"{look}/enabled", headers=headers, json={"enabled": False})
    assert asked.status_code == 200
    assert practice.ask("DELETE", f"/crm/sessions/{mine['id']}").status_code == 204
    assert practice.http.put(f"{look}/enabled", headers=headers, json={"enabled": True}).status_code == 401
    assert practice.get(look)["enabled"] is True
    eventually(lambda: practice.get(look)["enabled"] is False)


def test_a_plain_thief_is_no_admin(start):
    practice = start("--attacker", "plain")
    secret = practice.login().json()["session"]
    for path in ("/idp/clients/drift-prod", "/crm/users/svc-drift", "/firewall/paths/crm-api"):
        assert practice.http.get(path, headers={"Authorization": f"Session {secret}"}).status_code == 403


def test_where_nothing_was_stolen_nobody_acts(start):
    practice = start("--tokens", "0", "--attacker", "admin")
    time.sleep(1)
    assert practice.log() == []
    assert practice.listed(TOKENS) == []
    assert practice.listed("/crm/users/svc-drift/sessions") == []
    assert len(practice.listed("/idp/clients/calendar-sync/tokens")) == 5
    assert practice.secrets["canary"] == ""


def test_a_thief_asleep_does_nothing_and_wakes_on_demand(start, eventually):
    practice = start("--attacker", "admin", "--mint-per-s", "20", "--asleep")
    first = practice.state()
    time.sleep(1)
    assert practice.state() == first, "the same state, whoever looks"
    assert first["attacker"]["awake"] is False
    assert first["attacker"]["attempts"] == 0
    assert practice.ask("PUT", "/_sandbox/attacker", "", json={"awake": "yes"}).status_code == 422
    practice.ask("PUT", "/_sandbox/attacker", "", json={"awake": True})
    eventually(lambda: deeds(practice)["minted"] > 5)
    assert deeds(practice)["awake"] is True
    practice.ask("PUT", "/_sandbox/attacker", "", json={"awake": False})
    time.sleep(0.6)
    resting = deeds(practice)["attempts"]
    time.sleep(0.6)
    assert deeds(practice)["attempts"] == resting
