"""What a run stands on: what is declared, and beside it what the newest snapshot found of each integration."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inventory.read import Inventory
    from journal import Journal


def with_discovered(journal: Journal | None, inventory: Inventory) -> Inventory:
    """Put beside what is declared what the newest snapshot of these connections found of each integration.

    Where there is no journal yet, nothing was discovered.
    """
    from engine.registry import registry
    from inventory.discovered import with_found
    from inventory.discovery.known import NEVER, known
    from inventory.discovery.shelf import Shelf

    if journal is None:
        return with_found(inventory, {}, NEVER)
    found = known(Shelf(journal.database), inventory, registry().systems)
    return with_found(inventory, found.footholds, found.source, found.stands_on)
