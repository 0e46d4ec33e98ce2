"""Our order, made of what waits for what, as rounds: CACAO has only one after the other, and branches that come together.

A round holds each of its steps back until all of the round before is done: longer than we would. `held_longer` says for which.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from language.checked import Checked
from language.model import PHASES, Phase, Step


@dataclass(frozen=True)
class Round:
    """Steps of one phase that may run at once, with their places in it; or (`begins`) the order to begin a later phase."""

    phase: Phase
    steps: tuple[Step, ...] = ()
    numbers: tuple[int, ...] = ()
    begins: bool = False
    held_longer: dict[str, frozenset[str]] = field(default_factory=dict)


def rounds(checked: Checked) -> Iterator[Round]:
    """Go through the rounds of a playbook. A wall, a watch, and what stands on each side of a wall, are rounds apart."""
    for phase in PHASES:
        steps = checked.playbook.phase(phase)
        if steps and phase != PHASES[0]:
            yield Round(phase, begins=True)
        part: list[tuple[int, Step]] = []
        for number, step in enumerate(steps):
            if step.kind in {"approve", "watch"}:
                yield from _part(phase, part, checked)
                yield Round(phase, (step,), (number,))
                part = []
            else:
                part.append((number, step))
        yield from _part(phase, part, checked)


def _part(phase: Phase, part: Sequence[tuple[int, Step]], checked: Checked) -> Iterator[Round]:
    here = {step.id for _, step in part}
    waits = {step.id: checked.waits.get(step.id, frozenset()) & here for _, step in part}
    done: set[str] = set()
    after: dict[str, set[str]] = {}
    todo = list(part)
    while todo:
        ready = [(number, step) for number, step in todo if waits[step.id] <= done]
        for _, step in ready:
            after[step.id] = set(waits[step.id]).union(*(after[other] for other in waits[step.id]))
        longer = {step.id: frozenset(done - after[step.id]) for _, step in ready if done - after[step.id]}
        yield Round(phase, tuple(step for _, step in ready), tuple(number for number, _ in ready), held_longer=longer)
        done |= {step.id for _, step in ready}
        todo = [(number, step) for number, step in todo if step.id not in done]
