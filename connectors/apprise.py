"""Anything that has no connector here, by Apprise: the secret is an Apprise URL, the URL apprise://HOST names where it leads.

Apprise says True or False, and nothing of what became of it: at best *requested*, sent once. Source: github.com/caronc/apprise.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.core import Call, Connector, Held, NotAllowed, Params, Rate, Reader, Sealed, Unseen
from connectors.core.apprise import by_apprise

apprise = Connector(
    "apprise",
    rate=Rate(1, per_s=1, in_flight=1),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
    auth="none",
    carrier=by_apprise,
    schemes=("apprise",),
)


@apprise.credential()
async def held(_read: Reader) -> Held:
    """Apprise tells nothing of what a URL may do."""
    return Held(why="whoever has the Apprise URL may send by it; only a message would try it")


class Note(Params):
    """A text for the channel that the connection's secret leads to; `to` is whom or what it is about."""

    to: str
    text: Sealed[str]


@apprise.action(
    sees=None,
    layer="application",
    permission="the Apprise URL",
    stops="nothing",
    identifies=("to",),
    because="Apprise says whether it sent it, and reads nothing back",
    irreversible="a message cannot be unread",
)
def message(p: Note) -> Iterator[Call]:
    """Tell people by whatever the Apprise URL leads to."""
    yield Call.apprise(p.to, p.text, shown={"text": f"{len(p.text)} characters"}, once="people would read it twice")
