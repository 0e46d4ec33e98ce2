"""Kill -9 at every point between receipt and run: exactly one run comes of an alert. Two services over one journal: one too."""

import asyncio
import json
import os
import signal
import subprocess
import sys

import pytest

from tests.triggers.alerts.alert_house import ROOT, AlertHouse, alert, around

POINTS = [
    "before:alert-kept", "after:alert-kept", "before:alert-sifted", "after:alert-sifted", "after:alert-reserved",
    "before:opened", "after:opened", "before:own-opened", "after:own-opened", "before:planned", "after:planned",
    "before:intended", "after:intended", "before:send", "after:send", "before:own-alerted", "after:own-alerted",
]  # fmt: skip
OF_A_PROPOSAL = [
    "after:alert-sifted", "after:opened", "before:planned", "after:planned", "after:alert-planned", "before:own-alerted",
    "after:own-alerted",
]  # fmt: skip


def child(folder, handshake, alerts=(), **environ):
    said = [json.dumps(list(alerts))] if alerts else []
    return subprocess.Popen(
        [sys.executable, "-m", "tests.triggers.alerts.child", str(folder), json.dumps(handshake), *said], cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(process):
    out, err = process.communicate(timeout=90)
    assert process.returncode in {0, -signal.SIGKILL}, err
    return process.returncode, out


async def seen(folder, handshake):
    """What the journal has, by a house that acts on what is left."""
    house = AlertHouse(folder, handshake)
    async with around(house):
        acts = await house.settled()
        for act in acts:
            if act.word == "started":
                await house.until_word(act.run, "held")
        return acts, house.runs(), house.runs("dry-run"), house.words()


@pytest.mark.crash
@pytest.mark.parametrize("point", POINTS)
async def test_killed_between_receipt_and_run_it_is_one_run(place, handshake, point):
    killed, _ = ended(child(place, handshake, [alert()], RINGFENCE_KILL_AT=point))
    assert killed == -signal.SIGKILL or point in {"before:intended", "after:intended", "before:send", "after:send"}
    if point == "before:alert-kept":  # it was never taken: its sender sends it again
        ended(child(place, handshake, [alert()]))
    acts, runs, _, words = await seen(place, handshake)
    assert [act.word for act in acts] == ["started"], words
    assert [run.id for run in runs] == [acts[0].run]
    assert runs[0].word == "held"
    assert words == ["started"]


@pytest.mark.crash
@pytest.mark.parametrize("point", OF_A_PROPOSAL)
async def test_killed_over_a_proposal_it_is_one_proposal_and_no_run(place, handshake, point):
    killed, _ = ended(child(place, handshake, [alert(type="token.odd")], RINGFENCE_KILL_AT=point))
    assert killed == -signal.SIGKILL
    acts, runs, plans, words = await seen(place, handshake)
    assert [act.word for act in acts] == ["proposed"] == words
    assert runs == []
    assert acts[0].run in {plan.id for plan in plans if plan.planned}
    assert sum(bool(plan.planned) for plan in plans) == 1


@pytest.mark.crash
async def test_killed_over_and_over_it_is_one_run(place, handshake):
    said = [alert()]
    for point in (
        "after:alert-kept",
        "after:alert-sifted",
        "after:alert-reserved",
        "after:opened",
        "before:own-alerted",
    ):
        killed, _ = ended(child(place, handshake, said, RINGFENCE_KILL_AT=point))
        assert killed == -signal.SIGKILL, point
        said = []
    acts, runs, _, words = await seen(place, handshake)
    assert [act.word for act in acts] == ["started"] == words
    assert len(runs) == 1


async def test_two_services_over_one_journal_make_one_run(place, handshake):
    first, second = AlertHouse(place, handshake), AlertHouse(place, handshake)
    async with around(first), around(second):
        said = [{**alert(), "revision": str(number)} for number in range(60)]
        kept = await asyncio.gather(*(
            house.deliver(one) for number, one in enumerate(said) for house in (first, second) if number % 3 or house is first
        ))  # fmt: skip
        assert kept.count("kept") == 60
        (act,) = await second.settled()
        assert act.word == "started"
        assert len(first.runs()) == 1


async def test_what_a_dead_process_held_another_takes(place, handshake):
    one = child(place, handshake, [alert()], RINGFENCE_KILL_AT="after:alert-kept")
    async with around(AlertHouse(place, handshake)) as house:
        ended(one)
        await asyncio.sleep(1.0)
        (act,) = await house.settled()
        assert act.word == "started"
