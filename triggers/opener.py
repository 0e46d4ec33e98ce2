"""Opens a run by its id where no command line is: a Prefect worker. Nobody sits there, so a wall stays unanswered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triggers.cli.work import TerminalWork


async def open_run(run: str) -> TerminalWork:
    """The work of a run that is in the journal of this state folder."""
    from triggers.cli.desk import Terminal
    from triggers.cli.taking import take_up

    return take_up(run, Terminal(yes=False, quiet=True), config=None)
