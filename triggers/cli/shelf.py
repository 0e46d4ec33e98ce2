"""Finds the playbooks that a playbook uses: beside it, and wherever playbooks are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from triggers.cli import place

if TYPE_CHECKING:
    from inventory.read import Inventory
    from language import Catalogue


def nearest(inventory: Inventory | None) -> list[Path]:
    """Give the playbook file of each name: where two folders have the same, that of the nearer one."""
    named: dict[str, Path] = {}
    for file in place.playbooks(inventory):
        named.setdefault(file.stem, file)
    return list(named.values())


@dataclass(frozen=True)
class Shelf:
    """The playbooks by id: those in the folder `beside` the one that asks come first. It is the language's `Library`."""

    beside: Path
    inventory: Inventory | None

    def __call__(self, name: str) -> tuple[str, str] | None:
        """Give a playbook's text and file, or None. Raises BadPlaybook for what is no text."""
        from language.files import text_of

        found = next((file for file in self._files(name) if file.stem == name), None)
        return (text_of(found), str(found)) if found is not None else None

    def names(self) -> list[str]:
        """Give the ids of all there are."""
        return sorted({file.stem for file in self._files("*")})

    def _files(self, name: str) -> Iterator[Path]:
        for ending in (".yaml", ".yml"):
            yield from (file for file in self.beside.glob(name + ending) if file.is_file())
        yield from place.playbooks(self.inventory)


def names_of(inventory: Inventory | None) -> Mapping[str, frozenset[str]]:
    """Give the names that playbooks may take from an inventory; without one they are left unchecked, and so told.

    Sources of alerts that come with ringfence are known in any case.
    """
    from triggers.alerts.names import names

    if inventory is None:
        return {"shipped_sources": names()}
    ours = inventory.config
    return {
        "connections": frozenset(ours.connections), "roles": place.ROLES, "protected": frozenset(ours.protected),
        "sources": names() | set(ours.alerts.sources),
    }  # fmt: skip


def catalogue_of(inventory: Inventory | None) -> Catalogue:
    """Give what playbooks may name: what the connectors do, names of an inventory, and what alerts hold."""
    from engine.registry import catalogue, registry
    from triggers.alerts.narrowed import Narrowed

    return catalogue(registry(), names_of(inventory), Narrowed.of(inventory))
