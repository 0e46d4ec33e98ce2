"""The flow as a worker runs it: no launcher, the work from the desk or the opener, steps beside Prefect's tasks in one loop."""

from __future__ import annotations

import asyncio
import sys
import types

import pytest

from flows import desk
from flows.around import plainly
from flows.warm import warm
from tests.flows.fake import FakeWork, holds, once, settled

CANARY = "canary-41aa-closure"


@pytest.fixture
async def prefect_ready(served):
    ready = warm(served, environ={}).ready
    while not ready.done():
        await asyncio.sleep(0.01)
    ready.result()
    return served


async def test_plainly_is_the_step_and_nothing_else():
    work = FakeWork("plain-1")
    assert await work.contain(plainly) == "contained"
    assert once(work, "plan", "s0", "s1", "s2", "report")


async def test_a_worker_opens_the_run_by_its_id(prefect_ready, monkeypatch):
    from flows.contain import contain

    work = FakeWork("opened-1")
    asked = []

    async def open_run(run):
        asked.append(run)
        return work

    opener = types.ModuleType("an_opener")
    opener.open_run = open_run
    monkeypatch.setitem(sys.modules, "an_opener", opener)
    monkeypatch.setenv("RINGFENCE_OPENER", "an_opener:open_run")
    assert await contain("opened-1") == "contained"
    assert asked == ["opened-1"]
    assert once(work, "plan", "s0", "s1", "s2", "report")
    flows, (tasks,) = await settled(prefect_ready, "opened-1", 5)
    assert flows == [("Completed", '{"run": "opened-1"}')]
    assert len(tasks) == 5


async def test_what_lies_on_the_desk_comes_first_and_is_lifted_after(prefect_ready):
    from flows.recover import recover

    work = FakeWork("desk-1")
    desk.lay(work)
    assert await recover("desk-1") == "recovered"
    assert "desk-1" not in desk._laid


async def test_an_error_of_a_step_passes_and_its_closure_stays_here(prefect_ready):
    from flows.contain import contain

    error = KeyError(CANARY)
    work = FakeWork("closure-1", error=error)
    desk.lay(work)
    assert await contain("closure-1") == "partially-contained"
    assert work.errors == [error]
    assert work.errors[0] is error
    assert once(work, "plan", "s0", "s1", "s2", "report")
    _, (tasks,) = await settled(prefect_ready, "closure-1", 5)
    assert {name: state for name, state, _ in tasks}["s1"] == "Failed"
    assert holds(prefect_ready, CANARY) == []


async def test_a_run_that_cannot_be_opened_fails_the_flow_and_names_the_kind_of_error_only(prefect_ready, monkeypatch):
    from flows.contain import contain

    monkeypatch.setenv("RINGFENCE_OPENER", f"no_such_module_{CANARY.replace('-', '_')}:open_run")
    state = await contain("unopened-1", return_state=True)
    assert state.is_failed()
    assert state.message.startswith("ModuleNotFoundError: the run stopped")
    assert holds(prefect_ready, CANARY.replace("-", "_")) == []


async def test_steps_called_from_outside_the_flows_context_are_shown_in_it(prefect_ready):
    from flows.contain import contain

    todo: asyncio.Queue = asyncio.Queue()

    async def pool():
        while True:
            around, name, step, done = await todo.get()
            await around(name, step)
            done.set_result(None)

    class Pooled(FakeWork):
        async def contain(self, around):
            done = asyncio.get_running_loop().create_future()
            await todo.put((around, "pooled", self._step("pooled"), done))
            await done
            return "contained"

    worker = asyncio.create_task(pool())
    desk.lay(Pooled("pooled-1"))
    assert await contain("pooled-1") == "contained"
    worker.cancel()
    flows, (tasks,) = await settled(prefect_ready, "pooled-1", 1)
    assert len(flows) == 1
    assert tasks == [("pooled", "Completed", '{"run": []}')]
