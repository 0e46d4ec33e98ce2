"""`go-dark`: nothing more of a run is told in Slack. Whoever holds our Slack reads nothing of it from then on."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from triggers.cli.proving import As, Given
from triggers.cli.say import as_json, line


def go_dark(
    run: str,
    /,
    *,
    reason: str = "",
    as_: As = None,
    token: Given = None,
    key: Path | None = None,
    config: Annotated[Path | None, Parameter(name="--config")] = None,
    json: bool = False,
) -> int:
    """Say nothing more of a run in Slack but "incident ..., see the page". It goes on on the page and here.

    Parameters
    ----------
    run
        Its id.
    reason
        Why, for the record; sealed like a name.
    as_
        Who you are; on the practice company that is enough.
    token
        Your token: @FILE, env:NAME or - for standard input; never as it is.
    key
        File of your own key.
    """
    from triggers.cli.about import About
    from triggers.house.darkening import go_dark as darken

    about = About.of(run, config, wall=None, who_=as_, token=token, key=key)
    try:
        became = asyncio.run(about.recorded(darken(about.journal, run, about.proof.sayer, reason)))
    finally:
        about.journal.close()
    if json:
        as_json({"run": run, "counts": became.counts, "code": became.code, "why": became.why})
    elif became.counts:
        line(f"Run {run} went dark: Slack is told nothing more of it. Page and command line have all of it.")
    else:
        print(f"Turned away: {became.why}", file=sys.stderr)
    return 0 if became.counts else 1
