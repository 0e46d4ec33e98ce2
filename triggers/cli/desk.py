"""The terminal as a run's desk: the live matrix, what is worth a line, and the question at the wall."""

from __future__ import annotations

import asyncio
import getpass
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from triggers.cli.say import line

if TYPE_CHECKING:
    from engine.state import Answered
    from journal.replay import Run

DRAW_EVERY_S = 0.2


def who() -> str:
    """The user of this terminal, as the journal names them. It is no proof of who sits there."""
    try:
        return f"os:{getpass.getuser()}"
    except (KeyError, OSError):
        return "os:unknown"


class Terminal:
    """Draws on a terminal, prints plain lines elsewhere; with `quiet` (JSON) it only says what must be said."""

    def __init__(self, *, yes: bool, quiet: bool, every: bool = False) -> None:
        self.yes = yes
        self.quiet = quiet
        self.every = every
        self.drawn = sys.stdout.isatty() and not quiet
        self.attended = self.drawn and sys.stdin.isatty()
        self._live: Any = None
        self._last = 0.0
        self._words = 0
        self._planned = False
        self._run: Run | None = None

    def start(self, run: Run) -> None:
        """Begin to draw; what the run said before this process is not said again."""
        self._run, self._words, self._planned = run, len(run.words), bool(run.planned)
        self._begin()

    def _begin(self) -> None:
        if self.drawn and self._live is None:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(), refresh_per_second=5, transient=True)
            self._live.start()
            self._draw(force=True)

    def end(self) -> None:
        """Take the drawing away: what is printed next stays."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def say(self, text: str) -> None:
        """One sentence for the responder."""
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False)
        else:
            for one in text.splitlines():
                line(one)

    def changed(self, run: Run) -> None:
        """The run moved on: draw it, or print the word it came to."""
        self._run = run
        if run.planned and not self._planned:
            self._planned = True
            from reports.plan import lines, tree

            if self._live is not None:
                self._live.console.print(tree(run, whole=self.every))
            for one in lines(run, whole=self.every) if self._live is None else ():
                self.say(one)
        for event in run.words[self._words :]:
            word, why = event.body["word"], event.body["why"]
            why = "nothing was done" if word == "refused" else why  # what was wrong is said once, at the end
            self.say(f"{event.at[11:23]} {word.upper()}{f': {why}' if why else ''}")
        self._words = len(run.words)
        self._draw(force=False)

    def _draw(self, *, force: bool) -> None:
        now = time.monotonic()
        if self._live is None or self._run is None or (not force and now - self._last < DRAW_EVERY_S):
            return
        self._last = now
        from reports.matrix import matrix, render

        self._live.update(render(matrix(self._run)))

    async def ask(self, wall: str, role: str, shown: str) -> tuple[Answered, str, str]:
        """Ask at the wall: `--yes` answers for the scope that is printed; without a terminal nobody answers."""
        self.say(shown)
        if self.yes:
            self.say(f"Approved by --yes ({who()}).")
            return "yes", who(), "--yes on the command line"
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            self.say(f"Nobody is here to answer as {role} ({wall}).")
            return "nobody", "", ""
        drawing = self._live is not None
        self.end()
        try:
            answer = await _prompt(f"Approve this scope as {role}? Type yes or no: ")
        except asyncio.CancelledError:
            print("answered elsewhere, or its time is over.")
            raise
        finally:
            if drawing:
                self._begin()
        return ("yes" if answer == "yes" else "no"), who(), "asked on the terminal"


async def _prompt(text: str) -> str:
    """Ask in a thread that the process need not wait for: Ctrl-C must not wait for Enter."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[str] = loop.create_future()

    def settle(said: str) -> None:
        if not answered.done():
            answered.set_result(said)

    def ask() -> None:
        try:
            said = input(text).strip().lower()
        except (EOFError, OSError, UnicodeDecodeError):
            said = "no"
        loop.call_soon_threadsafe(settle, said)

    threading.Thread(target=ask, daemon=True).start()
    return await answered
