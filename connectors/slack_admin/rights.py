"""The scopes of our token, as a manifest takes them and as each answer of the Web API says them.

Source: docs.slack.dev/authentication/installing-with-oauth ("the X-OAuth-Scopes header lists the scopes your token has")
and /reference/scopes. `admin` is what the SCIM API takes; no method of the Web API asks for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from connectors.core import Held, Reader, Rights
from connectors.slack_admin.web import slack_admin


def _manifest(names: Sequence[str]) -> str:
    return "oauth_config:\n  scopes:\n    user:\n" + "\n".join(f"      - {json.dumps(name)}" for name in names)


SCOPES = Rights(
    "user token scopes",
    "api.slack.com/apps > the app > OAuth & Permissions > User Token Scopes, or its manifest; an org owner installs it",
    re.compile(r"admin|[a-z_]+(\.[a-z_]+)*:[a-z]+(\.[a-z]+)*"),
    _manifest,
)


@slack_admin.credential(SCOPES)
async def held(read: Reader) -> Held:
    """The scopes of our token, by the header of `auth.test`."""
    scopes = (await read.headers("/auth.test")).get("x-oauth-scopes")
    if scopes is None:
        return Held(why="the answer of auth.test has no x-oauth-scopes")
    return Held("the x-oauth-scopes header", frozenset(name.strip() for name in scopes.split(",") if name.strip()))
