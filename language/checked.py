"""A playbook that passed every check, and the questions that the engine asks of it. It runs nothing."""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ValidationError

from language.expression import Expression
from language.inputs import Integrations, parse
from language.model import Playbook, Step
from language.order import Order
from language.programs import Compiler
from language.template import expressions, filled
from language.values import Doubt, Values

Asked = Literal["if", "where", "expect"]


class Checked:
    """The playbook, its order, and its expressions ready to be answered."""

    def __init__(
        self, text: str, compiler: Compiler, order: Order, inputs_type: type[BaseModel], unchecked: tuple[str, ...]
    ) -> None:
        self.text = text
        self.playbook: Playbook = compiler.shaped.playbook
        self.unchecked = unchecked
        self.waits: Mapping[str, frozenset[str]] = order.waits
        self.below_wall = order.below_wall
        self.inputs_type = inputs_type
        self._entries = compiler.entries
        self._language = compiler.language
        self._programs = compiler.programs
        self._steps = {step.id: step for step in self.playbook.steps}

    @cached_property
    def sha256(self) -> str:
        """The hash of the very text that was checked."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def step(self, step_id: str) -> Step:
        """Return one step."""
        return self._steps[step_id]

    def parse_inputs(self, raw: Mapping[str, object], integration: Integrations) -> BaseModel:
        """Read what a responder gave. Raises BadInput with all that is wrong with it."""
        return parse(self.playbook, self.inputs_type, raw, integration)

    def ask(self, step_id: str, key: Asked, values: Values, item: object = None) -> bool | Doubt:
        """Answer a condition of a step. A step without one is never held up by it: true."""
        expression = self._programs.asks.get((self._steps[step_id].id, key))
        if expression is None:
            return True
        answer = self._language.answer(expression, values, item)
        if isinstance(answer, bool | Doubt):
            return answer
        return Doubt(f"`{expression.text}` is neither true nor false")

    def fill(self, step_id: str, values: Values, item: object = None) -> BaseModel | Doubt:
        """Work out what a step's action is called with."""
        entry = self._entries[step_id]
        if entry is None:
            raise ValueError(f"'{step_id}' uses no action")
        found = filled(self._programs.with_[step_id], self._language, values, item)
        if isinstance(found, Doubt):
            return found
        try:
            return entry.params.model_validate(found)
        except ValidationError as error:
            # Without the values: one of them may be a secret in the wrong place.
            said = error.errors(include_url=False, include_input=False, include_context=False)
            return Doubt("; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in said[:5]))

    def selector(self, step_id: str) -> tuple[str, ...] | None:
        """Say where the targets of a step come from, as a path: ("steps", "found", "items")."""
        return self._programs.each.get(self._steps[step_id].id)

    def depends_on_run(self, step_id: str) -> bool:
        """Whether a value of the step differs in each run, so that a hash must take its text instead."""
        return any(path[0] == "run" for e in self._of(step_id) for path in e.paths)

    def _of(self, step_id: str) -> list[Expression]:
        asked = [e for (step, _), e in self._programs.asks.items() if step == self._steps[step_id].id]
        return [*asked, *expressions(self._programs.with_.get(step_id, {}))]

    def text_of(self, step_id: str, key: str) -> str:
        """Return a key as it was written, for hashes; `with` as JSON with sorted keys, `with.name` one part of it."""
        step = self._steps[step_id]
        first, _, name = key.partition(".")
        if first == "with":
            written = step.with_.get(name) if name else step.with_
            return json.dumps(written, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        found = getattr(step, "if_" if key == "if" else key, None)
        return found if isinstance(found, str) else ""
