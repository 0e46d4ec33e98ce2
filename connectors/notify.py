"""Messages to people, by a plain chat webhook: `{"text": ...}` as JSON, answered 2xx.

Nothing can be looked at afterwards, so a message is at best *requested*; it is sent once, never blindly again.
Source: https://api.slack.com/messaging/webhooks (Mattermost, Rocket.Chat and others take the same).
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.core import Call, Connector, NotAllowed, Params, Rate, Sealed, Unseen

notify = Connector(
    "notify",
    rate=Rate(1, per_s=1, in_flight=1),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen, 410: Unseen},
    auth="path",
)


class Message(Params):
    """A text for one channel: the webhook says which channel, `to` whom it is about."""

    to: str
    text: Sealed[str]


@notify.action(
    sees=None,
    layer="application",
    permission="the webhook's URL",
    stops="nothing",
    identifies=("to",),
    because="a webhook has no way to read a message back",
    irreversible="a message cannot be unread",
)
def message(p: Message) -> Iterator[Call]:
    """Tell people."""
    body = {"text": f"{p.to}: {p.text}"}
    yield Call.post(
        "/", json=body, shown={"text": f"{len(body['text'])} characters"}, once="people would read it twice"
    )
