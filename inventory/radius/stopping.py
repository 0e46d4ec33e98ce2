"""What stops with an integration: those that need it, those that need these, and so on."""

from __future__ import annotations

from collections.abc import Mapping

from inventory.integrations.model import Integration
from inventory.radius.model import Downstream


def downstream(integrations: Mapping[str, Integration], name: str) -> tuple[Downstream, ...]:
    """Each integration that stops when `name` does, once, right after one that it needs. A circle ends where it began."""
    depth = {name: 0}
    after: dict[str, list[str]] = {name: []}
    queue = [name]
    for one in queue:  # the nearest first, so that each is told where it is fewest steps away
        for other in needed_by(integrations, one):
            if other not in depth:
                depth[other] = depth[one] + 1
                after[one].append(other)
                after[other] = []
                queue.append(other)
    ordered, todo = [], [name]
    while todo:
        ordered.append(one := todo.pop())
        todo += reversed(after[one])
    return tuple(_downstream(integrations, one, depth) for one in ordered[1:])


def circular(integrations: Mapping[str, Integration], name: str) -> tuple[str, ...]:
    """Of those that stop with it, the ones with which it stops in turn."""
    return tuple(one.id for one in downstream(integrations, name) if name in needed_by(integrations, one.id))


def needed_by(integrations: Mapping[str, Integration], name: str) -> tuple[str, ...]:
    """Who needs it, as its own entry says; nobody where it has none."""
    return integrations[name].needed_by if name in integrations else ()


def _downstream(integrations: Mapping[str, Integration], name: str, depth: Mapping[str, int]) -> Downstream:
    by = tuple(one for one in depth if name in needed_by(integrations, one) and one != name)  # the nearest first
    known = integrations.get(name)
    if known is None:
        return Downstream(name, name, "", by, depth[name], (), "", known=False)
    return Downstream(name, known.title, known.owner, by, depth[name], known.serves, known.without, known.critical)
