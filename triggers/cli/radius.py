"""`ringfence integrations graph`: what an integration reaches, whom it hits, what then stops. Asks no provider."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from triggers.cli import place, standing
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from inventory.discovery.shelf import Shelf
    from inventory.discovery.thing import Thing
    from inventory.read import Inventory


def graph(
    name: str,
    /,
    *,
    out: Path | None = None,
    mermaid: bool = False,
    config: Path | None = None,
    integrations: Path | None = None,
    sandbox: bool = False,
    json: bool = False,
) -> None:
    """Draw the blast radius of one integration, and the order in which it is revoked.

    Parameters
    ----------
    name
        The integration's id.
    out
        Write it there as a picture (SVG); without it, it is told in words.
    mermaid
        Print Mermaid text instead.
    config
        The configuration; without it RINGFENCE_CONFIG, or ringfence.yaml here.
    integrations
        Another file of integrations than the configured one.
    sandbox
        Draw one of the practice company's.
    json
        Print one JSON object.
    """
    from engine.registry import registry
    from inventory.radius import radius
    from inventory.radius.graph import graph as drawn
    from inventory.radius.lines import lines
    from inventory.radius.mermaid import mermaid as spelled
    from inventory.radius.picture import svg

    try:
        with _known(config, integrations, sandbox=sandbox) as (ours, things):
            found = radius(ours, name, registry().systems, things)
    except LookupError as error:
        raise place.Refused(f"{str(error.args[0])[:1].upper()}{error.args[0][1:]}") from None
    if out is not None:
        try:
            out.write_text(svg(found), encoding="utf-8")
        except OSError as error:
            raise place.Refused(f"The picture cannot be written to {out}: {error.strerror}.") from None
    if json:
        as_json({"radius": found.as_json(), "graph": drawn(found).as_json(), "out": str(out) if out else None})
        return
    if mermaid:
        for one in spelled(drawn(found)):
            line(one)
        return
    if out is not None:
        line(f"Drawn to {out}.")
        return
    for one in lines(found):
        line(one)


@contextmanager
def _known(
    config: Path | None, integrations: Path | None, *, sandbox: bool
) -> Iterator[tuple[Inventory, Iterable[Thing]]]:
    """Give what is declared and what the newest snapshot knows beside it. Of a practice company that does not run, nothing."""
    from dataclasses import replace

    from inventory.discovery.known import NEVER
    from inventory.discovery.shelf import Shelf
    from journal import Keys

    ours = place.described(config, integrations, sandbox=sandbox)
    if sandbox:
        from triggers.cli.company import running

        handshake = running(place.state_path())
        if handshake is None:
            yield (
                replace(ours, discovered="the practice company does not run: what was discovered of it is not shown"),
                (),
            )
            return
        ours = place.configuration(config, integrations, sandbox=True, handshake=handshake)
    if not place.has_journal(config):
        yield replace(ours, discovered=NEVER), ()
        return
    journal = place.open_journal(Keys.none(), config)
    try:
        yield standing.with_discovered(journal, ours), _things(Shelf(journal.database), ours)
    finally:
        journal.close()


def _things(shelf: Shelf, ours: Inventory) -> Iterator[Thing]:
    """Each thing of the newest snapshot that is of these connections, footholds first."""
    from engine.registry import registry
    from inventory.discovery.known import known

    found = known(shelf, ours, registry().systems)
    if found.snapshot is None:
        return
    yield from found.whose.things.values()
    there = {(thing.connection, thing.key) for thing in found.whose.things.values()}
    for part in shelf.things(found.snapshot.n, parts=True):
        if (part.connection, part.part_of) in there:
            yield part
