"""What a playbook may name: the actions, finds and looks of the connectors, and the shapes of what is ours.

It holds no connector: the engine fills it from theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

STATES = ("open", "failed", "skipped", "effective", "ended")


class Nothing(BaseModel):
    """A thing without fields: the output of most actions."""

    model_config = ConfigDict(frozen=True)


class Cut(BaseModel):
    """What a macro did, over all the actions that it came to: whose access it ended, and at which footholds."""

    model_config = ConfigDict(frozen=True)

    principals: list[str] = []
    footholds: list[str] = []


EntryKind = Literal["action", "find", "look", "message", "macro", "playbook"]


@dataclass(frozen=True)
class Entry:
    """One thing that a step can use.

    Attributes:
        undoable: whether it may stand above the wall; what cuts may not. A macro does there what can be undone.
        families: what it does on a foothold of its `system`.
        needs_integration: it takes the playbook's integration by itself, so there must be exactly one such input.
        doc: its first line, for editors and for whoever reads the playbook.
    """

    name: str
    kind: EntryKind
    params: type[BaseModel]
    output: type[BaseModel] = Nothing
    item: type[BaseModel] | None = None
    layer: str | None = None
    undoable: bool = True
    families: frozenset[str] = frozenset()
    system: str | None = None
    needs_integration: bool = False
    doc: str = ""

    def __post_init__(self) -> None:
        # `steps.x.open` would mean two things.
        for taken in {*STATES, "items"} & set(self.output.model_fields):
            raise ValueError(f"{self.name}: an output may not be called '{taken}': every step has that already")
        if (self.kind == "find") != (self.item is not None):
            raise ValueError(f"{self.name}: a find, and only a find, says what its items are")


@dataclass(frozen=True)
class Catalogue:
    """Everything that can be named.

    Attributes:
        alert: the model of any alert; `alerts` those of sources that say more exactly what their fields hold.
        names: what only an inventory knows: "roles", "connections", "sources" of alerts, "protected" groups. A kind of
            names that is not in it, or all where it is None, is left for the load before a run. "shipped_sources" are
            those of alerts that there are without any inventory.
    """

    entries: Mapping[str, Entry]
    footholds: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    input_types: Mapping[str, Any] = field(default_factory=dict)
    org: type[BaseModel] = Nothing
    alert: type[BaseModel] = Nothing
    alerts: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    names: Mapping[str, frozenset[str]] | None = None
