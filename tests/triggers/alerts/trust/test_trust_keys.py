"""Senders that sign with a key of their own: SNS, Security Event Tokens, Google's push; and where their keys come from."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from joserfc.jwk import KeySet

from tests.triggers.alerts.trust.signers import (
    AUDIENCE,
    BODY,
    CERTIFICATE,
    ISSUER,
    JWKS,
    NOW,
    OTHER,
    SECRET,
    TOPIC,
    Issuer,
    Sns,
    bearer,
)  # fmt: skip
from triggers.alerts.trust import sns as reading
from triggers.alerts.trust.fetching import AGAIN_S, FRESH_S, GOOD_S, MOST_NAMED, Keyring, NotFetched
from triggers.alerts.trust.model import Headers, NotNow, Secret, Trust, Untrusted
from triggers.alerts.trust.verify import verify

SET = Trust(scheme="set", issuer=ISSUER, audience=(AUDIENCE,), jwks=JWKS)
PUSH = Trust(scheme="google", audience=(AUDIENCE,), email="push@acme.example", jwks=JWKS)
PUSHED = json.dumps({"message": {"data": "e30=", "messageId": "m-1"}, "subscription": "s"}).encode()
topic = Sns()
issuer, stranger = Issuer(), Issuer()


class Known:
    def __init__(self, certificate=topic.certificate, keys=None):
        self._certificate, self._keys = certificate, keys or KeySet.import_key_set(issuer.jwks())

    def certificate(self, url):
        return self._certificate if url == CERTIFICATE else None

    def key_set(self, url):
        return self._keys if url == JWKS else None


def take(raw, trust=Trust(scheme="sns"), headers=(), topics=(TOPIC,), keys=None, secrets=(), now=NOW):  # noqa: B008
    return verify(trust, secrets, raw, headers, now=now, keys=keys or Known(), topics=topics)


def why(raw, *args, **more):
    with pytest.raises(Untrusted) as refused:
        take(raw, *args, **more)
    return refused.value.why


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("more", [{}, {"Subject": "a subject"}, {"MessageAttributes": {"a": 1}}])
def test_a_notification_is_proven(version, more):
    found = take(topic.notify('{"detail": "\u2603"}', version, **more))
    assert (found.scheme, found.key_id, found.delivery_id) == ("sns", "sns.eu-west-1.amazonaws.com", "22b80b92-fdea")
    assert found.replay == take(topic.notify('{"detail": "\u2603"}', version)).replay


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
def test_what_sns_says_of_a_subscription_is_proven_by_other_fields(kind):
    assert take(topic.subscribe(kind)).proven
    assert why(topic.subscribe(kind).replace(b'"tok"', b'"tik"')) == "forged"


def test_a_certificate_from_elsewhere_is_not_asked_for():
    host = "sns.eu-west-1.amazonaws.com"
    name = "SimpleNotificationService-1.pem"
    for url in (
        f"http://{host}/{name}", f"https://{host}.evil.example/{name}", f"https://evil.example/{host}/{name}",
        f"https://{host}@evil.example/{name}", f"https://user@{host}/{name}", f"https://{host}:8443/{name}",
        f"https://{host}/{name}?x=1", f"https://{host}/?Action=GetTopic&x=/{name}", f"https://{host}/{name}#x",
        f"https://{host}/other.pem", f"https://{host}/SimpleNotificationService-1.txt", f"https://{host}/../{name}",
        f"https://sns.us-east-1.amazonaws.com/{name}", f"https://{host}.cn/{name}", f"https://xsns.eu-west-1.amazonaws.com/{name}",
        f"https://sns.eu-west-1.s3.amazonaws.com/{name}", f"https://sns.eu-west-1.amazonaws.com\n/{name}", f"https://{host}/{name}\n",
        f"//{host}/{name}", f"https://{host}\\@evil.example/{name}", "", "x" * 5000,
    ):  # fmt: skip
        assert why(topic.notify("{}", SigningCertURL=url)) == "foreign", url


def test_only_topics_that_the_configuration_names_may_send():
    assert why(topic.notify("{}"), topics=()) == "foreign"
    assert why(topic.notify("{}", TopicArn=TOPIC + "x")) == "foreign"
    assert why(topic.notify("{}", TopicArn="arn:aws:sns:evil:1:x"), topics=["arn:aws:sns:evil:1:x"]) == "foreign"


@pytest.mark.parametrize(
    "name", ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type", "SignatureVersion"]
)
def test_each_field_that_is_signed_counts(name):
    said = json.loads(topic.notify("{}", Subject="s"))
    for value in (said[name] + "x", None, 1, [], {}, "\ud800"):
        assert why(json.dumps(said | {name: value}).encode()) in {"forged", "malformed", "foreign"}
    del said[name]
    assert why(json.dumps(said).encode()) in {"forged", "malformed", "foreign"}


def test_a_notification_is_good_for_an_hour_or_as_long_as_is_said():
    for seconds, good in ((3599, True), (3601, False), (-3599, True), (-3601, False)):
        raw = topic.notify("{}", at=NOW - timedelta(seconds=seconds))
        assert take(raw).proven if good else why(raw) == "stale"
    late = topic.notify("{}", at=NOW - timedelta(hours=20))
    assert take(late, Trust(scheme="sns", window_s=86400)).proven


def test_another_key_a_lapsed_certificate_and_a_short_key_prove_nothing():
    assert why(Sns().notify("{}")) == "forged"
    for other in (Sns(ends=NOW - timedelta(hours=1)), Sns(begins=NOW + timedelta(hours=1)), Sns(bits=1024)):
        assert why(other.notify("{}"), keys=Known(other.certificate)) == "unknown_key"
    for raw in (b"", b"{", b"[]", b"null", b'"Notification"', b"[" * 100_000, b'{"Type": 1}', b"\xff"):
        assert why(raw) == "malformed"
    assert why(json.dumps(json.loads(topic.notify("{}")) | {"Signature": "!!"}).encode()) == "malformed"
    assert why(json.dumps(json.loads(topic.notify("{}")) | {"SignatureVersion": "3"}).encode()) == "malformed"


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_a_security_event_token_is_proven(alg):
    found = take(issuer.event(alg), SET)
    assert (found.scheme, found.delivery_id, found.signed_at) == ("set", "j-1", NOW)
    assert found.replay == take(issuer.event(alg, aud=AUDIENCE), SET).replay  # the issuer and the jti are what counts
    assert take(issuer.event(iat=int(NOW.timestamp()) - 20 * 86400), SET).proven
    assert take(issuer.event() + b"\n", SET).proven


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"iss": "https://evil.example"}, "foreign"), ({"iss": ISSUER + "/"}, "foreign"), ({"iss": None}, "foreign"),
        ({"iss": [ISSUER]}, "foreign"), ({"aud": "x"}, "foreign"), ({"aud": []}, "foreign"), ({"aud": None}, "foreign"),
        ({"aud": {AUDIENCE: 1}}, "foreign"), ({"aud": [[AUDIENCE]]}, "foreign"), ({"exp": 9999999999}, "foreign"),
        ({"sub": "ada"}, "foreign"), ({"jti": None}, "malformed"), ({"jti": ""}, "malformed"), ({"jti": 5}, "malformed"),
        ({"jti": "x" * 501}, "malformed"), ({"events": None}, "malformed"), ({"events": {}}, "malformed"),
        ({"events": ["x"]}, "malformed"), ({"iat": None}, "malformed"), ({"iat": "1"}, "malformed"), ({"iat": True}, "malformed"),
        ({"iat": 1e300}, "malformed"), ({"iat": int(NOW.timestamp()) + 301}, "stale"),
    ],
)  # fmt: skip
def test_what_a_token_must_say(claims, said):
    assert why(issuer.event(**claims), SET) == said


@pytest.mark.parametrize(
    "head", [{"typ": "JWT"}, {"typ": None}, {"typ": "at+jwt"}, {"typ": 5}, {"kid": "k2"}, {"kid": None}, {"kid": 5}, {"kid": "e1"},
             {"alg": "none"}, {"alg": "RS384"}, {"alg": 5}, {"alg": None}, {"crit": ["exp"], "exp": 1}, {"crit": ["b64"], "b64": False},
             {"kid": "x", "jwk": issuer.jwks()["keys"][0]}, {"kid": "x" * 600}],
)  # fmt: skip
def test_a_token_with_another_head_is_none(head):
    assert why(issuer.event(head=head), SET) in {"foreign", "unknown_key", "malformed", "forged"}


def test_tokens_that_others_signed_or_nobody():
    assert why(stranger.event(), SET) == "forged"
    assert why(issuer.event("none"), SET) == "malformed"
    assert why(issuer.event("HS256"), SET) == "malformed"
    token = issuer.event()
    head, claims, signature = token.split(b".")
    for raw in (b"", b".", b"..", token[:-1], token[:-9], head + b"." + claims + b".", head + b"." + claims, b"x" * 200_000, b"\xff",
                head + b"." + stranger.event(jti="y").split(b".")[1] + b"." + signature, b'{"alg": "none"}', token + b".x"):  # fmt: skip
        assert why(raw, SET) in {"forged", "malformed", "unknown_key"}
    assert take(issuer.event(sub="x", exp=1), SET.model_copy(update={"strict": False})).proven


def test_a_secret_beside_the_token_counts_where_one_is_given():
    secret = [Secret("env:S", SECRET)]
    assert take(issuer.event(), SET, bearer(b""), secrets=secret).proven
    assert why(issuer.event(), SET, bearer(b"", OTHER), secrets=secret) == "forged"
    assert why(issuer.event(), SET, secrets=secret) == "missing"


def test_google_pushes_as_the_service_account_that_is_named():
    assert take(PUSHED, PUSH, issuer.bearer()).delivery_id == "m-1"
    again = PUSHED.replace(b'"s"', b'"s", "deliveryAttempt": 2')
    assert take(again, PUSH, issuer.bearer()).replay == take(PUSHED, PUSH, issuer.bearer()).replay
    now = int(NOW.timestamp())
    for claims in ({"email": "other@acme.example"}, {"email_verified": False}, {"email_verified": "true"}, {"email": None}, {"aud": "x"},
                   {"iss": "https://evil.example"}):  # fmt: skip
        assert why(PUSHED, PUSH, issuer.bearer(**claims)) == "foreign"
    assert why(PUSHED, PUSH, issuer.bearer(exp=now - 61)) == "stale"
    assert why(PUSHED, PUSH, issuer.bearer(iat=now + 301)) == "stale"
    assert why(PUSHED, PUSH, issuer.bearer(exp=None)) == "malformed"
    assert why(PUSHED, PUSH, stranger.bearer()) == "forged"
    for body in (b"{}", b"[]", b"{", b'{"message": 1}', b'{"message": {"messageId": 5}}', BODY):
        assert why(body, PUSH, issuer.bearer()) == "malformed"


class Web:
    """What can be fetched, and what was asked for."""

    def __init__(self, **pages):
        self.pages, self.asked, self.time = dict(pages), [], 0.0

    async def fetch(self, url):
        self.asked.append(url)
        if url not in self.pages:
            raise NotFetched
        return self.pages[url]

    def ring(self):
        return Keyring(self.fetch, lambda: self.time)


async def test_a_certificate_is_fetched_once_and_nothing_that_is_foreign():
    web = Web(**{CERTIFICATE: topic.pem})
    ring = web.ring()
    for _ in range(3):
        await ring.ready(Trust(scheme="sns").whole(), topic.notify("{}"), Headers(), (TOPIC,))
    assert web.asked == [CERTIFICATE]
    assert take(topic.notify("{}"), keys=ring).proven
    for raw in (
        topic.notify("{}", SigningCertURL="https://evil.example/x.pem"),
        topic.notify("{}", TopicArn=TOPIC + "2"),
    ):
        with pytest.raises(Untrusted):
            await ring.ready(Trust(scheme="sns").whole(), raw, Headers(), (TOPIC,))
    assert web.asked == [CERTIFICATE]


async def test_a_stranger_who_names_certificates_that_nobody_has_neither_floods_nor_pushes_out():
    web = Web(**{CERTIFICATE: topic.pem})
    ring = web.ring()
    await ring.ready(Trust(scheme="sns").whole(), topic.notify("{}"), Headers(), (TOPIC,))
    for number in range(200):
        url = f"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-{number}.pem"
        with pytest.raises(NotNow):
            await ring.ready(Trust(scheme="sns").whole(), topic.notify("{}", SigningCertURL=url), Headers(), (TOPIC,))
    assert len(web.asked) <= MOST_NAMED
    await ring.ready(Trust(scheme="sns").whole(), topic.notify("{}"), Headers(), (TOPIC,))
    assert ring.certificate(CERTIFICATE) == topic.certificate


async def test_an_issuers_keys_are_fetched_anew_for_a_new_kid_but_not_at_a_strangers_pace():
    web = Web(**{JWKS: json.dumps(issuer.jwks()).encode()})
    ring = web.ring()
    await ring.ready(SET.whole(), issuer.event(), Headers())
    assert take(issuer.event(), SET, keys=ring).proven
    for _ in range(50):  # it may be a new one: they are to send again
        with pytest.raises(NotNow):
            await ring.ready(SET.whole(), issuer.event(head={"kid": "new"}), Headers())
    assert len(web.asked) == 1
    web.time += AGAIN_S
    web.pages[JWKS] = json.dumps(issuer.jwks("new")).encode()
    await ring.ready(SET.whole(), issuer.event(head={"kid": "new"}), Headers())
    assert take(issuer.event(head={"kid": "new"}), SET, keys=ring).proven
    assert why(issuer.event(), SET, keys=ring) == "unknown_key"  # the old one is withdrawn


async def test_keys_go_on_being_good_for_a_day_where_they_cannot_be_fetched():
    web = Web(**{JWKS: json.dumps(issuer.jwks()).encode()})
    ring = web.ring()
    await ring.ready(SET.whole(), issuer.event(), Headers())
    web.pages.clear()
    web.time += FRESH_S + 1
    await ring.ready(SET.whole(), issuer.event(), Headers())
    assert len(web.asked) == 2
    assert take(issuer.event(), SET, keys=ring).proven
    web.time = GOOD_S + 1
    with pytest.raises(NotNow):
        await ring.ready(SET.whole(), issuer.event(), Headers())
    assert why(issuer.event(), SET, keys=ring) == "unknown_key"


@pytest.mark.parametrize("page", [b"", b"{", b"[]", b"{}", b'{"keys": 5}', b'{"keys": []}', b'{"keys": [{"kty": "oct", "k": "AAAA", "kid": "k1"}]}', b'{"keys": [{"kty": "RSA"}]}', b"[" * 1000])  # fmt: skip
async def test_what_is_no_set_of_public_keys_is_not_taken(page):
    with pytest.raises(NotNow):
        await Web(**{JWKS: page}).ring().ready(SET.whole(), issuer.event(), Headers())


async def test_a_subscription_is_confirmed_at_the_topics_own_host_whatever_the_message_names():
    web = Web()
    said = reading.envelope(topic.subscribe(SubscribeURL="https://evil.example/?Action=ConfirmSubscription"), (TOPIC,))
    assert await web.ring().confirm(said) is False
    (asked,) = web.asked
    assert asked.startswith(
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn%3Aaws%3Asns%3A"
    )
    assert asked.endswith("%3Afindings&Token=tok")
