"""From an integration to everything that it reaches. Pure: asks no provider and opens no secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from connectors.core import Action, Connector, Family, Layer, Secret, needs_of
from connectors.core.fitting import Fit, fitting
from connectors.core.model import FAMILIES
from inventory.integrations.model import FootholdEntry, Integration
from inventory.model import ConnectionEntry
from inventory.radius.cannot import cannot, of_all
from inventory.radius.known import NAMED, Known, Under, added_up
from inventory.radius.model import LAYER_OF, Account, Act, Credentials, Foothold, Radius
from inventory.radius.stopping import circular, downstream
from inventory.read import Inventory

_REFERENCE = re.compile(r"(env|file|sandbox|vault|aws-secrets):.+")
_HUSH = re.compile(r"token|secret|passw|credential")
LAYERS: tuple[str, ...] = get_args(Layer)


def radius(inventory: Inventory, name: str, systems: Mapping[str, Connector], things: Iterable[Known] = ()) -> Radius:
    """The blast radius of an integration. `things`: what is known beside the declaration, of any integration.

    Raises LookupError where there is no such integration.
    """
    one = inventory.integration(name)
    found = measured(name, one, inventory.config.connections, systems, added_up(one.footholds, things))
    below = downstream(inventory.integrations, name)
    return replace(
        found, downstream=below, circular=circular(inventory.integrations, name), discovered=inventory.discovered
    )


def measured(
    name: str, one: Integration, connections: Mapping[str, ConnectionEntry], systems: Mapping[str, Connector],
    under: Mapping[str, Under],
) -> Radius:  # fmt: skip
    """The same of one integration by itself, without those that need it. `under`: foothold -> what is known of it."""
    at = {entry.id: _system(connections, systems, entry) for entry in one.footholds}
    known = {entry.id: under.get(entry.id, Under()) for entry in one.footholds}
    footholds = _numbered([_foothold(one, entry, *at[entry.id], known[entry.id], at) for entry in one.footholds])
    counts = [part.count for foothold in footholds for part in foothold.credentials if part.count is not None]
    persons = set[str]().union(*(each.persons for below in known.values() for each in below.sums()))
    return Radius(
        name, one.title, one.vendor, one.security, one.owner, one.purpose, one.critical, one.addresses, one.data,
        one.serves, one.without, footholds, (), (), of_all(one), "",
        people=max([len(persons), *(foothold.people for foothold in footholds)], default=0),
        credentials=sum(counts) if counts else None,
    )  # fmt: skip


def _system(
    connections: Mapping[str, ConnectionEntry], systems: Mapping[str, Connector], entry: FootholdEntry
) -> tuple[str, Connector | None]:
    connection = connections.get(entry.at or "")
    return ("", None) if connection is None else (connection.system, systems.get(connection.system))


def _foothold(
    one: Integration, entry: FootholdEntry, name: str, system: Connector | None, under: Under,
    at: Mapping[str, tuple[str, Connector | None]],
) -> Foothold:  # fmt: skip
    needs = _needs(entry.kind)
    asked = {"addresses": one.addresses, **entry.names}
    fits = [] if system is None else [
        fit for layer in LAYERS for fit in fitting(system, entry.kind, asked, layer, below=True)
    ]  # fmt: skip
    acts = tuple(sorted((_act(fit, needs) for fit in fits), key=lambda act: (act.way == "cut", _family(act))))
    missing = tuple(family for family in FAMILIES if family in needs and not any(family in act.does for act in acts))
    sums = under.sums()
    works_as = sorted(set[str]().union(*(each.works_as for each in sums)))
    accounts = tuple(Account(account, _account(one, account, at)) for account in works_as)
    return Foothold(
        entry.id, entry.kind, LAYER_OF.get(entry.kind, "application"), entry.at or "", name, _names(entry, system),
        entry.found, entry.sure, acts, missing, cannot(one, entry, name, system, acts, missing, asked, accounts),
        _credentials(fits, under), accounts,
        people=max(len(set[str]().union(*(each.persons for each in sums))), *(each.counted for each in sums)),
        scopes=tuple(sorted(set[str]().union(*(each.scopes for each in sums)))),
        hosts=tuple(sorted(set[str]().union(*(each.hosts for each in sums)))),
        used_at=max(each.used_at for each in sums),
    )  # fmt: skip


def _needs(kind: str) -> frozenset[Family]:
    try:
        return needs_of(kind)
    except LookupError:
        return frozenset()


def _act(fit: Fit, needs: frozenset[Family]) -> Act:
    action: Action[Any, Any] = fit.action
    does = tuple(family for family in FAMILIES if family in action.does & needs)
    each = fit.sweep[0].name if fit.sweep is not None else ""
    return Act(
        action.name, "cut" if action.cuts else "hold", action.layer, does, each, action.stops, action.residual,
        action.residual_s, action.irreversible,
    )  # fmt: skip


def _family(act: Act) -> int:
    return min(FAMILIES.index(family) for family in act.does)


def _numbered(footholds: Sequence[Foothold]) -> tuple[Foothold, ...]:
    """Give each action its place: what can be undone first, by family; in a family the riskiest foothold first.

    What is not surely its own has no place, since no run touches it.
    """
    riskiest = {
        foothold.id: rank for rank, foothold in enumerate(sorted(footholds, key=lambda each: each.risk, reverse=True))
    }
    steps = [(each.id, at, act) for each in footholds if each.sure for at, act in enumerate(each.acts)]
    steps.sort(key=lambda step: (step[2].way == "cut", _family(step[2]), riskiest[step[0]], step[1]))
    place = {(name, at): n for n, (name, at, _) in enumerate(steps, 1)}
    return tuple(
        replace(each, acts=tuple(replace(act, n=place.get((each.id, at), 0)) for at, act in enumerate(each.acts)))
        for each in footholds
    )


def _credentials(fits: Sequence[Fit], under: Under) -> tuple[Credentials, ...]:
    """What was counted, and what could be listed but was not."""
    lists = {fit.sweep[0].name.rpartition(".")[2]: fit.sweep[0].name for fit in fits if fit.sweep is not None}
    found = []
    for kind, known in sorted(under.parts.items()):
        listed = lists.pop(f"{kind}s", lists.pop(kind, ""))
        found.append(Credentials(
            kind, known.count, known.people, tuple(sorted(known.persons)[:NAMED]), tuple(sorted(known.scopes)),
            known.used_at, listed,
        ))  # fmt: skip
    found += [Credentials(kind.removesuffix("s"), None, listed_by=name) for kind, name in lists.items()]
    return tuple(found)


def _account(one: Integration, account: str, at: Mapping[str, tuple[str, Connector | None]]) -> str:
    """The foothold that an account is, where it is one of this integration's."""
    system, _, name = account.partition(":")
    for entry in one.footholds:
        here = {at[entry.id][0], entry.at}
        if system in here and name in map(str, entry.names.values()):
            return entry.id
    return ""


def _names(entry: FootholdEntry, system: Connector | None) -> tuple[tuple[str, str], ...]:
    """What names it. A field that holds a secret names nothing; where nobody knows the fields, what sounds like one."""
    model = system.footholds.get(entry.kind) if system is not None else None
    fields = model.model_fields if model is not None else {}
    return tuple(
        (key, str(value)) for key, value in entry.names.items()
        if (fields[key].annotation is not Secret if key in fields else not _HUSH.search(key))
        and not _REFERENCE.match(str(value))
    )  # fmt: skip
