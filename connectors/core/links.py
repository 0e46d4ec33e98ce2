"""The `Link` header (RFC 8288): where a listing goes on."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

_LINK = re.compile(
    r"<(?P<target>[^<>]*)>(?P<params>(?:\s*;\s*[\w!#$&+.^`|~*-]+(?:\s*=\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\s\",;]*))?)*)"
)
_PARAM = re.compile(
    r";\s*(?P<name>[\w!#$&+.^`|~*-]+)(?:\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<plain>[^\s\",;]*)))?"
)


def next_query(header: str) -> dict[str, str]:
    """The query of the link whose relation is `next`; {} where there is none, which is the last page.

    Only its query is taken, never its host or path: whom we ask, and with which credential, is configured. A link with
    an `anchor` speaks of another listing (section 3.2); of several `rel` in one link the first counts (section 3.3).
    """
    for link in _LINK.finditer(header):
        params: dict[str, str] = {}
        for one in _PARAM.finditer(link["params"]):
            params.setdefault(one["name"].lower(), one["quoted"] or one["plain"] or "")
        if "anchor" not in params and "next" in params.get("rel", "").lower().split():
            return dict(parse_qsl(urlsplit(link["target"]).query))
    return {}
