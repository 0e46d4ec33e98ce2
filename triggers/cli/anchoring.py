"""`ringfence journal anchor` and `anchors`: signed heads, and the places outside to which they are carried."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.model import AnchorEntry
    from inventory.read import Inventory
    from journal import Journal
    from journal.anchors.anchorer import Anchorer
    from journal.anchors.sinks import Sink

Config = Annotated[Path | None, Parameter(name="--config")]


def anchorer(
    journal: Journal, inventory: Inventory | None, say: Callable[[str], None], run: str | None = None
) -> Anchorer:
    """What carries the heads of a run (or of all) to the configured places; what is wrong with one is said."""
    from journal.anchors.anchorer import Anchorer

    return Anchorer(journal, lambda: place.open_signer(inventory), sinks(inventory, say), say, run)


def sinks(inventory: Inventory | None, say: Callable[[str], None]) -> list[Sink]:
    """Give the configured places; without any, a file in the state folder. A place that cannot be used is left out."""
    from inventory.read import BadInventory
    from journal.anchors.sinks import FileSink

    if inventory is None or not inventory.config.journal.anchors:
        return [FileSink(default_file())]
    found = []
    for entry in inventory.config.journal.anchors:
        try:
            found.append(_sink(entry, inventory))
        except (place.Refused, BadInventory) as error:
            say(f"An anchor of {inventory.path} cannot be used: {error}. The others go on.")
        except Exception as error:  # noqa: BLE001  a place that cannot be used must not stop what it stands beside, and a foreign text may repeat the URL, a secret
            say(f"An anchor of {inventory.path} cannot be used ({type(error).__name__}). The others go on.")
    return found


def default_file() -> Path:
    """Where heads are carried if nothing is configured: beside the journal, so against nobody who can write both."""
    return place.state_path() / "anchors.jsonl"


def anchor_file(entry: AnchorEntry, inventory: Inventory) -> Path | None:
    """Give the file of an anchor that is one."""
    return (inventory.path.parent / Path(entry.file).expanduser()).resolve() if entry.file else None


def _sink(entry: AnchorEntry, inventory: Inventory) -> Sink:
    from journal.anchors.sinks import FileSink, TimestampSink, WebhookSink

    if (file := anchor_file(entry, inventory)) is not None:
        return FileSink(file, entry.independent)
    if entry.webhook:
        return WebhookSink(inventory.resolve(entry.webhook), entry.independent)
    assert entry.timestamp is not None
    return TimestampSink(entry.timestamp, roots_of(entry, inventory))


def roots_of(entry: AnchorEntry, inventory: Inventory) -> bytes:
    """Read the root certificates of a time stamp authority. Raises Refused."""
    file = inventory.path.parent / Path(entry.trust or "").expanduser()
    try:
        return file.read_bytes()
    except OSError as error:
        raise place.Refused(f"The roots {file} of {entry.timestamp} cannot be read: {error.strerror}") from None


def anchor(*, config: Config = None, json: bool = False) -> int:
    """Carry the signed heads of everything that is not anchored yet to each place, now. Exit code 2 if one failed.

    Parameters
    ----------
    config
        Where the places are configured; without one, a file in the state folder.
    json
        Print one JSON object.
    """
    from journal import Keys

    place.needed(config)
    inventory = place.described(config) if place.has_configuration(config) else None
    journal = place.open_journal(Keys.none(), config)
    failed: list[str] = []
    try:
        said = asyncio.run(anchorer(journal, inventory, failed.append).once())
    finally:
        journal.close()
    if json:
        as_json({"carried": said, "failed": failed})
    else:
        for sink, count in said.items():
            line(f"{sink}: {count} head{'' if count == 1 else 's'} carried there" if count else f"{sink}: nothing new")
        for one in failed:
            line(one)
    return 2 if failed else 0


def anchors(*, run: str | None = None, config: Config = None, json: bool = False) -> None:
    """List what was carried where, whether that place is out of our hands, and what did not arrive.

    Parameters
    ----------
    run
        Only this run.
    config
        Where the journal is configured.
    json
        Print one JSON object.
    """
    from journal import Keys

    place.needed(config)
    journal = place.open_journal(Keys.none(), config)
    try:
        rows = journal.anchors(run)
    finally:
        journal.close()
    if json:
        fields = ("run", "n", "hash", "at", "sink", "independent", "why")
        as_json({"anchors": [{name: getattr(row, name) for name in fields} for row in rows]})
        return
    if not rows:
        line("Nothing was ever anchored.")
    for row in rows:
        state = f"NOT CARRIED: {row.why}" if row.why else row.independent or "not independent"
        line(f"{row.at}  {row.run:<28} event {row.n:>5}  {row.hash[:16]}  {row.sink}  ({state})")
