"""`ringfence playbook release`: signs a playbook as it is now, with every playbook that it uses."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from engine.released import Release, Unreleased
    from inventory.read import Inventory
    from language import Checked


def release(
    name: str,
    /,
    *,
    key: Annotated[str, Parameter(name="--key")],
    as_: Annotated[str, Parameter(name="--as")] = "",
    config: Path | None = None,
    json: bool = False,
) -> int:
    """Sign a playbook as it is now: only what was released, and not changed since, may start by itself.

    Its cases are carried out first: what does not pass them is not released.

    Parameters
    ----------
    name
        Its name or file.
    key
        The file of the private key, as `ringfence person key` makes one, or env:NAME.
    as_
        Refuse unless the key is this person's, by the configuration.
    config
        Check it against this configuration, which also says whose releases count.
    json
        Print one JSON object.
    """
    from engine.released import Release, content_hash, file_of, newest, sign
    from journal.clock import wall
    from journal.proof.sign import Signer

    inventory = place.described(config) if place.has_configuration(config) else None
    file = place.find_playbook(name, inventory)
    checked = place.checked_playbook(file, inventory)
    _passes(file, checked)
    signer = Signer.from_reference(key if key.startswith("env:") else f"file:{key.removeprefix('file:')}")
    _theirs(as_, signer.public, inventory)
    beside = file_of(file)
    now = stands(checked, file, inventory, {signer.public})
    version = now.version if isinstance(now, Release) else newest(beside) + 1
    _write(beside, sign(checked, version, wall(), signer))
    counts = inventory is not None and signer.public in inventory.config.releases.public
    sha256 = content_hash(checked)
    if json:
        as_json({
            "playbook": checked.playbook.id, "file": str(beside), "sha256": sha256, "version": version,
            "key": signer.id, "counts": counts,
        })  # fmt: skip
        return 0
    line(f"{checked.playbook.id}: release {version}, SHA-256 {sha256[:16]}, signed with key {signer.id}: {beside}")
    if not counts:
        import base64

        public = base64.b64encode(bytes.fromhex(signer.public)).decode()
        line("It counts where ringfence.yaml says so:")
        line(f'releases: {{keys: ["ed25519:{public}"]}}')
    return 0


def _theirs(name: str, public: str, inventory: Inventory | None) -> None:
    """Raise Refused where somebody is named whose key this is not."""
    people = inventory.config.people if inventory is not None else {}
    if name and (name not in people or not people[name].public):
        raise place.Refused(f"There is no key of '{name[:40]}' in the configuration: nothing was released.")
    if name and people[name].public != public:
        raise place.Refused(f"That is not the key of {name}: nothing was released.")


def stands(
    checked: Checked, file: Path, inventory: Inventory | None, keys: set[str] | None = None
) -> Release | Unreleased:
    """Whether a playbook is released, by the keys that are configured or by these."""
    from engine.released import file_of, released

    known = inventory.config.releases.public if inventory is not None else frozenset[str]()
    return released(checked, file_of(file), keys if keys is not None else known)


def as_line(stands_: Release | Unreleased) -> str:
    """Say it in a few words."""
    from engine.released import Release

    if isinstance(stands_, Release):
        return f"release {stands_.version} of {stands_.at[:10]}, key {stands_.key}"
    return stands_.why


def as_row(stands_: Release | Unreleased) -> dict[str, object]:
    """The same for machines: whether it is released, whether it was changed since, and in words."""
    from engine.released import Release

    changed = not isinstance(stands_, Release) and stands_.changed is not None
    return {"released": isinstance(stands_, Release), "changed": changed, "release": as_line(stands_)}


def _passes(file: Path, checked: Checked) -> None:
    from engine.trial.case import cases_of
    from engine.trial.record import shelf
    from triggers.cli.testing import one

    with shelf() as at:
        failed = [case.stem for case in cases_of(file) if not one(file, case, checked, at).passed]
    if failed:
        raise place.Refused(
            f"{checked.playbook.id} does not pass {len(failed)} of its cases ({', '.join(failed[:5])}), so it is not"
            f" released. `ringfence playbook test {checked.playbook.id}` says why."
        )


def _write(file: Path, text: str) -> None:
    """Whole or not at all: a run that reads it meanwhile sees the one before."""
    try:
        handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as written:
            written.write(text)
        Path(draft).chmod(0o644)
        Path(draft).replace(file)
    except OSError as error:
        raise place.Refused(f"The release {file} cannot be written: {error.strerror}.") from None
