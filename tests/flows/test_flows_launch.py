"""With Prefect there: what it is shown, and that it is shown no more."""

from __future__ import annotations

import asyncio
import gc
import time
from functools import partial

import pytest

from flows.launch import carry_out
from tests.flows.fake import FakeWork, holds, once, recorded, settled

CANARY = "canary-7f3d1b-token"


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """What Prefect shows is looked at here, not how soon: on a busy machine its last two seconds may not be enough."""
    from flows import body, launch, tasks

    monkeypatch.setattr(launch, "DRAIN_S", 30.0)
    monkeypatch.setattr(body, "DRAIN_S", 30.0)
    monkeypatch.setattr(body, "as_tasks", partial(tasks.as_tasks, drain_s=30.0))


@pytest.mark.parametrize("live", [True, False], ids=["live", "sandbox"])
async def test_each_step_runs_once_and_is_shown_as_a_task_of_its_name(served, said, live):
    work = FakeWork(f"shown-{live}", steps=3, seconds=0.2)
    outcome = await carry_out(work, "contain", state=served, live=live, tell=said.append, environ={})
    assert outcome.word == "contained"
    assert once(work, "plan", "s0", "s1", "s2", "report")
    flows, (tasks,) = await settled(served, work.run, 5)
    assert [state for state, _ in flows] == ["Completed"]
    assert sorted(name for name, _, _ in tasks) == ["plan", "report", "s0", "s1", "s2"]
    assert outcome.page.startswith("http://127.0.0.1:")


async def test_prefect_gets_the_run_id_as_its_only_parameter(served, said):
    work = FakeWork("parameters-1")
    await carry_out(work, "contain", state=served, live=False, tell=said.append, environ={})
    flows, (tasks,) = await settled(served, work.run, 5)
    assert flows == [("Completed", '{"run": "parameters-1"}')]
    assert {inputs for _, _, inputs in tasks} == {'{"run": []}'}


async def test_recover_is_its_own_flow(served, said):
    work = FakeWork("recovered-1")
    outcome = await carry_out(work, "recover", state=served, live=False, tell=said.append, environ={})
    assert outcome.word == "recovered"
    flows, (tasks,) = await settled(served, work.run, 1)
    assert flows[0][0] == "Completed"
    assert [name for name, _, _ in tasks] == ["report"]


async def test_a_steps_error_reaches_the_engine_unchanged_and_prefect_without_its_text(served, said):
    error = ValueError(CANARY, {"token": CANARY})
    work = FakeWork("error-1", error=error)
    outcome = await carry_out(work, "contain", state=served, live=False, tell=said.append, environ={})
    assert outcome.word == "partially-contained"
    assert work.errors == [error]
    assert once(work, "plan", "s0", "s1", "s2", "report")
    _, (tasks,) = await settled(served, work.run, 5)
    assert {name: state for name, state, _ in tasks}["s1"] == "Failed"
    assert holds(served, CANARY) == []
    assert holds(served, "error-1") != []  # the search finds what is there


async def test_a_crash_of_the_engine_is_the_callers_and_fails_the_flow_without_its_text(served, said):
    class Crashing(FakeWork):
        async def contain(self, around):
            secret = CANARY
            await around("plan", self._step("plan"))
            raise RuntimeError(f"{secret}!")

    with pytest.raises(RuntimeError, match=CANARY):
        await carry_out(Crashing("crash-1"), "contain", state=served, live=False, tell=said.append, environ={})
    flows, _ = await settled(served, "crash-1", 1)
    assert flows[0][0] == "Failed"
    assert holds(served, CANARY) == []


async def test_cancellation_reaches_the_steps_and_prefect_sees_the_end(served, said):
    work = FakeWork("cancelled-1", seconds=60)
    task = asyncio.create_task(carry_out(work, "contain", state=served, live=False, tell=said.append, environ={}))
    while not work.began["plan"]:
        await asyncio.sleep(0.01)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 15
    assert not work.ended
    _, (tasks,) = await settled(served, work.run, 1)
    assert [(name, state) for name, state, _ in tasks] == [("plan", "Cancelled")]


async def test_many_runs_at_once_do_not_mix(served, said):
    works = [FakeWork(f"many-{n}", steps=n) for n in range(4)]
    await asyncio.gather(
        *(carry_out(w, "contain", state=served, live=True, tell=said.append, environ={}) for w in works)
    )
    for n, work in enumerate(works):
        assert once(work, "plan", "report", *(f"s{i}" for i in range(n)))
        _, (tasks,) = await settled(served, work.run, n + 2)
        assert len(tasks) == n + 2


async def test_a_live_step_does_not_wait_for_a_prefect_that_is_there(served, said):
    work = FakeWork("prompt-1")
    began = time.monotonic()
    await carry_out(work, "contain", state=served, live=True, tell=said.append, environ={})
    assert work.word_at - began < 0.2


async def test_off_is_off_and_says_nothing(tmp_path, said):
    work = FakeWork("off-1")
    outcome = await carry_out(
        work, "contain", state=tmp_path, live=False, tell=said.append, environ={"RINGFENCE_PREFECT": "off"}
    )
    assert outcome == ("contained", None, ())
    assert said == []
    assert list(tmp_path.iterdir()) == []


async def test_nothing_of_prefects_is_left_to_complain_when_it_is_collected(served, said, capsys):
    await carry_out(FakeWork("quiet-1"), "contain", state=served, live=False, tell=said.append, environ={})
    gc.collect()
    await asyncio.sleep(0.1)
    assert capsys.readouterr() == ("", "")
    assert recorded(served, "quiet-1")[0]
