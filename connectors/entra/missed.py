"""Security alerts that were made or changed: a notification of Graph's names one and does not hold it, and may be lost.

Source: learn.microsoft.com/graph/api/security-list-alerts_v2 (`$filter` by lastUpdateDateTime).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from connectors.core import Reader
from connectors.core.missed import Missed
from connectors.entra.graph import pages

PERMISSION = "SecurityAlert.Read.All"


async def missed(read: Reader, hook: str, since: str) -> AsyncIterator[Missed]:
    """The alerts that changed from a time on. An alert that changes again is another message."""
    del hook
    read = read.allowed((), PERMISSION)
    async for item in pages(read, "/security/alerts_v2", None, {"$filter": f"lastUpdateDateTime ge {since}"}):
        changed = str(item.get("lastUpdateDateTime") or item.get("createdDateTime") or "")
        yield Missed(id=f"{item['id']} {changed}", at=changed, payload=item)
