"""E-mail to an SMTP server that others wrote (aiosmtpd): with TLS and a password, refused, put off, and cut off midway."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.policy import default
from functools import partial

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from connectors.core import Came, Impossible, Mark, NoState, Secret, Sender
from connectors.core.mail import MailSettings
from connectors.email import Letter, email, message
from tests.connectors.provider import wired

AGAINST = "aiosmtpd"
ME = "run/step/target"

AT = {"sender": "ringfence@acme.example", "to": ("ana@acme.example", "ben@acme.example")}
PASSWORD = Secret("mail-passw0rd-of-ours")
MARKS = {Mark.ME: "R1/told/sales", Mark.RUN: "R1", Mark.NOW: "2026-03-01T02:40:00Z"}


class Box:
    """Takes messages. `answers`: to a recipient, and to the text."""

    def __init__(self):
        self.got, self.rcpt, self.data = [], {}, "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  # aiosmtpd's name
        if (said := self.rcpt.get(address)) is not None:
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        if self.data == "drop":
            server.transport.abort()
            return "421 closing"
        if self.data.startswith("2"):
            self.got.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default), session.ssl))
        return self.data


@pytest.fixture
def box():
    return Box()


@asynccontextmanager
async def serving(box, **more):
    made = partial(SMTP, box, hostname="mail.acme.example", **more)
    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    try:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """A certificate for 127.0.0.1, which this test trusts; the server's side of it."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path / "server.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    trust = tmp_path / "trust.pem"
    trust.write_bytes(certificate.public_bytes(pem))
    monkeypatch.setenv("SSL_CERT_FILE", str(trust))
    return context


async def send(url, *, text="drift is contained. Run R1.", to="sales-ops", secret=None, **more):
    (call,) = message.missing(Letter(to=to, text=text), NoState(), ME)
    async with wired(url, connector=email, secret=secret, **{**AT, **more}) as wire:
        return await Sender(wire).send(call, MARKS)


async def test_a_message_arrives_once_at_those_of_the_configuration_and_is_known_by_its_id(box):
    async with serving(box) as url:
        for _ in range(2):
            outcome = await send(url)
            assert (outcome.came, outcome.status) == (Came.OK, 250)
        await send(url, to="legal")
    (to, first, _), (_, second, _), _ = box.got
    assert to == list(AT["to"])
    assert first["Subject"] == "sales-ops: drift is contained. Run R1."
    assert first.get_content().strip() == "drift is contained. Run R1."
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Message-ID"] == second["Message-ID"], "a double may be known"


async def test_no_text_makes_another_header_or_another_recipient(box):
    hard = "x\r\nBcc: thief@evil.example\r\n\r\nbody\n.\r\nRCPT TO:<thief@evil.example>"
    async with serving(box) as url:
        assert (await send(url, text=hard, to=hard)).came is Came.OK
    ((to, got, _),) = box.got
    assert to == list(AT["to"])
    assert got["Bcc"] is None
    assert got.get_content().replace("\r\n", "\n").strip() == hard.replace("\r\n", "\n")


async def test_a_password_goes_over_tls_alone(box, trusted):
    tried = []

    def check(server, session, envelope, mechanism, said):
        tried.append((said.password.decode(), session.ssl is not None))
        return AuthResult(success=said.password.decode() == PASSWORD.reveal(), handled=False)

    more = {"tls_context": trusted, "require_starttls": True, "authenticator": check, "auth_required": True}
    async with serving(box, **more) as url:
        outcome = await send(url, user="ringfence", secret=PASSWORD)
        assert (outcome.came, outcome.why) == (Came.OK, "250")
        wrong = await send(url, user="ringfence", secret=Secret("not-the-password"))
        assert (wrong.came, wrong.status, wrong.why) == (Came.REFUSED, 401, "401 authentication_failed")
    assert all(over_tls for _, over_tls in tried)
    assert len(box.got) == 1
    assert box.got[0][2] is not None


async def test_a_certificate_that_nobody_trusts_ends_it_before_the_password(box, trusted, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    async with serving(box, tls_context=trusted) as url:
        outcome = await send(url, user="ringfence", secret=PASSWORD)
    assert (outcome.came, outcome.why) == (Came.REFUSED, "422 certificate_is_not_trusted")
    assert box.got == []


async def test_a_server_without_tls_gets_nothing_but_on_this_machine(box, monkeypatch):
    monkeypatch.setattr("connectors.core.mail.HERE", frozenset())
    async with serving(box) as url:
        outcome = await send(url, user="ringfence", secret=PASSWORD)
    assert (outcome.came, outcome.why) == (Came.REFUSED, "422 server_offers_no_tls")
    assert box.got == []


@pytest.mark.parametrize(
    ("rcpt", "data", "came", "why"),
    [
        ("550 no such user", "250 OK", Came.REFUSED, "422 no_recipient_is_taken"),
        ("451 greylisted", "250 OK", Came.BUSY, "503 try_again_later"),
        (None, "554 spam", Came.REFUSED, "422 refused"),
        (None, "452 full", Came.BUSY, "503 try_again_later"),
    ],
)
async def test_what_the_server_answers_decides_whether_it_is_sent_again(box, rcpt, data, came, why):
    box.data = data
    if rcpt is not None:
        box.rcpt = dict.fromkeys(AT["to"], rcpt)
    async with serving(box) as url:
        outcome = await send(url)
    assert (outcome.came, outcome.why) == (came, why)
    assert outcome.wait_s == (30 if came is Came.BUSY else 0)
    assert box.got == []


async def test_one_that_is_not_taken_keeps_it_from_nobody_else(box):
    box.rcpt = {"ben@acme.example": "550 no such user"}
    async with serving(box) as url:
        outcome = await send(url)
    assert (outcome.came, outcome.why) == (Came.OK, "250 some_recipients_are_not_taken")
    assert box.got[0][0] == ["ana@acme.example"]


async def test_a_connection_that_breaks_at_the_text_leaves_doubt_and_one_that_never_was_does_not(box):
    box.data = "drop"
    async with serving(box) as url:
        assert (await send(url)).came is Came.UNSURE
    assert (await send(url)).came is Came.NOT_SENT


async def test_a_server_that_hangs_before_the_text_was_sent_nothing_and_after_it_there_is_doubt(box, monkeypatch):
    monkeypatch.setattr("connectors.core.mail.REQUEST_TIMEOUT_S", 1.0)
    hangs, goes_on = "EHLO", asyncio.Event()

    async def silent(reader, writer):
        writer.write(b"220 mail.acme.example ESMTP\r\n")
        while line := (await reader.readline()).decode().upper():
            if line.startswith(hangs):
                await goes_on.wait()
            writer.write(b"354 go on\r\n" if line.startswith("DATA") else b"250 ok\r\n")
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    assert (await send(url)).came is Came.NOT_SENT
    hangs = "MAIL"
    assert (await send(url)).came is Came.UNSURE
    goes_on.set()
    server.close()


async def test_a_dry_run_sends_none(box):
    (call,) = message.missing(Letter(to="x", text="y"), NoState(), ME)
    async with serving(box) as url, wired(url, connector=email, writes=False, **AT) as wire:
        with pytest.raises(Impossible, match="dry run"):
            await wire.exchange(call.method, call.path, body={"id": "x", "subject": "y", "text": "z"})
    assert box.got == []


@pytest.mark.parametrize(
    "address", ["a@b@c", "a b@x.example", "a@x.example, b@x.example", "a@x.example\r\nBcc: c", "<a@x>", ""]
)
def test_an_address_is_one_plain_mailbox(address):
    for settings in ({**AT, "to": [address]}, {**AT, "sender": address}):
        with pytest.raises(ValidationError):
            MailSettings.model_validate(settings)
