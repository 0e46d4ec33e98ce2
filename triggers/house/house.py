"""The house: plan, start, say, look on. One object for all ways in of one process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggers.house.model import Asked, Became, Put, Shown, Started, What

if TYPE_CHECKING:
    from inventory.proof import How, Sayer
    from inventory.read import Inventory
    from journal.replay import Run
    from journal.rows import RunRow
    from journal.store import Journal


class House:
    """What every way in shares.

    Attributes:
        inventory: what is ours, as configured now. journal: the record. state: the state folder.
        sandbox: whether it is the practice company's: runs are drills.
        draining: it ends; nothing new is taken.
    """

    def __init__(self, inventory: Inventory, journal: Journal, state: Path, *, sandbox: bool = False) -> None:
        """Hold what all of it is about; nothing is opened or asked."""
        self.inventory, self.journal, self.state, self.sandbox = inventory, journal, state, sandbox
        self.draining = False

    def who(self, *, token: str = "", account: str = "", how: How = "token", os: str = "") -> Sayer | None:
        """Whoever a proof is of: their token, or an account that a way in has proven (`slack:T1/U2`); None: nobody's.

        `how`: what proved the account: `slack`, `passkey`, `totp`; it stands in the record. Roles are those of
        ringfence.yaml and no others. Somebody by name: `person="ben"` is no proof, so there is no such thing.
        """
        raise NotImplementedError

    async def plan(self, asked: Asked) -> Shown:
        """Look, and say what would be done now. It is in the journal as a dry run; nothing is sent.

        Raises Refused, and the sentences of the engine (NotBound, NothingSeen, BadInput).
        """
        raise NotImplementedError

    async def start(self, asked: Asked, shown: Shown | None = None) -> Started:
        """Open the run and have it carried out: what can be undone begins at once.

        Where a plan was `shown`, it is looked again first: another scope raises Differs, and nothing was done.
        """
        raise NotImplementedError

    async def say(
        self, run: str, what: What, sayer: Sayer | None, *, scope_hash: str = "", wall: str | None = None,
        shown: str = "", reason: str = "", about: str = "", code: str = "", glass: bool = False, hot: bool = False,
    ) -> Became:  # fmt: skip
        """Take in what a person says of a run. What does not count does nothing, is recorded, and says why.

        `shown`: digest of what they were shown. `about`: for attest and retry, the step or effect; for note, its text
        is the `reason`. `code`: a sealed code as it was typed. `glass`, `hot`: open the wall alone, by these rules.
        """
        raise NotImplementedError

    async def resume(self, run: str, by: Sayer) -> Started:
        """Go on with a run that was stopped, or waits. Raises Refused where it cannot."""
        raise NotImplementedError

    async def recover(self, run: str, by: Sayer, *, leave: Sequence[str] = ()) -> Started:
        """Give back what a run switched off and was clean before; the recovery's own wall asks people."""
        raise NotImplementedError

    async def run(self, run: str) -> Run:
        """A run as the journal has it now. Raises Refused(`unknown-run`)."""
        raise NotImplementedError

    async def runs(self) -> list[RunRow]:
        """All runs, newest first."""
        raise NotImplementedError

    async def facts(self, run: str) -> dict[str, Any]:
        """What `ringfence status RUN --json` says."""
        raise NotImplementedError

    async def asks(self, run: str, wall: str | None = None) -> Put | None:
        """The question of a wall (without one, the newest) as people are shown it; None: nothing is asked."""
        raise NotImplementedError

    def changes(self, run: str) -> AsyncIterator[Run]:
        """The folded run: as it is, then each time that it moved. Ends once the run has ended for good, or we do.

        What is given is the same object again, filled further: read it before the next one is waited for.
        """
        raise NotImplementedError
