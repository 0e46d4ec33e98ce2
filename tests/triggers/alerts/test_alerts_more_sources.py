"""What is read of eleven more sources: the right thing by the right name, and each of them told from all others."""

import json

import pytest
from payloads import PAYLOADS
from sampled import UNPROVEN, reading

from triggers.alerts.reading import SOURCES, NotAnAlert, read, recognise, row


def alerts(source, value, headers=None):
    return read(source, json.dumps(value).encode(), headers, provenance=UNPROVEN).alerts


def told(alert):
    return (alert.type, alert.severity, alert.status, alert.app, alert.principal, alert.token, alert.resource, alert.ip)


READ = {
    "alertmanager: api": [
        ("Quiet", 95, "resolved", None, None, None, None, None),
    ],
    "alertmanager: grafana's test": [
        ("TestAlert", 0, "open", None, None, None, "Grafana", None),
    ],
    "alertmanager: group": [
        ("TokenReuse", 95, "open", "0oaDrift1", "ann@corp.example", None, "drift-to-crm", "203.0.113.66"),
        ("TokenReuse", 50, "resolved", None, None, None, "proxy-2:9100", None),
    ],
    "cloudevents: batch": [
        ("t", 0, "open", None, "ben", None, None, None),
        ("t", 75, "open", None, None, None, None, None),
    ],
    "cloudevents: before 0.2": [
        ("old.event", 50, "open", None, "ann", None, None, None),
    ],
    "cloudevents: structured": [
        ("example.corp.token.reused", 75, "open", "0oaDrift1", "ann@corp.example", None, "0oaDrift1", "203.0.113.66"),
    ],
    "crowdstrike: api": [
        ("idp", 75, "updated", None, "cleo@corp.example", None, "a3", "203.0.113.5"),
    ],
    "crowdstrike: audit": [
        ("CreateAPIClient", 0, "open", "cl-1", "ann@corp.example", "cl-1", None, "203.0.113.66"),
    ],
    "crowdstrike: correlation": [
        ("correlation-detection", 75, "resolved", None, "ann", None, None, "203.0.113.66"),
    ],
    "crowdstrike: flat": [
        ("Event_DetectionSummaryEvent", 75, "open", None, "ben", None, "a2", "10.1.2.4"),
    ],
    "crowdstrike: kept aside": [
        ("Event_RemoteResponseSessionStartEvent", 0, "open", None, "ann@corp.example", "se-1", "a4", None),
    ],
    "crowdstrike: stream": [
        ("EppDetectionSummaryEvent", 75, "open", None, "ann", None, "a1", "10.1.2.3"),
    ],
    "crowdstrike: telemetry": [
        ("UserLogon", 0, "open", None, "ann", None, "a1", "203.0.113.8"),
    ],
    "falco: cloudtrail": [
        ("Console login without MFA", 95, "open", None, "ann", None, "node-1", "203.0.113.66"),
    ],
    "falco: in a cloud event": [
        ("R", 95, "open", None, "system:serviceaccount:shop:web", None, None, None),
    ],
    "falco: nested": [
        ("Outbound connection", 30, "open", None, None, None, None, "198.51.100.9"),
    ],
    "falco: shell": [
        ("Terminal shell in container", 50, "open", None, "root", None, "3f1a", None),
    ],
    "falco: sidekick's test": [
        ("Test rule", 10, "open", None, None, None, None, None),
    ],
    "generic: elastic": [
        ("Token reuse", 50, "open", None, "ann", None, None, "203.0.113.66"),
    ],
    "generic: own": [
        ("token.reused", 75, "open", "0oaDrift1", "ann@corp.example", None, "crm", "203.0.113.66"),
    ],
    "generic: qradar": [
        ("Token reuse", 70, "open", None, None, None, "203.0.113.66", None),
    ],
    "generic: splunk": [
        ("Token reuse", 95, "open", None, "ann@corp.example", None, None, "203.0.113.66"),
    ],
    "github-audit: by an app": [
        ("repo.download_zip", 0, "open", "998877", "cleo", "zzz", "corp/vault", None),
    ],
    "github-audit: clone": [
        ("git.clone", 0, "open", None, "ben", "88", "corp/vault", None),
    ],
    "github-audit: installation": [
        ("integration_installation.create", 0, "open", "4711", "ann", None, "corp", "203.0.113.66"),
    ],
    "ocsf: detection": [
        (
            "CredentialAccess/SessionTheft",
            75,
            "open",
            "0oaDrift1",
            "00uAnn",
            "AKIAEXAMPLE0000001",
            "arn:aws:s3:::vault",
            "203.0.113.66",
        ),
    ],
    "ocsf: from guardduty": [
        (
            "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
            95,
            "open",
            None,
            None,
            None,
            None,
            None,
        ),
    ],
    "ocsf: old": [
        ("Recon", 75, "open", None, None, None, None, "203.0.113.9"),
    ],
    "ocsf: passed": [
        ("2003", 50, "resolved", None, None, None, "r-1", None),
    ],
    "ocsf: sign in": [
        ("Authentication: Logon", 10, "open", None, "AIDAEXAMPLE", None, None, "203.0.113.4"),
    ],
    "ocsf: suppressed": [
        ("2004", 0, "resolved", None, None, None, None, None),
    ],
    "pagerduty: messages": [
        ("incident.trigger", 30, "open", None, None, None, "PSRV", None),
    ],
    "pagerduty: note": [
        ("incident.annotated", 0, "updated", None, None, None, None, None),
    ],
    "pagerduty: own words": [
        ("incident.resolved", 30, "resolved", None, None, None, "PSRV", None),
    ],
    "pagerduty: triggered": [
        ("incident.triggered", 95, "open", None, None, None, "PSRV", None),
    ],
    "push-security: account gone": [
        ("ACCOUNT.DELETE", 0, "open", "ap-1", "ben@corp.example", None, "ac-2", None),
    ],
    "push-security: finding": [
        ("LEAKED_PASSWORD", 75, "open", "ap-1", "em-1", None, "ac-1", None),
    ],
    "push-security: finding over": [
        ("LEAKED_PASSWORD", 75, "resolved", "ap-1", "em-1", None, "ap-1", None),
    ],
    "push-security: phishing": [
        ("PASSWORD_PHISHING", 80, "open", "OKTA", "ann@corp.example", None, None, "203.0.113.66"),
    ],
    "slack-audit: entries": [
        ("app_installed", 0, "open", "A0DRIFT", "WANN", "847288190092", "A0DRIFT", "203.0.113.66"),
        ("anomaly", 75, "open", None, "WBEN", None, "WBEN", "203.0.113.7"),
    ],
    "slack-audit: tokens revoked": [
        ("tokens_revoked", 0, "open", "A0DRIFT", None, None, "T1", None),
    ],
    "slack-audit: trimmed": [
        ("role_change_to_admin", 0, "open", None, "WANN", None, "WCLEO", "203.0.113.66"),
    ],
    "wiz: api detection": [
        ("Service account token was read", 50, "open", None, None, "AKIAEXAMPLE0000001", "i-0abc", "203.0.113.66"),
    ],
    "wiz: audit": [
        ("CreateServiceAccount", 0, "open", None, "ann@corp.example", None, None, "203.0.113.66"),
    ],
    "wiz: configuration": [
        ("Bucket is public", 50, "open", None, None, None, "arn:aws:s3:::vault", None),
    ],
    "wiz: detection": [
        (
            "cer-two-countries",
            75,
            "open",
            None,
            "arn:aws:iam::111122223333:user/ci",
            "AKIAEXAMPLE0000001",
            "vault",
            "203.0.113.66",
        ),
    ],
    "wiz: issue": [
        ("TOXIC_COMBINATION", 75, "resolved", None, None, None, "i-0abc", None),
    ],
    "wiz: webhook": [
        ("wc-id-7", 95, "open", None, None, None, "ci-key", None),
    ],
}


@pytest.mark.parametrize("name", sorted(READ))
def test_a_payload_is_read_right(name):
    source, value = PAYLOADS[name]
    assert [told(alert) for alert in alerts(source, value)] == READ[name]


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_a_payload_is_recognised_as_its_own_source(name):
    source, value = PAYLOADS[name]
    assert recognise(json.dumps(value).encode()) == source


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_a_payload_is_no_alert_of_another_source(name):
    source, value = PAYLOADS[name]
    # What can send anything, and what anything can be sent in, says nothing of who sends it.
    for other in sorted(set(SOURCES) - {source, "generic", "cloudevents"}):
        with pytest.raises(NotAnAlert, match=f"reads like {source}") as refused:
            reading(other, json.dumps(value).encode())
        assert str(refused.value).startswith(f"This is not {SOURCES[other].a}")


def test_what_nobody_knows_is_not_guessed():
    with pytest.raises(NotAnAlert, match="name its source with --source"):
        recognise(b'{"title": "hello", "body": "x"}')


@pytest.mark.parametrize(
    "name", ["ocsf: suppressed", "ocsf: passed", "alertmanager: api", "crowdstrike: correlation", "wiz: issue"]
)
def test_what_is_put_away_never_acts_and_says_why(name):
    source, value = PAYLOADS[name]
    found = reading(source, json.dumps(value).encode())
    assert found.alerts[0].status == "resolved"
    assert found.ignored


@pytest.mark.parametrize("name", ["falco: sidekick's test", "alertmanager: grafana's test", "ocsf: from guardduty"])
def test_what_a_source_made_up_is_a_sample(name):
    source, value = PAYLOADS[name]
    found = reading(source, json.dumps(value).encode())
    assert row(found.alerts[0])["sample"] is True
    assert "never acts" in found.ignored[0]


@pytest.mark.parametrize(
    ("source", "value", "why"),
    [
        ("pagerduty", {"event": {"event_type": "pagey.ping", "data": {"type": "ping"}}}, "ping"),
        ("pagerduty", {"event": {"event_type": "service.updated", "data": {"id": "P", "type": "service"}}}, "settings"),
        ("push-security", {"object": "TEST", "new": {}, "version": "1", "timestamp": 1}, "test"),
    ],
)
def test_what_is_no_alert_at_all_becomes_none(source, value, why):
    found = reading(source, json.dumps(value).encode())
    assert not found.alerts
    assert why in found.ignored[0]
