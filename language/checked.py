"""A playbook that passed every check, and the questions that the engine asks of it. It runs nothing."""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from language.catalogue import Entry
from language.errors import Problem
from language.expression import Expression
from language.inputs import Integrations, parse
from language.model import Playbook, Step
from language.order import Order
from language.programs import Compiler
from language.subs import inputs_of
from language.template import as_text, expressions, filled
from language.triggers import Listening
from language.values import Doubt, Values

Asked = Literal["if", "where", "expect"]


class Checked:
    """The playbook, its order, and its expressions ready to be answered.

    Attributes:
        source: the very text that was checked.
        unchecked: names that only an inventory could have checked, where there was none.
        warnings: what may be meant as it stands, but seldom is.
        waits: step -> the steps that it comes after.
        below_wall: the steps of contain below its approve line; `below` those of all phases.
        subs: the playbooks that steps use, by step. Of each, the `uses` and `manual` steps of `contain` are meant.
        cuts: the steps of contain that cannot be undone; `blocks` the systems at which it stops new access.
    """

    def __init__(
        self,
        source: str,
        compiler: Compiler,
        order: Order,
        inputs_type: type[BaseModel],
        triggers: tuple[Listening | None, ...],
        unchecked: tuple[str, ...],
        warnings: tuple[Problem, ...] = (),
    ) -> None:
        self.source = source
        self.playbook: Playbook = compiler.shaped.playbook
        self.unchecked = unchecked
        self.warnings = warnings
        self.waits: Mapping[str, frozenset[str]] = order.waits
        self.below_wall = order.below_wall
        self.below = order.below
        self.subs: Mapping[str, Checked] = {step_id: sub.checked for step_id, sub in compiler.subs.items()}
        self.blocks = order.blocks
        self.cuts = order.cuts
        self.inputs_type = inputs_type
        self._entries = compiler.entries
        self._language = compiler.language
        self._programs = compiler.programs
        self._triggers = triggers
        self._steps = {step.id: step for step in self.playbook.steps}

    @cached_property
    def sha256(self) -> str:
        """The hash of the very text that was checked."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    def step(self, step_id: str) -> Step:
        """Return one step."""
        return self._steps[step_id]

    def entry(self, step_id: str) -> Entry | None:
        """Say what a step uses; None for a step of another kind."""
        return self._entries[step_id]

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
        if entry is None or entry.kind == "playbook":
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

    def sub_inputs(self, step_id: str, values: Values) -> BaseModel | Doubt:
        """Work out the inputs of the playbook that a step uses."""
        found = filled(self._programs.with_[step_id], self._language, values, None)
        return found if isinstance(found, Doubt) else inputs_of(self.subs[step_id], found)

    def text(self, step_id: str, values: Values, key: Literal["manual", "undo_by"] = "manual") -> str | Doubt:
        """Say what a person is asked to do; with `undo_by`, how it is undone. Empty where nobody wrote it."""
        found = filled(self._programs.said.get((step_id, key), ""), self._language, values, None)
        return found if isinstance(found, Doubt) else as_text(found)

    def trigger_matches(self, number: int, alert: BaseModel) -> bool | Doubt:
        """Whether an alert is what the trigger of this number waits for. A doubt proposes, and never starts by itself."""
        return self._listening(number).matches(alert)

    def trigger_inputs(self, number: int, alert: BaseModel) -> Mapping[str, Any] | Doubt:
        """Work out the inputs that an alert gives: input -> text or other value; an integration as a foothold's id."""
        return self._listening(number).inputs(alert)

    def _listening(self, number: int) -> Listening:
        found = self._triggers[number]
        assert found is not None  # one that does not compile is a problem, and no playbook with a problem gets here
        return found

    def selector(self, step_id: str) -> tuple[str, ...] | None:
        """Say where the targets of a step come from, as a path: ("steps", "found", "items")."""
        return self._programs.each.get(self._steps[step_id].id)

    def refers(self, step_id: str, key: Asked) -> tuple[str, ...]:
        """Say which steps a condition names, in the order in which they stand in it."""
        asked = self._programs.asks.get((self._steps[step_id].id, key))
        return tuple(asked.steps) if asked is not None else ()

    def depends_on_run(self, step_id: str) -> bool:
        """Whether a value of the step differs in each run, so that a hash must take its text instead."""
        return any(path[0] == "run" for e in self._of(step_id) for path in e.paths)

    def _of(self, step_id: str) -> list[Expression]:
        asked = [e for (step, _), e in self._programs.asks.items() if step == self._steps[step_id].id]
        said = (e for (step, _), text in self._programs.said.items() if step == step_id for e in expressions(text))
        return [*asked, *expressions(self._programs.with_.get(step_id, {})), *said]

    def text_of(self, step_id: str, key: str) -> str:
        """Return a key as it was written, for hashes; `with` as JSON with sorted keys, `with.name` one part of it."""
        step = self._steps[step_id]
        first, _, name = key.partition(".")
        if first == "with":
            written = step.with_.get(name) if name else step.with_
            return json.dumps(written, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        found = getattr(step, "if_" if key == "if" else key, None)
        return found if isinstance(found, str) else ""
