"""`ringfence integrations graph`: what an integration reaches, whom it hits, what then stops. Asks no provider."""

from __future__ import annotations

from pathlib import Path

from triggers.cli import place
from triggers.cli.say import as_json, line


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

    ours = place.described(config, integrations, sandbox=sandbox)
    try:
        found = radius(ours, name, registry().systems)
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
