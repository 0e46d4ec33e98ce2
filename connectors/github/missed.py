"""Deliveries of a webhook that never came through: GitHub sends none of them again by itself, and keeps them for 3 days.

Source: docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries, rest/orgs/webhooks (deliveries).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from connectors.core import Params, Reader, Unseen
from connectors.core.missed import Missed
from connectors.github.base import at, pages
from connectors.github.hooks import HOOKS

PERMISSION = HOOKS.replace("write", "read")


class _Hook(Params):
    owner: str
    repo: str = ""
    hook: str
    delivery: str = ""


async def missed(read: Reader, hook: str, since: str) -> AsyncIterator[Missed]:
    """What was sent from a time on and no attempt of it came through, newest first. `hook`: orgs/ORG/hooks/ID or so.

    A delivery is asked for with its headers and payload; nothing is sent anew, which would be a write.
    """
    read = read.allowed((), PERMISSION)
    place, _, number = hook.partition("/hooks/")
    path, where = at(place.partition("/")[2])
    one = _Hook(owner=where.owner, repo=where.repo, hook=number)
    through: set[str] = set()
    failed: dict[str, Any] = {}
    async for item in pages(read, path + "/hooks/{hook}/deliveries", one):
        if str(item["delivered_at"]) < since:
            break
        if 200 <= int(item["status_code"] or 0) < 300:
            through.add(str(item["guid"]))
        else:
            failed.setdefault(str(item["guid"]), item)
    for guid, item in failed.items():
        if guid not in through:
            whole = one.model_copy(update={"delivery": str(item["id"])})
            try:
                told = await read.get(path + "/hooks/{hook}/deliveries/{delivery}", whole)
            except Unseen:  # too old by now: the others are not given up for it
                continue
            headers = {"x-github-event": str(told["event"]), "x-github-delivery": guid}
            yield Missed(
                id=guid,
                at=str(item["delivered_at"]),
                payload=(told.get("request") or {}).get("payload"),
                headers=headers,
            )
