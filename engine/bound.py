"""A playbook's step bound to what carries it out: its action, find or look, its connection, and its foothold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from connectors.core import Action, Find, Look, Secret
from inventory.integrations.model import FootholdEntry
from language import Checked, Phase, Step

Kind = Literal["hold", "cut", "message", "find", "look", "manual", "group", "undo"]
MANUAL_DOES: Mapping[str, frozenset[str]] = {
    "application": frozenset({"blocks-reissue"}),
    "network": frozenset({"closes-path"}),
    "identity": frozenset({"ends-sessions", "kills-refresh", "kills-access"}),
}
"""What a person's step in a layer does to the foothold that it names, where the step itself does not say what it closes."""


class NotBound(Exception):
    """A playbook that does not fit this inventory: a sentence a line."""


@dataclass(frozen=True)
class Bound:
    """One step that is carried out: a `uses` or `manual` line, or a part of one.

    Attributes:
        book: the playbook whose expressions are its own: that of a sub-playbook for the steps in it.
        connection: the name of the connection that it works over; "" for a person's step and for a group.
        below: it stands below the wall, so it waits for the approval.
        source: the find step whose items it works through; listing again means running that find again.
        given: it works through a list that came as an input.
        prefix: what its id begins with: `net.` for the steps of the sub-playbook that the step `net` uses.
        group: id of the step that it is a part of; "" for a line of the playbook itself.
        members: of a group, the ids of its parts.
        sub: of a group, the playbook that it carries out; None for a macro.
        fixed: of a macro's part, what is asked about: made of its foothold, not of a `with:`.
        moment: of a macro's part, the parameter that is filled with the moment at which its foothold was shut.
        sweep: of a macro's part, the find that lists its targets, and what that is asked about.
        foothold: of a macro's part, its foothold.
        blocks: of a macro's part that ends something, the parts that stop its foothold from getting more: they go first.
    """

    step: Step
    book: Checked = field(repr=False)
    connection: str
    below: bool
    action: Action[Any, Any] | None = None
    find: Find[Any, Any] | None = None
    look: Look[Any, Any] | None = None
    source: str | None = None
    given: bool = False
    phase: Phase = "contain"
    prefix: str = ""
    group: str = ""
    members: tuple[str, ...] = ()
    sub: Checked | None = field(default=None, repr=False)
    fixed: Mapping[str, Any] | None = None
    sweep: tuple[Find[Any, Any], Mapping[str, Any]] | None = None
    moment: str = ""
    foothold: str | None = None
    blocks: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The step's id; of a part with the group's before it: `net.block`."""
        return self.prefix + self.step.id

    @property
    def many(self) -> bool:
        """It works through a list, found or given."""
        return self.source is not None or self.given or self.sweep is not None

    @property
    def listed(self) -> bool:
        """Its list is found, so it is swept: listed again until nothing is left."""
        return self.source is not None or self.sweep is not None

    @property
    def kind(self) -> Kind:
        """What it is to a responder."""
        if self.members or self.sub is not None or self.is_macro:
            return "group"
        if self.step.kind == "manual":
            return "manual"
        if self.step.kind == "undo":
            return "undo"
        if self.action is None:
            return "find" if self.find is not None else "look"
        if self.action.stops == "nothing":
            return "message"
        return "cut" if self.action.cuts else "hold"

    @property
    def is_macro(self) -> bool:
        """It is a macro's line; one that found nothing to stand for has no parts."""
        return self.step.kind == "uses" and self.step.uses.partition(".")[0] in {"isolate", "preserve"}

    @property
    def preserves(self) -> bool:
        """What it finds is kept as evidence: it is a part of `preserve.usage`."""
        return bool(self.group) and self.fixed is not None and self.find is not None

    @property
    def acts(self) -> bool:
        """It closes something: a hold, a cut, or what a person does."""
        return self.kind in {"hold", "cut", "manual"}

    @property
    def one_way(self) -> bool:
        """It cannot be undone: a doubt about it parks it."""
        return (
            self.kind == "cut"
            or (self.kind == "manual" and self.step.undo_by is None)
            or (self.kind == "group" and self.below)
        )

    @property
    def does(self) -> frozenset[Any]:
        """The families that it fulfils."""
        if self.kind == "manual":
            return frozenset(self.step.closes) or MANUAL_DOES.get(self.step.layer or "", frozenset())
        return self.action.does if self.action is not None else frozenset()

    @property
    def kills(self) -> bool:
        """It ends tokens: of such a list it counts whether it is all there are."""
        return any(str(family).startswith("kills-") for family in self.does)

    @property
    def layer(self) -> str:
        """The layer that it belongs to; "" for what closes nothing."""
        return (
            (self.step.layer or "") if self.kind == "manual" else self.action.layer if self.action is not None else ""
        )

    @property
    def waits(self) -> tuple[str, ...]:
        """The ids of the steps that it waits for; a part waits beside these for its group."""
        if self.step.id not in self.book.waits:  # a macro's part has no line of its own
            return ()
        return tuple(self.prefix + other for other in self.book.waits[self.step.id])

    def text_of(self, key: str) -> str:
        """A key as it was written, for hashes; "" for a macro's part, which has no line of its own."""
        if self.moment and key == "with":  # its value is another one in each run: what it is made of stands for it
            return str(sorted((name, str(value)) for name, value in (self.fixed or {}).items()))
        return "" if self.fixed is not None or self.sweep is not None else self.book.text_of(self.step.id, key)

    @property
    def depends_on_run(self) -> bool:
        """A value of it differs in each run, so that hashes take its text instead."""
        if self.fixed is not None or self.sweep is not None:
            return bool(self.moment)
        return self.book.depends_on_run(self.step.id)


def foothold_of(
    footholds: Sequence[FootholdEntry], connection: str, params: Sequence[BaseModel]
) -> FootholdEntry | None:
    """The foothold that a step works on: at its connection, and named alike in what the step is asked about.

    Where nothing that the step is asked about names a foothold (a list of tokens), it is the only one there, or none;
    one that is declared before those that were found: nobody who wrote the list knew of these.
    """
    there = [entry for entry in footholds if entry.at == connection]
    meant = [entry for entry in there if not entry.found] or there
    shared = [(entry, _shared(entry.names, params)) for entry in there]
    named = [entry for entry, agreements in shared if agreements and all(agreements)]
    silent = [entry for entry, agreements in shared if not agreements]
    fitting = named or (meant if len(meant) == 1 and meant[0] in silent else [])
    return fitting[0] if len(fitting) == 1 else None


def _shared(names: Mapping[str, Any], params: Sequence[BaseModel]) -> list[bool]:
    """For each field that both name: whether they agree."""
    return [
        getattr(asked, name) == names[name]
        for asked in params
        for name in sorted(type(asked).model_fields.keys() & names.keys())
        if not isinstance(getattr(asked, name), Secret)
    ]
