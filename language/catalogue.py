"""What a playbook may name: the actions, finds and looks of the connectors, and the shapes of what is ours.

It holds no connector: the engine fills it from theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

STATES = ("open", "failed", "skipped", "effective")


class Nothing(BaseModel):
    """A thing without fields: the output of most actions."""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True)
class Entry:
    """One thing that a step can use."""

    name: str
    kind: Literal["action", "find", "look"]
    params: type[BaseModel]
    output: type[BaseModel] = Nothing
    item: type[BaseModel] | None = None
    layer: str | None = None
    undoable: bool = True
    families: frozenset[str] = frozenset()
    system: str | None = None
    doc: str = ""

    def __post_init__(self) -> None:
        # `steps.x.open` would mean two things.
        for taken in {*STATES, "items"} & set(self.output.model_fields):
            raise ValueError(f"{self.name}: an output may not be called '{taken}': every step has that already")
        if (self.kind == "find") != (self.item is not None):
            raise ValueError(f"{self.name}: a find, and only a find, says what its items are")


@dataclass(frozen=True)
class Catalogue:
    """Everything that can be named. Without `names` (roles, connections) those are left for the load before a run."""

    entries: Mapping[str, Entry]
    footholds: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    input_types: Mapping[str, Any] = field(default_factory=dict)
    org: type[BaseModel] = Nothing
    names: Mapping[str, frozenset[str]] | None = None
