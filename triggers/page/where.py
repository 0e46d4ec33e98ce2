"""Where the page is, and with which key it signs: by the configuration alone. Needs no web framework."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from inventory.read import Inventory
from inventory.ways import PageEntry
from triggers.page.key import PageKey


def key_of(inventory: Inventory, state: Path, entry: PageEntry) -> PageKey:
    """The page's key: the configured one, or one of the state folder. Raises NoKey, BadInventory."""
    if entry.key is not None:
        return PageKey.of_text(inventory.resolve(entry.key))
    return PageKey.of_file(state / "keys" / "page")


def page_of(inventory: Inventory, practice_url: str = "") -> PageEntry | None:
    """Where the page is: as configured; of the practice company, where its service listens on this machine; else nowhere."""
    if inventory.config.page is not None or not practice_url:
        return inventory.config.page
    port = urlsplit(practice_url).port
    return PageEntry.model_validate({"url": f"http://localhost:{port}"})
