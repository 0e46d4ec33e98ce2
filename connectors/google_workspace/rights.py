"""The scopes of our access token, as the delegation takes them and as Google's tokeninfo says them.

Source: developers.google.com/identity/protocols/oauth2/scopes, and the description of oauth2 v2 (`tokeninfo`, a POST that
only reads). What else the delegation lists is told by no API: the Admin console shows it.
"""

from __future__ import annotations

import re

from connectors.core import Held, Reader, Rights
from connectors.google_workspace.service import google_workspace

INFO = "@token_info/tokeninfo"


def _covers(given: str, wanted: str) -> bool:
    return wanted in {given, f"{given}.readonly"}


SCOPES = Rights(
    "OAuth scopes",
    "Admin console > Security > Access and data control > API controls > Manage domain-wide delegation > the service "
    "account's client id, and `scopes` of the connection",
    re.compile(r"https://www\.googleapis\.com/auth/[a-z0-9._]+"),
    ",".join,
    _covers,
)


@google_workspace.credential(SCOPES, asks=(INFO,))
async def held(read: Reader) -> Held:
    """The scopes of our access token. The admin's role in whose name it works bounds it further."""
    said = await read.ask(INFO, form={})
    names = frozenset(str(said["scope"]).split())
    return Held("Google's tokeninfo", names, "the delegation may list more: only the Admin console shows that")
