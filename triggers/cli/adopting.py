"""`discover --adopt`: writes what nobody declared into people's file of integrations, and leaves what stands there as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggers.cli import place
from triggers.cli.integrations_new import OPEN

if TYPE_CHECKING:
    from inventory.discovery.known import Known
    from inventory.discovery.thing import Thing
    from inventory.discovery.whose import Owner
    from inventory.read import Inventory

MOST_TITLE = 100


def adopted(inventory: Inventory, known: Known, only: Sequence[str]) -> dict[str, Any]:
    """Declare what was discovered: beside the footholds of the integration that it is surely of, else as a new integration.

    What is only likely an integration's is left out, unless it is named in `only`: its name may be the attacker's choice.
    Gives the files, what was added, what was left out and why, and what a person must still fill in. Raises Refused.
    """
    chosen, left = _chosen(known, only)
    pen, added = _Pen(inventory), []
    for thing, into in _grouped(inventory, known, chosen):
        added.append({"place": thing.place, "as": pen.declare(thing, into, _note(known, thing))})
    pen.save()
    files = sorted(map(str, pen.after))
    return {"files": files, "added": added, "left": left, "todo": _todo(inventory, set(files))}


def _chosen(known: Known, only: Sequence[str]) -> tuple[list[tuple[Thing, Owner | None]], list[str]]:
    unknown = {thing.place: thing for thing in known.whose.unknown}
    if strange := [one for one in only if one not in unknown]:
        from language.errors import nearest, short

        named = ", ".join(f"'{short(one)}'{nearest(one, unknown)}" for one in strange)
        raise place.Refused(f"--only: {named}: nothing that nobody declared is called that. Nothing was written.")
    chosen, left = [], []
    for name, thing in unknown.items():
        owner = next(iter(known.whose.owners.get(name, ())), None)
        if only and name not in only:
            continue
        if owner is not None and not owner.sure and name not in only:
            left.append(f"{name}: only likely {owner.integration}'s ({owner.why}): --only {name} declares it as such")
            continue
        chosen.append((thing, owner))
    return chosen, left


def _grouped(
    inventory: Inventory, known: Known, chosen: Sequence[tuple[Thing, Owner | None]]
) -> Iterator[tuple[Thing, str | Thing]]:
    """Each with the integration that it is of, or the thing after which one is named: what hangs together is one."""
    from inventory.discovery.whose import together

    systems = {name: entry.system for name, entry in inventory.config.connections.items()}
    hangs, places = together(known.whose, systems), {thing.place for thing, _ in chosen}
    order = sorted(chosen, key=lambda one: (hangs.get(one[0].place, ""), hangs.get(one[0].place) != one[0].place))
    for thing, owner in order:
        root = hangs.get(thing.place, thing.place)
        yield (
            thing,
            owner.integration if owner is not None else known.whose.things[root if root in places else thing.place],
        )


class _Pen:
    """Writes into the files of integrations: all in memory first, then each whole."""

    def __init__(self, inventory: Inventory) -> None:
        assert inventory.home is not None, "it was read from files"
        self._inventory, self._home = inventory, inventory.home
        self._before: dict[Path, str] = {}
        self.after: dict[Path, str] = {}
        self._new: dict[str, str] = {}
        self._ids = {name: {entry.id for entry in one.footholds} for name, one in inventory.integrations.items()}

    def declare(self, thing: Thing, into: str | Thing, note: str) -> str:
        """Declare one thing as an integration's, or as one of a new integration that is named after one; what it is called.

        Raises Refused.
        """
        from inventory.discovery.whose import foothold_id
        from inventory.integrations.files import home_of
        from inventory.integrations.insert import NotWritten, add_footholds, add_integration

        name = into if isinstance(into, str) else self._new.setdefault(into.place, self._fresh(into))
        foothold = foothold_id(thing.kind, thing.key, self._ids[name]) if name in self._ids else thing.kind
        file = self._file_of(name) if name in self._inventory.integrations else home_of(self._home, name)
        text, fields = self._text(file), _foothold(thing, foothold)
        try:
            if name in self._ids:
                self.after[file] = add_footholds(text, name, [fields], note)
            else:
                title = (thing.title or thing.key)[:MOST_TITLE].strip() or thing.kind
                whole = {"title": title, "owner": OPEN, "footholds": [fields]}
                self.after[file] = add_integration(text, name, whole, {"": [note]})
        except NotWritten as error:
            raise place.Refused(f"{thing.place} cannot be written: {error}. Nothing was written.") from None
        self._ids.setdefault(name, set()).add(foothold)
        return f"{name}/{foothold}"

    def save(self) -> None:
        """Write every file. Raises Refused, saying which were written before one could not be."""
        from inventory.integrations.insert import save
        from inventory.integrations.save import Changed

        done: list[str] = []
        for file, after in self.after.items():
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                save(file, self._before[file], after)
            except (Changed, OSError) as error:
                why = error.strerror if isinstance(error, OSError) else str(error)
                raise place.Refused(
                    f"{file} cannot be written: {why}. Written before that: {', '.join(done) or 'nothing'}."
                ) from None
            done.append(str(file))

    def _text(self, file: Path) -> str:
        from inventory.integrations.insert import text_at
        from language.errors import BadPlaybook

        if file not in self._before:
            try:
                self._before[file] = text_at(file)
            except BadPlaybook as bad:
                raise place.Refused(f"{bad}. Nothing was written.") from None
        return self.after.get(file, self._before[file])

    def _file_of(self, integration: str) -> Path:
        from inventory.integrations.source import integrations_of

        return Path(
            next(one.source.file for one in integrations_of(self._inventory.sources) if one.name == integration)
        )

    def _fresh(self, thing: Thing) -> str:
        """An id for a new integration, after what it is called there."""
        base = re.sub(r"[^a-z0-9]+", "_", (thing.title or thing.key).lower()).strip("_")
        base = (base if base[:1].isalpha() else f"{thing.kind}_{base}")[:36].rstrip("_")
        name, at = base, 1
        while name in self._ids:
            at += 1
            name = f"{base}_{at}"
        return name


def _foothold(thing: Thing, name: str) -> dict[str, Any]:
    """What is known of it; what else its connector needs stands there to be filled in."""
    from engine.registry import registry

    system = registry().systems[thing.look.partition(".")[0]]
    fields = system.footholds[thing.kind].model_fields
    missing = {key: OPEN for key, info in fields.items() if info.is_required() and key not in thing.names}
    return {"id": name, "kind": thing.kind, "at": thing.connection, **thing.names, **missing}


def _note(known: Known, thing: Thing) -> str:
    said = [f"found by discovery, {known.source}"]
    if thing.scopes:
        said.append(f"may {' '.join(thing.scopes[:6])}")
    if thing.used_at:
        said.append(f"last used {thing.used_at[:10]}")
    return "; ".join(said)


def _todo(inventory: Inventory, files: set[str]) -> list[str]:
    """What `lint` says of these files now: what is marked is a person's to say."""
    from engine.registry import registry
    from inventory.integrations.fit import unfit
    from inventory.read import examine

    found = examine(inventory.path, integrations=inventory.home)
    problems = [*found.problems, *unfit(found.source, found.listed.sources, registry().systems)]
    return list(dict.fromkeys(str(one) for one in problems if one.file in files))
