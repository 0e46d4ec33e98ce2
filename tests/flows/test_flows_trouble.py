"""With Prefect dead, dying, hanging or lying about: the word and the exit come in time, each step ran once, and it is said."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from flows import server

STEPS_S = 1.5  # plan, three at once, report
ALL = Counter(["plan", "s0", "s1", "s2", "report"])


def a_dead_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


async def alone(state, mode, trouble="none", **environ):
    """Run `alone.py`; give what it printed, its standard error, and when the process was gone after the word."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, Path(__file__).with_name("alone.py"), state, mode, trouble,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}, **environ},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 7, err.decode()
    said = json.loads(out)
    assert said["word"] == "contained"
    assert Counter(said["began"]) == ALL
    assert err.decode() == ""
    return said


@pytest.fixture
def own(tmp_path):
    """A server that this test may hurt."""
    server.start(tmp_path, idle_s=60)
    yield tmp_path
    server.stop(tmp_path)


@pytest.mark.parametrize("mode", ["live", "sandbox"])
async def test_a_dead_port_costs_nothing_and_is_said(tmp_path, mode):
    port = a_dead_port()
    said = await alone(tmp_path, mode, "cold", PREFECT_API_URL=f"http://127.0.0.1:{port}/api")
    assert said["word_at"] - said["begun"] < STEPS_S + 0.5
    assert said["returned"] - said["word_at"] < 0.3
    ((when, sentence),) = said["told"]
    assert when - said["begun"] < 2
    assert (
        sentence
        == f"Prefect's API at http://127.0.0.1:{port}/api does not answer: going on without it. The journal has the record."
    )
    assert not said["prefect"]


async def test_an_api_that_takes_calls_and_never_answers_costs_a_live_run_nothing(tmp_path, silent_url):
    said = await alone(tmp_path, "live", "cold", RINGFENCE_PREFECT=silent_url)
    assert said["word_at"] - said["begun"] < STEPS_S + 0.5
    assert said["returned"] - said["begun"] < 2.5
    assert len(said["told"]) == 1
    assert said["told"][0][0] - said["begun"] < 2.3


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "mode"), [("SIGKILL", "live"), ("SIGSTOP", "live"), ("SIGKILL", "sandbox")])
@pytest.mark.long
async def test_a_server_that_dies_or_hangs_midway_delays_no_step_and_not_the_exit(own, kind, mode):
    began = time.monotonic()
    said = await alone(own, mode, kind)
    gone = time.monotonic() - began
    assert said["step_at"] - said["begun"] < (0.2 if mode == "live" else 20)
    assert said["word_at"] - said["step_at"] < STEPS_S + 1
    assert said["returned"] - said["word_at"] < 2.3
    assert said["notes"] == [
        "Prefect did not take the end of the run; its page may say otherwise. The journal has the record."
    ]
    assert gone - said["returned"] < 1.5  # interpreter's start and end


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["SIGKILL", "SIGSTOP"])
@pytest.mark.long
async def test_on_a_worker_too_the_word_comes_in_time_while_only_the_flows_end_hangs(own, kind):
    said = await alone(own, "worker", kind)
    assert said["word_at"] - said["step_at"] < STEPS_S + 1
    assert said["notes"] == []


@pytest.mark.slow
@pytest.mark.long
async def test_a_server_that_hangs_already_is_said_in_two_seconds_and_replaced_for_the_next(own):
    hung = server.status(own)
    os.kill(hung.pid, signal.SIGSTOP)
    said = await alone(own, "live", "cold")
    assert said["word_at"] - said["begun"] < STEPS_S + 0.5
    assert said["returned"] - said["begun"] < 4.5
    assert said["told"][0][0] - said["begun"] < 2.3
    assert server.start(own, idle_s=60).pid != hung.pid


@pytest.mark.slow
async def test_without_a_server_a_live_run_goes_on_and_leaves_one_for_the_next(tmp_path):
    try:
        said = await alone(tmp_path, "live", "cold")
        assert said["word_at"] - said["begun"] < STEPS_S + 1
        assert said["returned"] - said["begun"] < 5
        assert "going on without it" in said["told"][0][1]
        left = server.start(tmp_path)
        said = await alone(tmp_path, "sandbox")
        assert said["page"].startswith(left.page)
    finally:
        server.stop(tmp_path)


async def test_the_users_own_profile_does_not_matter(served, tmp_path):
    with socket.socket() as trap:
        trap.bind(("127.0.0.1", 0))
        trap.listen()
        trap.settimeout(0.1)
        home = tmp_path / "home"
        (home / ".prefect").mkdir(parents=True)
        profile = (
            f'active = "mine"\n[profiles.mine]\nPREFECT_API_URL = "http://127.0.0.1:{trap.getsockname()[1]}/api"\n'
        )
        (home / ".prefect" / "profiles.toml").write_text(profile)
        before = {p: p.stat().st_mtime_ns for p in home.rglob("*")}
        said = await alone(served, "sandbox", HOME=str(home), PREFECT_PROFILE="mine")
        assert said["page"].startswith(server.status(served).page)
        assert {p: p.stat().st_mtime_ns for p in home.rglob("*")} == before
        with pytest.raises(TimeoutError):
            trap.accept()
