"""Traps in the payloads of eleven more sources: what would be read wrong, or twice, by who believes their first sight."""

import copy
import json

import pytest
from payloads import PAYLOADS
from sampled import UNPROVEN, reading

from triggers.alerts.reading import SOURCES, NotAnAlert, read, row


def payload(name):
    return copy.deepcopy(PAYLOADS[name][1])


def alerts(source, value, headers=None):
    return read(source, json.dumps(value).encode(), headers, provenance=UNPROVEN).alerts


# --- One finding, one key


def key(source, value):
    return alerts(source, value)[0].dedupe_key


def test_guardduty_has_one_key_whichever_way_it_comes():
    ident = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
    assert key("ocsf", payload("ocsf: from guardduty")) == f"aws-guardduty:111122223333:eu-west-1:{ident}"


def test_an_alert_without_a_fingerprint_is_known_by_its_labels():
    value = payload("alertmanager: group")
    value["alerts"] = value["alerts"][:1]
    del value["alerts"][0]["fingerprint"]
    first = alerts("alertmanager", value)[0]
    assert first.stable_id
    value["alerts"][0] |= {"status": "resolved", "endsAt": "2026-03-01T03:00:00Z"}
    value["alerts"][0]["labels"] = dict(reversed(value["alerts"][0]["labels"].items()))
    assert key("alertmanager", value) == first.dedupe_key
    value["alerts"][0]["labels"]["principal"] = "ben@corp.example"
    assert key("alertmanager", value) != first.dedupe_key


def test_a_falco_event_without_an_id_is_known_by_what_it_says():
    value = payload("falco: shell")
    first = alerts("falco", value)[0]
    assert first.stable_id
    assert key("falco", value | {"p_row_id": "2", "tags": ["later"]}) == first.dedupe_key
    assert key("falco", value | {"hostname": "node-3"}) != first.dedupe_key


def test_a_push_finding_keeps_its_key_until_it_is_over_and_each_event_is_a_delivery():
    opened, over = payload("push-security: finding"), payload("push-security: finding over")
    assert key("push-security", opened) == key("push-security", over)
    ids = [reading("push-security", json.dumps(value).encode()).delivery_id for value in (opened, over)]
    assert ids == ["ev-1", "ev-2"]


def test_an_incident_and_the_notes_on_it_have_one_key():
    assert key("pagerduty", payload("pagerduty: triggered")) == key("pagerduty", payload("pagerduty: note"))


@pytest.mark.parametrize("name", ["slack-audit: trimmed", "github-audit: by an app", "crowdstrike: kept aside"])
def test_a_record_without_an_id_is_known_by_its_content_and_only_proposes(name):
    source, value = PAYLOADS[name]
    (first,) = alerts(source, value)
    assert not first.stable_id
    assert "dedupe: content" in first.parse_notes
    again = value | {"p_parse_time": "2026-03-02 00:00:00", "p_row_id": "9"}
    assert key(source, again) == first.dedupe_key


# --- Traps


def test_a_detection_that_names_its_issue_is_still_itself():
    (found,) = alerts("wiz", payload("wiz: api detection"))
    assert (found.source_alert_id, found.title) == ("d-2", "Service account token was read")


def test_slack_itself_is_nobody():
    value = payload("slack-audit: trimmed")
    value["actor"]["user"] = {"id": "USLACKUSER", "name": "Slackbot"}
    assert alerts("slack-audit", value)[0].principal is None


def test_an_address_is_nobody():
    value = payload("wiz: detection")
    value["primaryActor"] = value["actors"][1]
    value["actors"] = value["actors"][1:]
    (found,) = alerts("wiz", value)
    assert (found.principal, found.ip) == (None, "203.0.113.66")


@pytest.mark.parametrize(
    ("event", "severity"),
    [
        ({"SeverityName": "High", "Severity": 60}, 75),  # their band for high begins at 60
        ({"Severity": 62}, 75),
        ({"Severity": 3}, 50),  # old events count to 5
        ({"Severity": 5}, 95),
        ({"Severity": 80, "SeverityName": ""}, 95),
        ({"Severity": 19}, 10),
        ({}, 0),
    ],
)
def test_crowdstrike_counts_in_two_ways(event, severity):
    value = payload("crowdstrike: stream")
    for name in ("Severity", "SeverityName"):
        del value["event"][name]
    value["event"] |= event
    assert alerts("crowdstrike", value)[0].severity == severity


def test_events_that_stand_one_after_another_are_read_one_by_one():
    first, second = payload("crowdstrike: stream"), payload("crowdstrike: audit")
    stream = json.dumps(first, indent=2) + "\n" + json.dumps(second, indent=2) + "\n"
    assert [one.source_alert_id for one in reading("auto", stream.encode()).alerts] == ["c1:ind:a1:9", "c1:100"]
    for broken in (stream[:-3], stream + "x", stream + "[1]"):
        with pytest.raises(NotAnAlert, match="not JSON"):
            reading("crowdstrike", broken.encode())


def test_a_number_of_a_windows_session_is_no_credential():
    value = payload("crowdstrike: telemetry")
    value["event"] |= {"SessionId": "2"}
    assert alerts("crowdstrike", value)[0].token is None
    assert alerts("crowdstrike", payload("crowdstrike: kept aside"))[0].token == "se-1"


def test_times_as_windows_counts_them_are_read():
    value = payload("crowdstrike: stream")
    value["event"] |= {"ProcessStartTime": None, "StartTime": 133_168_212_112_345_678}
    assert str(alerts("crowdstrike", value)[0].first_seen) == "2022-12-29 21:00:11.234567+00:00"


def test_a_detection_that_everybody_may_order_is_a_sample():
    value = payload("crowdstrike: stream")
    assert not alerts("crowdstrike", value)[0].is_sample
    value["event"]["CommandLine"] = "choice /m crowdstrike_sample_detection"
    assert alerts("crowdstrike", value)[0].is_sample


def test_what_falcosidekick_makes_of_falco_for_alertmanager_is_read():
    labels = {
        "rule": "Terminal shell",
        "priority": "Warning",
        "severity": "warning",
        "source": "falco",
        "hostname": "n",
    }
    value = [{"labels": labels, "annotations": {"summary": "Terminal shell"}, "endsAt": "0001-01-01T00:00:00Z"}]
    found = reading("auto", json.dumps(value).encode())
    (alert,) = found.alerts
    assert (found.source, alert.type, alert.severity, alert.resource) == ("alertmanager", "Terminal shell", 50, "n")
    labels["rule"] = "Test rule"
    assert reading("auto", json.dumps(value).encode()).alerts[0].is_test


@pytest.mark.parametrize(
    ("said", "severity"),
    [
        ({"severity_id": 6}, 95),
        ({"severity_id": "3", "severity": "High"}, 50),
        ({"severity_id": 99, "severity": "critical"}, 95),
        ({"severity_id": 0, "severity": "Unknown", "risk_level_id": 3}, 75),  # from nought, a severity from one
        ({"risk_level_id": 0}, 10),
        ({"severity_id": 99, "severity": "Other"}, 0),
    ],
)
def test_ocsf_has_a_severity_and_a_risk_that_count_differently(said, severity):
    value = payload("ocsf: detection")
    for name in ("severity_id", "severity"):
        del value[name]
    assert alerts("ocsf", value | said)[0].severity == severity


def test_ocsf_times_are_seconds_or_milliseconds_and_never_the_clock_without_its_zone():
    value = payload("ocsf: suppressed") | {"time": 1772332811, "time_dt": "2026-03-01T03:40:11"}
    assert row(alerts("ocsf", value)[0])["time"] == "2026-03-01T02:40:11Z"


def test_a_status_tells_of_findings_only():
    value = payload("ocsf: sign in") | {"status_id": 4}
    assert alerts("ocsf", value)[0].status == "open"


def test_both_ends_of_a_connection_are_not_one_address():
    value = payload("falco: shell")
    assert alerts("falco", value)[0].ip is None
    del value["output_fields"]["fd.cip"]
    assert alerts("falco", value)[0].ip == "198.51.100.9"


def test_a_link_that_leads_nowhere_is_left_out():
    value = payload("alertmanager: group")
    assert alerts("alertmanager", value)[1].links == ("https://am.corp.example",)


def test_priorities_of_ones_own_are_read_by_the_urgency():
    assert [one.severity_raw for one in alerts("pagerduty", payload("pagerduty: own words"))] == ["Sev-Blocker"]


def test_an_incident_of_few_words_is_read_and_one_with_its_headers_beside_it():
    value = payload("pagerduty: triggered")
    value["event"]["data"] = {"id": "PINC", "type": "incident", "summary": "Slow", "priority": {"name": "P2"}}
    (found,) = alerts("pagerduty", {"body": value, "headers": {}, "query": {}})
    assert (found.source_alert_id, found.title, found.severity) == ("PINC", "Slow", 75)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, (source, _) in sorted(PAYLOADS.items())
        if "elastic" in SOURCES[source].envelopes and "queued" not in name
    ],  # in as many layers as are opened
)
def test_what_elastic_kept_as_it_was_sent_is_read_as_it_was_sent(name):
    source, value = PAYLOADS[name]
    event = {"ecs": {"version": "8.11.0"}, "event": {"original": json.dumps(value)}, "user": {"name": "somebody"}}
    found = reading("auto", json.dumps(event).encode())
    assert found.source == source
    assert [row(one) for one in found.alerts] == [row(one) for one in alerts(source, value)]


# --- CloudEvents

CE = {"ce-specversion": "1.0", "CE-Id": "b-1", "ce-source": "/idp", "ce-type": "token.reused", "ce-subject": "a%20b"}


@pytest.mark.parametrize(
    ("raw", "content", "principal"),
    [
        (b'{"user": "ann", "severity": "high"}', "application/json", "ann"),
        (b'[{"user": "ann"}]', "application/json; charset=utf-8", "ann"),
        (b"a text", "text/plain", None),
        (b"\xff\xfe", "application/octet-stream", None),
        (b"", "application/json", None),
    ],
)
def test_an_event_in_binary_mode_is_read_from_its_headers(raw, content, principal):
    found = read("auto", raw, CE | {"Content-Type": content}, provenance=UNPROVEN)
    (alert,) = found.alerts
    assert (found.source, alert.type, alert.dedupe_key) == ("cloudevents", "token.reused", "cloudevents:/idp:b-1")
    assert (alert.principal, alert.resource) == (principal, "a b")


@pytest.mark.parametrize(
    ("headers", "raw"),
    [
        (CE | {"content-type": "application/json"}, b"{not json"),
        ({key: value for key, value in CE.items() if key != "ce-type"}, b"a text"),
        ({}, b"a text"),
        (CE | {"content-type": "text/plain"}, b"x" * ((1 << 20) + 1)),
        (CE | {"content-type": "application/cloudevents+json"}, b"a text"),
    ],
)
def test_what_is_no_event_in_binary_mode_is_refused(headers, raw):
    with pytest.raises(NotAnAlert):
        read("cloudevents", raw, headers, provenance=UNPROVEN)


def test_a_batch_is_read_one_by_one_and_data_as_base64_too():
    value = payload("cloudevents: batch") + [7]
    found = reading("cloudevents", json.dumps(value).encode())
    assert [one.principal for one in found.alerts] == ["ben", None]
    assert found.ignored == ("finding 3: not an object",)


def test_falco_in_binary_mode_is_falco():
    raw = json.dumps(payload("falco: cloudtrail")).encode()
    found = read("auto", raw, CE | {"Content-Type": "application/json"}, provenance=UNPROVEN)
    assert (found.source, found.alerts[0].principal) == ("falco", "ann")
