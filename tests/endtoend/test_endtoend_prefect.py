"""Prefect around a run: its page is named, it is told the run's id alone, and without it the word comes all the same."""

from __future__ import annotations

import re
import socket
import urllib.request
from datetime import UTC, datetime

import pytest

CANARY = "canary-7f3e-of-an-input"
NOTED = [
    ("inputs:\n", "inputs:\n  note: {type: text, default: none}\n"),
    ('text: "${inputs.integration.id} is ${run.word}. Run ${run.id}."', 'text: "${inputs.note}: ${run.word}"'),
]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_with_its_own_prefect_names_the_page_and_tells_it_nothing_but_the_run(house):
    del house.environ["RINGFENCE_PREFECT"]
    said = house.run("contain", house.quick(*NOTED), "--sandbox", "--yes", "-i", f"note={CANARY}")
    assert said.code == 0, said.text
    assert house.words()[-1] == "contained"
    (page,) = set(re.findall(r"http://127\.0\.0\.1:\d+/\S*run\S*", said.out))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(page, headers={"Accept": "text/html"}), timeout=10) as answer:
        assert answer.status == 200
        assert b"<html" in answer.read().lower()
    house.assert_word_true()
    house.assert_nothing_sent_blind()
    assert house.state()["messages"] == 1, "the canary did go to the chat"
    again = house.run("recover", "--last", "--yes")
    assert again.code == 0, again.text
    assert house.run("prefect", "down").code == 0
    files = [file for file in (house.home / "prefect").rglob("*") if file.is_file()]
    assert [file for file in files if file.suffix == ".db"]
    run = house.the_run().encode()
    assert [file for file in files if run in file.read_bytes()], "it was told the run's id"
    hidden = [CANARY, *(value for value in house.secrets.values() if value)]
    assert [file for file in files for text in hidden if text.encode() in file.read_bytes()] == []


def test_with_prefect_at_a_dead_port_it_is_contained_all_the_same_and_said(house):
    house.up()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/api"
    began = datetime.now(UTC)
    said = house.run("contain", house.quick(), "--sandbox", "--yes", RINGFENCE_PREFECT="", PREFECT_API_URL=url)
    assert said.code == 0, said.text
    assert f"Prefect's API at {url} does not answer: going on without it" in said.out
    assert house.words()[-1] == "contained"
    house.assert_word_true()
    ((opened, _, _),) = house.events("opened")
    assert (datetime.fromisoformat(opened) - began).total_seconds() < 4, (
        "a start takes one, a dead port at most two more"
    )
    assert not (house.home / "prefect" / "prefect.db").exists()
