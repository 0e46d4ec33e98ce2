"""The door: what each sender is answered, what is kept, and that nothing else is."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.triggers.alerts.doorway import SECRETS, WEB, Doorway, issuer, overheard, topic
from tests.triggers.alerts.trust import signers as by
from tests.triggers.alerts.trust.signers import BODY, NOW, SECRET

GRAPH = json.dumps({"value": [{"clientState": SECRET, "resource": "security/alerts_v2/1"}]}).encode()
PUSHED = json.dumps({"message": {"data": "e30=", "messageId": "m-1"}, "subscription": "s"}).encode()
GOOD = {
    "okta": (BODY, by.header(BODY)),
    "github": (BODY, by.github(BODY)),
    "guardduty": (topic.notify("{}"), {"Content-Type": "text/plain; charset=UTF-8"}),
    "svix": (BODY, by.standard(BODY)),
    "slack": (BODY, by.slack(BODY)),
    "pagers": (BODY, by.pagerduty(BODY)),
    "push": (BODY, by.push(BODY)),
    "falcon": (BODY, by.crowdstrike(BODY)),
    "bearers": (BODY, by.bearer(BODY)),
    "basics": (BODY, by.basic(BODY, SECRETS["env:BASIC"])),
    "graph": (GRAPH, {}),
    "shared": (issuer.event(), {"Content-Type": "application/secevent+jwt"}),
    "pubsub": (PUSHED, issuer.bearer()),
    "anybody": (BODY, {}),
}


@pytest.fixture
def way():
    return Doorway()


@pytest.mark.parametrize("name", GOOD)
async def test_what_is_proven_is_kept_before_it_is_answered_and_the_same_again_is_no_other(way, name):
    body, headers = GOOD[name]
    first, second = await way.ask(name, body, headers), await way.ask(name, body, headers)
    right = 202 if name in {"shared", "graph"} else 200
    assert (first.status_code, first.content, second.status_code) == (right, b"", right)
    if name == "graph":  # it names alerts, and holds none
        assert (way.nudged, way.shelf.rows) == ([name, name], {})
        return
    ((key, (_, raw, verified, kept)),) = way.shelf.rows.items()
    assert (key[0], raw, verified.proven) == (name, body, name != "anybody")
    assert (way.counts.accepted[name], way.counts.again[name]) == (1, 1)
    assert not way.refused
    assert not {"authorization", "x-hub-signature-256", "x-slack-signature", "webhook-signature"} & kept.keys()


@pytest.mark.parametrize("name", sorted({*GOOD} - {"anybody"}))
async def test_whoever_is_not_proven_hears_that_and_never_why(way, name):
    body, headers = GOOD[name]
    wrong = [
        await way.ask(name, body[:-1] + b" ", {one: value[:-2] + "zz" for one, value in headers.items()}),
        await way.ask(name, b"not-a-body-of-anybody", {}), await way.ask(name, b"", {}),
    ]  # fmt: skip
    said = {(answer.status_code, answer.content) for answer in wrong}
    assert len(said) == 1
    assert said.pop()[0] == (400 if name == "shared" else 401)
    assert not way.shelf.rows
    assert not way.counts.accepted
    assert sum(way.counts.refused.values()) == 3


async def test_a_sender_that_nobody_configured_hears_the_same_as_a_forger(way):
    stranger, forger = await way.ask("nobody", BODY), await way.ask("okta", BODY)
    assert (stranger.status_code, stranger.content) == (forger.status_code, forger.content) == (401, forger.content)
    assert way.refused == {("", "unknown"): 1, ("okta", "missing"): 1}
    assert (await way.ask("okta/more", BODY)).status_code == 404


async def test_a_security_event_token_is_answered_as_its_specification_has_it(way):
    good = await way.ask("shared", issuer.event(), {"Content-Type": "application/secevent+jwt"})
    bad = await way.ask("shared", issuer.event(iss="https://evil.example"))
    assert (good.status_code, good.content) == (202, b"")
    assert bad.status_code == 400
    assert bad.headers["content-type"] == "application/json"
    assert bad.headers["content-language"] == "en"
    assert bad.json()["err"] == "authentication_failed"
    WEB.pop(by.JWKS, None)
    try:
        assert (await Doorway().ask("shared", issuer.event())).status_code == 503
    finally:
        WEB[by.JWKS] = json.dumps(issuer.jwks()).encode()


async def test_the_stale_and_the_replayed(way):
    late = NOW - timedelta(seconds=301)
    for name, sign in (("slack", by.slack), ("svix", by.standard), ("push", by.push), ("falcon", by.crowdstrike)):
        assert (await way.ask(name, BODY, sign(BODY, at=late))).status_code == 401
        assert way.refused[name, "stale"] == 1
        assert (await way.ask(name, BODY, sign(BODY))).status_code == 200
        assert (await way.ask(name, BODY, sign(BODY, at=NOW - timedelta(seconds=9)))).status_code == 200
        assert way.counts.again[name] == 1  # within the window it is the store that knows it
    await way.ask("github", BODY, by.github(BODY))
    await way.ask("github", BODY, by.github(BODY) | {"X-GitHub-Delivery": "another", "X-GitHub-Event": "push"})
    assert (way.counts.accepted["github"], way.counts.again["github"]) == (1, 1)


async def test_what_is_too_large_is_not_read_on(way):
    big = b'{"x": "' + b"a" * 1100 + b'"}'
    assert (await way.ask("tiny", big, by.github(big))).status_code == 413

    async def parts():
        for _ in range(5):
            yield big[:300]

    assert (await way.ask("tiny", parts(), by.github(big))).status_code == 413
    fits = b'{"x": "' + b"a" * 900 + b'"}'
    assert (await way.ask("tiny", fits, by.github(fits))).status_code == 200
    large = b'{"x": "' + b"a" * 290_000 + b'"}'
    assert (await way.ask("github", large, by.github(large))).status_code == 200
    assert (await way.ask("okta", b"x" * (1 << 20) + b"y", by.header(b""))).status_code == 413
    assert way.refused == {("tiny", "too_large"): 2, ("okta", "too_large"): 1}


async def test_a_body_that_is_compressed_is_refused(way):
    for coding in ("gzip", "br", "identity, gzip", "GZIP"):
        answer = await way.ask("github", BODY, by.github(BODY) | {"Content-Encoding": coding})
        assert answer.status_code == 415
    twice = [*by.github(BODY).items(), ("Content-Encoding", "identity"), ("Content-Encoding", "gzip")]
    assert (await way.ask("github", BODY, twice)).status_code == 415
    assert (await way.ask("github", BODY, by.github(BODY) | {"Content-Encoding": "identity"})).status_code == 200
    assert len(way.shelf.rows) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"\xff\xfe", b'{"a": "\xff"}', b"{", b"[" * 100_000, b"[" * 70 + b"]" * 70, b'{"a":' * 100 + b"1" + b"}" * 100, b"," * 1_000_001,
     b'{"a": 1} x', b"payload=%7B", b"a=1&b=2", b"<xml/>", b"EVENT_TYPE,REQUEST_ID\n", b"EVENT_TYPE,REQUEST_ID\nAPI,\xff\n", b"name,age\nann,3\n"],
)  # fmt: skip
async def test_what_is_signed_and_no_json_is_400(way, body):
    with overheard() as heard:
        got = await way.ask("bearers", body, by.bearer(body))
    assert got.status_code in {400, 413}
    assert not way.shelf.rows
    assert "payload" not in heard.getvalue()


@pytest.mark.parametrize(
    "body",
    [BODY, b"\xef\xbb\xbf" + BODY, b"[" * 60 + b"]" * 60, b'["' + b"[{" * 5000 + b'"]', b'{"a": "\\ud800"}', b'{"a": 1e999, "b": 123456789012345678901234567890}',
     b'{"a": 1}\n{"a": 2}\n', b'{"a": 1}\n{"a":', b'"EVENT_TYPE","REQUEST_ID"\r\n"API","4"\r\n', b"null", b'"x"', b"5"],
)  # fmt: skip
async def test_json_of_any_kind_is_kept_for_whoever_reads_it(way, body):
    assert (await way.ask("github", body, by.github(body))).status_code == 200


async def test_githubs_form_is_kept_as_it_came(way):
    body = b"payload=%7B%22zen%22%3A%22x%22%7D"
    headers = by.github(body) | {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await way.ask("github", body, headers)).status_code == 200
    for bad in (b"payload=%7B", b"payload=1&payload=2", b"other=1", b"payload=\xff"):
        headers = by.github(bad) | {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await way.ask("github", bad, headers)).status_code == 400


async def test_only_what_is_proven_takes_of_a_senders_pace(way):
    for _ in range(20):
        assert (await way.ask("slow", BODY, by.github(BODY, by.OTHER))).status_code == 401
    bodies = [b'{"n": %d}' % number for number in range(5)]
    got = [(await way.ask("slow", body, by.github(body))).status_code for body in bodies]
    assert got == [200, 200, 200, 503, 503]
    way.time += 1.0
    assert (await way.ask("slow", bodies[3], by.github(bodies[3]))).status_code == 200
    answer = await way.ask("slow", bodies[4], by.github(bodies[4]))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert (await way.ask("github", BODY, by.github(BODY))).status_code == 200


async def test_what_cannot_be_kept_is_to_be_sent_again_and_its_text_is_told_nowhere(way):
    way.shelf.full = True
    with overheard() as heard:
        answer = await way.ask("okta", BODY, by.header(BODY))
    assert answer.status_code == 503
    assert way.said == [
        *way.said[:1],
        "Alerts from okta: one could not be kept (RuntimeError); it is to be sent again.",
    ]
    assert "canary" not in heard.getvalue() + str(way.said) + answer.text


async def test_a_sender_that_cannot_be_let_in_is_told_of_once_and_asked_to_try_again(way):
    for _ in range(3):
        assert (await way.ask("broken", BODY, by.github(BODY))).status_code == 503
    assert way.said == ["alerts from broken: secret env:GONE: the environment has no such name"]


async def test_what_comes_in_pieces_or_breaks_off(way):
    async def parts():
        for place in range(0, len(BODY), 5):
            yield BODY[place : place + 5]

    assert (await way.ask("github", parts(), by.github(BODY))).status_code == 200
    said = []

    async def receive():
        said.append(1)
        return (
            {"type": "http.request", "body": BODY[:9], "more_body": True}
            if len(said) == 1
            else {"type": "http.disconnect"}
        )

    sent = []

    async def send(message):
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in by.github(BODY).items()]
    scope = {
        "type": "http",
        "method": "POST",
        "headers": headers,
        "query_string": b"",
        "path_params": {"name": "github"},
    }
    await way.door(scope, receive, send)
    assert sent == []
    assert way.refused == {("github", "truncated"): 1}
    assert way.door.room._used == 0


async def test_large_bodies_on_their_way_in_have_bounded_room_and_small_ones_need_none(way):
    way.door.room._used = way.door.room._most
    large = b'{"x": "' + b"a" * 100_000 + b'"}'
    assert (await way.ask("github", large, by.github(large))).status_code == 503
    assert (await way.ask("github", BODY, by.github(BODY))).status_code == 200
    assert way.door.room._used == way.door.room._most


async def test_okta_asks_once_with_its_header(way):
    challenge = {"x-okta-verification-challenge": "abc-123"}
    good = await way.ask("okta", method="GET", headers=by.header(b"") | challenge)
    assert (good.status_code, good.json()) == (200, {"verification": "abc-123"})
    for headers in (challenge, by.header(b""), by.header(b"", by.OTHER) | challenge, by.header(b"") | {"x-okta-verification-challenge": "x" * 2000},
                    by.header(b"") | {"x-okta-verification-challenge": "caf\u00e9"}):  # fmt: skip
        assert (await way.ask("okta", method="GET", headers=headers)).status_code == 401
    assert (await way.ask("github", method="GET", headers=challenge)).status_code == 405
    assert not way.shelf.rows


async def test_graph_gets_its_token_back_as_plain_text(way):
    for method in ("POST", "GET"):
        good = await way.ask("graph", method=method, query="?validationToken=Validation%3A%20Test%20%3Cb%3E")
        assert (good.status_code, good.text) == (200, "Validation: Test <b>")
        assert good.headers["content-type"] == "text/plain; charset=utf-8"
        assert good.headers["x-content-type-options"] == "nosniff"
    for query in (
        "?validationToken=",
        "?validationToken=a&validationToken=b",
        "?validationToken=%0d%0ax",
        "?validationToken=" + "x" * 2000,
    ):
        assert (await way.ask("graph", method="POST", query=query)).status_code == 401
    assert (await way.ask("okta", method="POST", query="?validationToken=x")).status_code == 401
    assert not way.shelf.rows


async def test_cloudevents_may_ask_whether_they_may_send(way):
    good = await way.ask("events", method="OPTIONS", headers={"WebHook-Request-Origin": "events.example.com"})
    assert (good.status_code, good.headers["webhook-allowed-origin"]) == (200, "events.example.com")
    for origin in ("*", "a b", "x" * 300, "evil.example\u00e9"):
        assert (
            await way.ask("events", method="OPTIONS", headers={"WebHook-Request-Origin": origin})
        ).status_code == 401
    assert (await way.ask("github", method="OPTIONS", headers={"WebHook-Request-Origin": "x"})).status_code == 405
    kept = by.bearer(b"") | {"ce-id": "1", "ce-source": "/x", "ce-type": "t", "X-Other": "no"}
    assert (await way.ask("events", b"{}", kept)).status_code == 200
    ((_, (_, _, _, headers)),) = way.shelf.rows.items()
    assert headers == {"ce-id": "1", "ce-source": "/x", "ce-type": "t"}


async def test_sns_subscriptions_are_confirmed_for_topics_that_are_named_and_for_no_others(way):
    assert (await way.ask("guardduty", topic.subscribe(TopicArn=by.TOPIC + "-other"))).status_code == 401
    assert (await way.ask("guardduty", by.Sns().subscribe())).status_code == 401
    assert [url for url in way.asked if "Action" in url] == []
    assert (await way.ask("guardduty", topic.subscribe())).status_code == 503  # SNS did not take it: it asks again
    (url,) = [url for url in way.asked if "Action" in url]
    WEB["confirms"] = (url,)
    assert (await way.ask("guardduty", topic.subscribe())).status_code == 200
    assert way.noted == [("guardduty", "subscribed")]
    assert (await way.ask("guardduty", topic.subscribe("UnsubscribeConfirmation"))).status_code == 200
    assert way.noted[1:] == [("guardduty", "unsubscribed")]
    assert "was ended at SNS" in way.said[-1]
    assert not way.shelf.rows


async def test_the_raw_delivery_of_sns_has_no_signature_and_is_refused(way):
    assert (await way.ask("guardduty", BODY, {"x-amz-sns-rawdelivery": "true"})).status_code == 401


async def test_what_the_doors_count_is_told_to_prometheus(way):
    from prometheus_client import CollectorRegistry, generate_latest

    await way.ask("okta", BODY, by.header(BODY))
    await way.ask("okta", BODY, by.header(BODY))
    await way.ask("okta", BODY)
    registry = CollectorRegistry()
    registry.register(type("C", (), {"collect": lambda _: way.counts.metrics()})())
    text = generate_latest(registry).decode()
    assert 'ringfence_alerts_accepted_total{source="okta"} 1.0' in text
    assert 'ringfence_alerts_again_total{source="okta"} 1.0' in text
    assert 'ringfence_alerts_refused_total{source="okta",why="missing"} 1.0' in text
