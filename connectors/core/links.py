"""Listings: what is on a page, and by the `Link` header (RFC 8288) where it goes on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connectors.core.errors import Unexpected

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


def items_of(page: object) -> list[Any]:
    """The items of a page. TypeError for what is no list: gone through, an empty object would look like an empty listing.

    A false 200, a 202 or a proxy's page in a listing's place would else say that nothing is left.
    """
    if not isinstance(page, list):
        raise TypeError("a listing is no list")
    return page


class Trail:
    """The pages of one listing that were asked for: one that is named as the next again would never end."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._been: set[tuple[tuple[str, str], ...]] = set()

    def to(self, query: Mapping[str, Any]) -> None:
        """Go on to the page of this query. Unexpected where it was there before."""
        page = tuple(sorted((name, str(value)) for name, value in query.items()))
        if page in self._been:
            raise Unexpected(
                self._where, "a next page that was there before", "A person must look: the listing never ends"
            )
        self._been.add(page)
