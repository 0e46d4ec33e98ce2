"""ServiceNow: open one incident record. The URL is the instance's own, the secret an OAuth token of a user with the role itil.

It carries our incident's id as its correlation id, by which rules of the instance can tell a double. The Table API itself
takes any number of them, so it is sent once and never blindly again. Source: docs.servicenow.com, Table API, POST.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from connectors.core import Call, Connector, Held, NotAllowed, Params, Rate, Reader, Sealed, Unseen

LONGEST = 160
"""Characters of a short description."""

servicenow = Connector("servicenow", rate=Rate(5, in_flight=2), meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen})


@servicenow.credential()
async def held(_read: Reader) -> Held:
    """ServiceNow tells a user's roles to those alone who may read the table of them, and that would be too wide."""
    return Held(why="only who may read sys_user_has_role sees its roles: look at the user in the instance")


class Record(Params):
    """An incident record about one thing."""

    about: Annotated[str, Field(min_length=1, max_length=100)]
    text: Sealed[str]
    urgency: Literal["1", "2", "3"] = "1"


@servicenow.action(
    sees=None,
    layer="application",
    permission="role itil",
    stops="nothing",
    identifies=("about",),
    because="a record that we read back says no more than the 201 did: anybody may have opened it",
    irreversible="a record is closed by those who work on it",
)
def open_record(p: Record) -> Iterator[Call]:
    """Open an incident record."""
    fields = {"correlation_id": p.about, "urgency": p.urgency}
    told = {"short_description": " ".join(f"{p.about}: {p.text}".split())[:LONGEST], "description": p.text}
    shown = {**fields, "short_description": f"{len(p.text)} characters"}
    yield Call.post("/api/now/table/incident", json={**fields, **told}, shown=shown, once="it would be a second record")
