"""What the API refuses, and how: as a problem, with nothing of the request anywhere afterwards."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.endtoend.conftest import ROOT
from tests.triggers.serve.conftest import SECRETLY

DEEP = b'{"playbook":' + b"[" * 30_000 + b"]" * 30_000 + b"}"
START = {"playbook": "stolen_oauth_tokens", "inputs": {"integration": "drift"}}


def test_it_lives_is_ready_and_counts_without_a_token(standing):
    assert standing.ask("GET", "/healthz").body == {"status": "alive"}
    assert standing.ask("GET", "/readyz").body == {"ready": True, "why": []}
    metrics = standing.ask("GET", "/metrics").body
    for name in (
        "ringfence_runs", "ringfence_effects", "ringfence_first_held_seconds_bucket", "ringfence_waiting_walls",
        "ringfence_outbox", "ringfence_lapsed_leases",
    ):  # fmt: skip
        assert f"# HELP {name.removesuffix('_bucket')} " in metrics
    assert "drift" not in metrics
    page = (ROOT / "docs" / "service.md").read_text()
    told = {line.split()[2] for line in metrics.splitlines() if line.startswith("# TYPE ")}
    assert [name for name in sorted(told) if name not in page] == []


def test_every_route_is_on_the_page_of_the_service(standing):
    page = (ROOT / "docs" / "service.md").read_text()
    for path in standing.ask("GET", "/openapi.json").body["paths"]:
        assert path.rpartition("/")[2].replace("{run}", "RUN") in page, path


def test_its_description_has_every_route_with_scopes_and_problems(standing):
    said = standing.ask("GET", "/openapi.json").body
    for path in ("/runs", "/plans", *(f"/runs/{{run}}/{verb}" for verb in ("approve", "object", "stop", "recover"))):
        assert "application/problem+json" in said["paths"][path]["post"]["responses"]["401"]["content"], path
    assert said["paths"]["/runs/{run}/approve"]["post"]["security"] == [{"person": ["decide"]}]
    assert said["paths"]["/runs"]["get"]["security"] == [{"person": ["read"]}]
    assert "/runs/{run}/take" not in said["paths"]
    assert said["components"]["schemas"]["Problem"]["properties"]["code"]
    assert {tag["name"] for tag in said["tags"]} >= {"runs", "decide", "act", "health"}


@pytest.mark.parametrize(("who", "status"), [("", 401), ("rfp_nobodys", 401), ("local", 403), ("ada", 403)])
def test_who_may_not_start_does_not(standing, who, status):
    before = standing.ask("GET", "/runs", who="ana").body
    answer = standing.ask("POST", "/runs", START, who)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["type"] == f"urn:ringfence:problem:{answer.code}"
    assert standing.ask("GET", "/runs", who="ana").body == before


def test_a_role_that_does_not_reach_so_far_is_recorded_and_an_auditor_may_look(standing):
    assert standing.ask("POST", "/runs", START, "ada").code == "no-role"
    rows = standing.house.rows("SELECT body FROM events WHERE run = '@journal' AND type = 'turned_away'")
    assert json.loads(rows[-1][0])["code"] == "no_role"
    assert "person:ada" not in rows[-1][0], "names are sealed"
    assert standing.ask("GET", "/runs", who="ada").status == 200


@pytest.mark.parametrize(
    ("raw", "statuses"),
    [
        (b"{", {400}), (b"", {422}), (b"[]", {422}), (b'"' + SECRETLY.encode() + b'"', {422}), (b"\xff\xfe\x00", {400, 422}),
        (DEEP, {400, 422}), (b'{"playbook": "' + b"a" * 70_000 + b'"}', {413}),
        (json.dumps(START | {SECRETLY: 1}).encode(), {422}), (json.dumps(START | {"hold_only": "yes"}).encode(), {422}),
        (json.dumps(START | {"reason": "\x1b[2J" + SECRETLY}).encode(), {422}),
        (json.dumps(START | {"reason": SECRETLY * 200}).encode(), {422}),
        (b'{"playbook":"stolen_oauth_tokens","reason":"\\ud800"}', {400, 422}),
        (json.dumps({"playbook": "../../etc/passwd"}).encode(), {422}),
        (json.dumps({"playbook": "nothing_of_the_kind"}).encode(), {422}),
        (json.dumps(START | {"inputs": {"integration": SECRETLY}}).encode(), {422}),
        (json.dumps(START | {"inputs": {"integration": {"a": {"b": 1}}}}).encode(), {422}),
        (json.dumps({"playbook": "given_tokens_standard_oauth", "inputs": {}}).encode(), {422}),
        (b'{"playbook": NaN}', {400, 422}), (json.dumps(START | {"since": "2026-11-24T01:40:00"}).encode(), {422}),
    ],
)  # fmt: skip
def test_what_is_no_such_body_is_refused_and_leaves_no_trace(standing, raw, statuses):
    before = standing.ask("GET", "/runs", who="ana").body
    answer = standing.ask("POST", "/runs", raw=raw, who="ana")
    assert answer.status in statuses, answer
    assert answer.headers["content-type"] == "application/problem+json"
    if b"inputs" not in raw:  # which integration there is not is said to whoever asked
        assert SECRETLY not in json.dumps(answer.body)
    assert standing.ask("GET", "/runs", who="ana").body == before
    standing.house.nowhere(SECRETLY)
    assert not (standing.house.home / "faults").exists(), standing.house.faults_text()


def test_a_body_in_pieces_without_a_length_is_cut_off_too(standing):
    at = urlsplit(standing.url)
    with socket.create_connection((at.hostname, at.port), timeout=20) as line:
        head = f"POST /runs HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {standing.token('ana')}\r\n"
        line.sendall((head + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n").encode())
        piece = b"1000\r\n" + b" " * 0x1000 + b"\r\n"
        said = b""
        try:
            for _ in range(40):
                line.sendall(piece)
        except OSError:
            pass  # it has hung up on us
        line.settimeout(20)
        said = line.recv(4096)
    assert said.startswith(b"HTTP/1.1 413"), said


@pytest.mark.parametrize(
    "request_", [b"GARBAGE " + SECRETLY.encode() + b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"]
)
def test_what_is_no_http_is_not_logged(standing, request_):
    at = urlsplit(standing.url)
    with socket.create_connection((at.hostname, at.port), timeout=20) as line:
        line.sendall(request_)
        assert line.recv(4096).startswith(b"HTTP/1.1 4")
    standing.house.nowhere(SECRETLY)


def test_another_name_than_its_own_is_refused(standing):
    answer = standing.ask("GET", "/healthz", Host="evil.example")
    assert (answer.status, answer.code) == (421, "host")


def test_a_token_stands_in_no_log(standing):
    for who in ("ana", "local", "rfp_" + SECRETLY):
        standing.ask("GET", f"/runs?{SECRETLY}=1", who=who)
    for token in (standing.token("ana"), SECRETLY):
        assert token not in standing.said
    standing.house.nowhere(SECRETLY)


@pytest.mark.parametrize("path", ["/runs/R-none", "/runs/R-none/question", "/runs/R-none/events"])
def test_a_run_that_there_is_not_is_told(standing, path):
    answer = standing.ask("GET", path, who="ana")
    assert (answer.status, answer.code) == (404, "unknown-run")


def test_saying_something_to_a_run_that_there_is_not(standing):
    answer = standing.ask("POST", "/runs/R-none/stop", {}, "ana")
    assert (answer.status, answer.code) == (404, "unknown-run")
    assert standing.ask("POST", "/runs/R-none/nothing", {}, "ana").code == "not-found"
    assert standing.ask("DELETE", "/runs", who="ana").code == "not-allowed"


def test_a_plan_sends_nothing_and_another_scope_is_refused_with_nothing_done(standing):
    shown = standing.ask(
        "POST", "/plans", {"playbook": "stolen_oauth_tokens", "inputs": {"integration": "drift"}}, "ana"
    )
    assert shown.status == 201, shown
    assert "HOLD, at once" in shown.body["text"]
    answer = standing.start(scope_hash="0" * 64)
    assert (answer.status, answer.code) == (409, "scope-differs")
    assert standing.facts(answer.body["run"])["word"] == "refused"
    assert standing.house.log(write=True) == []
    assert [one["locked"] for one in standing.ask("GET", "/runs", who="ana").body["runs"]] == [False, False]
