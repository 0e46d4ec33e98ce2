"""The desk of a run that nobody sits before: a wall rests there, and people answer by whatever way they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.state import Answered
    from journal.replay import Run


class Unattended:
    """Says its sentences to the service's log. With `by`, whoever approved the printed scope beforehand answers."""

    attended = False

    def __init__(self, tell: Callable[[str], None], by: str = "") -> None:
        """Hold who hears, and who approved beforehand."""
        self._tell, self._by = tell, by

    def start(self, _run: Run) -> None:
        """Nothing is drawn."""

    def end(self) -> None:
        """Nothing was drawn."""

    def say(self, text: str) -> None:
        """One sentence for the log, its lines apart."""
        for one in text.splitlines():
            self._tell(one)

    def changed(self, _run: Run) -> None:
        """Whoever looks on reads the journal."""

    async def ask(self, _wall: str, _role: str, _shown: str) -> tuple[Answered, str, str]:
        """Nobody is here; what was approved beforehand is answered so, and the engine judges whether it counts."""
        if self._by:
            return "yes", self._by, "approved beforehand, when it was ordered"
        return "nobody", "", ""
