"""`ringfence playbook lint` as people and hooks start it: files, folders and names, every mistake in its own words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from triggers.cli import place

INVALID = Path("tests/playbooks/invalid")
GOOD = "playbook: {id}\ntitle: t\nbreaks: b\ndoes_not: d\ninputs:\n  integration: {{type: integration, has: [practice_idp]}}\n"
USE = "contain:\n  - uses: preserve.usage\n"


def lint(*words: str, cwd: Path = place.CHECKOUT) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "triggers.cli.main", "playbook", "lint", *words]
    env = os.environ | {"PYTHONPATH": str(place.CHECKOUT)}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def test_each_mistake_of_the_invalid_folder_is_told_in_these_words():
    done = lint(f"{INVALID}/")
    files = sorted((place.CHECKOUT / INVALID).glob("*.yaml"))
    assert len(files) >= 60
    wanted = []
    for file in files:
        for said in file.with_suffix(".txt").read_text().splitlines():
            code, _, rest = said.partition(" ")
            assert code.isidentifier()
            wanted.append(f"{INVALID / file.name}:{rest}")
    assert done.stdout.splitlines() == [*wanted, f"{len(files)} playbooks: {len(files)} with mistakes."]
    assert done.stderr == ""
    assert done.returncode == 1


def test_no_message_speaks_in_the_words_of_our_tools():
    for file in sorted((place.CHECKOUT / INVALID).glob("*.txt")):
        for word in (
            "STRING",
            "TIMESTAMP",
            "LIST<",
            "rf.",
            "overload",
            "pydantic",
            "_+_",
            "Input should",
            "google",
            "Traceback",
        ):
            assert word not in file.read_text().replace("rf.Secret{", ""), file


def test_a_folder_is_all_that_lies_below_it(ringfence, tmp_path):
    deep = tmp_path / "ours" / "cloud"
    deep.mkdir(parents=True)
    (tmp_path / "ours" / ".git").mkdir()
    (tmp_path / "ours" / ".git" / "hidden.yaml").write_text("playbook: [")
    (deep / "a.yaml").write_text(GOOD.format(id="a") + USE)
    (tmp_path / "ours" / "b.yml").write_text(GOOD.format(id="b") + "contain:\n  - uses: preserve.usge\n")
    (tmp_path / "ours" / "notes.txt").write_text("no playbook")
    said = ringfence("playbook", "lint", "ours", "--json")
    assert said.code == 1
    assert {Path(row["file"]).name: row["ok"] for row in said.json["playbooks"]} == {"a.yaml": True, "b.yml": False}
    (problem,) = said.json["playbooks"][0]["problems"]
    assert problem["message"] == "no action 'preserve.usge', did you mean 'preserve.usage'?"
    (tmp_path / "empty").mkdir()
    assert "There is no playbook in the folder" in ringfence("playbook", "lint", "empty").err


def test_a_file_that_is_no_text_stops_nobody_else(ringfence, tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"playbook: a\ntitle: \xff\n")
    (tmp_path / "b.yaml").write_text(GOOD.format(id="b") + USE)
    said = ringfence("playbook", "lint", "a.yaml", "b.yaml")
    assert said.out.splitlines() == [
        "a.yaml:2:8: byte 0xFF is not UTF-8: save it as UTF-8",
        "b.yaml: ok",
        "2 playbooks: 1 with mistakes.",
    ]


def test_playbooks_beside_it_are_its_library(ringfence, tmp_path):
    (tmp_path / "block_it.yaml").write_text(GOOD.format(id="block_it") + USE)
    use = 'contain:\n  - {uses: playbook.%s, with: {integration: "${inputs.integration}"}}\n'
    (tmp_path / "top.yaml").write_text(GOOD.format(id="top") + use % "block_it")
    assert ringfence("playbook", "lint", "top.yaml").code == 0
    (tmp_path / "top.yaml").write_text(GOOD.format(id="top") + use % "blok_it")
    assert "no playbook 'blok_it', did you mean 'block_it'?" in ringfence("playbook", "lint", "top.yaml").out
    (tmp_path / "top.yaml").write_text(GOOD.format(id="top") + use % "block_it")
    (tmp_path / "block_it.yaml").write_text(GOOD.format(id="other") + USE)
    assert "is asked for as 'block_it', but calls itself 'other'" in ringfence("playbook", "lint", "top.yaml").out


@pytest.mark.parametrize("name", ["/etc/passwd", "../top", "**/*", "*", "", "a b", "A"])
def test_a_used_playbook_is_an_id_and_never_a_path(ringfence, tmp_path, name):
    (tmp_path / "top.yaml").write_text(GOOD.format(id="top") + f"contain:\n  - uses: 'playbook.{name}'\n")
    said = ringfence("playbook", "lint", "top.yaml")
    assert (
        said.out
        == f"top.yaml:8:11: '{name}' is no id of a playbook, as block_network is: neither a path nor a pattern\n"
    )


def test_a_used_playbook_that_is_no_text_is_told_at_the_step(ringfence, tmp_path):
    (tmp_path / "top.yaml").write_text(
        GOOD.format(id="top") + "contain:\n  - uses: playbook.other\n  - uses: preserve.usge\n"
    )
    (tmp_path / "other.yaml").write_bytes(b"\xff")
    said = ringfence("playbook", "lint", "top.yaml")
    assert len(said.out.splitlines()) == 2
    assert (
        "top.yaml:8:11: playbook 'other' has a mistake of its own: other.yaml:1:1: byte 0xFF is not UTF-8" in said.out
    )


def test_with_an_inventory_its_names_are_checked_and_without_they_are_told(ringfence, tmp_path):
    text = GOOD.format(id="a").replace("title: t", "title: t\nguardrails: {protected: [break_glass]}")
    text += (
        "triggers:\n  - {alert: okta, when: alert.severity >= 70}\n  - {alert: okta-eu, when: alert.severity >= 70}\n"
        + USE
        + "  - approve: aprover\n    within: 10m\n"
    )
    (tmp_path / "a.yaml").write_text(text)
    alone = ringfence("playbook", "lint", "a.yaml")
    assert alone.code == 0
    names = "role aprover, protected group break_glass, alert source okta-eu"
    assert f"not checked here: 3 names of the inventory: {names}." in alone.out
    ours = ringfence("playbook", "lint", "a.yaml", "--sandbox")
    assert ours.code == 1
    assert ours.out.splitlines() == [
        "a.yaml:3:26: no protected group 'break_glass'",
        "a.yaml:10:6: no alert source 'okta-eu', did you mean 'okta'?",
        "a.yaml:13:5: no role 'aprover', did you mean 'approver'?",
    ]
    right = text.replace("[break_glass]", "[]").replace("aprover", "approver").replace("okta-eu", "github")
    (tmp_path / "a.yaml").write_text(right)
    known = ringfence("playbook", "lint", "a.yaml", "--sandbox")
    assert known.code == 0
    assert "not checked" not in known.out


def test_what_only_looks_like_a_forgotten_dollar_is_a_warning(ringfence, tmp_path):
    step = (
        "contain:\n  - {uses: notify.message, with: {to: a, text: 'see steps.found for more, or inputs.integration'}}\n"
    )
    (tmp_path / "a.yaml").write_text(GOOD.format(id="a") + step)
    said = ringfence("playbook", "lint", "a.yaml")
    assert said.code == 0
    assert "a.yaml:8:53: warning: `steps.found` is text here: an expression is written ${steps.found}" in said.out
    (row,) = ringfence("playbook", "lint", "a.yaml", "--json").json["playbooks"]
    assert [w["code"] for w in row["warnings"]] == ["forgotten"]


def bomb() -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("alias bomb", bomb(), "a playbook has no anchors"),
        ("50 MB", "a" * 50_000_000, "a playbook has at most 1,000,000 characters"),
        ("deep lists", "[" * 20_000, "more than 20 deep"),
        ("deep mappings", "{a: " * 20_000, "more than 20 deep"),
        ("60,000 unknown keys", "".join(f"u{n}: 1\n" for n in range(60_000)), "more than 100,000 values"),
        ("45,000 unknown keys", "".join(f"unknown_{n}: 1\n" for n in range(45_000)), "unknown key 'unknown_0'"),
    ],
)
def test_a_hostile_file_is_refused_before_it_costs_anything(ringfence, tmp_path, name, text, why):
    """Beside a small good playbook, so that a slow machine does not fail it: the difference is what the file costs."""
    (tmp_path / "small.yaml").write_text(GOOD.format(id="small") + USE)
    (tmp_path / "hostile.yaml").write_text(text)
    ringfence("playbook", "lint", "small.yaml")  # all is imported now
    start = time.process_time()
    said = ringfence("playbook", "lint", "hostile.yaml")
    spent = time.process_time() - start
    assert said.code == 1
    assert why in said.out
    assert len(said.out.splitlines()) <= 100
    assert spent < 10, f"{name}: {spent:.2f} s of processor time"


def test_a_large_file_is_not_even_read_whole(tmp_path):
    """Its size in memory would be its size on disk: 4 GB of nothing, sparse, are refused with the first 4 MB."""
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as file:
        file.truncate(4_000_000_000)
    done = lint(str(huge), "--json")
    assert done.returncode == 1
    (row,) = json.loads(done.stdout)["playbooks"]
    assert [p["code"] for p in row["problems"]] == ["too_large"]
