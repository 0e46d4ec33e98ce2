"""What each action yields for what is seen: one file a case in tests/plans/<action>/<case>.json.

    params, seen     what is wanted and what a look saw
    before           makes it a case of undo: what was seen before the first intent
    calls            the calls that are missing: request, and where they matter json, form, bearer, once, answers
    after            what is seen once these calls had their effect: then nothing may be missing
    why              in place of calls: why there is nothing to do
    refused          in place of calls: why there is no undo

A text that starts with "secret:" stands for a secret: itself in params, its fingerprint in calls.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.core import Action, Call, Params, Secret, State
from connectors.core.call import veil
from engine.registry import registry

PLANS = Path(__file__).parents[1] / "plans"
CASES = sorted(PLANS.glob("*/*.json"))
KEYS = {"params", "seen", "before", "calls", "after", "why", "refused"}
ME = "run/step/target"


def secrets_in(value: Any, make: Any) -> Any:
    match value:
        case str() if value.startswith("secret:"):
            return make(Secret(value))
        case dict():
            return {name: secrets_in(part, make) for name, part in value.items()}
        case list():
            return [secrets_in(part, make) for part in value]
    return value


def state_of(action: Action[Any, Any], fields: Any) -> State:
    return action.state.model_validate(fields)


def params_of(action: Action[Any, Any], fields: Any) -> Params:
    made: Params = action.params.model_validate(secrets_in(fields, lambda secret: secret))
    return made


def shape(call: Call, wanted: dict[str, Any]) -> dict[str, Any]:
    """The call as a case tells it; what a case leaves out must be what most calls have."""
    body = veil(call.body)
    all_of_it = {
        "request": f"{call.method} {call.path}",
        "json": None if call.form else body,
        "form": body if call.form else None,
        "bearer": veil(call.bearer),
        "once": call.once,
        "answers": [answer.field for answer in call.answers],
    }
    return {name: value for name, value in all_of_it.items() if value or name in wanted}


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_action_yields_just_the_calls_that_are_missing(path):
    case = json.loads(path.read_text())
    assert set(case) <= KEYS
    action = registry().actions[path.parent.name]
    p, seen = params_of(action, case["params"]), state_of(action, case["seen"])
    if "refused" in case:
        with pytest.raises(TypeError, match=action.irreversible):
            action.missing_back(p, seen, seen)
        assert case["refused"] == action.irreversible
        return
    calls = asked(action, p, seen, case)
    assert [shape(call, w) for call, w in zip(calls, case["calls"], strict=True)] == secrets_in(case["calls"], repr)
    assert bool(case.get("why")) == (not calls), "an empty plan gives its reason, and only an empty plan"
    assert "after" in case or not calls or action.sees is None, "what is seen once it is done?"
    if "after" in case:
        assert asked(action, p, state_of(action, case["after"]), case) == (), "a second pass yields nothing"
    assert [c.digest for c in calls] == [c.digest for c in asked(action, p, seen, case)], "the same in every plan"


def asked(action: Action[Any, Any], p: Params, seen: State, case: dict[str, Any]) -> tuple[Call, ...]:
    if "before" in case:
        return action.missing_back(p, seen, state_of(action, case["before"]))
    return action.missing(p, seen, ME)


@pytest.mark.parametrize("folder", sorted(PLANS.iterdir()), ids=lambda folder: folder.name)
def test_each_action_has_a_change_and_nothing_to_do_and_a_way_back_or_none(folder):
    cases = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    action = registry().actions[folder.name]
    assert len(cases) >= 3
    assert any(case.get("calls") and "before" not in case for case in cases), "a change"
    if action.sees is not None:
        assert any(case.get("why") and "before" not in case for case in cases), "nothing to do"
    if action.back is None:
        assert any("refused" in case for case in cases), "no way back"
    else:
        assert any(case.get("calls") and "before" in case for case in cases), "a way back"
        assert any(case.get("why") and "before" in case for case in cases), "nothing to give back"
