"""`freeze`: no new automatic run begins for an hour at most. What runs goes on, and people's runs begin as ever."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.desk import who
from triggers.cli.proving import As, Given
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from inventory.read import Inventory
    from journal import Journal

Config = Annotated[Path | None, Parameter(name="--config")]


def freeze(
    *,
    minutes: int = 60,
    off: bool = False,
    status: bool = False,
    reason: str = "",
    as_: As = None,
    token: Given = None,
    key: Path | None = None,
    config: Config = None,
    sandbox: bool = False,
    json: bool = False,
) -> int:
    """Let no new automatic run begin. It ends by itself, pages people, and never stops a run that a person starts.

    Parameters
    ----------
    minutes
        For how long, 1 to 60.
    off
        End it now.
    status
        Only say whether there is one.
    reason
        Why, for the record; sealed like a name.
    as_
        Who you are; on the practice company that is enough.
    token
        Your token: @FILE, env:NAME or - for standard input; never as it is.
    key
        File of your own key.
    sandbox
        By the practice company's people, which must run.
    """
    from engine.freezing import LONGEST_MIN, freezing, frozen, may_freeze, turned_away
    from journal.clock import now
    from triggers.cli.proving import prove

    if not 1 <= minutes <= LONGEST_MIN:
        raise place.Refused(
            f"--minutes {minutes}: 1 to {LONGEST_MIN}. A freeze that must last is a change of playbooks."
        )
    inventory = place.configuration(config, sandbox=sandbox)
    journal = place.open_journal(place.open_keys(inventory, sandbox=sandbox), config)
    try:
        if not status:
            proof = prove(inventory, name=as_, token=token, key=key)
            heard = may_freeze(proof.sayer, who())
            if not heard.counts or proof.sayer is None:
                asyncio.run(journal.record(turned_away(proof.sayer, heard, who())))
                print(f"Turned away: {heard.why}", file=sys.stderr)
                return 1
            asyncio.run(
                _record(journal, inventory, freezing(proof.sayer.by, reason, now(), on=not off, minutes=minutes))
            )
        found = frozen(journal, now())
    finally:
        journal.close()
    _told(found.until if found is not None else None, json=json)
    return 0


async def _record(journal: Journal, inventory: Inventory, draft: object) -> None:
    from engine.telling import told
    from journal.event import Draft
    from journal.replay import Run

    assert isinstance(draft, Draft)
    await journal.record(draft)
    what = "is on" if draft.body["on"] else "has ended"
    for one in await told(inventory, Run(), "frozen", f"the freeze of automatic runs {what}"):
        if why := one.body["why"]:
            line(f"{one.body['whom']} was not told: {why}.")


def _told(until: datetime | None, *, json: bool) -> None:
    if json:
        as_json({"frozen": until is not None, "until": until})
    elif until is None:
        line("Nothing is frozen: automatic runs may begin.")
    else:
        line(f"No new automatic run begins until {until:%H:%M:%S} UTC. Runs that people start begin as ever.")
        line("`ringfence freeze --off` ends it.")
