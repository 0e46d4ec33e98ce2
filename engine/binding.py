"""Binds a playbook to this inventory: which connection carries each step, and what a macro or a sub-playbook stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.core.fitting import filled, fitting
from engine.bound import Bound, NotBound
from engine.registry import Registry
from inventory.integrations.model import FootholdEntry, Integration
from inventory.read import Inventory
from language import Checked, Phase, Step

FIELD = re.compile(r"\binputs\.[a-z][a-z0-9_]*\.([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)")
"""A field of a foothold in an instruction: `${inputs.integration.salesforce.app}` is about an app at Salesforce."""
BLOCKS = frozenset({"blocks-reissue", "closes-path"})
"""The families that stop a foothold from getting anything new."""
MACRO = re.compile(r"(isolate|preserve)\.([a-z]+)")


FieldsOf = Callable[[FootholdEntry], Mapping[str, Any]]
"""The fields that name a foothold at its system, its secrets read."""


def bind(
    checked: Checked, found: Registry, inventory: Inventory, integration: Integration | None, fields_of: FieldsOf
) -> dict[str, Bound]:
    """Every step that is carried out, of all phases, by id; NotBound with all that does not fit."""
    bound, problems = bound_as_far(checked, found, inventory, integration, fields_of)
    if problems:
        raise NotBound("\n".join(problems))
    return bound


def bound_as_far(
    checked: Checked, found: Registry, inventory: Inventory, integration: Integration | None, fields_of: FieldsOf
) -> tuple[dict[str, Bound], list[str]]:
    """The steps that fit, by id, and a sentence for each thing that does not."""
    binder = _Binder(found, inventory, integration, fields_of)
    for phase in ("contain", "eradicate", "recover"):
        for step in checked.playbook.phase(phase):
            binder.take(checked, step, phase, below=step.id in checked.below)
    bound = {name: replace(one, blocks=_blocks_before(one, binder.bound)) for name, one in binder.bound.items()}
    return bound, binder.problems


def _blocks_before(part: Bound, bound: Mapping[str, Bound]) -> tuple[str, ...]:
    """The macros' parts that block what this part of one ends, on its side of the wall: what is ended before that is
    there again by the next refresh. Across the wall that is the order anyway.
    """  # noqa: D205
    if part.foothold is None or part.action is None or part.action.does & BLOCKS:
        return ()
    return tuple(
        other.id for other in bound.values()
        if other.foothold == part.foothold and other.action is not None and other.action.does & BLOCKS
        and (other.phase, other.below) == (part.phase, part.below)
    )  # fmt: skip


@dataclass
class _Binder:
    found: Registry
    inventory: Inventory
    integration: Integration | None
    fields_of: FieldsOf
    bound: dict[str, Bound] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def take(
        self, book: Checked, step: Step, phase: Phase, *, below: bool, prefix: str = "", group: str = ""
    ) -> list[str]:
        """Bind one line; give the ids of what it became."""
        if step.kind in {"manual", "undo"}:
            where = self._named_in(step.manual or "")
            return [self._add(Bound(step, book, "", below, phase=phase, prefix=prefix, group=group, foothold=where))]
        if step.kind != "uses":
            return []
        if (sub := book.subs.get(step.id)) is not None:
            return [self._sub(book, step, phase, sub, below=below, prefix=prefix, group=group)]
        if MACRO.fullmatch(step.uses):
            return [self._macro(book, step, phase, below=below, prefix=prefix, group=group)]
        system = step.uses.partition(".")[0]
        at = step.at or self._foothold_connection(system)
        try:
            connection = self.inventory.connection_of(system, at)
        except LookupError as error:
            self.problems.append(f"step {prefix}{step.id} ({step.uses}): {error}")
            return []
        selector = book.selector(step.id)
        source = selector[1] if selector and selector[0] == "steps" else None
        return [self._add(Bound(
            step, book, connection, below,
            self.found.actions.get(step.uses), self.found.finds.get(step.uses), self.found.looks.get(step.uses),
            source=prefix + source if source else None, given=bool(selector and selector[0] == "inputs"),
            phase=phase, prefix=prefix, group=group,
        ))]  # fmt: skip

    def _add(self, bound: Bound) -> str:
        self.bound[bound.id] = bound
        return bound.id

    def _sub(
        self, book: Checked, step: Step, phase: Phase, sub: Checked, *, below: bool, prefix: str, group: str
    ) -> str:
        name = prefix + step.id
        members = [
            one for inner in sub.playbook.contain
            for one in self.take(sub, inner, phase, below=below, prefix=f"{name}.", group=name)
        ]  # fmt: skip
        return self._add(
            Bound(step, book, "", below, phase=phase, prefix=prefix, group=group, members=tuple(members), sub=sub)
        )

    def _macro(self, book: Checked, step: Step, phase: Phase, *, below: bool, prefix: str, group: str) -> str:
        name = prefix + step.id
        members = []
        for entry, uses, more in self._parts(book, step, below=below):
            part = Step.model_construct(kind="uses", id=f"{entry.id}_{uses.partition('.')[2]}", named=False, uses=uses,
                                        within=step.within, may_be_empty=step.may_be_empty)  # fmt: skip
            members.append(self._add(Bound(
                part, book, entry.at or "", below, phase=phase, prefix=f"{name}.", group=name, foothold=entry.id, **more
            )))  # fmt: skip
        if not members and not step.may_be_empty:
            reach = "the playbook takes no integration" if self.integration is None else (
                f"no foothold of this integration has an action for that{'' if below else ' that can be undone'}"
            )  # fmt: skip
            self.problems.append(f"step {name} ({step.uses}): {reach}")
        return self._add(Bound(step, book, "", below, phase=phase, prefix=prefix, group=group, members=tuple(members)))

    def _parts(self, book: Checked, step: Step, *, below: bool) -> Iterator[tuple[FootholdEntry, str, dict[str, Any]]]:
        """What a macro stands for: above the wall what of its layer can be undone, below it the rest of that layer."""
        what, _, layer = step.uses.partition(".")
        held = below and any(s.uses == step.uses and s.id not in book.below_wall for s in book.playbook.contain)
        for entry in self._footholds():
            system = self.found.systems.get(self._system_of(entry))
            if system is None:
                continue
            asked = {"addresses": self._addresses(), **self.fields_of(entry)}
            if what == "preserve":
                for find in system.finds.values():
                    if (params := filled(find.params, asked)) is not None:
                        yield entry, find.name, {"find": find, "fixed": params}
                continue
            for fit in fitting(system, entry.kind, asked, layer, below=below):
                if not (held and not fit.action.cuts):
                    yield (
                        entry,
                        fit.action.name,
                        {"action": fit.action, "fixed": fit.fixed, "sweep": fit.sweep, "moment": fit.moment},
                    )

    def _addresses(self) -> tuple[str, ...]:
        return tuple(self.integration.addresses) if self.integration is not None else ()

    def _named_in(self, text: str) -> str | None:
        """The foothold that a person's instruction is about: the only one that has the fields that it names."""
        named = set(FIELD.findall(text))
        there = [entry.id for entry in self._footholds() if named & self._fields_at(entry)]
        return there[0] if len(there) == 1 else None

    def _fields_at(self, entry: FootholdEntry) -> set[tuple[str, str]]:
        """What a foothold's kind is named by at its system."""
        system = self._system_of(entry)
        connector = self.found.systems.get(system)
        model = connector.footholds.get(entry.kind) if connector is not None else None
        return {(system, name) for name in model.model_fields} if model is not None else set()

    def _footholds(self) -> tuple[FootholdEntry, ...]:
        return self.integration.footholds if self.integration is not None else ()

    def _system_of(self, entry: FootholdEntry) -> str:
        connection = self.inventory.config.connections.get(entry.at or "")
        return connection.system if connection is not None else ""

    def _foothold_connection(self, system: str) -> str | None:
        for entry in self._footholds():
            if self._system_of(entry) == system:
                return entry.at
        return None
