"""`ringfence integrations`: checks and shows what reaches us, as the two files say it. Asks no provider, opens no secret."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from triggers.cli import place
from triggers.cli.say import as_json, line

app = App("integrations", help="Check, show and write the integrations and their footholds; discover what reaches us.")
app.command("triggers.cli.discovering:discover", name="discover", help="Ask every connection what reaches us; keep it.")
app.command("triggers.cli.snapshots:snapshots", name="snapshots", help="Show what discoveries kept, and check it.")
app.command("triggers.cli.radius:graph", name="graph", help="Draw what one reaches, and in which order it is revoked.")


@app.command
def lint(
    *, config: Path | None = None, integrations: Path | None = None, sandbox: bool = False, json: bool = False
) -> int:
    """Check ringfence.yaml and integrations.yaml, and that each foothold leads to a connection that can close it.

    Parameters
    ----------
    config
        The configuration; without it RINGFENCE_CONFIG, or ringfence.yaml here.
    integrations
        Another file of integrations than the configured one.
    sandbox
        Check the practice company's.
    json
        Print one JSON object.
    """
    from engine.registry import registry
    from inventory.integrations.fit import unfit
    from inventory.integrations.source import footholds_of, integrations_of
    from inventory.read import examine

    file = config or (place.COMPANY if sandbox else place.config_path())
    found = examine(file, integrations=integrations)
    problems = [*found.problems, *unfit(found.source, found.listed.sources, registry().systems)]
    problems = sorted(dict.fromkeys(problems), key=lambda p: (p.file != str(file.resolve()), p.file, p.line, p.column))
    listed = list(integrations_of(found.listed.sources))
    if json:
        places = [
            {"file": p.file, "line": p.line, "column": p.column, "code": p.code, "message": p.message} for p in problems
        ]
        said = {"ok": not problems, "integrations": len(listed), "problems": list(map(str, problems)), "places": places}
        as_json(said)
        return 1 if problems else 0
    for problem in problems:
        line(str(problem))
    if not problems:
        line(f"{len(listed)} integrations with {sum(len(list(footholds_of(one))) for one in listed)} footholds: ok.")
    return 1 if problems else 0


@app.command
def schema(*, out: Path | None = None) -> None:
    """Print the JSON Schema of integrations.yaml, from which editors complete and explain its keys.

    Parameters
    ----------
    out
        Write it to this file instead.
    """
    import json

    from engine.registry import registry
    from inventory.integrations.schema import schema_of

    text = json.dumps(schema_of(registry().systems), indent=1, ensure_ascii=False) + "\n"
    if out is None:
        print(text, end="")
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise place.Refused(f"The schema cannot be written to {out}: {error.strerror}.") from None
    line(f"{out}: written.")


app.command(
    "triggers.cli.integrations_shown:show", name="show", help="Show the integrations, or one with what closes it."
)
app.command("triggers.cli.integrations_new:new", name="new", help="Write an integration to begin with.")
