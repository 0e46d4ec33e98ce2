"""What is read of payloads: the right thing by the right name, out of any envelope, whatever a pipeline did to it."""

import base64
import copy
import json

import pytest
from payloads import PAYLOADS
from sampled import UNPROVEN, reading

from triggers.alerts.reading import NotAnAlert, read, recognise, row

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"


def payload(name):
    return copy.deepcopy(PAYLOADS[name][1])


def alerts(source, value, headers=None):
    return read(source, json.dumps(value).encode(), headers, provenance=UNPROVEN).alerts


def told(alert):
    return (alert.type, alert.severity, alert.app, alert.principal, alert.token, alert.resource, alert.ip)


READ = {
    "okta: hook": [
        ("app.oauth2.as.token.detect_reuse", 90, "0oaDrift1", "00uAnn", "oar9", None, "203.0.113.66"),
        ("user.session.context.change", 90, None, "00uBen", "idxS2", None, "2001:db8::7"),
    ],
    "okta: log": [("system.api_token.create", 75, None, "00uAdm", "00Tkey", None, "198.51.100.4")],
    "github: secret": [("secret_scanning_alert.created", 75, None, None, None, "corp/billing", None)],
    "github: code": [("code_scanning_alert.appeared_in_branch", 95, None, None, None, "corp/billing", None)],
    "github: app": [("installation.new_permissions_accepted", 0, "29310", "mallory", None, "4711", None)],
    "github: added": [("installation_repositories.added", 0, "29310", "mallory", None, "4711", None)],
    "github: key": [("deploy_key.created", 60, None, "mallory", "88", "corp/billing", None)],
    "github: pat": [("personal_access_token_request.approved", 0, None, "mallory", "5501", "corp", None)],
    "google-workspace: activity": [
        (
            "authorize",
            75,
            "77.apps.googleusercontent.com",
            "ann@corp.example",
            None,
            "77.apps.googleusercontent.com",
            "203.0.113.66",
        )
    ],
    "google-workspace: login": [
        ("account_disabled_hijacked", 90, None, "ben@corp.example", None, "ben@corp.example", None)
    ],
    "google-alert-center: bare": [
        ("Suspicious programmatic login", 75, None, "ann@corp.example", None, None, "203.0.113.66")
    ],
    "google-alert-center: pushed": [("Leaked password", 90, None, "ben@corp.example", None, None, None)],
    "microsoft-graph: app": [("Exfiltration", 50, "app-9", "u-ann", None, "obj-9", "203.0.113.66")],
    "microsoft-graph: listed": [("CredentialAccess", 75, None, "u-ann", "s-1", None, "203.0.113.66")],
    "salesforce: anomaly": [("ApiAnomalyEvent", 93, None, "005000000000001AAA", "sk1", None, "203.0.113.66")],
    "salesforce: row": [("API", 0, "0H4000000000001", "005000000000001", "sk2", "0H4000000000001", "203.0.113.66")],
    "salesforce: platform": [("SessionHijackingEvent", 96, None, "005000000000002AAA", "sk3", None, "203.0.113.67")],
    "ssf: claims": [(f"{CAEP}risk-level-change", 75, None, "ann@corp.example", "sess-1", "dev-1", None)],
    "aws-securityhub: imported": [
        ("TTPs/Credential Access/Leak", 95, None, "ann", "AKIAEXAMPLEEXAMPLE00", "AKIAEXAMPLEEXAMPLE00", "203.0.113.66")
    ]
    * 2,
    "aws-guardduty: api": [
        ("Exfiltration:S3/AnomalousBehavior", 79, None, "ann", "AKIAEXAMPLEEXAMPLE00", "invoices", "203.0.113.66")
    ],
}


@pytest.mark.parametrize("name", sorted(READ))
def test_a_payload_is_read_right(name):
    source, value = PAYLOADS[name]
    assert [told(alert) for alert in alerts(source, value)] == READ[name]


def test_a_reused_token_names_the_person_and_never_the_client_as_one():
    (alert, _) = alerts("okta", payload("okta: hook"))
    assert [(one.kind, one.id) for one in alert.principals] == [("user", "00uAnn"), ("oauth_app", "0oaDrift1")]
    without = payload("okta: hook")
    for event in without["data"]["events"][:1]:
        event["target"], event["debugContext"] = [], {}
    (alert, _) = alerts("okta", without)
    assert alert.principal is None


def test_envelopes_come_off_in_any_nesting_and_leave_the_same_finding():
    event = payload("aws-guardduty: bus")
    bare = event["detail"]
    sns = {"Type": "Notification", "MessageId": "m", "TopicArn": "t", "Message": json.dumps(event)}
    sqs = {"MessageId": "q", "ReceiptHandle": "r", "Body": json.dumps(sns)}
    forms = [
        bare, event, sns, sqs, [event], json.dumps(event), {"Messages": [sqs]},
        {"Records": [{"messageId": "q", "receiptHandle": "r", "eventSource": "aws:sqs", "body": json.dumps(event)}]},
        {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": sns}]},
        {"Findings": [bare]}, {"message": {"data": base64.b64encode(json.dumps(event).encode()).decode()}, "subscription": "s"},
    ]  # fmt: skip
    keys = {alert.dedupe_key for form in forms for alert in alerts("aws-guardduty", form)}
    assert keys == {f"aws-guardduty:111111111111:eu-west-1:{'aa' * 16}"}
    assert all(recognise(json.dumps(form).encode()) == "aws-guardduty" for form in forms)


def test_too_many_envelopes_are_none():
    form = payload("aws-guardduty: bus")
    for _ in range(12):
        form = json.dumps({"Type": "Notification", "TopicArn": "t", "Message": json.dumps(form)})
        if len(form) > 500_000:
            break
    with pytest.raises(NotAnAlert):
        alerts("aws-guardduty", json.loads(form))


def test_the_same_finding_by_two_ways_has_one_key():
    finding = payload("aws-securityhub: imported")["detail"]["findings"][0]
    arn = f"arn:aws:guardduty:eu-west-1:111111111111:detector/d1/finding/{'aa' * 16}"
    (hub,) = alerts(
        "aws-securityhub", {**finding, "Id": arn, "ProductArn": "arn:aws:securityhub:::product/aws/guardduty"}
    )
    (bus,) = alerts("aws-guardduty", payload("aws-guardduty: bus"))
    assert hub.dedupe_key == bus.dedupe_key


def test_one_bad_item_spoils_no_other():
    hook = payload("okta: hook")
    good = hook["data"]["events"]
    hook["data"]["events"] = [None, 7, good[0], {"x": 1}, [], good[1], "text"]
    found = read("okta", json.dumps(hook).encode(), provenance=UNPROVEN)
    assert [alert.source_alert_id for alert in found.alerts] == ["6a1b-reuse", "7b2c-context"]
    assert [why.partition(":")[0] for why in found.ignored] == [f"finding {n}" for n in (1, 2, 4, 5, 7)]
    assert found.delivery_id == "d-1"


def test_without_an_id_the_finding_is_known_by_what_it_says():
    hook = payload("okta: hook")
    del hook["data"]["events"][1:]
    del hook["data"]["events"][0]["uuid"]
    (alert,) = alerts("okta", hook)
    hook["eventId"] = "another delivery"
    hook["data"]["events"][0] = dict(reversed(hook["data"]["events"][0].items())) | {"p_parse_time": "now"}
    (again,) = alerts("okta", hook)
    assert alert.source_alert_id == again.source_alert_id
    assert alert.source_alert_id.startswith("sha256:")
    assert (alert.stable_id, alert.parse_notes) == (False, ("dedupe: content",))
    hook["data"]["events"][0]["displayMessage"] = "Another"
    (other,) = alerts("okta", hook)
    assert other.dedupe_key != alert.dedupe_key


@pytest.mark.parametrize("odd", ["a\x00b", "a\u202eb", "a\u200bb", "\ud800", " a", "a" * 501, "a\u3164"])
def test_an_id_is_taken_exactly_or_not_at_all(odd):
    hook = payload("okta: hook")
    event = hook["data"]["events"][0]
    event["uuid"] = event["client"]["id"] = odd
    (alert, _) = alerts("okta", hook)
    assert alert.app is None
    assert alert.source_alert_id.startswith("sha256:")


def test_texts_are_valid_short_and_printable():
    hook = payload("okta: hook")
    hook["data"]["events"][0]["displayMessage"] = "\ud83d\x00\x1b[31m" + "\u202e<!channel>\n`x` ${a} {{b}} " * 1000
    raw = json.dumps(hook).encode()
    alert = read("okta", raw, provenance=UNPROVEN).alerts[0]
    assert alert.title.isprintable()
    assert len(alert.title) <= 300
    assert alert.title.encode()
    assert "<!channel>" in alert.title, "it is shown as it is: whoever shows it escapes it"


def test_two_equally_good_candidates_are_none():
    event = payload("okta: hook")["data"]["events"][1]
    event["actor"] = {"type": "SystemPrincipal", "id": "okta"}
    event["target"] = [{"type": "User", "id": "one"}, {"type": "User", "id": "two"}]
    (alert,) = alerts("okta", event)
    assert alert.principal is None
    assert "target_user: 2 different ones" in alert.parse_notes
    assert [one.id for one in alert.principals] == ["one", "two"]


def test_what_is_compromised_is_meant_and_what_is_context_is_not():
    graph = payload("microsoft-graph: app")
    for evidence in graph["evidence"]:
        evidence["roles"] = []
    (alert,) = alerts("microsoft-graph", graph)
    assert (alert.principal, alert.ip) == (None, None), "two users and two addresses, and nothing says which"
    assert len(alert.principals) == 3


@pytest.mark.parametrize(
    ("link", "taken"),
    [
        ("https://a.example/x?y=1#z", True),
        ("http://a.example", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://user:pass@a.example/", False),
        ("https://a.example/\nx", False),
        ('https://a.example/"onclick="x', False),
        ("//a.example", False),
        ("https://", False),
        (["https://a.example"], True),
        (7, False),
    ],
)
def test_links_are_of_the_web_or_none(link, taken):
    graph = payload("microsoft-graph: app")
    graph["alertWebUrl"], graph["incidentWebUrl"] = link, None
    (alert,) = alerts("microsoft-graph", graph)
    assert bool(alert.links) is taken


def test_secrets_of_a_payload_are_in_no_alert():
    value = payload("github: secret")
    secret = "ghp_" + "a1B2" * 9
    value["alert"]["secret"] = "0123456789abcdef"
    value["alert"]["secret_type_display_name"] = f"Token {secret}"
    value["alert"]["html_url"] = f"https://github.com/x?token={secret}"
    value["sender"] = {"login": secret, "type": "User"}
    (alert,) = alerts("github", value)
    said = alert.model_dump_json()
    assert secret not in said
    assert "0123456789abcdef" not in said
    assert "[redacted]" in alert.title


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-01T02:40:11Z", "2026-03-01T02:40:11Z"),
        ("2026-03-01T02:40:11.123456789Z", "2026-03-01T02:40:11.123456Z"),
        ("2026-03-01 02:40:11.5", "2026-03-01T02:40:11.5Z"),
        ("2026-03-01T03:40:11+01:00", "2026-03-01T02:40:11Z"),
        ("2026-03-01T01:40:11-0100", "2026-03-01T02:40:11Z"),
        (1772332811, "2026-03-01T02:40:11Z"),
        ("1772332811", "2026-03-01T02:40:11Z"),
        (1772332811123, "2026-03-01T02:40:11.123Z"),
        (1772332811123456, "2026-03-01T02:40:11.123456Z"),
        (1772332811123456789, "2026-03-01T02:40:11.123456Z"),
        (1772332811.5, "2026-03-01T02:40:11.5Z"),
        ("0001-01-01T00:00:00Z", None),
        ("2026-13-01T00:00:00Z", None),
        ("2026-03-01T02:40:11+99:00", None),
        ("yesterday", None),
        (0, None),
        (-5, None),
        (1e300, None),
        (True, None),
        ({}, None),
    ],
)
def test_times_are_judged_by_how_they_are_written(written, moment):
    event = payload("okta: hook")["data"]["events"][0]
    event["published"] = written
    (alert,) = alerts("okta", event)
    assert row(alert)["time"] == moment


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda detail: detail["service"].update(archived=True), "archived"),
        (lambda detail: detail["service"].update(additionalInfo={"sample": True}), "sample"),
        (lambda detail: detail["service"].update(additionalInfo={"value": '{"sample":true}'}), "sample"),
        (lambda detail: detail.update(title="[SAMPLE] x"), "sample"),
        (
            lambda detail: detail["resource"]["accessKeyDetails"].update(accessKeyId="GeneratedFindingAccessKeyId"),
            "sample",
        ),
    ],
)
def test_a_sample_or_an_archived_finding_is_shown_and_never_acts(change, why):
    event = payload("aws-guardduty: bus")
    change(event["detail"])
    found = read("aws-guardduty", json.dumps(event).encode(), provenance=UNPROVEN)
    assert len(found.alerts) == 1
    assert any(why in said for said in found.ignored)
    assert found.alerts[0].is_sample or found.alerts[0].status == "resolved"


def test_no_name_that_an_attacker_can_choose_makes_a_finding_a_sample():
    event = payload("aws-guardduty: bus")
    event["detail"]["resource"]["accessKeyDetails"].update(userName="GeneratedFindingUserName")
    event["detail"]["service"]["action"]["awsApiCallAction"]["userAgent"] = "GeneratedFindingUserAgent"
    (alert,) = alerts("aws-guardduty", event)
    assert alert.is_sample is False


def test_a_replayed_archive_is_a_test():
    event = payload("aws-guardduty: bus")
    event["replay-name"] = "replay_archive"
    (alert,) = alerts("aws-guardduty", event)
    assert alert.is_test is True


def test_a_header_names_the_event_and_the_delivery():
    value = {"action": "created", "sender": {"login": "ann", "type": "User"}, "repository": {"full_name": "a/b"}}
    found = read(
        "github",
        json.dumps(value).encode(),
        {"x-github-event": "star", "X-GITHUB-DELIVERY": "guid-1"},
        provenance=UNPROVEN,
    )
    assert (found.alerts[0].type, found.delivery_id) == ("star.created", "guid-1")
    form = b"payload=" + "".join(f"%{byte:02x}" for byte in json.dumps(value).encode()).encode()
    again = read("github", form, {"X-GitHub-Event": "star"}, provenance=UNPROVEN)
    assert again.alerts[0].type == "star.created"


def test_a_ping_and_a_verification_are_no_alerts_and_no_mistakes():
    ping = {"zen": "Keep it logically awesome.", "hook_id": 7, "hook": {"type": "Organization"}}
    found = read("github", json.dumps(ping).encode(), {"X-GitHub-Event": "ping"}, provenance=UNPROVEN)
    assert (found.alerts, found.ignored) == ((), ("a ping of GitHub: the webhook reaches us",))
    claims = payload("ssf: claims")
    for kind in ("verification", "stream-updated"):
        claims["events"] = {f"https://schemas.openid.net/secevent/ssf/event-type/{kind}": {"state": "x"}}
        assert reading("ssf", json.dumps(claims).encode()).alerts == ()


def test_a_signed_token_and_its_claims_are_the_same_alert():
    claims = payload("ssf: claims")
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    token = f"eyJhbGciOiJSUzI1NiJ9.{part}.c2ln".encode()
    (signed,), (bare,) = reading("ssf", token).alerts, alerts("ssf", claims)
    assert row(signed) == row(bare)
    assert recognise(token) == "ssf"
    assert [alert.source_alert_id for alert in alerts("ssf", payload("ssf: polled"))] == ["j-2", "j-3"]


@pytest.mark.parametrize(
    ("subject", "principal"),
    [
        ({"format": "email", "email": "ann@corp.example"}, "ann@corp.example"),
        ({"format": "iss_sub", "iss": "i", "sub": "7"}, "7"),
        ({"subject_type": "iss-sub", "iss": "i", "sub": "7"}, "7"),
        ({"format": "opaque", "id": "o"}, "o"),
        ({"format": "account", "uri": "acct:ann@corp.example"}, "acct:ann@corp.example"),
        (
            {"format": "complex", "user": {"format": "opaque", "id": "u"}, "session": {"format": "opaque", "id": "s"}},
            "u",
        ),
        ({"format": "jwt_id", "iss": "i", "jti": "j"}, None),
    ],
)
@pytest.mark.parametrize("where", ["sub_id", "event"])
def test_subjects_old_and_new_are_read_alike(subject, principal, where):
    claims = payload("ssf: claims")
    del claims["sub_id"]
    event = {"event_timestamp": 1772332790, **({"subject": subject} if where == "event" else {})}
    claims["events"] = {f"{CAEP}session-revoked": event}
    if where == "sub_id":
        claims["sub_id"] = subject
    (alert,) = alerts("ssf", claims)
    assert alert.principal == principal
    assert alert.severity == 10, "it reports what was done already"


def test_two_names_of_one_event_are_one_alert():
    claims = payload("ssf: claims")
    claims["events"]["https://other.example/event-type/risk"] = {"current_level": "HIGH"}
    assert len(alerts("ssf", claims)) == 1


def test_lines_of_json_are_several_payloads():
    log = [payload("okta: log")[0] | {"uuid": f"u{n}"} for n in range(3)]
    raw = "\n".join(map(json.dumps, log)).encode()
    assert [alert.source_alert_id for alert in reading("auto", raw).alerts] == ["u0", "u1", "u2"]


def test_a_thousand_are_read_and_the_rest_is_said():
    one = payload("okta: log")[0]
    found = reading("okta", json.dumps([{**one, "uuid": str(n)} for n in range(1_200)]).encode())
    assert len(found.alerts) == 999
    assert "the rest is not read" in found.ignored[-1]


def test_the_list_of_what_is_ignored_stays_short():
    found = reading("okta", json.dumps([payload("okta: log")[0], *[{"n": n} for n in range(500)]]).encode())
    assert len(found.alerts) == 1
    assert len(found.ignored) == 50
    assert found.ignored[-1] == "and 451 more"
