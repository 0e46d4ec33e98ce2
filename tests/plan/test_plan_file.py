"""A plan file carries out exactly what it says: altered, old, strange or different ones are refused with every reason."""

from datetime import timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.plan.filing import against_file, filed, gone_since
from engine.plan_file import MOST_TARGETS, Allowed, FiledEffect, PlanFileRefused, permitted, read, write
from journal.clock import now
from journal.proof.sign import Signer
from tests.plan.at_home import changed, company, live, planned, seen_of, with_config
from tests.simulation import ours

SIGNER = Signer(b"k" * 32)
TEXT = ours.PLAYBOOK.read_text()


@pytest.fixture(scope="module")
def plan():
    house = live()
    planned(house, company(4))
    return filed(house, seen_of(house, company(4)))


def carried(plan, found, **more):
    """The same playbook, opened to carry the file out."""
    house = live(run="R-2", mode="drill", plan_file=(plan, "d" * 64), **more)
    return house, seen_of(house, found)


def test_it_is_read_as_it_was_written(plan):
    data = write(plan, SIGNER)
    back, digest = read(data, SIGNER, now())
    assert back == plan
    assert len(digest) == 64
    assert plan.playbook.text == TEXT
    tokens = next(step for step in plan.steps if step.id == "tokens")
    assert [one.target for one in tokens.effects] == ["tk_000", "tk_001", "tk_002", "tk_003"]
    assert tokens.effects[0].lines == ("POST /tokens/tk_000/revoke",)
    assert next(step for step in plan.steps if step.id == "told").later


def test_spaces_and_order_of_keys_are_no_alteration_as_json_says_the_same(plan):
    loose = orjson.dumps(orjson.loads(write(plan, SIGNER)), option=orjson.OPT_INDENT_2)
    assert read(loose, SIGNER, now())[0] == plan


def _leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _leaves(inner, (*path, at))
    else:
        yield path


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_altered_value_is_refused(plan, data):
    envelope = orjson.loads(write(plan, SIGNER))
    path = data.draw(st.sampled_from(sorted(_leaves(envelope), key=str)))
    at = envelope
    for part in path[:-1]:
        at = at[part]
    was = at[path[-1]]
    at[path[-1]] = f"{was}0" if isinstance(was, str) else None if was is not None else 1
    with pytest.raises(PlanFileRefused, match="altered|another key|no plan file"):
        read(orjson.dumps(envelope), SIGNER, now())


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff", b'{"plan": 1}', b"[" * 100_000, b'{"plan":{},"key":1}'])
def test_what_is_no_plan_is_refused_in_a_sentence(data):
    with pytest.raises(PlanFileRefused, match="no plan file"):
        read(data, SIGNER, now())


def test_one_signed_by_somebody_else_is_refused_naming_both_keys(plan):
    other = Signer(b"o" * 32)
    with pytest.raises(PlanFileRefused, match=f"another key \\({other.id}\\) than ours \\({SIGNER.id}\\)"):
        read(write(plan, other), SIGNER, now())


def test_a_signature_for_something_else_does_not_fit(plan):
    envelope = orjson.loads(write(plan, SIGNER))
    envelope["signature"] = SIGNER.sign("head", {"sha256": "0" * 64})
    with pytest.raises(PlanFileRefused, match="altered"):
        read(orjson.dumps(envelope), SIGNER, now())


def test_it_is_good_for_a_day_and_not_before_it_was_made(plan):
    data = write(plan, SIGNER)
    read(data, SIGNER, plan.made_at + timedelta(hours=23, minutes=59))
    with pytest.raises(PlanFileRefused, match="made 25 h ago, and is good for 24 h"):
        read(data, SIGNER, plan.made_at + timedelta(hours=25))
    with pytest.raises(PlanFileRefused, match="still to come"):
        read(data, SIGNER, plan.made_at - timedelta(minutes=6))


def test_more_targets_than_a_record_holds_are_refused_when_it_is_made(plan):
    step = plan.steps[0]
    many = tuple(FiledEffect(target=f"t{n}", params={}, calls=(), lines=()) for n in range(MOST_TARGETS + 1))
    huge = plan.model_copy(update={"steps": (step.model_copy(update={"effects": many}),)})
    with pytest.raises(PlanFileRefused, match=f"at most {MOST_TARGETS} targets"):
        write(huge, SIGNER)


def test_no_secret_stands_in_it_only_its_fingerprint(plan):
    assert b"-key-0123456789" not in write(plan, SIGNER)


def test_every_difference_is_named_at_once(plan):
    config = {
        name: entry.model_copy(update={"url": "http://evil.example"}) if name == "notify" else entry
        for name, entry in ours.inventory().config.connections.items()
    }
    text = TEXT.replace("watch: 5s", "watch: 6s")
    with pytest.raises(PlanFileRefused) as refused:
        carried(plan, company(4), text=text, inventory=with_config(connections=config))
    said = str(refused.value)
    assert "its text differs, from line" in said
    assert "then '- watch: 5s', now '- watch: 6s'" in said
    assert "connection notify: then notify at http://chat.practice, now notify at http://evil.example" in said


def test_other_inputs_integrations_and_guardrails_are_differences(plan):
    opened = dict(live().run.opened)
    limits = plan.guardrails
    assert plan.differences(opened, limits) == []
    assert plan.differences({**opened, "inputs": {"integration": "calendar"}}, limits) == [
        "input integration: then drift, now calendar"
    ]
    assert plan.differences({**opened, "integration": "x"}, limits) == ["integration: then drift, now x"]
    legacy = {
        "id": "legacy",
        "kind": "client",
        "at": "idp",
        "client": "old",
        "found": "it works as svc-drift",
        "sure": True,
    }
    more = {**opened["declared"], "footholds": [*opened["declared"]["footholds"], legacy]}
    found = plan.model_copy(update={"declared": more})
    assert plan.differences({**opened, "declared": more}, limits) == [
        "integration drift: client legacy at idp was found since"
    ]
    assert found.differences(opened, limits) == ["integration drift: client legacy at idp is found no more"]
    later = {**more, "footholds": [*opened["declared"]["footholds"], legacy | {"found": "for another reason"}]}
    assert found.differences({**opened, "declared": later}, limits) == []
    declared = {**opened["declared"], "owner": "evil"}
    assert plan.differences({**opened, "declared": declared}, limits) == [
        "integration drift: what the inventory says of it differs"
    ]
    assert plan.differences(opened, {**limits, "max_people": 3}) == ["guardrail max_people: then None, now 3"]
    connections = {name: one for name, one in opened["connections"].items() if name != "notify"}
    assert plan.differences({**opened, "connections": connections}, limits) == ["connection notify: no more there"]


def test_a_run_that_carries_it_out_keeps_to_it_by_its_own_record(plan):
    house, _ = carried(plan, company(4))
    again = Allowed.of(
        orjson.loads(orjson.dumps(house.run.opened["plan_file"] and dict(house.run.opened), default=str))
    )
    assert again == house.allowed
    assert Allowed.of(live().run.opened) is None


def test_what_came_since_is_outside_and_what_went_is_held_already(plan):
    found = company(6)
    found["tokens"] = found["tokens"][1:]
    house, seen = carried(plan, found)
    inside, said = permitted(house.allowed, "tokens", list(seen["tokens"].sights.values()), cut=True, sends={})
    assert [sight.target for sight in inside] == ["tk_001", "tk_002", "tk_003"]
    assert said == "not in the plan file: 2 (tk_004, tk_005)"
    assert against_file(house, seen)["outside"] == {"tokens": said}
    assert against_file(house, seen)["gone"] == {"tokens": 1}
    (gone,) = gone_since(house, seen)
    assert (gone.body["effect"], gone.body["word"], gone.body["params"]) == (
        "tokens/tk_000", "held-already", {"token": "tk_000"},
    )  # fmt: skip
    body = planned(house, found)
    assert body["plan_file"]["outside"] == {"tokens": said}


def test_a_target_of_the_file_gets_the_files_calls_and_no_others():
    allowed = Allowed({"a": {"t": frozenset({"1", "2"}), "held": frozenset()}, "later": None})
    assert allowed.why_not("a", "t", ["1", "2"], cut=True, sends=0) == ""
    assert allowed.why_not("a", "t", ["2"], cut=True, sends=0) == "", "one of them is done by now"
    assert "not those in the plan file" in allowed.why_not("a", "t", ["3"], cut=False, sends=0)
    assert allowed.why_not("a", "t", ["3"], cut=True, sends=1) == "", "round two of what the file began"
    assert allowed.why_not("a", "u", ["1"], cut=False, sends=0) == "not in the plan file"
    assert allowed.why_not("b", "t", ["1"], cut=False, sends=0) == "its step is not in the plan file"
    assert allowed.why_not("later", "any", ["9"], cut=True, sends=0) == ""
    assert allowed.why_not("a", "held", ["1"], cut=False, sends=0) == "", "opened since: closed again, it can be undone"
    assert "open now" in allowed.why_not("a", "held", ["1"], cut=True, sends=0)


def test_a_client_that_was_off_when_planned_is_closed_again(plan):
    off = live()
    found = changed(company(2), "client", 0, enabled=False)
    planned(off, found)
    house, seen = carried(filed(off, seen_of(off, found)), company(2))
    assert permitted(house.allowed, "client", list(seen["client"].sights.values()), cut=False, sends={})[1] == ""


def test_without_a_file_everything_is_permitted():
    house = live()
    sights = list(seen_of(house, company(3))["tokens"].sights.values())
    assert permitted(None, "tokens", sights, cut=True, sends={}) == (sights, "")
