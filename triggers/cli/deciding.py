"""What people decide about a run: approve, object, review. It is recorded; whoever carries the run out reads it there."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from triggers.cli.about import About
from triggers.cli.desk import who
from triggers.cli.proving import As, Given
from triggers.cli.say import as_json, line
from triggers.cli.taking import chosen

if TYPE_CHECKING:
    from inventory.read import Inventory

Config = Annotated[Path | None, Parameter(name="--config")]


def approve(
    run: str | None = None,
    /,
    *,
    last: bool = False,
    as_: As = None,
    token: Given = None,
    key: Path | None = None,
    code: Given = None,
    break_glass: str | None = None,
    hot: bool = False,
    reason: str = "",
    scope_hash: str | None = None,
    wall: str | None = None,
    carry_on: bool = False,
    config: Config = None,
    json: bool = False,
) -> int:
    """Show what a run asks, and say yes to just that. It is recorded; a worker takes the run up, or `--carry-on` does.

    Parameters
    ----------
    run
        Its id.
    last
        The newest run that can go on.
    as_
        Who you are; on the practice company that is enough.
    token
        Your token: @FILE, env:NAME or - for standard input; never as it is.
    key
        File of your own key: what you decide is signed with it.
    code
        A sealed code, given like a token: it stands for one yes with a commander's authority, once.
    break_glass
        Open the wall alone, with the reason (20 letters or more); somebody else reviews it afterwards.
    hot
        Open the wall alone, your own request too, as the attacker is at it now: a look showed a use from a strange
        address within 15 minutes. Somebody else looks at it within the hour.
    reason
        Why, for the record; sealed like a name.
    scope_hash
        The scope that you say yes to, or its first 8 letters: without a terminal it must be said.
    wall
        Which question, where there is more than one.
    carry_on
        Go on with the run here, once the wall is open.
    """
    about = About.of(chosen(run, last=last, config=config), config, wall=wall, who_=as_, token=token, key=key)
    try:
        given = _code(about.inventory, code) if code is not None else ""
        said = about.say(
            "yes", scope_hash, break_glass or reason, code=given, glass=break_glass is not None, hot=hot, json=json
        )
    finally:
        about.journal.close()
    opened = said.opened or bool(said.question is not None and said.question.opened)
    if carry_on and opened and (said.heard.counts or said.heard.code == "no_question"):
        from triggers.cli.running import resume

        return resume(about.run.id, config=config, json=json)
    return 1 if not said.heard.counts else 0 if opened else 3


def object_(
    run: str | None = None,
    /,
    *,
    reason: str,
    last: bool = False,
    as_: As = None,
    token: Given = None,
    key: Path | None = None,
    scope_hash: str | None = None,
    wall: str | None = None,
    config: Config = None,
    json: bool = False,
) -> int:
    """Say no to what a run asks. It does not end the plan: more authority, or one more person, is asked.

    Parameters
    ----------
    run
        Its id.
    reason
        Why: whoever decides next reads it.
    last
        The newest run that can go on.
    as_
        Who you are; on the practice company that is enough.
    token
        Your token: @FILE, env:NAME or - for standard input; never as it is.
    key
        File of your own key: what you decide is signed with it.
    scope_hash
        The scope that you object to, or its first 8 letters: without a terminal it must be said.
    wall
        Which question, where there is more than one.
    """
    about = About.of(chosen(run, last=last, config=config), config, wall=wall, who_=as_, token=token, key=key)
    try:
        said = about.say("no", scope_hash, reason, json=json)
    finally:
        about.journal.close()
    return 0 if said.heard.counts else 1


def _code(inventory: Inventory, given: str) -> str | None:
    from inventory.proof import known_code
    from triggers.cli.proving import secret

    return known_code(inventory.config.approvals.codes, secret(given, "code", inventory.resolve)) or None


def review(
    run: str,
    /,
    *,
    reason: str,
    as_: As = None,
    token: Given = None,
    key: Path | None = None,
    wall: str | None = None,
    config: Config = None,
    json: bool = False,
) -> int:
    """Record that you looked at a wall that somebody else opened by breaking the glass, and what you found.

    Parameters
    ----------
    run
        Its id.
    reason
        What you found, for the record; sealed like a name.
    as_
        Who you are; on the practice company that is enough.
    token
        Your token: @FILE, env:NAME or - for standard input; never as it is.
    key
        File of your own key.
    wall
        Which wall, where there is more than one.
    """
    about = About.of(run, config, wall=wall, who_=as_, token=token, key=key)
    try:
        from engine.approvals.saying import review as record

        heard = asyncio.run(about.recorded(record(about.journal, run, wall, about.proof.sayer, reason, os=who())))
    finally:
        about.journal.close()
    if json:
        as_json({"run": run, "counts": heard.counts, "code": heard.code, "why": heard.why})
    elif heard.counts:
        line(f"The review of run {run} is recorded.")
    else:
        print(f"Turned away: {heard.why}", file=sys.stderr)
    return 0 if heard.counts else 1
