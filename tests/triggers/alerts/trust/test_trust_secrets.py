"""Every scheme with a secret that both sides have: good, and each way of being wrong that alerts.md (19) lists."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.triggers.alerts.trust import signers as by
from tests.triggers.alerts.trust.signers import BODY, NOW, OLD, OTHER, SECRET, SVIX, SVIX_OLD
from triggers.alerts.trust.model import Secret, Trust, Untrusted
from triggers.alerts.trust.verify import verify

GENERIC = Trust(scheme="hmac", header="X-Sum", encoding="base64", text="a/{timestamp}/{body}/z", timestamp="X-Stamp")
SIGNED = {
    "slack": (Trust(scheme="slack"), by.slack),
    "github": (Trust(scheme="github"), by.github),
    "pagerduty": (Trust(scheme="pagerduty"), by.pagerduty),
    "standard-webhooks": (Trust(scheme="standard-webhooks"), by.standard),
    "push-security": (Trust(scheme="push-security"), by.push),
    "crowdstrike-fusion": (Trust(scheme="crowdstrike-fusion"), by.crowdstrike),
    "hmac": (GENERIC, by.generic),
}
SENT = {
    "header": (Trust(scheme="header"), by.header),
    "bearer": (Trust(scheme="bearer"), by.bearer),
    "basic": (Trust(scheme="basic"), by.basic),
}
TIMED = sorted({*SIGNED} - {"github", "pagerduty"})
ALL = SIGNED | SENT


def secrets(scheme):
    return [Secret("env:NEW", SVIX), Secret("env:OLD", SVIX_OLD)] if scheme == "standard-webhooks" else [
        Secret("env:NEW", SECRET), Secret("env:OLD", OLD),
    ]  # fmt: skip


def ask(scheme, body, headers, now=NOW, given=None):
    return verify(ALL[scheme][0], secrets(scheme) if given is None else given, body, headers, now=now)


def why(scheme, body, headers, **more):
    with pytest.raises(Untrusted) as refused:
        ask(scheme, body, headers, **more)
    return refused.value.why


def signature_of(scheme):
    return ALL[scheme][0].whole().header


@pytest.mark.parametrize("scheme", ALL)
def test_what_is_signed_is_proven_by_the_new_secret_and_by_the_old(scheme):
    sign = ALL[scheme][1]
    new, old = ask(scheme, BODY, sign(BODY)), ask(scheme, BODY, sign(BODY, OLD))
    assert (new.scheme, new.key_id, old.key_id, new.proven) == (scheme, "env:NEW", "env:OLD", True)
    assert new.replay == old.replay
    assert ask(scheme, b"", sign(b"")).proven
    assert ask(scheme, b"\xff\xfe{", sign(b"\xff\xfe{")).proven  # bytes are bytes: whether it can be read comes after


@pytest.mark.parametrize("scheme", ALL)
def test_another_secret_none_and_an_empty_one_prove_nothing(scheme):
    sign = ALL[scheme][1]
    assert why(scheme, BODY, sign(BODY, OTHER)) == "forged"
    assert why(scheme, BODY, sign(BODY), given=[]) == "forged"
    assert why(scheme, BODY, sign(BODY, ""), given=[Secret("env:EMPTY", "")]) in {"forged", "malformed"}


@pytest.mark.parametrize("scheme", SIGNED)
def test_a_changed_body_is_refused_byte_by_byte_and_so_is_one_that_says_the_same_otherwise(scheme):
    headers = SIGNED[scheme][1](BODY)
    for place in range(len(BODY)):
        changed = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
        assert why(scheme, changed, headers) == "forged"
    assert why(scheme, json.dumps(json.loads(BODY)).encode(), headers) == "forged"
    assert why(scheme, BODY[:-1], headers) == "forged"


@pytest.mark.parametrize("scheme", ALL)
def test_each_header_that_counts_comes_once(scheme):
    headers = ALL[scheme][1](BODY)
    trust = ALL[scheme][0].whole()
    for name in {trust.header, trust.timestamp, trust.id} - {None}:
        less = {one: value for one, value in headers.items() if one != name}
        assert why(scheme, BODY, less) == "missing"
        assert why(scheme, BODY, [*headers.items(), (name.lower(), headers[name])]) == "twice"


@pytest.mark.parametrize("scheme", SIGNED)
def test_a_signature_of_another_form_is_none(scheme):
    headers, name = SIGNED[scheme][1](BODY), signature_of(scheme)
    good = headers[name].rpartition(SIGNED[scheme][0].whole().separator or "\n")[2]
    assert ask(scheme, BODY, headers | {name: good}).proven
    bad = [
        "",
        " ",
        good[:-1],
        good[:-3],
        "x" + good,
        good.replace("=", ":", 1) if "=" in good else good + "=",
        good[:-1] + "\u0661",
        good[:-1] + "\xff",
    ]
    bad += [
        good + "\n",
        "v1=",
        "sha256=",
        "v0=" + "g" * 64,
        "=" * 5000,
        good * 100,
        "t=,v1=",
        "t=1,v1=" + "0" * 64,
        "\ud800",
    ]
    for one in bad:
        assert why(scheme, BODY, headers | {name: one}) in {"malformed", "forged"}, one


@pytest.mark.parametrize("scheme", ["github", "slack", "pagerduty", "push-security"])
def test_hex_is_taken_in_either_case(scheme):
    headers, name = SIGNED[scheme][1](BODY), signature_of(scheme)
    prefix, _, last = headers[name].rpartition("=")
    for written in (last.upper(), last.lower()):
        assert ask(scheme, BODY, headers | {name: f"{prefix}={written}"}).proven


@pytest.mark.parametrize("scheme", TIMED)
@pytest.mark.parametrize(("seconds", "good"), [(0, True), (-299, True), (299, True), (-300, True), (-301, False), (301, False), (-86400, False), (86400, False)])  # fmt: skip
def test_a_signed_time_is_good_within_its_window_both_ways(scheme, seconds, good):
    at = NOW + timedelta(seconds=seconds)
    headers = SIGNED[scheme][1](BODY, at=at)
    if good:
        assert ask(scheme, BODY, headers).signed_at == at
    else:
        assert why(scheme, BODY, headers) == "stale"


@pytest.mark.parametrize("scheme", sorted({*TIMED} - {"push-security"}))
@pytest.mark.parametrize("stamp", ["soon", "", "-1", "+1", "1e9", "17.5", "1_0", "0x10", "9" * 12, "9" * 13, "9" * 5000, "\u0661\u0662", "nan", " 1"])  # fmt: skip
def test_a_time_that_is_none_is_refused_and_breaks_nothing(scheme, stamp):
    headers = SIGNED[scheme][1](BODY)
    assert why(scheme, BODY, headers | {SIGNED[scheme][0].whole().timestamp: stamp}) in {"malformed", "forged", "stale"}


def test_a_time_far_out_is_refused_though_it_is_signed():
    for stamp in ("0", "9" * 12, "9" * 13):
        headers = {
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": "v0=" + by.mac(SECRET, f"v0:{stamp}:".encode() + BODY).hex(),
        }
        assert why("slack", BODY, headers) in {"stale", "malformed"}


@pytest.mark.parametrize("scheme", SENT)
def test_a_secret_is_sent_whole(scheme):
    for part in (SECRET[:-1], SECRET + "x", SECRET.upper(), "", "\xff", "caf\u00e9\u0661"):
        assert why(scheme, BODY, SENT[scheme][1](BODY, part)) == "forged"
    for given in ("", "Bearer", "Basic ", "Basic !!!", f"Digest {SECRET}", "x" * 5000):
        assert why(scheme, BODY, {"Authorization": given}) in {"forged", "malformed"}


def test_what_the_same_delivery_has_again_is_of_what_was_signed():
    first = ask("github", BODY, by.github(BODY))
    # nobody signed the delivery's id: another one makes no other delivery of it
    assert ask("github", BODY, by.github(BODY) | {"X-GitHub-Delivery": "other"}).replay == first.replay
    assert first.delivery_id == "72d3162e-cc78"
    again = ask("standard-webhooks", BODY, by.standard(BODY, at=NOW + timedelta(seconds=60)))
    assert again.replay == ask("standard-webhooks", BODY, by.standard(BODY)).replay
    assert ask("slack", BODY + b" ", by.slack(BODY + b" ")).replay != ask("slack", BODY, by.slack(BODY)).replay


def test_graph_every_notification_carries_the_state():
    def body(*states):
        return json.dumps(
            {"value": [{"clientState": state, "resource": "security/alerts_v2/1"} for state in states]}
        ).encode()

    trust, given = Trust(scheme="graph"), secrets("graph")
    assert verify(trust, given, body(SECRET), {}, now=NOW).key_id == "env:NEW"
    assert verify(trust, given, body(OLD, OLD), {}, now=NOW).key_id == "env:OLD"
    for bad in (body(SECRET, OTHER), body(OTHER), body(), body(SECRET, None), body(None), b"[]", b"{", b"", body(["x"]), body("x" * 500),
                b'{"value":[1]}', b'{"value":{"clientState":"' + SECRET.encode() + b'"}}', b"[" * 100_000):  # fmt: skip
        with pytest.raises(Untrusted):
            verify(trust, given, bad, {}, now=NOW)


def test_what_the_makers_publish_is_taken():
    """Published values: GitHub's and Slack's documentation, the vector of Standard Webhooks' own libraries."""
    github = {"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
    assert verify(
        Trust(scheme="github"), [Secret("x", "It's a Secret to Everybody")], b"Hello, World!", github, now=NOW
    )
    slack = {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
        b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
        b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    at = datetime.fromtimestamp(1531420618, UTC)
    assert verify(Trust(scheme="slack"), [Secret("x", "8f742231b10e8888abcd99yyyzzz85a5")], body, slack, now=at)
    standard = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }  # fmt: skip
    key, at = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", datetime.fromtimestamp(1614265330, UTC)
    found = verify(Trust(scheme="standard-webhooks"), [Secret("x", key)], b'{"test": 2432232314}', standard, now=at)
    assert found.delivery_id == "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_slacks_own_verifier_agrees():
    from slack_sdk.signature import SignatureVerifier

    headers = by.slack(BODY, at=datetime.now(UTC))
    assert SignatureVerifier(SECRET).is_valid_request(BODY, {name.lower(): value for name, value in headers.items()})


def test_every_comparison_of_a_secret_is_in_constant_time():
    """No `==` stands between what was sent and what is right; each secret is tried whatever fitted before."""
    import hmac

    from triggers.alerts.trust import signing

    asked = []
    real = hmac.compare_digest
    try:
        hmac.compare_digest = lambda a, b: asked.append((type(a), len(a), len(b))) or real(a, b)
        for scheme in ALL:
            asked.clear()
            ask(scheme, BODY, ALL[scheme][1](BODY))
            assert len(asked) >= 2
            assert set(asked) == {(bytes, 32, 32)}
    finally:
        hmac.compare_digest = real
    assert signing.hmac is hmac
