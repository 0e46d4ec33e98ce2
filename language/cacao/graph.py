"""Where a workflow leads: the check that the JSON schema lacks. Loops, dangling and unreachable steps, ways without an end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from language.cacao.faults import Faults, pointer
from language.cacao.model import CacaoPlaybook, Step
from language.errors import short

MOST_STEPS = 500
MOST_EDGES = 3000
BRANCHING = frozenset({"parallel", "if-condition", "switch-condition", "while-condition"})


@dataclass(frozen=True, slots=True)
class Edge:
    """One way from a step to another: where it is written, and whether it begins a branch that comes back."""

    place: str
    to: str
    branch: bool
    key: str = ""


def edges(step_id: str, step: Step) -> Iterator[Edge]:
    """Go through all ways that leave a step, branches first."""
    where = pointer("workflow", step_id)
    if step.type == "parallel":
        for number, to in enumerate(step.next_steps):
            yield Edge(where + pointer("next_steps", number), to, branch=True)
    if step.type in {"if-condition", "while-condition"}:
        for key, branch in (("on_true", step.on_true), ("on_false", step.on_false)):
            if branch:
                yield Edge(f"{where}/{key}", branch, branch=True, key=key)
    if step.type == "switch-condition":
        for case, to in step.cases.items():
            yield Edge(where + pointer("cases", case), to, branch=True, key=case)
    for key in ("on_completion", "on_success", "on_failure"):
        following = getattr(step, key)
        if following:
            yield Edge(f"{where}/{key}", following, branch=False, key=key)


def judge(book: CacaoPlaybook, faults: Faults) -> None:
    """Note every reason why the workflow cannot be followed."""
    if len(book.workflow) > MOST_STEPS:
        faults.add("too_many", "/workflow", f"more than {MOST_STEPS} steps: nobody could follow it at night")
        faults.settle()
    ways = {step_id: list(edges(step_id, step)) for step_id, step in book.workflow.items()}
    if sum(map(len, ways.values())) > MOST_EDGES:
        faults.add("too_many", "/workflow", f"more than {MOST_EDGES:,} ways between steps")
        faults.settle()
    for step_id, step in book.workflow.items():
        _shape(step_id, step, ways[step_id], faults)
    for edge in (edge for found in ways.values() for edge in found):
        if edge.to not in book.workflow:
            faults.add("dangling", edge.place, f"{edge.to} is no step of the workflow")
    _ends(book, faults)
    known = {step_id: [edge.to for edge in found if edge.to in book.workflow] for step_id, found in ways.items()}
    _loops(book, known, faults)
    _unreached(book, known, faults)


def _shape(step_id: str, step: Step, ways: list[Edge], faults: Faults) -> None:
    where = pointer("workflow", step_id)
    named = f" ('{short(step.name)}')" if step.name else ""
    if step.type == "while-condition":
        said = f"a loop{named}: a containment ends, so there are none here; write the step out as often as it is needed"
        faults.add("loop", where, said)
    if step.type in BRANCHING and not any(edge.branch for edge in ways):
        faults.add("missing", where, f"a {step.type} without a branch")
    if step.type in {"if-condition", "while-condition"} and not (step.condition and step.on_true):
        faults.add("missing", where, "needs `condition` and `on_true`")
    if step.type == "switch-condition" and not step.switch:
        faults.add("missing", where + "/switch", "is missing")
    onward = [edge for edge in ways if not edge.branch]
    if step.type == "end" and onward:
        faults.add("end", onward[0].place, "nothing comes after an end")
    if step.on_completion and (step.on_success or step.on_failure):
        faults.add("onward", where, "has on_completion beside on_success or on_failure: one or the other")
    if step.type in {"start", "action", "playbook-action"} and not (step.on_completion or step.on_success):
        faults.add("end", where, f"leads nowhere{named}: each way ends in a step of type end")


def _ends(book: CacaoPlaybook, faults: Faults) -> None:
    start = book.workflow.get(book.workflow_start)
    if start is None:
        faults.add("start", "/workflow_start", f"{book.workflow_start} is no step of the workflow")
    elif start.type != "start":
        faults.add("start", "/workflow_start", f"must name a step of type start, not {short(start.type) or 'nothing'}")
    starts = [step_id for step_id, step in book.workflow.items() if step.type == "start"]
    if not starts:
        faults.add("start", "/workflow", "has no step of type start")
    for other in starts[1:]:
        faults.add("start", pointer("workflow", other), "a second step of type start")
    if not any(step.type == "end" for step in book.workflow.values()):
        faults.add("end", "/workflow", "has no step of type end")
    if not any(step.type in {"action", "playbook-action"} for step in book.workflow.values()):
        faults.add("missing", "/workflow", "has no action")
    if book.workflow_exception and book.workflow_exception not in book.workflow:
        faults.add("dangling", "/workflow_exception", f"{book.workflow_exception} is no step of the workflow")


def _loops(book: CacaoPlaybook, ways: Mapping[str, list[str]], faults: Faults) -> None:
    for loop in circles(ways):
        names = [book.workflow[step_id].name or step_id for step_id in loop]
        shown = [short(name) for name in (names if len(names) <= 6 else [*names[:3], "…", *names[-2:]])]
        said = f"an endless loop: {' -> '.join([*shown, short(names[0])])}"
        faults.add("loop", pointer("workflow", loop[0]), said)


def circles(ways: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """Find a loop in each knot of steps that lead to each other, in the order of the file. Does not recurse."""
    state: dict[str, int] = {}  # 1: on the way that is followed now; 2: done
    for root in ways:
        if root in state:
            continue
        trail, todo = [root], [iter(ways[root])]
        state[root] = 1
        while todo:
            following = next(todo[-1], None)
            if following is None:
                state[trail.pop()] = 2
                todo.pop()
            elif state.get(following) == 1:
                yield trail[trail.index(following) :]
            elif following not in state:
                state[following] = 1
                trail.append(following)
                todo.append(iter(ways[following]))


def reached(ways: Mapping[str, list[str]], roots: list[str], stop: frozenset[str] = frozenset()) -> set[str]:
    """Follow all ways from some steps, and give every step met; those in `stop` are not met."""
    found: set[str] = set()
    todo = [root for root in roots if root not in stop]
    while todo:
        step_id = todo.pop()
        if step_id not in found:
            found.add(step_id)
            todo += [to for to in ways.get(step_id, ()) if to not in stop and to not in found]
    return found


def _unreached(book: CacaoPlaybook, ways: Mapping[str, list[str]], faults: Faults) -> None:
    roots = [root for root in (book.workflow_start, book.workflow_exception) if root in book.workflow]
    if book.workflow_start not in book.workflow:
        return  # everything would be unreached: the one fault behind it is told already
    met = reached(ways, [root for root in roots if root])
    for step_id, step in book.workflow.items():
        if step_id not in met:
            named = f" ('{short(step.name)}')" if step.name else ""
            faults.add("unreachable", pointer("workflow", step_id), f"no way leads to it{named}")
