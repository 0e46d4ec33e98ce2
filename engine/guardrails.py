"""Guardrails: how many people and services an incident may cut off before somebody is asked, and whom it must not touch.

Pure functions. They count over all runs of an incident, and the same function judges what is planned and what came of
it: growth that no plan could know (an attacker mints, a listing was short) is asked about like the plan itself.
Passing a guardrail asks, it does not refuse: a bound that nobody can pass would be the attacker's best friend.

A person is who the fields marked `Person` name: one name at two systems is one person, a bare number is one of its own
system only. Who runs the integration (a declared foothold) is a service, no person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from connectors.core import Action, Secret, people_counted, people_fields, person_fields, persons
from inventory.model import Config
from journal.replay import Run

CLOSES_A_SERVICE = frozenset({"blocks-reissue", "closes-path"})
"""Families that stop a thing from working at all; a dead token alone is got anew."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a playbook allows itself. None: no bound. `protected`: name of the list -> accounts on it."""

    max_people: int | None = None
    max_services: int | None = None
    protected: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """As hashes and the journal take it."""
        groups = {name: sorted(accounts) for name, accounts in sorted(self.protected.items())}
        return {"max_people": self.max_people, "max_services": self.max_services, "protected": groups}


@dataclass(frozen=True, slots=True)
class CutOff:
    """Who and what is cut off.

    Attributes:
        people: by name. counted: target -> how many people its provider says it works for, without names.
        services: integrations, clients, users that run something, paths.
        accounts: every target, and whoever it belongs to, as `SYSTEM:NAME` and `CONNECTION:NAME`.
    """

    people: frozenset[str] = frozenset()
    counted: Mapping[str, int] = field(default_factory=dict)
    services: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()

    def __or__(self, other: CutOff) -> CutOff:
        """Both together: whoever is in both counts once."""
        counted = dict(self.counted)
        for target, count in other.counted.items():
            counted[target] = max(count, counted.get(target, 0))
        return CutOff(
            self.people | other.people, counted, self.services | other.services, self.accounts | other.accounts
        )

    @property
    def people_count(self) -> int:
        """How many people at most: those named, or those counted where that is more. The named may be among them."""
        return max(len(self.people), sum(self.counted.values()))


@dataclass(frozen=True, slots=True)
class Within:
    """No guardrail is passed."""

    people: int
    services: int


@dataclass(frozen=True, slots=True)
class Asks:
    """A guardrail is passed: somebody must say so.

    Attributes:
        why: a sentence for each guardrail. needs: whose authority; approvals: of how many people, none of them a target.
        protected: the protected accounts that are touched.
    """

    people: int
    services: int
    why: tuple[str, ...]
    needs: str
    approvals: int
    protected: frozenset[str] = frozenset()

    def refused(self, *, auto: bool, outsiders: int) -> str:
        """Why it may not go on with so many approvals of people who are no targets; "" where it may."""
        if auto:
            return f"no run that nobody started passes a guardrail: {'; '.join(self.why)}"
        if outsiders < self.approvals:
            return f"{self.approvals} {self.needs}s must approve who are no targets, {outsiders} did: {'; '.join(self.why)}"
        return ""


def judge(limits: Limits, so_far: CutOff, more: CutOff | None = None) -> Within | Asks:
    """Judge what an incident has cut off, with what is planned beside it."""
    all_of_it = so_far | more if more is not None else so_far
    people, services = all_of_it.people_count, len(all_of_it.services)
    why = []
    if limits.max_people is not None and people > limits.max_people:
        why.append(f"{people} people would be cut off, more than {limits.max_people}")
    if limits.max_services is not None and services > limits.max_services:
        why.append(f"{services} services would be cut off, more than {limits.max_services}")
    touched = {
        group: sorted(all_of_it.accounts & {account.casefold() for account in accounts})
        for group, accounts in limits.protected.items()
    }
    protected = frozenset(account for accounts in touched.values() for account in accounts)
    why += [f"protected ({group}): {', '.join(accounts)}" for group, accounts in sorted(touched.items()) if accounts]
    if not why:
        return Within(people, services)
    return Asks(people, services, tuple(why), "commander", 2 if protected else 1, protected)


def limits_of(guardrails: Any, config: Config | None) -> Limits:
    """A playbook's guardrails with its protected lists resolved; a list that the configuration lacks is empty here.

    `unknown_lists` names those: a playbook with one is refused before it starts.
    """
    if guardrails is None:
        return Limits()
    lists = config.protected if config is not None else {}
    groups = {name: frozenset(lists.get(name, ())) for name in getattr(guardrails, "protected", None) or ()}
    return Limits(getattr(guardrails, "max_people", None), getattr(guardrails, "max_services", None), groups)


def unknown_lists(guardrails: Any, config: Config | None) -> list[str]:
    """The protected lists that a playbook names and the configuration does not have."""
    lists = config.protected if config is not None else {}
    return sorted(set(getattr(guardrails, "protected", None) or ()) - set(lists)) if guardrails is not None else []


@dataclass(frozen=True, slots=True)
class Touch:
    """One target that is, or would be, closed.

    Attributes:
        service: the integration whose declared foothold it is; "" for any other target.
        named: fields of it that are asked about or seen: name -> value.
        people: whose it is. counted: for how many it works, where nobody names them.
    """

    action: Action[Any, Any]
    connection: str
    target: str
    service: str
    people: tuple[str, ...]
    counted: int
    named: tuple[str, ...]


def touch(
    action: Action[Any, Any], connection: str, params: BaseModel, seen: BaseModel | None, *, service: str = ""
) -> Touch:
    """A target as it was looked at."""
    models = [params] if seen is None else [params, seen]
    named = [getattr(params, name) for name in action.identifies]
    return Touch(
        action, connection, action.target(params), service,  # type: ignore[arg-type]  # its own parameters
        tuple(one for model in models for one in persons(model)), max(people_counted(model) for model in models),
        tuple(str(value) for value in named if not isinstance(value, Secret)),
    )  # fmt: skip


def cut_off(touches: Iterable[Touch], declared: Iterable[str] = ()) -> CutOff:
    """Who and what these targets are. `declared`: names of the integration's footholds: services, not people."""
    services_names = {name.casefold() for name in declared}
    people: set[str] = set()
    services: set[str] = set()
    accounts: set[str] = set()
    counted: dict[str, int] = {}
    for one in touches:
        system = one.action.name.partition(".")[0]
        humans = {value for value in one.people if value.casefold() not in services_names}
        people |= {_person(system, value) for value in humans}
        if one.counted:
            counted[f"{one.connection}:{one.target}"] = one.counted
        if one.service:
            services.add(one.service)
        elif one.action.does & CLOSES_A_SERVICE and not humans:
            services.add(f"{one.connection}:{one.target}")
        accounts |= {
            f"{at}:{value}".casefold() for at in (one.connection, system) for value in (*one.people, *one.named)
        }
    return CutOff(frozenset(people), counted, frozenset(services), frozenset(accounts))


def _person(system: str, value: str) -> str:
    folded = value.casefold()
    return f"{system}:{folded}" if folded.isdecimal() else folded


def in_effect(runs: Iterable[Run], action_of: Callable[[str], Action[Any, Any] | None]) -> CutOff:
    """What the runs of an incident have cut off and not given back, by the journal alone.

    What was sent counts whether or not it is proven; what was closed before we came is not ours.
    """
    found = CutOff()
    for run in runs:
        rows = {str(row["id"]): row for row in run.planned.get("steps", ())}
        footholds = run.opened.get("footholds", {})
        declared = [str(value) for one in footholds.values() for value in one.get("names", {}).values()]
        touches = []
        for effect in run.effects.values():
            action = action_of(effect.action)
            if action is None or action.stops == "nothing" or not effect.sends or effect.word == "undone":
                continue
            row = rows.get(effect.step, {})
            service = str(run.opened.get("integration", "")) if row.get("foothold") else ""
            recorded = (dict(effect.params), dict(effect.before or {}))
            touches.append(Touch(
                action, str(row.get("connection", "")), effect.target, service,
                tuple(_recorded(recorded, (person_fields(action.params), person_fields(action.state)))),
                max((int(n) for n in _recorded(recorded, (people_fields(action.params), people_fields(action.state)))), default=0),
                tuple(str(recorded[0].get(name, "")) for name in action.identifies),
            ))  # fmt: skip
        found = found | cut_off(touches, declared)
    return found


def _recorded(recorded: Iterable[Mapping[str, Any]], fields: Iterable[frozenset[str]]) -> list[str]:
    found = []
    for values, names in zip(recorded, fields, strict=True):
        for name in sorted(names):
            value = values.get(name)
            found += [str(one) for one in value if one] if isinstance(value, list) else [str(value)] if value else []
    return found
