"""Our background server: one for a state folder, found again, ended, and nobody else's."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import stat
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from flows import server, template
from flows.api import alive, configured, find

CANARY = "canary-9c2e-provider-token"


@pytest.fixture
def state(tmp_path):
    yield tmp_path
    server.stop(tmp_path)


def status_code(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def cpu_s(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11]) / os.sysconf("SC_CLK_TCK")


async def test_two_commands_at_once_start_one_and_a_third_reuses_it(state, monkeypatch):
    monkeypatch.setenv("OKTA_TOKEN", CANARY)
    begin = (
        "import sys, pathlib; from flows import server; print(server.start(pathlib.Path(sys.argv[1]), idle_s=60).pid)"
    )
    both = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", begin, state, stdout=asyncio.subprocess.PIPE)
        for _ in range(2)
    ]
    pids = {int((await process.communicate())[0]) for process in both}
    assert len(pids) == 1
    began = time.monotonic()
    third = server.start(state)
    assert time.monotonic() - began < 3
    assert {third.pid} == pids
    assert find(state, environ={}).url == third.url
    assert CANARY.encode() not in Path(f"/proc/{third.pid}/environ").read_bytes()
    before = cpu_s(third.pid)
    await asyncio.sleep(1)
    assert cpu_s(third.pid) - before < 0.4  # a flush interval below a second keeps Prefect's recorder in a loop
    record = state / "prefect" / "server.json"
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert json.loads(record.read_text())["version"] == template.version()
    assert status_code(f"{third.page}/") == 200
    assert status_code(f"{third.url}/health") == 200
    assert status_code(f"{third.url}/health", Host="attacker.example") == 421
    assert server.stop(state)
    assert not alive(third.url, 1)
    assert not record.exists()
    assert server.status(state) is None
    assert not server.stop(state)


def test_an_idle_server_ends_by_itself_and_a_killed_one_is_not_mistaken_for_one(state):
    first = server.start(state, idle_s=1)
    end = time.monotonic() + 8
    while server.status(state) is not None and time.monotonic() < end:
        time.sleep(0.1)
    assert server.status(state) is None
    second = server.start(state, idle_s=60)
    assert second.pid != first.pid
    os.kill(second.pid, signal.SIGKILL)
    while server.is_held(state / "prefect" / "server.lock"):
        time.sleep(0.01)
    assert (state / "prefect" / "server.json").exists()
    assert server.status(state) is None


def test_a_server_whose_state_folder_was_deleted_ends(tmp_path):
    state = tmp_path / "gone"
    left = server.start(state, idle_s=2)
    shutil.rmtree(state)
    end = time.monotonic() + 8
    while alive(left.url, 0.2) and time.monotonic() < end:
        time.sleep(0.3)
    assert not alive(left.url, 0.2)


def test_a_record_of_another_process_is_not_believed_and_nobody_is_killed_for_it(state):
    here = state / "prefect"
    here.mkdir()
    said = {"pid": os.getpid(), "started": "1", "port": 1, "url": "http://127.0.0.1:1/api", "page": "", "version": "3"}
    (here / "server.json").write_text(json.dumps(said))
    with server.held(here / "server.lock"):
        assert server.status(state) is None
        assert not server.stop(state)


@pytest.mark.slow
@pytest.mark.long
def test_the_first_start_leaves_an_empty_template_for_all_later_ones(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    states = [tmp_path / "first", tmp_path / "second"]
    took = []
    try:
        for state in states:
            began = time.monotonic()
            server.start(state, idle_s=60)
            took.append(time.monotonic() - began)
    finally:
        for state in states:
            server.stop(state)
    kept = template.cache() / "prefect.db"
    assert kept.is_relative_to(tmp_path)
    with sqlite3.connect(kept) as base:
        assert base.execute("SELECT count(*) FROM flow_run").fetchone() == (0,)
    assert took[1] < took[0]


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, None),
        ({"PREFECT_PROFILE": "mine"}, None),
        ({"RINGFENCE_PREFECT": "off", "PREFECT_API_URL": "http://a/api"}, None),
        ({"PREFECT_API_URL": "http://a/api/"}, "http://a/api"),
        ({"RINGFENCE_PREFECT": "http://b/api", "PREFECT_API_URL": "http://a/api"}, "http://b/api"),
    ],
)
def test_only_our_setting_and_the_api_url_count(environ, url):
    found = configured(environ)
    assert (found.url if found else None) == url


def test_a_probe_is_never_longer_than_it_was_given(silent_url):
    began = time.monotonic()
    assert not alive(silent_url, 0.3)
    assert time.monotonic() - began < 3
    assert not alive("file:///etc/hostname", 0.3)
