"""`ringfence journal verify`: is the record what was written? Exit code 4 where it is not. Writes nothing."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.anchoring import anchor_file, default_file, roots_of
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from inventory.read import Inventory
    from journal.proof.anchored import Outside
    from journal.proof.examine import Examination, Gap
    from journal.proof.stored import Broken

_KEY = re.compile(r"[0-9a-fA-F]{64}")


def verify(
    *,
    run: str | None = None,
    anchors: Annotated[tuple[Path, ...], Parameter(negative=())] = (),
    key: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    strict: bool = False,
    config: Annotated[Path | None, Parameter(name="--config")] = None,
    json: bool = False,
) -> int:
    """Check that the record is what was written: nothing changed, removed, exchanged or put in. Exit code 4 if not.

    Parameters
    ----------
    run
        Only this run.
    anchors
        A file of heads that were carried outside, kept where whoever wrote the journal cannot write.
    key
        The public key that signs, in hex or a file of such; several after it was exchanged. Without it, the
        configured one or that of the state folder is believed.
    strict
        Exit code 4 also for what no anchor covers.
    config
        Where places and keys are configured.
    json
        Print one JSON object.
    """
    from journal.proof.anchored import Trust
    from journal.proof.examine import Examination
    from journal.proof.verify import examined

    inventory = place.described(config) if place.has_configuration(config) else None
    keys = frozenset(one for given in key for one in _keys(given)) or _own_keys(inventory)
    examination = Examination(run, Trust(keys, _roots(inventory)), _files(inventory, anchors))
    broken = examined(place.journal_url(config), examination)
    if json:
        as_json(_summary(examination, broken))
    else:
        _tell(examination, broken)
    return 4 if broken or (strict and examination.unanchored.events) else 0


def _keys(given: str) -> list[str]:
    """Read a public key, or a file of them: one a line, in hex."""
    if _KEY.fullmatch(given):
        return [given.lower()]
    try:
        found = Path(given).expanduser().read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        raise place.Refused(f"{given!a} is neither a public key (64 hex digits) nor a file of such.") from None
    if not found or not all(_KEY.fullmatch(one) for one in found):
        raise place.Refused(f"The file {given} has something else than public keys (64 hex digits, one a line).")
    return [one.lower() for one in found]


def _own_keys(inventory: Inventory | None) -> frozenset[str]:
    """Give the public key that this place signs with; none where there is none, or it cannot be read here."""
    from journal import NoKey

    file = place.state_path() / "keys" / "sign.pub"
    configured = inventory is not None and inventory.config.journal.sign is not None
    try:
        if configured or (not file.exists() and file.with_suffix("").exists()):
            return frozenset([place.open_signer(inventory).public])
        return frozenset(_keys(str(file))) if file.exists() else frozenset()
    except NoKey:
        return frozenset()


def _roots(inventory: Inventory | None) -> dict[str, bytes]:
    """Read the trusted roots of each configured time stamp authority, by sink."""
    from journal.anchors.sinks import timestamp_name

    entries = inventory.config.journal.anchors if inventory is not None else ()
    return {timestamp_name(one.timestamp): roots_of(one, inventory) for one in entries if one.timestamp and inventory}


def _files(inventory: Inventory | None, given: tuple[Path, ...]) -> list[Outside]:
    """Read what was carried into files: those configured (else the state folder's), and those given."""
    from journal.proof.anchored import Outside

    entries = inventory.config.journal.anchors if inventory is not None else ()
    ours = {file for one in entries if inventory and (file := anchor_file(one, inventory)) is not None}
    ours |= set() if entries else {default_file()}
    found = []
    for file in [*sorted(ours), *given]:
        path = file.expanduser().absolute()
        if file not in ours and not path.is_file():
            raise place.Refused(f"There is no file {file} of anchors.")
        lines = _lines(path)
        found.append(Outside(str(file), lines, f"file:{path}"[:200], partial(_lines, path)))
    return found


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise place.Refused(f"The anchors in {path} cannot be read: {error.strerror}.") from None


def _summary(examination: Examination, broken: list[Broken]) -> dict[str, object]:
    def gap(one: Gap) -> dict[str, object]:
        return {"events": one.events, "since": one.since or None}

    anchored = examination.anchored
    return {
        "verifies": not broken,
        "events": examination.events,
        "runs": examination.runs,
        "records": examination.own,
        "anchors": anchored.count,
        "unanchored": gap(examination.unanchored),
        "no_independent_anchor": gap(examination.dependent),
        "time_stamps_unchecked": anchored.unchecked,
        "keys": sorted(anchored.keys),
        "keys_trusted": bool(examination.trust.keys),
        "remarks": anchored.remarks,
        "broken": [{"run": one.run, "n": one.n, "what": one.what} for one in broken],
    }


def _tell(examination: Examination, broken: list[Broken]) -> None:
    for one in broken:
        line(str(one))
    if broken:
        many = f"{len(broken)} findings" if len(broken) > 1 else "1 finding"
        line(f"The journal does NOT verify: {many}. Copy it before anything else touches it.")
        return
    runs = f"{examination.runs} run{'s' if examination.runs != 1 else ''}"
    line(f"{examination.events} events of {runs} verify, and the journal's own chain of {examination.own} records.")
    for said in remarks(examination):
        line(said)


def remarks(examination: Examination) -> list[str]:
    """Say what a clean result does not prove, plainly."""
    from journal.proof.sign import key_id

    anchored, open_, alone = examination.anchored, examination.unanchored, examination.dependent
    ids = ", ".join(key_id(one) for one in sorted(anchored.keys))
    said = list(anchored.remarks)
    if anchored.keys and examination.trust.keys:
        said.append(f"{anchored.count} signed heads verify, by key {ids}: compare it with the one you were given.")
    elif anchored.keys:
        said.append(
            f"{anchored.count} signed heads fit their own key {ids}: no key was given to compare it with (--key)."
        )
    if anchored.unchecked:
        said.append(
            f"{anchored.unchecked} time stamps were not checked: no trusted roots are configured here (--config)."
        )
    if open_.events:
        said.append(
            f"Unanchored since {open_.since} ({open_.events} events): `ringfence journal anchor` carries them out."
        )
    if alone.events and anchored.independent.at:
        said.append(f"No independent anchor since {alone.since} ({alone.events} events).")
    elif alone.events:
        said.append(
            "No independent anchor at all: whoever can write the data base, the key and the anchors' files can make"
            " another record."
        )
    return said
