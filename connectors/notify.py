"""Messages by a plain webhook: `{"text": ...}` to people in a chat, or an event for a machine, as JSON, answered 2xx.

Nothing can be looked at afterwards, so a message is at best *requested*; it is sent once, never blindly again.
Source: https://api.slack.com/messaging/webhooks (Mattermost, Rocket.Chat and others take the same). Of a
machine nothing is asked but that it takes JSON; `id` is the same however often an event comes. Pages and tickets have files
of their own; whatever else there is, Apprise sends it (people.yaml, `tell`).
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.core import Call, Connector, Held, Mark, NotAllowed, Params, Rate, Reader, Sealed, Unseen

notify = Connector(
    "notify",
    rate=Rate(1, per_s=1, in_flight=1),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen, 410: Unseen},
    auth="path",
)


@notify.credential()
async def held(_read: Reader) -> Held:
    """A webhook lets whoever has its URL post to one channel; it is tried by posting alone."""
    return Held(why="whoever has the URL may post to that one channel, and nothing else; only a message would try it")


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


@notify.action(
    sees=None,
    layer="application",
    permission="the webhook's URL",
    stops="nothing",
    identifies=("to",),
    because="a webhook has no way to read an event back",
    irreversible="whoever got it has acted on it",
)
def event(p: Message) -> Iterator[Call]:
    """Tell a machine: what it is about, the text, the run, and an id by which it knows an event that comes twice."""
    body = {"id": Mark.ME, "run": Mark.RUN, "at": Mark.NOW, "to": p.to, "text": p.text}
    yield Call.post("/", json=body, shown={"to": p.to, "text": f"{len(p.text)} characters"})
