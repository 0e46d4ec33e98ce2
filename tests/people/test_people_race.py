"""Several say something at the same moment, in processes of their own: each is judged by what was said before it."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from parked import SCOPE, asked, events, park, waiting

from engine.approvals import Say
from engine.approvals.saying import say
from inventory.proof import Sayer
from inventory.read import read_inventory
from triggers.cli import place

pytestmark = pytest.mark.timeout(120)
ROOT = Path(__file__).resolve().parents[2]
PEOPLE = read_inventory(Path(place.COMPANY)).config.people


def _process(*words: str, stdin: str | int | None = None, **environ: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "triggers.cli.main", *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | environ
    return subprocess.Popen(
        command, stdin=stdin if isinstance(stdin, int) else subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


@pytest.mark.parametrize("wanted", [2, 3])
def test_of_many_at_once_each_counts_once_and_the_wall_is_opened_once(home, practice, verified, wanted: int):
    park(asked(people=wanted), waiting())

    def one(name: str) -> tuple[str, bool]:
        journal = place.open_journal(place.own_key("sandbox"))
        person = PEOPLE[name]
        sayer = Sayer(name, person.name, frozenset(person.roles), "token")
        try:
            said = asyncio.run(say(journal, "R1", None, Say(sayer, "yes", SCOPE), PEOPLE, shown="ab" * 32))
        finally:
            journal.close()
        return said.heard.code, said.opened

    with ThreadPoolExecutor(6) as many:
        found = list(many.map(one, ["ben", "dora", "cleo", "ben", "dora", "cleo"]))
    types = [event.type for event in events()]
    assert types.count("approved") == 1
    assert sum(opened for _, opened in found) == 1
    assert types.count("decided") == wanted
    assert types.count("turned_away") == 6 - wanted
    by = [event.body["by"] for event in events() if event.type == "decided"]
    assert len(set(by)) == wanted
    assert types.index("approved") == [n for n, kind in enumerate(types) if kind == "decided"][-1] + 1
    verified()


def test_two_processes_approve_at_the_same_moment(home, practice, verified):
    park(asked(people=2), waiting())
    both = [_process("approve", "R1", "--as", name, "--scope-hash", SCOPE) for name in ("ben", "dora")]
    codes = sorted(process.wait(60) for process in both)
    assert codes == [0, 3], [process.communicate() for process in both]
    assert [event.type for event in events()].count("approved") == 1
    verified()


@pytest.mark.crash
@pytest.mark.parametrize("at", ["before:decided", "after:approved"])
def test_a_process_that_dies_while_it_records_an_approval_has_recorded_all_or_nothing(
    home, practice, verified, at: str
):
    park(asked(), waiting())
    before = len(events())
    process = _process("approve", "R1", "--as", "ben", "--scope-hash", SCOPE, RINGFENCE_KILL_AT=at)
    process.communicate(timeout=60)
    assert process.returncode == -9
    assert [event.type for event in events()[before:]] == ([] if at == "before:decided" else ["decided", "approved"])
    verified()
    again = _process("approve", "R1", "--as", "ben", "--scope-hash", SCOPE)
    again.communicate(timeout=60)
    assert again.returncode == (0 if at == "before:decided" else 1)
    assert [event.type for event in events()].count("approved") == 1


def test_a_token_comes_by_standard_input_and_is_in_no_argument(home, practice):
    park(asked(), waiting())
    process = _process("approve", "R1", "--token", "-", "--scope-hash", SCOPE)
    arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    out, err = process.communicate(practice["ben_token"] + "\n", timeout=60)
    assert process.returncode == 0, err
    assert practice["ben_token"].encode() not in arguments
    assert practice["ben_token"] not in out + err
    assert events()[-1].body["by"] == "person:ben"


@pytest.mark.parametrize(
    ("typed", "code"), [(SCOPE[:8], 0), (f" {SCOPE[:8].upper()} ", 0), ("yes", 1), ("19d022c4", 1)]
)
def test_on_a_terminal_the_scope_is_typed(home, practice, typed: str, code: int):
    park(asked(), waiting())
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "triggers.cli.main", "approve", "R1", "--as", "ben"]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "dumb"}
    )
    os.close(theirs)
    said = b""
    while b"to approve it: " not in said:
        said += os.read(ours, 4096)
    os.write(ours, typed.encode() + b"\n")
    try:
        while chunk := os.read(ours, 4096):
            said += chunk
    except OSError:  # the other end is closed
        pass
    assert process.wait(60) == code, said.decode()
    os.close(ours)
    types = [event.type for event in events()]
    assert ("approved" in types) == (code == 0)
    assert ("turned_away" in types) == (typed == "19d022c4")
