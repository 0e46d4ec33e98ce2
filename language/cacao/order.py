"""From a workflow's ways to our order: what each action waits for, and on which conditions it is wanted at all.

A playbook of ours has no branches: its steps wait for each other. What follows a branching step waits for all its branches.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass

from language.cacao.faults import Faults, pointer
from language.cacao.graph import BRANCHING, Edge, circles, edges, reached
from language.cacao.model import CacaoPlaybook

Condition = tuple[str, str]
"""A step, and its key that is followed: ("if-condition--…", "on_true"). The empty step is the playbook itself."""

Ways = frozenset[tuple[Condition, ...]]
"""The step is wanted when all conditions of one of the ways hold; an empty way: always."""

DEEPEST_NESTING = 6
MOST_WAYS = 4
ALWAYS: Ways = frozenset({()})
SOMEHOW: Condition = ("", "somehow")
_EITHER = ({"on_true", "on_false"}, {"on_success", "on_failure"})


@dataclass(frozen=True, slots=True)
class Placed:
    """One action: what it waits for directly, and when it is wanted."""

    step_id: str
    needs: tuple[str, ...]
    ways: Ways


def arrange(book: CacaoPlaybook, faults: Faults) -> list[Placed]:
    """Put the actions of a workflow without faults into an order. Raises CannotImport where there is none."""
    leaving = {step_id: list(edges(step_id, step)) for step_id, step in book.workflow.items()}
    ways = {step_id: [edge.to for edge in found] for step_id, found in leaving.items()}
    acting = {step_id for step_id, step in book.workflow.items() if step.type in {"action", "playbook-action"}}
    waits = {step_id: set[str]() for step_id in ways}
    for step_id, found in leaving.items():
        if book.workflow[step_id].type in BRANCHING:
            onward = [edge.to for edge in found if not edge.branch]
            after = frozenset(reached(ways, onward))
            inside = reached(ways, [edge.to for edge in found if edge.branch], after) & acting
            for following in onward:
                waits[following] |= inside
    before = {step_id: [*ways[step_id], *(to for to, found in waits.items() if step_id in found)] for step_id in ways}
    for loop in circles(before):
        faults.add("loop", pointer("workflow", loop[0]), "its branches and what comes after them lead into each other")
    faults.settle()
    order = _sorted(book, before)
    wanted = _wanted(book, order, leaving, faults)
    faults.settle()
    needs = _needs(order, ways, waits, acting)
    return [Placed(step_id, needs[step_id], wanted[step_id]) for step_id in order if step_id in acting]


def _sorted(book: CacaoPlaybook, ways: Mapping[str, list[str]]) -> list[str]:
    """Order all steps so that each stands after what leads to it; of two that could be next, the one met first."""
    met: dict[str, int] = {}
    todo = [root for root in (book.workflow_exception, book.workflow_start) if root]
    while todo:
        step_id = todo.pop()
        if step_id not in met:
            met[step_id] = len(met)
            todo += [edge.to for edge in edges(step_id, book.workflow[step_id])][::-1]
    leading = dict.fromkeys(ways, 0)
    for found in ways.values():
        for to in found:
            leading[to] += 1
    free = [(met[step_id], step_id) for step_id, count in leading.items() if count == 0]
    heapq.heapify(free)
    order = []
    while free:
        _, step_id = heapq.heappop(free)
        order.append(step_id)
        for to in ways[step_id]:
            leading[to] -= 1
            if leading[to] == 0:
                heapq.heappush(free, (met[to], to))
    return order


def _needs(
    order: list[str], ways: Mapping[str, list[str]], waits: Mapping[str, set[str]], acting: set[str]
) -> dict[str, tuple[str, ...]]:
    """Give what each step waits for, without what follows from the rest. Sets of steps are bits of a number."""
    bit = {step_id: 1 << number for number, step_id in enumerate(order)}
    earlier = dict.fromkeys(order, 0)
    direct = dict.fromkeys(order, 0)
    for step_id in order:
        for other in waits[step_id]:
            direct[step_id] |= bit[other]
            earlier[step_id] |= earlier[other] | bit[other]
        for to in ways[step_id]:
            direct[to] |= bit[step_id] if step_id in acting else direct[step_id]
            earlier[to] |= earlier[step_id] | (bit[step_id] if step_id in acting else 0)
    needs = {}
    for step_id in order:
        named = [other for other in order if direct[step_id] & bit[other]]
        implied = 0
        for other in named:
            implied |= earlier[other]
        needs[step_id] = tuple(other for other in named if not implied & bit[other])
    return needs


def _wanted(
    book: CacaoPlaybook, order: list[str], leaving: Mapping[str, list[Edge]], faults: Faults
) -> dict[str, Ways]:
    wanted: dict[str, Ways] = dict.fromkeys(order, frozenset())
    if book.workflow_exception:
        wanted[book.workflow_exception] = frozenset({(("", "workflow_exception"),)})
    wanted[book.workflow_start] = ALWAYS
    for step_id in order:
        here = wanted[step_id]
        if any(len(way) > DEEPEST_NESTING for way in here):
            said = f"stands below more than {DEEPEST_NESTING} conditions: nobody could judge them at night"
            faults.add("nested", pointer("workflow", step_id), said)
            return wanted
        for edge in leaving[step_id]:
            condition = _condition(book, step_id, edge)
            way = frozenset((*each, condition) if condition else each for each in here)
            wanted[edge.to] = merged(wanted[edge.to] | way)
    return wanted


def _condition(book: CacaoPlaybook, step_id: str, edge: Edge) -> Condition | None:
    step = book.workflow[step_id]
    if edge.branch:
        return None if step.type == "parallel" else (step_id, edge.key)
    if edge.key == "on_failure" or (edge.key == "on_success" and step.on_failure):
        return (step_id, edge.key)
    return None


def merged(ways: Ways) -> Ways:
    """Shorten: true and not true is always; what is wanted always needs no condition."""
    found = set(ways)
    changed = True
    while changed and () not in found:
        changed = False
        for way in sorted(found):
            step_id, key = way[-1]
            other = next((one - {key} for one in _EITHER if key in one), set[str]())
            twin = (*way[:-1], (step_id, *other)) if other else None
            if twin in found:
                found -= {way, twin}
                found.add(way[:-1])
                changed = True
                break
    if () in found:
        return ALWAYS
    return frozenset(found) if len(found) <= MOST_WAYS else frozenset({(SOMEHOW,)})
