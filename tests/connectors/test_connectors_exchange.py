"""A credential becomes an access token: once for all who ask, again when it is turned away, and shown to nobody.

What a token endpoint answers: RFC 6749 sections 4.4.3, 5.1, 5.2; RFC 7523 section 3.1.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import logging
import time
import traceback
from urllib.parse import parse_qsl

import orjson
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pydantic import TypeAdapter, ValidationError

from connectors.core import (
    Busy,
    Call,
    Came,
    Connector,
    Impossible,
    NotAllowed,
    Rate,
    Reader,
    Secret,
    Sender,
    Settings,
    TokenUrl,
    Unexpected,
    Unreachable,
    Unseen,
    client_assertion,
    client_credentials,
    jwt_bearer,
)
from connectors.core.exchange import CLIENT_ASSERTION, JWT_BEARER, signed
from tests.connectors.provider import Thing, ThingSeen, provider, says, wired

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PASSWORD = Secret("p4ssw0rd-of-the-client")


class At(Settings):
    client_id: str = "us"
    token_url: TokenUrl | None = None


def made(auth, grant):
    found = Connector(
        "toy",
        rate=Rate(5000, in_flight=50),
        meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
        auth=auth,
        grant=grant,
        settings=At,
    )

    @found.look(permission="toy.read")
    async def thing(read: Reader, p: Thing) -> ThingSeen:
        """One thing."""
        return ThingSeen(on=(await read.get("/things/{name}", p))["on"])

    return found, thing


BY_PASSWORD, thing = made(
    "client-credentials", lambda at, secret: client_credentials("/token", at.client_id, secret, scope="toy.read")
)


class Server:
    """Mints t1, t2, ...; takes those in `good`. `says` is what its token endpoint answers in place of a token."""

    def __init__(self, **more):
        self.asked, self.good, self.used, self.more, self.says = [], set(), [], more, None

    def __call__(self, got):
        if got.target == "/token":
            self.asked.append(dict(parse_qsl(got.body.decode())))
            if self.says is not None:
                return self.says
            self.good.add(token := f"t{len(self.asked)}-{'x' * 20}")
            return says(200, {"access_token": token, "token_type": "bearer", "expires_in": 3600} | self.more)
        token = got.headers.get("authorization", "").removeprefix("Bearer ")
        self.used.append((got.method, token[:2]))
        return says(200, {"on": True}) if token in self.good else says(401, {"error": "invalid_token"})


async def test_one_token_serves_all_who_ask_at_once_and_after():
    server = Server()
    async with provider(server) as there, wired(there.url, connector=BY_PASSWORD, secret=PASSWORD) as wire:
        await asyncio.gather(*(thing(Reader(wire), Thing(name=str(n))) for n in range(30)))
        outcome = await Sender(wire).send(Call.put("/things/a", json={"on": False}), {})
    assert outcome.came is Came.OK
    assert {token for _, token in server.used} == {"t1"}
    assert server.asked == [
        {"grant_type": "client_credentials", "client_id": "us", "client_secret": PASSWORD.reveal(), "scope": "toy.read"}
    ]


@pytest.mark.parametrize(
    ("expires", "asked"), [(3600, 1), ("3600", 1), (None, 1), ("soon", 1), (-5, 1), ("nan", 1), (0, 3), (1e-9, 3)]
)
async def test_a_token_is_used_until_shortly_before_it_expires(expires, asked):
    server = Server(expires_in=expires)
    async with provider(server) as there, wired(there.url, connector=BY_PASSWORD, secret=PASSWORD) as wire:
        for _ in range(3):
            await thing(Reader(wire), Thing(name="a"))
    assert len(server.asked) == asked


async def test_a_read_that_is_turned_away_goes_out_once_more_with_a_new_token():
    server = Server()
    async with provider(server) as there, wired(there.url, connector=BY_PASSWORD, secret=PASSWORD) as wire:
        await thing(Reader(wire), Thing(name="a"))
        server.good.clear()
        assert (await thing(Reader(wire), Thing(name="a"))).on
    assert [token for _, token in server.used] == ["t1", "t1", "t2"]


async def test_a_read_that_is_turned_away_twice_says_so():
    server = Server()
    async with provider(server) as there, wired(there.url, connector=BY_PASSWORD, secret=PASSWORD) as wire:
        server.good = frozenset(["none"])
        server.says = says(200, {"access_token": "never-good", "token_type": "Bearer"})
        with pytest.raises(NotAllowed, match="401"):
            await thing(Reader(wire), Thing(name="a"))
    assert len(server.asked) == len(server.used) == 2


async def test_a_write_that_is_turned_away_is_not_sent_again_and_the_next_look_has_a_new_token():
    server = Server()
    async with provider(server) as there, wired(there.url, connector=BY_PASSWORD, secret=PASSWORD) as wire:
        await thing(Reader(wire), Thing(name="a"))
        server.good.clear()
        outcome = await Sender(wire).send(Call.put("/things/a", json={"on": False}), {})
        await thing(Reader(wire), Thing(name="a"))
    assert (outcome.came, outcome.status) == (Came.REFUSED, 401)
    assert server.used == [("GET", "t1"), ("PUT", "t1"), ("GET", "t2")]


async def test_a_credential_of_another_is_used_as_it_is():
    server = Server()
    async with provider(server) as there, wired(there.url, connector=BY_PASSWORD, secret=PASSWORD) as wire:
        assert await Reader(wire).turned_away("/things/a", bearer=Secret("canary-token"))
    assert server.asked == []
    assert server.used == [("GET", "ca")]


async def test_a_dry_run_may_get_a_token_and_still_writes_nothing():
    server = Server()
    async with (
        provider(server) as there,
        wired(there.url, writes=False, connector=BY_PASSWORD, secret=PASSWORD) as wire,
    ):
        await thing(Reader(wire), Thing(name="a"))
        with pytest.raises(Impossible, match="reading only"):
            await wire.exchange("PUT", "/things/a", body={})
    assert server.used == [("GET", "t1")]


@pytest.mark.parametrize(
    ("said", "read", "sent"),
    [
        (None, Unreachable, Came.NOT_SENT),
        (says(503), Unreachable, Came.NOT_SENT),
        (says(429, retry_after="9"), Busy, Came.NOT_SENT),
        (says(400, {"error": "invalid_grant", "error_description": PASSWORD.reveal()}), NotAllowed, Came.REFUSED),
        (says(401, {"error": "invalid_client"}), NotAllowed, Came.REFUSED),
        (says(302, location="https://elsewhere.example/token"), Unexpected, Came.REFUSED),
        (says(200, {}), Unexpected, Came.REFUSED),
        (says(200, [PASSWORD.reveal()]), Unexpected, Came.REFUSED),
        (says(200, {"access_token": "a\r\nhost: b"}), Unexpected, Came.REFUSED),
        (says(200, {"access_token": "a", "token_type": "mac"}), Unexpected, Came.REFUSED),
        (says(200, PASSWORD.reveal().encode()), Unexpected, Came.REFUSED),
    ],
    ids=str,
)
async def test_where_no_token_comes_nothing_is_sent_and_no_secret_is_shown(said, read, sent, caplog):
    caplog.set_level(logging.DEBUG)
    server = Server()

    def answers(got):
        taken = server(got)
        return said if got.target == "/token" else taken

    async with provider(answers) as there, wired(there.url, connector=BY_PASSWORD, secret=PASSWORD) as wire:
        with pytest.raises(read) as error:
            await thing(Reader(wire, patience_s=0.3), Thing(name="a"))
        outcome = await Sender(wire).send(Call.put("/things/a", json={"on": False}), {})
    assert outcome.came is sent
    assert server.used == [], "the API was not asked"
    shown = "".join(traceback.format_exception(error.value)) + outcome.why + caplog.text
    assert PASSWORD.reveal() not in shown


def opened(token):
    """A JWT's header and claims; raises where the key's owner did not sign it."""
    head, body, signature = token.split(".")
    parts = [base64.urlsafe_b64decode(part + "==") for part in (head, body, signature)]
    KEY.public_key().verify(parts[2], f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return orjson.loads(parts[0]), orjson.loads(parts[1])


async def test_a_signed_assertion_is_made_anew_for_each_token_and_names_whom_it_is_for():
    claims = {"iss": "robot", "sub": "admin@x.example", "aud": "https://t.example/token", "scope": "a b"}
    connector, look = made(
        "jwt-bearer", lambda at, key: jwt_bearer("/token", claims, key.reveal(), header={"kid": "7"})
    )
    server = Server(expires_in=0)
    async with provider(server) as there, wired(there.url, connector=connector, secret=Secret(PEM)) as wire:
        await look(Reader(wire), Thing(name="a"))
        await look(Reader(wire), Thing(name="b"))
    assert len(server.asked) == 2
    for form in server.asked:
        assert form.keys() == {"grant_type", "assertion"}
        assert form["grant_type"] == JWT_BEARER
        header, said = opened(form["assertion"])
        assert header == {"alg": "RS256", "typ": "JWT", "kid": "7"}
        assert {name: said[name] for name in claims} == claims
        assert said["iat"] <= time.time() < said["exp"]
        assert said["exp"] - said["iat"] <= 180, "Salesforce takes three minutes at most"


def test_a_client_may_prove_itself_by_a_signed_assertion(monkeypatch):
    seconds = itertools.count(1_767_225_600.9, 1)
    monkeypatch.setattr("connectors.core.exchange.time.time", lambda: next(seconds))  # a second passes at each look
    grant = client_assertion("/token", "us", PEM, audience="https://t.example/token", scope="x/.default")
    header, said = opened(grant.form["client_assertion"])
    assert grant.form["client_assertion_type"] == CLIENT_ASSERTION
    assert grant.form["scope"] == "x/.default"
    assert (said["iss"], said["sub"], said["aud"]) == ("us", "us", "https://t.example/token")
    assert 0 <= said["iat"] - said["nbf"] <= 2, "both from the clock, one after the other"
    assert said["jti"]
    assert grant.form["client_assertion"] not in repr(grant)


@pytest.mark.parametrize("key", ["", "no key", PEM[:200], PEM.replace("PRIVATE", "PUBLIC")])
def test_a_key_that_is_none_is_told_without_it(key):
    with pytest.raises(Impossible, match="no RSA private key") as error:
        signed(key, {}, {})
    assert not key or key not in str(error.value)


@pytest.mark.parametrize(
    "url",
    ["http://t.example/token", "https://u:p@t.example/", "https://t.example/?a=b", "file:///x", "t.example", "/x"],
)
def test_a_credential_goes_to_a_plain_https_address_alone(url):
    with pytest.raises(ValidationError):
        TypeAdapter(TokenUrl).validate_python(url)
    for fine in ("https://t.example/token", "http://127.0.0.1:80/token"):
        assert TypeAdapter(TokenUrl).validate_python(fine) == fine
