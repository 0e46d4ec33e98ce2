"""The log and the faults: what the systems saw, without a secret, and what they did to us on purpose."""

import time
from datetime import UTC, datetime

import httpx
import pytest

PATH = "/crm/users/svc-drift/frozen"


def ours(practice):
    return [line for line in practice.log() if line["who"] == "ringfence"]


def test_a_line_says_who_did_what_when_and_with_what_result(calm):
    began = datetime.now(UTC).isoformat()
    calm.get("/idp/clients/drift-prod/tokens?after=tk_00000007&limit=3")
    calm.put("/idp/clients/drift-prod/enabled", enabled=False)
    calm.introspect("x")
    calm.mint()
    calm.ask("DELETE", "/crm/sessions/se_99")
    calm.ask("GET", "/nowhere", key="idp_key")
    lines = ours(calm)
    assert [(line["method"], line["path"], line["status"], line["write"]) for line in lines] == [
        ("GET", "/idp/clients/drift-prod/tokens?after=tk_00000007&limit=3", 200, False),
        ("PUT", "/idp/clients/drift-prod/enabled", 200, True),
        ("POST", "/idp/oauth/introspect", 200, False),
        ("POST", "/idp/oauth/token", 200, True),
        ("DELETE", "/crm/sessions/se_99", 404, True),
        ("GET", "/nowhere", 404, False),
    ]
    times = [datetime.fromisoformat(line["at"]) for line in lines]
    assert times == sorted(times)
    assert datetime.fromisoformat(began) <= times[0]
    assert {line["address"] for line in lines} == {"10.0.0.5"}
    assert all(len(line["at"]) == len("2026-01-01T00:00:00.000000Z") for line in lines)


def test_since_cuts_the_log_and_the_stage_is_not_in_it(calm):
    calm.get("/idp/clients/drift-prod")
    mark = datetime.now(UTC).isoformat()
    calm.state()
    calm.put("/idp/clients/drift-prod/enabled", enabled=True)
    later = [line for line in calm.log(since=mark) if line["who"] == "ringfence"]
    assert [line["method"] for line in later] == ["PUT"]
    assert not any(line["path"].startswith("/_sandbox") for line in calm.log())
    assert calm.http.get("/_sandbox/log", params={"since": "yesterday"}).status_code == 422
    assert calm.http.get("/_sandbox/log", params={"since": "2026-01-01T00:00:00"}).status_code == 422


def test_no_secret_is_in_log_or_state(start):
    practice = start("--mint-per-s", "20")
    token, session = practice.mint().json()["access_token"], practice.login().json()["session"]
    secrets = [*practice.secrets.values(), token, session]
    for secret in secrets:
        practice.ask("GET", f"/idp/tokens/{secret}")
        practice.ask("POST", f"/chat/hooks/{secret}", key="", json={"text": "hello"})
        practice.http.get(f"/{secret}", params={"token": secret, "after": secret})
        practice.http.get(f"/crm/sessions/{secret}/x")
    practice.http.post("/chat/hooks/a-wrong-guess", json={"text": "hello"})
    time.sleep(0.5)
    seen = practice.http.get("/_sandbox/log").text + practice.http.get("/_sandbox/state").text
    assert "/chat/hooks/***" in seen
    assert not [secret for secret in [*secrets, "a-wrong-guess"] if secret in seen]


def test_busy_does_nothing_and_says_when_to_come_again(calm):
    calm.http.put("/_sandbox/faults", json={"busy": 1}).raise_for_status()
    answer = calm.ask("PUT", PATH, json={"frozen": True})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert ours(calm)[-1]["fault"] == "busy"
    calm.http.put("/_sandbox/faults", json={}).raise_for_status()
    time.sleep(0.4)
    assert calm.get("/crm/users/svc-drift")["frozen"] is False


def test_lost_takes_effect_and_nobody_is_told(calm, eventually):
    calm.http.put("/_sandbox/faults", json={"lost": 1}).raise_for_status()
    for ask in (lambda: calm.ask("PUT", PATH, json={"frozen": True}), lambda: calm.ask("GET", "/crm/users/svc-drift")):
        with pytest.raises(httpx.TransportError):
            ask()
    calm.http.put("/_sandbox/faults", json={}).raise_for_status()
    eventually(lambda: calm.get("/crm/users/svc-drift")["frozen"] is True)
    lost = [line for line in ours(calm) if line["fault"] == "lost"]
    assert [(line["method"], line["status"]) for line in lost] == [("PUT", 200), ("GET", 200)]


def test_a_false_success_answers_as_if_done_and_does_nothing(calm):
    session = calm.listed("/crm/users/svc-drift/sessions")[0]["id"]
    token = calm.introspect(calm.secrets["canary"])["jti"]
    hook = f"/chat/hooks/{calm.secrets['chat_hook']}"
    calm.http.put("/_sandbox/faults", json={"false_200": 1}).raise_for_status()
    calm.put(PATH, frozen=True)
    calm.put("/idp/clients/drift-prod/enabled", enabled=False)
    calm.put("/firewall/paths/crm-api", mode="only", addresses=[])
    assert calm.ask("DELETE", f"/crm/sessions/{session}").status_code == 204
    assert calm.ask("POST", f"/idp/tokens/{token}/revoke").status_code == 200
    form = {"token": calm.secrets["canary"]}
    assert calm.http.post("/idp/oauth/revoke", auth=calm.drift, data=form).status_code == 200
    assert calm.http.post(hook, json={"text": "x"}).text == "ok"
    assert calm.ask("PUT", PATH, json={}).status_code == 422
    assert {line["fault"] for line in ours(calm) if line["write"]} == {"false_200"}
    assert calm.records(f"Bearer {calm.mint().json()['access_token']}").status_code == 200
    assert ours(calm)[-2]["fault"] == ""
    time.sleep(0.4)
    assert calm.get("/crm/users/svc-drift")["frozen"] is False
    assert calm.get("/idp/clients/drift-prod")["enabled"] is True
    assert calm.get("/firewall/paths/crm-api")["mode"] == "any"
    assert calm.get(f"/crm/sessions/{session}")["alive"] is True
    assert calm.introspect(calm.secrets["canary"])["active"] is True
    assert calm.state()["messages"] == 0


def test_faults_meet_our_tool_alone(start):
    practice = start()
    wanted = {"busy": 0.2, "lost": 0.2, "false_200": 0.2, "status_5xx": 0.2, "slow_s": 0.01, "seed": 3}
    told = practice.http.put("/_sandbox/faults", json=wanted).json()
    assert told == wanted == practice.http.get("/_sandbox/faults").json()
    met = set()
    for _ in range(60):
        try:
            answer = practice.ask("PUT", PATH, json={"frozen": False})
        except httpx.TransportError:
            met.add("lost")
        else:
            met.add(answer.status_code)
    assert met == {200, 429, 503, "lost"}
    for _ in range(10):
        assert practice.ask("PUT", PATH, key="person_key", json={"frozen": False}).status_code == 200
    others = [line["fault"] for line in practice.log() if line["who"] != "ringfence"]
    assert others
    assert set(others) == {""}


def test_slow_waits_before_it_decides(calm):
    calm.http.put("/_sandbox/faults", json={"slow_s": 2.0}).raise_for_status()
    began = time.monotonic()
    calm.get("/crm/users/svc-drift")
    assert time.monotonic() - began >= 2.0
    began = time.monotonic()
    calm.ask("GET", "/chat/messages")
    assert time.monotonic() - began < 1.8


def test_wrong_faults_are_refused(shared):
    for body in ({"bussy": 1}, {"busy": -1}, {"busy": "x"}, {"busy": 0.7, "lost": 0.7}, {"lost": True}):
        assert shared.http.put("/_sandbox/faults", json=body).status_code == 422, body
    assert shared.http.get("/_sandbox/faults").json()["busy"] == 0


def test_a_lost_read_tells_the_thief_nothing(start):
    practice = start("--attacker", "admin", "--lag-s", "0")
    practice.put("/idp/clients/drift-prod/enabled", enabled=False)
    practice.http.put("/_sandbox/faults", json={"lost": 1}).raise_for_status()
    with pytest.raises(httpx.TransportError):
        practice.ask("GET", "/idp/clients/drift-prod")
    time.sleep(0.8)
    assert practice.state()["attacker"]["switched_back"] == 0
