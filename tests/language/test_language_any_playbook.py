"""Whatever lints, answers: in every state of a run a value of the type that was promised, or a doubt because of the data.

Never another exception, and never a doubt because of a name or a type: those are for the check to find.
"""

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from language_world import World, worlds
from pydantic import TypeAdapter, ValidationError

from language import BadPlaybook, Checked, Doubt, read

OF_THE_DATA = (
    "is not known",
    "Index error",
    "index out of bounds",
    "divide by zero",
    "modulus by zero",
    "takes too long",
    "Failed to parse",
    "out of range",
    "overflow",
    "cannot convert",
    "conversion failed",
    "nvalid",
    "is greater than",
    "is less than",
    "range",
)
"""Why there may be a doubt although the playbook is right."""


def sound(answer, wanted, said):
    """An answer is what it was promised to be, or a doubt for which the playbook is not to blame."""
    if isinstance(answer, Doubt):
        assert any(reason in answer.why for reason in OF_THE_DATA), f"{said}: {answer.why}"
        assert "sesame" not in answer.why
    else:
        assert wanted(answer), f"{said}: {answer!r}"


def is_of(model):
    def holds(value):
        assert isinstance(value, model)
        for name, info in model.model_fields.items():
            try:
                TypeAdapter(info.annotation, config={"arbitrary_types_allowed": True}).validate_python(
                    getattr(value, name)
                )
            except ValidationError as error:
                raise AssertionError(f"{name}: {error}") from None
        return True

    return holds


def ask_all(checked: Checked, world: World) -> int:
    """Ask everything that the engine may ask; gives how many questions there were."""
    asked = 0
    for step in checked.playbook.steps:
        for item in world.items.get(step.id, [None]):
            for key in ("if", "where", "expect"):
                asked += 1
                sound(checked.ask(step.id, key, world.values, item), lambda a: isinstance(a, bool), f"{step.id} {key}")
            entry = checked.entry(step.id)
            if entry is not None:
                sound(checked.fill(step.id, world.values, item), is_of(entry.params), f"{step.id} with")
        sound(checked.text(step.id, world.values), lambda a: isinstance(a, str), f"{step.id} manual")
    sound(checked.trigger_matches(0, world.alert), lambda a: isinstance(a, bool), "when")
    sound(checked.trigger_inputs(0, world.alert), lambda a: set(a) <= set(checked.playbook.inputs), "trigger with")
    return asked


def judged(world: World) -> str:
    """What becomes of a world: `refused` by the check, `sound`, or `failed` when it is asked."""
    try:
        ask_all(read(world.text, "any.yaml", world.catalogue), world)
    except BadPlaybook:
        return "refused"
    except AssertionError:
        return "failed"
    return "sound"


def property_of(examples, *, slip="", seen=None, missed=None, phases=(Phase.generate,)):
    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, phases=phases,
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    @given(worlds(slip))
    def holds(world):
        try:
            checked = read(world.text, "any.yaml", world.catalogue)
        except BadPlaybook as bad:
            if seen is not None:
                seen["refused"] += 1
                seen.update(p.code for p in bad.problems)
            return
        try:
            asked = ask_all(checked, world)
        except AssertionError:
            if missed is not None:
                missed.append(world)
            raise
        if seen is not None:
            seen["lints"] += 1
            seen["asked"] += asked

    return holds


def test_whatever_lints_answers_or_doubts_because_of_the_data():
    seen = Counter()
    property_of(200, seen=seen)()
    assert seen["lints"] >= 50, seen
    assert seen["asked"] >= 300, seen


RULES = {
    "a list holds things of one type": ("mixed", "language.tree.Tree.loose", lambda *_: False),
    "no way round the types": ("dyn", "language.expression._CONFIG", "name: any"),
    "nothing is null": ("null", "language.walk.Walk._null", lambda *_: None),
    "no message is made": ("map", "language.walk.Walk._made", lambda *_: None),
    "a condition is true or false": ("condition", "language.compiling.Compiling.truth", lambda self, s, item, key: self(str(s.value), item, s, 0, key)),
    "a parameter gets its own type": ("type", "language.parameters.Parameters._fits", lambda *_: None),
    "a choice gets one of its words": ("choice", "language.parameters.Parameters._one_of", lambda *_: None),
    "a literal is as strict as JSON": ("literal", "language.parameters.Parameters._literal", lambda *_: None),
    "what is absent is a doubt": ("none", "language.expression.absent", lambda *_: None),
    "an error is no answer": ("none", "language.expression.cel.Type.ERROR", "nothing"),
}  # fmt: skip
"""Rules of the language: the mistake that each is there for, `none` where the data are enough, and what takes it out."""


MOST = 250
"""Worlds until a rule that is taken out is missed: the slowest of them took 111, most of them two."""


@pytest.mark.parametrize(("slip", "where", "instead"), RULES.values(), ids=RULES)
def test_without_a_rule_there_is_a_playbook_that_lints_and_fails(monkeypatch, slip, where, instead):
    missed = []
    with monkeypatch.context() as without:
        without.setattr(where, instead)
        with pytest.raises(AssertionError):
            property_of(MOST, slip=slip, missed=missed)()
    assert judged(missed[-1]) != "failed", "it is the rule that this world needs, not another one"


@pytest.mark.parametrize("slip", sorted({slip for slip, *_ in RULES.values()} - {"none"}))
def test_with_its_rule_no_mistake_gets_through(slip):
    seen = Counter()
    property_of(60, slip=slip, seen=seen)()
    assert seen["refused"] >= 1, seen
