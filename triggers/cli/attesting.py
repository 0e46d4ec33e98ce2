"""`ringfence attest` and `retry`: a named person's word about one step or effect, and what it takes to be heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.proving import As, Given
from triggers.cli.say import as_json, line
from triggers.cli.taking import recorded, surroundings

if TYPE_CHECKING:
    from inventory.proof import Sayer
    from journal.event import Draft
    from journal.replay import Run

Config = Annotated[Path | None, Parameter(name="--config")]
Yes = Annotated[bool, Parameter(negative=())]


def attest(
    run: str, what: str, /, *, reason: str, as_: As = None, token: Given = None, key: Path | None = None,
    carry_on: Yes = False, config: Config = None, json: bool = False,
) -> int:  # fmt: skip
    """Say that a person's step is done, or that an effect which no look can prove took place.

    Parameters
    ----------
    run
        Its id.
    what
        The step, or the effect as STEP/TARGET.
    reason
        How you know, for the record; sealed like a name.
    as_, token, key
        Who you are: your name in `people:`, your token (@FILE, env:VARIABLE, -), your private key's file.
    carry_on
        Go on with the run at once, where nothing else does.
    """
    from engine.words_of_people import attested

    return _said(run, what, reason, attested, (as_, token, key), carry_on=carry_on, config=config, json=json)


def retry(
    run: str, effect: str, /, *, reason: str, as_: As = None, token: Given = None, key: Path | None = None,
    carry_on: Yes = False, config: Config = None, json: bool = False,
) -> int:  # fmt: skip
    """Have an effect sent again that failed, is in doubt, or was only requested: a person decides that it may be.

    Parameters
    ----------
    run
        Its id.
    effect
        STEP/TARGET, as `ringfence status RUN` names it.
    reason
        Why, for the record; sealed like a name.
    as_, token, key
        Who you are: your name in `people:`, your token (@FILE, env:VARIABLE, -), your private key's file.
    carry_on
        Go on with the run at once, where nothing else does.
    """
    from engine.words_of_people import retried

    return _said(run, effect, reason, retried, (as_, token, key), carry_on=carry_on, config=config, json=json)


def _said(
    run_id: str, what: str, reason: str, draft: Callable[[Run, str, Sayer, str, frozenset[str]], Draft],
    claim: tuple[str | None, str | None, Path | None], *, carry_on: bool, config: Path | None, json: bool,
) -> int:  # fmt: skip
    from triggers.cli.starting import known
    from triggers.cli.taking import open_for

    if not reason.strip():
        raise place.Refused("--reason: say how you know. It stands in the record.")
    run = recorded(run_id, config)
    inventory, _ = surroundings(run, config)
    sayer = known(inventory, claim)
    journal = open_for(run, inventory, config)

    async def saying() -> Any:
        try:
            return await taken(journal, run, draft, what, sayer, reason)
        finally:
            await journal.aclose()

    event = asyncio.run(saying())
    if json:
        as_json({"run": run_id, event.type: what, "n": event.n})
    else:
        line(f"Recorded: {sayer.name or sayer.by} {event.type} {what} of run {run_id}.")
    if carry_on:
        from triggers.cli.running import resume

        return resume(run_id, config=config, json=json)
    if not json and not place.is_watched():
        line(f"Unless a process is at it, `ringfence resume {run_id}` goes on with it.")
    return 0


async def taken(journal: Any, run: Run, draft: Any, what: str, sayer: Sayer, reason: str) -> Any:
    """Write it, or write that it does not count, and say why."""
    from engine.approvals.saying import targets_beside
    from engine.words_of_people import NotTaken
    from journal.event import Draft, Private

    targets = await asyncio.to_thread(targets_beside, journal, run)
    try:
        (event,) = await journal.say(run.id, [draft(run, what, sayer, reason, targets)])
    except NotTaken as refused:
        if refused.code:
            body = {
                "wall": what,
                "answer": "yes",
                "by": Private(sayer.by),
                "code": refused.code,
                "why": Private(str(refused)),
            }
            await journal.say(run.id, [Draft("turned_away", body)])
        raise place.Refused(str(refused)) from None
    return event
