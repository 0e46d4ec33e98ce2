"""E-mail: tell those whom the connection's settings name. The URL is smtp://HOST[:PORT] or smtps://HOST[:PORT].

A mail server that takes a message says no more than that: it may lie, be filtered or bounce. Sent once, never blindly again.
Source: RFC 5321, RFC 5322.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.core import Call, Connector, Held, NotAllowed, Params, Rate, Reader, Sealed, Unseen
from connectors.core.mail import MailSettings, by_mail

email = Connector(
    "email",
    rate=Rate(1, per_s=1, in_flight=1),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
    auth="none",
    settings=MailSettings,
    carrier=by_mail,
    schemes=("smtp", "smtps"),
)


@email.credential()
async def held(_read: Reader) -> Held:
    """A mail server does not say as whom else a login may send."""
    return Held(why="a mail server does not say as whom else our login may send; only a message would try it")


class Letter(Params):
    """A text; `to` is whom or what it is about: addresses stand in the connection's settings alone."""

    to: str
    text: Sealed[str]


@email.action(
    sees=None,
    layer="application",
    permission="to send as the sender of its settings",
    stops="nothing",
    identifies=("to",),
    because="a mail server says that it took a message, and not that anybody has it",
    irreversible="a message cannot be unread",
)
def message(p: Letter) -> Iterator[Call]:
    """Tell people by e-mail."""
    yield Call.mail(
        f"{p.to}: {p.text}", p.text, shown={"text": f"{len(p.text)} characters"}, once="people would read it twice"
    )
