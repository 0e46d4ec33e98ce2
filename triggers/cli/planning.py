"""`ringfence plan`: looks, shows what would be done, and keeps it as a file that `contain --plan` carries out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from triggers.cli import place, say
from triggers.cli.say import as_json

if TYPE_CHECKING:
    from engine.plan_file import PlanFile
    from inventory.read import Inventory
    from triggers.cli.work import TerminalWork

Inputs = Annotated[tuple[str, ...], Parameter(name=["--input", "-i"], negative=())]
Config = Annotated[Path | None, Parameter(name="--config")]


def plan(
    playbook: str,
    /,
    *,
    input: Inputs = (),  # noqa: A002  # what the option is called
    sandbox: bool = False,
    out: Path | None = None,
    every: Annotated[bool, Parameter(name="--all")] = False,
    reason: str = "",
    since: str = "",
    config: Config = None,
    integrations: Path | None = None,
    json: bool = False,
) -> int:
    """Look, and show every call that a playbook would send now. Sends none.

    Parameters
    ----------
    playbook
        A playbook's name (`ringfence playbook list`) or file.
    input
        -i NAME=VALUE, @FILE, env:VARIABLE or - for standard input; secrets never as a value.
    sandbox
        Against the practice company, started if it does not run, its thief asleep.
    out
        Keep the plan in this file, signed: `ringfence contain --plan FILE` carries out exactly that.
    every
        Name each target, not only the first few of a step.
    reason
        Why, for the record.
    since
        When the attacker was first seen: 2026-11-24T01:40:00Z, or how long ago (90m, 2h, 3d).
    """
    from triggers.cli.starting import Wanted, start

    if out is not None and out.exists():
        raise place.Refused(f"{out} exists already: a plan is never written over another. Name a new file.")
    return start(Wanted(
        playbook, input, "planned", sandbox=sandbox, reason=reason, config=config, integrations=integrations, json=json,
        out=out, every=every, since=since,
    ))  # fmt: skip


def keep(work: TerminalWork, out: Path | None, *, json: bool) -> int:
    """Keep the plan that was looked at where it is to be kept, and say what can be done with it; the exit code."""
    if out is not None:
        _write(work, out)
    _told(work, out, json=json)
    work.journal.close()
    return 0


def _write(work: TerminalWork, out: Path) -> None:
    """Write the file, for its owner alone, whole or not at all."""
    from engine.plan.filing import filed
    from engine.plan_file import write

    assert work.live is not None
    data = write(filed(work.live, work.live.planned), place.open_signer(work.inventory))
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise place.Refused(f"The plan file {out} cannot be written: {error.strerror}. Nothing was sent.") from None


def _told(work: TerminalWork, out: Path | None, *, json: bool) -> None:
    """Say what to do next; everything else was said as it was seen."""
    from reports.summary import summary

    assert work.live is not None
    run = work.live.run
    if json:
        report = str(work.report) if work.report is not None else None
        told = summary(run, events=work.journal.events(run.id), report=report)
        as_json({**told, "plan": dict(run.planned), "file": str(out) if out is not None else None})
        return
    if out is not None:
        say.line(f"Kept, signed, in {out}. Within 24 h this carries out exactly that:")
        say.line(f"  ringfence contain --plan {out}")
    else:
        say.line("To carry it out: `ringfence contain` with the same words.")
        say.line("`--out FILE` keeps a plan; `ringfence contain --plan FILE` carries out that.")


@dataclass(frozen=True)
class Filed:
    """A plan file that is to be carried out. `playbook`: where its playbook lies now."""

    signed: tuple[PlanFile, str]
    playbook: Path

    def complete(self, raw: dict[str, object]) -> None:
        """Take the inputs from the file, and check those that were given again. Raises Refused with all that differ.

        Of a secret the file has the fingerprint only, so each must be given again.
        """
        from connectors.core import Secret

        plan = self.signed[0]
        wrong = []
        for name, filed in plan.inputs.items():
            if name in plan.secret_inputs and name not in raw:
                wrong.append(
                    f"{name}: the plan file holds no secret, so give it again: -i {name}=@FILE, env:VARIABLE or -"
                )
                continue
            given = raw.setdefault(name, list(filed) if isinstance(filed, list) else filed)
            many = given if isinstance(given, list) else [given]
            shown = [repr(one) if isinstance(one, Secret) else str(one) for one in many]
            if (shown if isinstance(filed, list) else shown[0]) != filed:
                wrong.append(
                    f"{name}: another {'secret' if name in plan.secret_inputs else 'value'} than in the plan file"
                )
        wrong += [f"{name}: not in the plan file" for name in raw if name not in plan.inputs]
        if wrong:
            raise place.Refused("This is not what was planned:\n" + "\n".join(wrong))


def from_file(path: Path, inventory: Inventory) -> Filed:
    """Read a plan file. Raises Refused or PlanFileRefused: cannot be read, altered, too old, its playbook is gone."""
    from engine.plan_file import MOST_BYTES, PlanFileRefused, read
    from journal.clock import now

    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise place.Refused(f"The plan file {path} cannot be read: {error.strerror}.") from None
    try:
        signed = read(data, place.open_signer(inventory), now())
    except PlanFileRefused as error:
        raise PlanFileRefused(f"{path}: {error}") from None
    book = signed[0].playbook
    at = Path(book.file)
    return Filed(signed, at if at.is_file() else place.find_playbook(book.id, inventory))
