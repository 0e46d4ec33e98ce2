"""PagerDuty, by its Events API v2: page whoever is on call, and say that it is over. The URL is https://events.pagerduty.com.

An event with the same dedup key joins the alert that is there, so it may be sent again. The answer is 202: queued, and no
more; the API reads nothing back. The integration's routing key goes in the body, as the API wants it, and into no call.
Source: developer.pagerduty.com/docs/events-api-v2 (PagerDuty/api-schema, reference/events-v2/openapiv3.json).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from connectors.core import Call, Connector, Held, Mark, NotAllowed, Params, Rate, Reader, Sealed, Unseen

LONGEST = 1024
"""Characters of a summary."""
BECAUSE = "the Events API says that it queued an event, and reads none back"

pagerduty = Connector(
    "pagerduty",
    rate=Rate(60, per_s=60, in_flight=2),
    meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen},
    auth="none",
)


@pagerduty.credential()
async def held(_read: Reader) -> Held:
    """A routing key opens and resolves alerts of one integration; it is tried by an event alone."""
    return Held(why="whoever has the key may send events to that one integration; only an event would try it")


class Alert(Params):
    """One alert, by what it is about: an incident's id. It is the dedup key."""

    about: Annotated[str, Field(min_length=1, max_length=255)]


class Page(Alert):
    """What those on call are told."""

    text: Sealed[str]
    severity: Literal["critical", "error", "warning", "info"] = "critical"


def _event(action: str, about: str, **more: Any) -> dict[str, Any]:
    return {"routing_key": Mark.OURS, "event_action": action, "dedup_key": about, **more}


@pagerduty.action(
    sees=None,
    layer="application",
    permission="the routing key of an Events API v2 integration",
    stops="nothing",
    identifies=("about",),
    because=BECAUSE,
    irreversible="whoever was paged is awake; resolve ends the alert",
)
def page(p: Page) -> Iterator[Call]:
    """Page whoever is on call. Once more with the same `about` adds to the same alert."""
    payload = {"summary": f"{p.about}: {p.text}"[:LONGEST], "source": "ringfence", "severity": p.severity}
    shown = _event("trigger", p.about, payload={**payload, "summary": f"{len(payload['summary'])} characters"})
    yield Call.post("/v2/enqueue", json=_event("trigger", p.about, payload=payload), shown=shown)


@pagerduty.action(
    sees=None,
    layer="application",
    permission="the routing key of an Events API v2 integration",
    stops="nothing",
    because=BECAUSE,
    irreversible="page opens another alert",
)
def resolve(p: Alert) -> Iterator[Call]:
    """End the alert that a page opened."""
    yield Call.post("/v2/enqueue", json=_event("resolve", p.about))
