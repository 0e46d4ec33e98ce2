"""Carries e-mail by SMTP (RFC 5321), with TLS but on this machine itself: whom it goes to, configuration alone says.

A Message-ID is the same each time one message is sent (RFC 5322 section 3.6.4), so that receivers may know a double. Until the
text is on its way a failure means *not sent*; a connection that breaks later means *no answer*.
"""

from __future__ import annotations

import asyncio
import hashlib
import smtplib
import ssl
import threading
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field

from connectors.core.aside import aside
from connectors.core.configured import Settings
from connectors.core.wire import REQUEST_TIMEOUT_S, Connection, NoAnswer, NotSent, Reply

LONGEST = 200
"""Characters of a subject."""
HERE = frozenset({"localhost", "127.0.0.1", "::1"})
PORTS = {"smtp": 587, "smtps": 465}
"""RFC 6409 section 3.1, RFC 8314 section 3.3."""
WAIT_S = 30
Address = Annotated[str, Field(pattern=r"^[^\s@<>()\[\],;:\"\\]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$")]
"""One plain mailbox."""


class MailSettings(Settings):
    """From whom and to whom. `user`: whose password the connection's secret is; "" where the server asks for none."""

    sender: Address
    to: Annotated[tuple[Address, ...], Field(min_length=1, max_length=50)]
    user: str = ""


async def by_mail(connection: Connection, body: Mapping[str, Any]) -> Reply:
    """Carry one message: `id` (the same for the same message), `subject`, `text`."""
    letter, under_way = written(connection.settings, body), threading.Event()
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            return await aside(lambda: _deliver(connection, letter, under_way))
    except TimeoutError:
        late = under_way.is_set()
        under_way.set()  # a thread that wakes up later sends nothing any more
        raise (NoAnswer if late else NotSent)(f"the mail server took over {REQUEST_TIMEOUT_S:g} s") from None


def written(at: Any, body: Mapping[str, Any]) -> EmailMessage:
    """The message itself. A line break in a subject would be another header: it becomes a space."""
    letter = EmailMessage(policy=SMTP)
    letter["From"], letter["To"] = at.sender, ", ".join(at.to)
    letter["Subject"] = " ".join(str(body["subject"]).split())[:LONGEST]
    named = hashlib.sha256(str(body["id"]).encode()).hexdigest()[:32]
    letter["Message-ID"] = f"<{named}@{at.sender.partition('@')[2]}>"
    letter["Date"] = formatdate(usegmt=True)
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5: nobody's absence note is wanted
    letter.set_content(str(body["text"]))
    return letter


def _deliver(connection: Connection, letter: EmailMessage, under_way: threading.Event) -> Reply:
    at: Any = connection.settings
    try:
        server = _reached(connection.url)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(type(error).__name__) from None
    try:
        if (refused := _secured(server, connection)) is not None:
            return refused
        if under_way.is_set():
            raise NotSent("it is too late")
        under_way.set()
        missed = server.send_message(letter, at.sender, list(at.to))
    except smtplib.SMTPRecipientsRefused as error:
        return _refused(max(code for code, _ in error.recipients.values()), "no_recipient_is_taken")
    except smtplib.SMTPAuthenticationError:
        return Reply(401, {}, {"error": "authentication_failed"})
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code, "refused")
    except smtplib.SMTPNotSupportedError:
        return Reply(422, {}, {"error": "not_supported"})
    except (OSError, smtplib.SMTPException) as error:
        raise (NoAnswer if under_way.is_set() else NotSent)(type(error).__name__) from None
    finally:
        _leave(server)
    return Reply(250, {}, {"error": "some_recipients_are_not_taken"} if missed else None)


def _reached(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    if parts.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=REQUEST_TIMEOUT_S, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, timeout=REQUEST_TIMEOUT_S)


def _secured(server: smtplib.SMTP, connection: Connection) -> Reply | None:
    """TLS and our password, in this order; why not, where it cannot be."""
    at: Any = connection.settings
    parts = urlsplit(connection.url)
    server.ehlo()
    if parts.scheme == "smtp":
        if server.has_extn("starttls"):
            try:
                server.starttls(context=ssl.create_default_context())
            except ssl.SSLError:
                return Reply(422, {}, {"error": "certificate_is_not_trusted"})
            server.ehlo()
        elif parts.hostname not in HERE:
            return Reply(422, {}, {"error": "server_offers_no_tls"})
    if at.user and connection.secret is not None:
        server.login(at.user, connection.secret.reveal())
    return None


def _refused(code: int, word: str) -> Reply:
    """RFC 5321 section 4.2.1: 4yz may be sent again later, 5yz not."""
    if 400 <= code < 500:
        return Reply(503, {"retry-after": str(WAIT_S)}, {"error": "try_again_later"})
    return Reply(422, {}, {"error": word})


def _leave(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()
