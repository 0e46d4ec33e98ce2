"""Whatever strangers send: refused with a 4xx (or told to send it again), kept nowhere, and said nowhere."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.triggers.alerts.doorway import SOURCES_OF_TEST, Doorway, issuer, overheard, topic
from tests.triggers.alerts.trust import signers as by
from tests.triggers.alerts.trust.signers import NOW, OTHER
from triggers.alerts.trust.model import Trust, Untrusted
from triggers.alerts.trust.verify import verify

CANARY = "canary-7d1e-of-a-body"
SIGNERS = {
    "okta": by.header, "github": by.github, "svix": by.standard, "slack": by.slack, "pagers": by.pagerduty,
    "push": by.push, "falcon": by.crowdstrike, "bearers": by.bearer, "basics": by.basic,
}  # fmt: skip
PROVEN = sorted({*SOURCES_OF_TEST} - {"anybody", "broken"})
stranger, strange_topic = by.Issuer(), by.Sns()
HOW = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

texts = st.text(max_size=40) | st.sampled_from(
    ["", "\x00", "\ud800", "<!channel>", "${x}", "\u202e", "v1=", "sha256=", "t=1,v1=", "Bearer "]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
deep = st.integers(1, 3000).map(lambda n: b"[" * n + CANARY.encode() + b"]" * n)
shaped = st.builds(
    lambda value, more: json.dumps({"name": CANARY, "value": value} | more).encode(),
    values,
    st.dictionaries(
        st.sampled_from(["Type", "TopicArn", "SigningCertURL", "SigningCertUrl", "Signature", "SignatureVersion", "Message", "MessageId",
                         "Timestamp", "Token", "SubscribeURL", "value", "message", "clientState", "events"]),
        values | st.sampled_from(["Notification", "SubscriptionConfirmation", by.TOPIC, by.CERTIFICATE, "1", "2", "2026-11-20T02:40:00Z"]),
        max_size=8,
    ),
)  # fmt: skip
bodies = st.one_of(
    st.binary(max_size=300).map(lambda raw: raw + CANARY.encode()), shaped, deep,
    shaped.map(lambda raw: raw[: len(raw) // 2]), shaped.map(lambda raw: raw.decode().encode("utf-16")),
    st.integers(300_000, 1_200_000).map(lambda size: CANARY.encode() * (size // len(CANARY))),
    values.map(lambda value: json.dumps({"Message": CANARY, "x": value}).encode()),
)  # fmt: skip
names = st.sampled_from([
    "Authorization", "X-Hub-Signature-256", "X-Slack-Signature", "X-Slack-Request-Timestamp", "X-PagerDuty-Signature",
    "webhook-id", "webhook-timestamp", "webhook-signature", "X-Signature", "X-CS-Primary-Signature", "X-CS-Delivery-Timestamp",
    "Content-Type", "Content-Encoding", "X-GitHub-Delivery", "x-okta-verification-challenge", "WebHook-Request-Origin",
])  # fmt: skip
latin = st.binary(max_size=120).map(lambda raw: bytes(byte for byte in raw if byte not in b"\r\n\0"))
headers = st.lists(st.tuples(names, latin), max_size=6)


def kept_nowhere(way, heard, answers, *, statuses=frozenset({400, 401, 404, 405, 413, 415})):
    for answer in answers:
        assert answer.status_code in statuses, (answer.status_code, answer.text)
        assert CANARY not in answer.text
    assert not way.shelf.rows
    assert not way.counts.accepted
    assert CANARY not in heard.getvalue()
    assert CANARY not in str(way.said)
    assert not [line for line in way.said if line.startswith("FAULT")]
    assert [url for url in way.asked if url not in {by.CERTIFICATE, by.JWKS}] == []


@HOW
@given(st.sampled_from(PROVEN), bodies, headers)
def test_forged_in_any_way(name, body, given_headers):
    way = Doorway()
    with overheard() as heard:
        answer = asyncio.run(way.ask(name, body, given_headers))
    kept_nowhere(way, heard, [answer])


@HOW
@given(st.sampled_from(sorted(SIGNERS)), bodies, st.sampled_from([OTHER, "", by.SECRET[:-1], by.SECRET.upper()]), st.integers(-(10**6), 10**6))  # fmt: skip
def test_signed_in_the_right_form_by_a_stranger(name, body, secret, seconds):
    way = Doorway()
    signed = SIGNERS[name](body, secret, NOW + timedelta(seconds=seconds))
    with overheard() as heard:
        if name == "svix":
            signed = by.standard(body, OTHER, NOW)
        answer = asyncio.run(way.ask(name, body, signed))
    kept_nowhere(way, heard, [answer])


@HOW
@given(st.sampled_from(["slack", "svix", "push", "falcon"]), bodies, st.integers(301, 10**8), st.booleans())
def test_stale_though_it_is_signed(name, body, seconds, ahead):
    way = Doorway()
    at = NOW + timedelta(seconds=seconds if ahead else -seconds)
    with overheard() as heard:
        answer = asyncio.run(way.ask(name, body, SIGNERS[name](body, at=at)))
    kept_nowhere(way, heard, [answer])


@HOW
@given(st.sampled_from(sorted({*SIGNERS} - {"okta", "bearers", "basics"})), st.data())
def test_one_change_to_what_was_signed(name, data):
    way, body = Doorway(), json.dumps({"name": CANARY}).encode()
    signed = SIGNERS[name](body)
    place = data.draw(st.integers(0, len(body) - 1))
    spoiled = data.draw(st.sampled_from([
        body[:place], body[:place] + bytes([body[place] ^ 1 << data.draw(st.integers(0, 7))]) + body[place + 1 :],
        body + b" ", b" " + body, body * 2,
    ]))  # fmt: skip
    with overheard() as heard:
        answer = asyncio.run(way.ask(name, spoiled, signed))
    kept_nowhere(way, heard, [answer])


@HOW
@given(
    st.binary(max_size=400) | deep | st.integers(0, 200).map(lambda n: b'{"n": "' + b"a" * n),
    st.sampled_from(["github", "okta"]),
)
def test_no_json_though_it_is_signed(body, name):
    body = b"\xff" + body + CANARY.encode()  # never UTF-8
    way = Doorway()
    with overheard() as heard:
        answer = asyncio.run(way.ask(name, body, SIGNERS[name](body)))
    kept_nowhere(way, heard, [answer], statuses={400, 413})


@HOW
@given(st.dictionaries(texts, values, max_size=6), st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jku", "x5u", "jwk", "b64", "zip"]), values, max_size=5))  # fmt: skip
def test_tokens_of_any_claims_and_heads(claims, head):
    way = Doorway()
    with overheard() as heard:
        for one in (issuer, stranger):
            try:
                token = one.token({"name": CANARY} | claims, **head)
            except (ValueError, UnicodeEncodeError):
                return
            answers = [
                asyncio.run(way.ask("shared", token)),
                asyncio.run(way.ask("pubsub", b"{}", {"Authorization": b"Bearer " + token})),
            ]
            kept_nowhere(way, heard, answers, statuses={400, 401, 503})


@HOW
@given(st.dictionaries(st.sampled_from([*json.loads(topic.notify("{}", Subject="s"))]), values, min_size=1, max_size=4))
def test_notifications_with_fields_of_any_type(changes):
    way = Doorway()
    good = json.loads(topic.notify(CANARY, Subject="s"))
    if all(good[name] == value for name, value in changes.items()):
        return
    raw = json.dumps(good | changes).encode()
    with overheard() as heard:
        answer = asyncio.run(way.ask("guardduty", raw))
    kept_nowhere(way, heard, [answer], statuses={401})


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["slack", "github", "pagerduty", "standard-webhooks", "push-security", "crowdstrike-fusion", "header", "bearer", "basic",
                     "graph", "sns", "set", "google"]),
    st.binary(max_size=200) | shaped, st.lists(st.tuples(st.text(max_size=20) | names, st.text(max_size=200)), max_size=8),
)  # fmt: skip
def test_verifying_raises_untrusted_and_nothing_else(scheme, raw, given_headers):
    trust = Trust(scheme=scheme, issuer=by.ISSUER, audience=(by.AUDIENCE,), jwks=by.JWKS, email="a@b.example")
    with pytest.raises(Untrusted):
        verify(trust, [], raw, given_headers, now=NOW, topics=[by.TOPIC])
