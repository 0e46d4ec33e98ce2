"""One run as the command line carries it out: Ctrl-C ends it, resumable; all else is the house's."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from journal.replay import RESTS
from triggers.cli.desk import who
from triggers.cli.place import state_folder
from triggers.house.work import EXIT, RunWork

if TYPE_CHECKING:
    from engine.state import Live

__all__ = ["EXIT", "RESTS", "TerminalWork"]


@dataclass
class TerminalWork(RunWork):
    """A run on its way at a terminal, with the state folder of this command."""

    state: Path = field(default_factory=state_folder)

    def heard(self, live: Live) -> contextlib.AbstractContextManager[None]:
        """Ctrl-C and SIGTERM, while it is carried out."""
        return _signals(live)


@contextlib.contextmanager
def _signals(live: Live) -> Iterator[None]:
    """Ctrl-C once: end what is in flight, resumable. Twice: leave at once; the journal knows what was sent."""
    from engine.hearing import stop

    loop = asyncio.get_running_loop()
    heard = 0

    def hear(name: str) -> None:
        nonlocal heard
        heard += 1
        if heard > 1:
            os._exit(130)
        live.desk.say(f"{name}: ending what is in flight, starting nothing new. Again: leave at once.")
        stop(live, f"{who()} by {name}")

    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, hear, "Ctrl-C" if one is signal.SIGINT else "SIGTERM")
    try:
        yield
    finally:
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(one)
