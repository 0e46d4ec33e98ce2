"""`ringfence alert test`: the promised form, what waits for an alert, and one clear sentence for what is none."""

import json

import pytest
from payloads import PAYLOADS

KEYS = [
    "source", "id", "type", "severity", "time", "principal", "app", "resource", "address", "title", "link", "sample",
    "dedupe_key",
]  # fmt: skip


def written(tmp_path, name, change=lambda _payload: None):
    payload = json.loads(json.dumps(PAYLOADS[name][1]))
    change(payload)
    file = tmp_path / "payload.json"
    file.write_text(json.dumps(payload))
    return str(file)


def by_drift(payload):
    payload["data"]["events"] = payload["data"]["events"][:1]
    payload["data"]["events"][0]["client"]["id"] = "drift-prod"


def test_it_prints_just_what_is_promised(ringfence, tmp_path):
    said = ringfence("alert", "test", written(tmp_path, "okta: hook", by_drift), "--source", "okta", "--json")
    assert said.code == 0
    assert sorted(said.json) == ["alerts", "ignored", "matches"]
    assert [list(alert) for alert in said.json["alerts"]] == [KEYS]
    assert said.json["matches"] == [
        {"playbook": "stolen_oauth_tokens", "mode": "auto", "inputs": {"integration": "drift"}}
    ]
    assert said.json["ignored"] == []


def test_an_app_that_nobody_declared_is_only_proposed(ringfence, tmp_path):
    said = ringfence("alert", "test", written(tmp_path, "okta: hook"), "--json")
    assert {match["mode"] for match in said.json["matches"]} == {"propose"}
    assert all(match["inputs"] == {} for match in said.json["matches"])
    told = ringfence("alert", "test", written(tmp_path, "okta: hook"))
    assert "no integration declares a foothold of that id" in told.out


def test_an_alert_without_an_id_of_its_source_is_only_proposed(ringfence, tmp_path):
    def nameless(payload):
        by_drift(payload)
        del payload["data"]["events"][0]["uuid"]

    said = ringfence("alert", "test", written(tmp_path, "okta: hook", nameless), "--json")
    assert said.json["alerts"][0]["id"].startswith("sha256:")
    assert said.json["matches"] == [
        {"playbook": "stolen_oauth_tokens", "mode": "propose", "inputs": {"integration": "drift"}}
    ]


def test_a_sample_matches_nothing_and_is_said_to_be_ignored(ringfence, tmp_path):
    book = tmp_path / "playbooks" / "key.yaml"
    book.parent.mkdir()
    book.write_text(
        "playbook: key\ntitle: t\nbreaks: b\ndoes_not: d\nwakes: w\ninputs: {note: {type: text, default: none given}}\n"
        "triggers:\n  - {alert: aws-guardduty, when: alert.severity >= 70}\n"
        "contain:\n  - {id: said, uses: notify.message, with: {to: ops, text: x}}\n"
    )
    broken = tmp_path / "playbooks" / "broken.yaml"
    broken.write_text("playbook: broken\n")
    real = ringfence("alert", "test", written(tmp_path, "aws-guardduty: bus"), "--json")
    assert [match["playbook"] for match in real.json["matches"]] == ["key"], real.err
    assert real.err.strip() == "The playbook broken has mistakes and waits for nothing: see `ringfence playbook lint`."

    def made_up(payload):
        payload["detail"]["service"]["additionalInfo"] = {"sample": True}

    said = ringfence("alert", "test", written(tmp_path, "aws-guardduty: bus", made_up), "--json")
    assert said.json["alerts"][0]["sample"] is True
    assert said.json["matches"] == []
    assert said.json["ignored"] == ["the source made it up: a sample never acts"]


@pytest.mark.parametrize(
    ("source", "name", "why"),
    [
        ("github", "okta: hook", "This is not a GitHub webhook: .* It reads like okta."),
        ("okta", "github: secret", "This is not an Okta log event: .* It reads like github."),
        ("oktaa", "okta: hook", "There is no alert source 'oktaa', did you mean 'okta'?"),
    ],
)
def test_what_is_no_alert_of_the_source_is_one_sentence(ringfence, tmp_path, source, name, why):
    said = ringfence("alert", "test", written(tmp_path, name), "--source", source)
    assert said.code == 1
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    head, _, tail = why.partition(" .* ")
    assert said.err.startswith(head)
    assert said.err.strip().endswith(tail or head)


def test_bytes_that_are_none_are_refused_in_one_sentence(ringfence, tmp_path):
    file = tmp_path / "x"
    for raw in (b"", b"{", b"\xff\xfe{", b"[" * 5000, b"{}", b"[]", b"7"):
        file.write_bytes(raw)
        for source in ("auto", "okta"):
            said = ringfence("alert", "test", str(file), "--source", source, "--json")
            assert (said.code, said.out, len(said.err.splitlines())) == (1, "", 1), raw
    missing = ringfence("alert", "test", str(tmp_path / "none.json"))
    assert (missing.code, missing.out) == (1, "")
    assert "cannot be read: No such file" in missing.err


def test_a_header_tells_what_the_body_does_not(ringfence, tmp_path):
    file = tmp_path / "push.json"
    file.write_text(json.dumps({"ref": "refs/heads/main", "action": "x_y", "sender": {"login": "a", "type": "User"}}))
    said = ringfence("alert", "test", str(file), "--source", "github", "--header", "X-GitHub-Event=team_add", "--json")
    assert said.json["alerts"][0]["type"] == "team_add.x_y"
    wrong = ringfence("alert", "test", str(file), "--source", "github", "--header", "nothing")
    assert (wrong.code, wrong.out) == (1, "")


def test_no_text_of_the_sender_moves_the_cursor(ringfence, tmp_path):
    def nasty(payload):
        payload["data"]["events"][0]["displayMessage"] = "\x1b[2J\u202etxt\nrow <!channel> `x` ${a} {{b}} [red]z[/]"

    said = ringfence("alert", "test", written(tmp_path, "okta: hook", nasty))
    assert said.code == 0
    assert "\x1b" not in said.out
    assert "\u202e" not in said.out
