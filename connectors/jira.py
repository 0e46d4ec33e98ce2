"""Jira: open one ticket for an incident. The URL is https://api.atlassian.com/ex/jira/CLOUD_ID, the secret an OAuth token.

It carries the incident's id as a label, by which people and their filters find it. Jira has no key against doubles and its
search lags behind what was created, so it is sent once and never blindly again. Closing it is for those who work on it.
Source: developer.atlassian.com/cloud/jira/platform/rest/v3, "Create issue"; /oauth-2-3lo-apps, "Get the cloudid for your site"
(the listing of what a token reaches says its scopes: from memory).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from connectors.core import Call, Connector, Held, NotAllowed, Params, Rate, Reader, Rights, Sealed, Unseen

LONGEST = 255
"""Characters of a summary."""

jira = Connector("jira", rate=Rate(5, in_flight=2), meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen})

SCOPES = Rights(
    "OAuth scopes",
    "developer.atlassian.com > My apps > the app > Permissions > Jira API",
    re.compile(r"[a-z-]+(:[a-z-]+)+"),
    " ".join,
)


@jira.credential(SCOPES)
async def held(read: Reader) -> Held:
    """The scopes of our token at this site."""
    site = read.url.rpartition("/")[2]
    for one in await read.get("//oauth/token/accessible-resources"):
        if one["id"] == site:
            return Held("the listing of what the token reaches", frozenset(map(str, one["scopes"])))
    return Held("the listing of what the token reaches", frozenset(), "this site is not in it")


class Ticket(Params):
    """A ticket of one project about one thing: `about` becomes its label, which has no spaces."""

    project: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,39}$")]
    about: Annotated[str, Field(pattern=r"^[^\s\x00-\x1f]{1,200}$")]
    text: Sealed[str]
    type: str = "Task"


@jira.action(
    sees=None,
    layer="application",
    permission="write:jira-work",
    stops="nothing",
    identifies=("project", "about"),
    because="its search lags behind what was created",
    irreversible="a ticket is closed by those who work on it",
)
def open_ticket(p: Ticket) -> Iterator[Call]:
    """Open a ticket."""
    said = {"type": "paragraph", "content": [{"type": "text", "text": p.text}] if p.text else []}  # none may be empty
    fields = {"project": {"key": p.project}, "issuetype": {"name": p.type}, "labels": [p.about]}
    told = {
        "summary": " ".join(f"{p.about}: {p.text}".split())[:LONGEST],
        "description": {"type": "doc", "version": 1, "content": [said]},
    }
    shown = {"fields": {**fields, "summary": f"{len(p.text)} characters"}}
    yield Call.post(
        "/rest/api/3/issue", json={"fields": {**fields, **told}}, shown=shown, once="it would be a second ticket"
    )
