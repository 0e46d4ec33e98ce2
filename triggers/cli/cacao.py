"""`ringfence playbook import` and `export`: playbooks of CACAO 2.0, in and out, with what is lost on the way. Sends nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from language.cacao import Imported, Loss

Output = Annotated[Path, Parameter(name=["--output", "-o"])]
MaybeOutput = Annotated[Path | None, Parameter(name=["--output", "-o"])]


def import_(file: Path, /, *, output: Output, force: bool = False, json: bool = False) -> int:
    """Make a playbook of ours of one of CACAO 2.0, and say what of it was not carried over. Exit code 1: refused.

    Its actions become manual steps below an approval. An export of ours comes back as it was.

    Parameters
    ----------
    file
        A playbook of CACAO 2.0, as JSON.
    output
        The file to write: a playbook that passes `ringfence playbook lint`.
    force
        Over a file that is there.
    json
        Print one JSON object.
    """
    import datetime as dt

    from engine.registry import catalogue, registry
    from language.cacao import CannotImport, import_playbook
    from triggers.cli.shelf import Shelf

    data = _bytes(file)
    target = _target(output, force=force)
    shelf = Shelf(target.parent, place.described() if place.has_configuration(None) else None)
    try:
        done = import_playbook(data, catalogue(registry()), dt.datetime.now(dt.UTC), str(output), shelf)
    except CannotImport as refused:
        if json:
            reasons = [{"code": f.code, "pointer": f.pointer, "message": f.message} for f in refused.faults]
            as_json({"ok": False, "file": str(file), "reasons": reasons})
            return 1
        for fault in refused.faults:
            line(f"{file}: {fault}")
        count = len(refused.faults)
        line(f"Not imported, for {count} {'reason' if count == 1 else 'reasons'}: nothing was written.")
        return 1
    _write(target, done.text, force=force)
    if json:
        steps = [{"id": step.id, "kind": step.kind} for step in done.checked.playbook.steps]
        head = {"ok": True, "file": str(file), "output": str(target), "playbook": done.checked.playbook.id}
        as_json(head | {"restored": done.restored, "steps": steps, "lost": _as_data(done.losses)})
    else:
        _tell(file, target, done)
    return 0


def export(
    name: str,
    /,
    *,
    cacao: bool = False,
    output: MaybeOutput = None,
    force: bool = False,
    config: Path | None = None,
    json: bool = False,
) -> int:
    """Write a playbook as one of CACAO 2.0, and say what a foreign tool will not see in it.

    Parameters
    ----------
    name
        Its name or file.
    cacao
        In CACAO 2.0. There is no other format yet, but there may be one.
    output
        The file to write. Without it the playbook is printed, and the losses go to the error output.
    force
        Over a file that is there.
    config
        Look for it in the folders of this configuration as well.
    json
        Print one JSON object: the losses, and without -o the playbook too.
    """
    import datetime as dt
    from json import dumps

    from engine.registry import catalogue, registry
    from language.cacao import export_playbook

    if not cacao:
        raise place.Refused(f"In which format? Say `ringfence playbook export {name} --cacao`.")
    target = _target(output, force=force) if output is not None else None
    ours = place.described(config) if place.has_configuration(config) else None
    found = place.find_playbook(name, ours)
    checked = place.checked_playbook(found, ours)
    modified = dt.datetime.fromtimestamp(found.stat().st_mtime, dt.UTC)
    done = export_playbook(checked, catalogue(registry()), modified)
    text = dumps(done.document, indent=2, ensure_ascii=False) + "\n"
    if target is not None:
        _write(target, text, force=force)
    if json:
        head: dict[str, Any] = {
            "ok": True,
            "file": str(found),
            "id": done.document["id"],
            "lost": _as_data(done.losses),
        }
        as_json(head | ({"output": str(target)} if target is not None else {"cacao": done.document}))
        return 0
    if target is None:
        print(text, end="")
        print("\n".join(map(str, done.losses)), file=sys.stderr)
        return 0
    steps = len(done.document["workflow"])
    line(f"{checked.playbook.id} written to {target} as CACAO 2.0: {steps} steps, {done.document['id']}.")
    _losses(done.losses, "A foreign tool will not see, or not as it is meant")
    line("`ringfence playbook import` gives the same playbook back, if nobody changes the file.")
    return 0


def _bytes(file: Path) -> bytes:
    """Read a file, never more of it than can be taken."""
    from language.cacao import LARGEST_BYTES

    try:
        with file.expanduser().open("rb") as opened:
            return opened.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise place.Refused(f"The file {file} cannot be read: {error.strerror}.") from None


def _target(output: Path, *, force: bool) -> Path:
    target = output.expanduser()
    if target.is_dir():
        raise place.Refused(f"{output} is a folder: name the file to write with -o.")
    if not force and target.exists():
        raise place.Refused(f"{output} exists: nothing was written. Name another file, or say --force.")
    return target


def _write(target: Path, text: str, *, force: bool) -> None:
    try:
        with target.open("w" if force else "x", encoding="utf-8", newline="\n") as opened:
            opened.write(text)
    except OSError as error:
        raise place.Refused(f"{target} cannot be written: {error.strerror}.") from None


def _tell(file: Path, target: Path, done: Imported) -> None:
    book = done.checked.playbook
    if done.restored:
        line(f"{file} is an export of Ringfence, unchanged: {book.id} written to {target}, with the same steps.")
    else:
        manual = sum(step.kind == "manual" for step in book.steps)
        steps = "1 manual step" if manual == 1 else f"{manual} manual steps"
        line(f"{book.id} written to {target}: {steps} below an approval. It passes every check.")
    _losses(done.losses, "Not carried over, or not exactly")
    if book.triggers:
        line(f"It has triggers ({len(book.triggers)}): in a folder of playbooks, alerts propose it. Read them first.")
    if not done.restored:
        line("Read every step before you use it: what cannot be undone, `breaks` and `layer` are not said in CACAO.")


def _losses(losses: Sequence[Loss], title: str) -> None:
    if not losses:
        line("Nothing was lost.")
        return
    line(f"{title} ({len(losses)}):")
    alike: dict[tuple[str, str], list[str]] = {}
    for loss in losses:
        alike.setdefault((loss.why, loss.kind), []).append(loss.pointer or "(the file)")
    for (why, kind), pointers in alike.items():
        line(f"  {', '.join(pointers)} ({kind}): {why}")


def _as_data(losses: Sequence[Loss]) -> list[dict[str, str]]:
    return [{"pointer": loss.pointer, "kind": loss.kind, "why": loss.why} for loss in losses]
