"""Hands a run over to the service of this state folder: opened here, in the record, let go, and taken up there at once.

The record has all that the run needs, its secrets sealed, so nothing of it travels: what is sent is a nudge. Where the
service does not answer, this process takes the run back and carries it out itself.
"""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inventory.read import Inventory
    from triggers.cli.work import TerminalWork
    from triggers.serve.handshake import Handshake

WITHIN_S = 1.0
"""For so long the service is waited for, before this process does it."""
TAKEN_WITHIN_S = 5.0


def service(state: Path) -> Handshake | None:
    """The service that runs over this state folder, unless none does."""
    from triggers.serve.handshake import found

    return found(state)


def is_for(found: Handshake, inventory: Inventory, *, sandbox: bool) -> bool:
    """Whether it works with this very configuration, and not with another company."""
    return found.config == str(inventory.path) and found.sandbox == sandbox


def hand_over(work: TerminalWork, found: Handshake, config: Path | None, *, json: bool) -> int | None:
    """Hand the run over and follow it; its exit code. None: the service does not answer, and nothing was opened."""
    from triggers.cli.joining import follow

    if (why := _unready(found)) is not None:
        work.desk.say(f"The service at {found.url} {why}: this process carries the run out.")
        return None
    asyncio.run(_let_go(work))
    taken = _ask(found, "POST", f"/runs/{work.run}/take", TAKEN_WITHIN_S)
    if taken is None or taken[0] not in {202, 409}:
        work.desk.say(f"The service at {found.url} did not take run {work.run} up: this process carries it out.")
        return _take_back(work, config, json=json)
    work.journal.close()
    work.desk.say(f"Handed over to the service at {found.url}: it goes on whatever becomes of this terminal.")
    return follow(work.run, config, json=json, handed=True)


async def _let_go(work: TerminalWork) -> None:
    await work.open()
    await work.leave()


def _take_back(work: TerminalWork, config: Path | None, *, json: bool) -> int:
    from journal.errors import Held
    from triggers.cli.joining import follow
    from triggers.cli.running import carry
    from triggers.cli.taking import take_up

    work.journal.close()
    desk: Any = work.desk
    again = take_up(work.run, desk, config=config, why="taken over")
    try:
        return carry(again, "contain", live=not work.sandbox_url, json=json)
    except Held:  # it was taken up after all
        return follow(work.run, config, json=json, handed=True)


def _unready(found: Handshake) -> str | None:
    """Why it cannot be given work now, in words that follow its address; None where it can."""
    answer = _ask(found, "GET", "/readyz", WITHIN_S)
    if answer is None:
        return f"does not answer within {WITHIN_S:g} s"
    status, body = answer
    if status == 200:
        return None
    said = "; ".join(str(one)[:200] for one in body.get("why", ())) if isinstance(body, dict) else ""
    return f"is not ready ({said or status})"


def _ask(found: Handshake, method: str, path: str, within_s: float) -> tuple[int, Any] | None:
    """Ask it once; None where nothing came back. No proxy: it is on this machine, and its token stays here."""
    headers = {"Authorization": f"Bearer {found.token}"}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(
            urllib.request.Request(found.url + path, b"" if method == "POST" else None, headers, method=method),  # noqa: S310
            timeout=within_s,
        ) as answer:
            return answer.status, _json(answer.read(100_000))
    except urllib.error.HTTPError as refused:
        return refused.code, _json(refused.read(100_000))
    except (OSError, ValueError):
        return None


def _json(data: bytes) -> Any:
    try:
        return json.loads(data or b"null")
    except ValueError:
        return None
