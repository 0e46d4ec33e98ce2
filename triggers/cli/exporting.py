"""`ringfence journal export`: hands evidence over, with what checks it. The export is an event of its own, written first."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.desk import who
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from journal import Journal

Output = Annotated[Path, Parameter(name=["--output", "-o"])]
HOW = "the user of a terminal, as the system names them"


def export(
    what: str | None = None,
    /,
    *,
    output: Output,
    last: bool = False,
    names: Annotated[bool, Parameter(negative="--no-names")] = True,
    force: bool = False,
    config: Path | None = None,
    json: bool = False,
) -> int:
    """Hand over the evidence of a run or an incident: one signed file, and verify.py, which needs no ringfence.

    Parameters
    ----------
    what
        A run's id or an incident's.
    output
        The file to write, readable by its owner only.
    last
        The newest run.
    names
        With the key that opens people's names; --no-names leaves it out, and the names read as pseudonyms.
    force
        Over a file that is there.
    """
    from journal import Keys
    from journal.export.files import lay_verifier, refuse_existing

    place.needed(config)
    target = output.expanduser()
    if target.is_dir():
        raise place.Refused(f"{output} is a folder: name the file to write with -o.")
    if not force:
        refuse_existing(target)
    journal = place.open_journal(Keys.none(), config)
    try:
        incident, runs = _meant(journal, what, last=last)
        done = asyncio.run(_hand_over(journal, incident, runs, target, config=config, names=names, force=force))
    finally:
        journal.close()
    done["verifier"] = lay_verifier(target.parent)
    if json:
        as_json(done)
    else:
        _tell(done)
    return 0


def _meant(journal: Journal, what: str | None, *, last: bool) -> tuple[str, list[str]]:
    """Give the incident, and which of its runs are wanted. Raises Pruned, UnknownRun, Refused."""
    from journal.custody.reading import absent

    rows = journal.runs()
    if what is None:
        if not (last and rows):
            raise place.Refused("Name a run or an incident, or say --last (`ringfence status` lists them).")
        what = rows[0].run
    for row in rows:
        if row.run == what:
            return row.incident, [row.run]
    runs = [row.run for row in reversed(rows) if row.incident == what]
    if not runs:
        raise absent(journal, what)
    return what, runs


async def _hand_over(
    journal: Journal, incident: str, runs: list[str], target: Path, *, config: Path | None, names: bool, force: bool
) -> dict[str, Any]:
    """Check what is to be handed over, write it, journal the export, and only then give the file its name."""
    from journal.clock import wall
    from journal.event import Draft, Private
    from journal.export import evidence, files, verifier

    signer = place.open_signer(place.described(config) if place.has_configuration(config) else None)
    found = evidence.gather(journal, incident, runs)
    file = evidence.evidence(found, signer, at=wall(), by=who(), how=HOW, names=names)
    text = evidence.layout(file)
    if broken := verifier.check(verifier.strict(text), text, {signer.public, *evidence.keys_of(found)}):
        raise place.Refused("\n".join([*broken[:5], "Nothing was exported: `ringfence journal verify` says more."]))
    temporary = files.stage(target, text)
    digest = file["signature"]["statement"]["sha256"]
    try:
        body = {"run": runs[0] if len(runs) == 1 else "", "incident": incident, "by": Private(who()), "sha256": digest}
        await journal.record(Draft("exported", body))
        files.hand_over(temporary, target, force=force)
    finally:
        temporary.unlink(missing_ok=True)
    return {
        "file": str(target), "incident": incident, "sha256": digest, "key": signer.public, "key_id": signer.id,
        "names": bool(file["people"]), "anchors": len(file["anchors"]),
        "runs": [{"run": r["run"], "events": len(r["events"]), "head": r["head"]["hash"], "ended": r["ended"]} for r in file["runs"]],
    }  # fmt: skip


def _tell(done: dict[str, Any]) -> None:
    for run in done["runs"]:
        going = "" if run["ended"] else "; it has not ended: this is how it stands now"
        line(f"Run {run['run']}: {run['events']} events, head {run['head']}{going}.")
    names = "with the key to people's names" if done["names"] else "without people's names"
    line(f"Evidence of incident {done['incident']} written to {done['file']}, {names}.")
    beside = "verify.py lies beside it"
    if done["verifier"] == "differs":
        beside = "the verify.py beside it is NOT ours and was left alone: take journal/export/verifier.py"
    line(f"`python verify.py FILE --key {done['key']}` checks it, with `cryptography` alone; {beside}.")
    line(f"Give that key (id {done['key_id']}) on another way than the file: who can exchange both can forge both.")
