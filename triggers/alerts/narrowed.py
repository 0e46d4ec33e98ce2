"""The alert of a source whose types are a closed list: a slip in a playbook's `when` is found when it is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from triggers.alerts.names import names

if TYPE_CHECKING:
    from engine.alert import Alert
    from inventory.read import Inventory


class Narrowed(Mapping[str, "type[Alert]"]):
    """Models by the name that a trigger gives. A source's file is read when its name is asked for, and not before."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        """Hold the name of the source for each name that is configured."""
        self._sources = {**{name: name for name in names()}, **sources}

    @classmethod
    def of(cls, inventory: Inventory | None) -> Narrowed:
        """Those of an inventory; without one, of the sources that come with ringfence."""
        if inventory is None:
            return cls({})
        alerts = inventory.config.alerts
        return cls({name: alerts.form_of(name) for name in alerts.sources})

    def __getitem__(self, name: str) -> type[Alert]:
        model = _model(self._sources[name])
        if model is None:
            raise KeyError(name)
        return model

    def __iter__(self) -> Iterator[str]:
        return (name for name, source in self._sources.items() if _model(source) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@cache
def _model(source: str) -> type[Alert] | None:
    from engine.alert import narrowed
    from triggers.alerts.reading import SOURCES

    types = SOURCES[source].types if source in SOURCES else ()
    return narrowed(source, tuple(types)) if types else None
