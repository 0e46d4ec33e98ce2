"""What is ours, as it is configured now: read anew when its files changed, or the practice company is another one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from triggers.cli import place

if TYPE_CHECKING:
    from inventory.read import Inventory


class Ours:
    """The configuration that one process works with.

    Attributes:
        sandbox: whether it is the practice company's.
        wrong: why its files as they are now cannot be used; those of before hold on. "" where they can.
    """

    def __init__(
        self, config: Path | None, *, sandbox: bool, integrations: Path | None = None, tell: Callable[[str], None]
    ) -> None:
        """Read it. Raises BadInventory, Refused."""
        self.sandbox, self.wrong, self._tell = sandbox, "", tell
        self._config, self._integrations = config, integrations
        self._lock = Lock()
        self._inventory, self._stamp = self._read(contains=False)

    def now(self, *, contains: bool = False) -> Inventory:
        """The configuration as it is. `contains`: the practice company gets ready to be contained. Blocks."""
        with self._lock:
            if contains or self._stamp != self._look():
                from inventory.read import BadInventory

                try:
                    self._inventory, self._stamp = self._read(contains=contains)
                    self.wrong = ""
                except (BadInventory, place.Refused) as error:
                    if str(error) != self.wrong:
                        self.wrong = str(error)
                        self._tell(f"The configuration cannot be used as it is now; that of before holds on. {error}")
            return self._inventory

    def _read(self, *, contains: bool) -> tuple[Inventory, tuple[object, ...]]:
        handshake = None
        if self.sandbox:
            from triggers.cli.practice import practice

            handshake = practice(place.state_folder(), tokens=None, attacker=None, contains=contains, tell=self._tell)
        self._inventory = place.configuration(
            self._config, self._integrations, sandbox=self.sandbox, handshake=handshake
        )
        return self._inventory, self._look()

    def _look(self) -> tuple[object, ...]:
        """What changes when it is to be read anew."""
        files = [self._inventory.path, *(Path(source.file) for source in self._inventory.sources)]
        home = self._inventory.home
        found: list[object] = []
        for file in [*files, *([home] if home is not None else [])]:
            with contextlib.suppress(OSError):
                said = file.stat()
                found.append((str(file), said.st_mtime_ns, said.st_size))
        if self.sandbox:
            from triggers.cli.company import running

            handshake = running(place.state_folder())
            found.append(handshake["pid"] if handshake is not None else 0)
        return tuple(found)
