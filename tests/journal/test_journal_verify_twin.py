"""The verifier and its slow twin agree on every journal, whole or not; and no single record can be changed unnoticed."""

import copy
import json

import pytest
import twin
from forge import FOREIGN, OURS, Forge, whole
from hypothesis import given, settings
from hypothesis import strategies as st
from test_journal_vectors import examined

COLUMNS = ("run", "n", "incident", "fence", "at", "type", "body", "prev", "hash")


def grown(pick):
    """A whole journal that grew by chance."""
    forge = Forge(private=OURS)
    running, resting = [], []
    for number in range(pick.randint(3, 14)):
        act = pick.choice(("open", "write", "write", "anchor", "close", "take", "prune"))
        if act == "open" or not running + resting:
            running.append(f"R{number}")
            forge.open(running[-1], f"INC-{number % 3}")
        elif act == "take" and resting:
            run = resting.pop(pick.randrange(len(resting)))
            forge.take(run)
            running.append(run)
        elif act == "prune" and resting:
            forge.prune(resting.pop(pick.randrange(len(resting))))
        elif running:
            run = pick.choice(running)
            if act == "close":
                running.remove(run)
                resting.append(run)
                forge.close(run)
            elif act == "anchor":
                forge.anchor(
                    run,
                    why=pick.choice(("", "", "it answered 503")),
                    sink=pick.choice(("file:anchors.jsonl", "webhook:x")),
                )
            else:
                forge.write(run, "noted", {"text": f"☃ {number}", "list": [1, None, {"b": True}]}, fence=None)
    return forge


def hurt(pick, forge):
    """Change it in one way, by chance calculated anew afterwards; some changes change nothing."""
    data = forge.data
    act = pick.choice(
        ("drop", "double", "swap", "edit", "edit", "edit", "head", "anchor", "outside", "id", "cut", "record")
    )
    if act in {"drop", "double", "swap", "edit", "cut", "record"} and data["events"]:
        own = [event for event in data["events"] if event["run"] == twin.OWN]
        event = pick.choice((act == "record" and own) or data["events"])
        run, at = event["run"], data["events"].index(event)
        if act in {"drop", "record"}:
            data["events"].remove(event)
        elif act == "double":
            data["events"].insert(at + pick.randint(0, 1), dict(event))
        elif act == "swap":
            other = pick.choice(data["events"])
            for name in pick.sample(COLUMNS, pick.randint(1, 9)):
                event[name], other[name] = other[name], event[name]
        elif act == "cut":
            gone = [one for one in forge.of(run) if one["n"] >= event["n"]]
            data["events"] = [one for one in data["events"] if one not in gone]
        else:
            edit(pick, event)
        mend(pick, forge, run)
    elif act == "head" and data["heads"]:
        head = pick.choice(data["heads"])
        column = pick.choice(tuple(head))
        if pick.random() < 0.3:
            data["heads"].remove(head)
        else:
            head[column] = other_value(pick, head[column])
    elif act == "anchor" and data["anchors"]:
        row = pick.choice(data["anchors"])
        if pick.random() < 0.3:
            data["anchors"].remove(row)
        else:
            column = pick.choice(tuple(row))
            row[column] = other_value(pick, row[column])
    elif act == "outside" and data["outside"]:
        at = pick.randrange(len(data["outside"]))
        line = data["outside"].pop(at)
        if pick.random() < 0.6:
            one = json.loads(line)
            one["statement"]["run"]["n"] += pick.randint(0, 1)
            if pick.random() < 0.5:
                one["signature"] = twin.signature_of(pick.choice((OURS, FOREIGN)), "head", one["statement"])
            data["outside"].insert(at, twin.spell(one))
    elif act == "id":
        data["journal"] = other_value(pick, data["journal"])


def edit(pick, event):
    column = pick.choice(COLUMNS)
    event[column] = other_value(pick, event[column])
    if column == "body" and pick.random() < 0.7:
        event["body"] = twin.spell({"effect": "none"})


def mend(pick, forge, run):
    """What a skilled attacker does next: places and hashes of the run anew, its row in leases too."""
    if pick.random() < 0.5:
        return
    try:
        for n, one in enumerate(forge.of(run), 1):
            one["n"] = n
        forge.rechain(run, 1)
    except (TypeError, ValueError):
        return  # what was put in cannot be spelled


def other_value(pick, value):
    if isinstance(value, int):
        return value + pick.choice((-1, 1, 0))
    if not value:
        return "00"
    at = pick.randrange(len(value))
    return value[:at] + pick.choice("01aR}") + value[at + 1 :]


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 2))
def test_the_verifier_and_its_twin_agree(pick, hurts):
    forge = grown(pick)
    assert twin.is_whole(forge.data)
    for _ in range(hurts):
        hurt(pick, forge)
    found = examined(forge.data)[1]
    assert twin.is_whole(forge.data) == (not found), [str(one) for one in found]


def test_both_see_whole_and_broken_journals_often_enough():
    """A comparison of two that always say the same proves nothing."""
    from random import Random

    said = []
    for seed in range(300):
        forge = grown(Random(seed))
        hurt(Random(seed), forge)
        said.append(twin.is_whole(forge.data))
        assert said[-1] == (not examined(forge.data)[1]), seed
    assert 30 < sum(said) < 200


def large():
    """500 events in five runs and the journal's own chain, with anchors on the way."""
    forge = Forge()
    runs = [f"R{number}" for number in range(5)]
    for run in runs:
        forge.open(run, f"INC-{run}")
    number = 0
    while len(forge.events) < 488:
        run = runs[number % 5]
        forge.write(
            run, "intended" if number % 2 else "answered", {"effect": f"tokens/{number}", "calls": ["POST /revoke"]}
        )
        number += 1
        if number % 100 == 0:
            forge.anchor(run)
    for run in runs[:4]:
        forge.close(run)
    forge.take("R0")
    forge.write("R0", "noted", {"text": "recovers"})
    while len(forge.events) < 500:
        forge.write("R4", "noted", {"text": "goes on"})
    forge.data["events"].sort(key=lambda event: (event["run"], event["n"]))
    return forge


def changes(events, at):
    """Every change of one record: (what, the rows as they are then)."""
    event, rest = events[at], lambda *put: [*events[:at], *put, *events[at + 1 :]]
    yield "dropped", rest()
    yield "doubled", rest(event, dict(event))
    if at + 1 < len(events):
        yield "swapped with the next", [*events[:at], events[at + 1], event, *events[at + 2 :]]
    stranger = next(one for one in events if one["run"] != event["run"])
    yield "replaced by another run's", rest(dict(stranger))
    yield "replaced by another run's at its place", rest({**stranger, "run": event["run"], "n": event["n"]})
    other = {
        "run": "R1" if event["run"] != "R1" else "R2", "n": event["n"] + 1000, "incident": "INC-x", "fence": event["fence"] + 1,
        "at": event["at"].replace("2026", "2025"), "type": "x", "body": '{"x":1}', "prev": "0" * 64, "hash": "0" * 64,
    }  # fmt: skip
    for column in COLUMNS:
        yield f"{column} edited", rest({**event, column: other[column]})


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(4))
@pytest.mark.long
def test_every_single_record_change_of_500_events_is_found(shard):
    forge = large()
    events = forge.events
    assert len(events) == 500
    assert examined(forge.data)[1] == []
    tried = 0
    for at in range(shard, 500, 4):
        for what, rows in changes(events, at):
            if [one["hash"] for one in rows] == [one["hash"] for one in events] and rows == events:
                continue
            if what.startswith("swapped") and events[at]["run"] != events[at + 1]["run"]:
                continue  # two chains that stand beside each other: the order of chains means nothing
            assert examined({**forge.data, "events": rows}, first=True)[1] is not None, (at, what)
            tried += 1
    assert tried > 125 * 13


def test_an_examination_of_one_run_knows_no_other():
    forge = whole()
    assert examined(forge.data, "R1")[1] == []
    spoiled = copy.deepcopy(forge.data)
    next(event for event in spoiled["events"] if event["run"] == "R2")["type"] = "x"
    spoiled["events"] = [event for event in spoiled["events"] if event["run"] in {"R1", twin.OWN}]
    spoiled["heads"] = [head for head in spoiled["heads"] if head["run"] in {"R1", twin.OWN}]
    examination, found = examined(spoiled, "R1")
    assert found == []
    assert (examination.events, examination.runs) == (8, 1)
