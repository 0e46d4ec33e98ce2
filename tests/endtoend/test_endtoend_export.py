"""Evidence of a real run: `python verify.py f` in an empty environment with cryptography alone, and after editing f."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest


@pytest.fixture
def alone(tmp_path):
    """A Python that has cryptography and nothing of ours."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("there is no uv to make an empty environment with")
    place = tmp_path / "alone"
    subprocess.run([uv, "venv", "-q", str(place)], check=True, capture_output=True)
    python = place / "bin" / "python"
    installed = subprocess.run(
        [uv, "pip", "install", "-q", "--python", str(python), "cryptography"],
        check=False,
        capture_output=True,
        text=True,
    )
    if installed.returncode != 0:
        pytest.skip(f"cryptography could not be installed: {installed.stderr.strip()[-300:]}")

    def run(*words):
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        return subprocess.run(
            [python, *map(str, words)], cwd=tmp_path, env=environ, check=False, capture_output=True, text=True
        )

    assert run("-c", "import journal").returncode != 0, "it is not empty"
    return run


@pytest.mark.slow
def test_evidence_verifies_where_there_is_no_ringfence_and_an_edited_one_does_not(house, alone, tmp_path):
    run = house.contain("--tokens", "4", "--attacker", "none", playbook=house.quick()).json["run"]
    said = house.run("journal", "export", run, "-o", tmp_path / "f", "--json")
    assert said.code == 0, said.text
    whole = alone("verify.py", "f", "--key", said.json["key"])
    assert whole.returncode == 0, whole.stdout + whole.stderr
    for words in (
        f"Run {run}: stolen_oauth_tokens, drill, opened by os:",
        "; ended",
        "word: contained",
        "approved at",
        "WHOLE.",
    ):
        assert words in whole.stdout, whole.stdout
    events = house.events(run=run)
    assert f"anchored up to event {len(events)} of {len(events)}" in whole.stdout
    text = (tmp_path / "f").read_text()
    assert json.loads(text)["runs"][0]["playbook"]["text"] == house.events("opened")[0][2]["text"]
    for old, new in (("contained", "c0ntained"), ('"n": 7', '"n": 8'), ("\n", "\r\n"), ("{", "{ ")):
        (tmp_path / "g").write_text(text.replace(old, new, 1), newline="")
        edited = alone("verify.py", "g")
        assert edited.returncode == 4, (old, edited.stdout)
        assert "NOT WHOLE" in edited.stdout
    assert alone("verify.py", "missing").returncode == 2
    assert house.run("journal", "verify").code == 0


@pytest.mark.slow
def test_a_run_that_waits_for_people_is_exported_as_it_stands_and_says_so(house, tmp_path):
    house.up("--tokens", "3", "--attacker", "none")
    said = house.run("contain", house.quick(), "--sandbox", "--json")
    assert said.code == 3, said.text
    run = house.the_run()
    exported = house.run("journal", "export", run, "-o", tmp_path / "f", "--json")
    assert exported.code == 0, exported.text
    assert [one["ended"] for one in exported.json["runs"]] == [False]
    assert house.run("resume", run, "--yes", "--json").code == 0
    again = house.run("journal", "export", run, "-o", tmp_path / "g", "--json")
    assert [one["ended"] for one in again.json["runs"]] == [True]
    first, second = (json.loads((tmp_path / name).read_text())["runs"][0]["events"] for name in ("f", "g"))
    assert second[: len(first)] == first


@pytest.mark.slow
def test_a_closed_incident_is_pruned_and_what_was_exported_before_fits_its_tombstone(house, tmp_path):
    house.up("--tokens", "3", "--attacker", "none")
    run = house.contain(playbook=house.quick()).json["run"]
    incident = house.rows("SELECT incident FROM leases WHERE run = ?", run)[0][0]
    assert house.run("journal", "export", incident, "-o", tmp_path / "f").code == 0
    assert house.run("legal-hold", incident, "on").code == 0
    assert house.run("close", incident).code == 0
    held = house.run("journal", "prune", "--before", "0d", "--yes", "--json")
    assert held.json["pruned"] == []
    assert "legal hold" in held.json["left"][0]["why"]
    assert house.run("legal-hold", incident, "off").code == 0
    pruned = house.run("journal", "prune", "--before", "0d", "--yes", "--json")
    head = json.loads((tmp_path / "f").read_text())["runs"][0]["head"]
    assert [(one["run"], one["n"], one["head"]) for one in pruned.json["pruned"]] == [(run, head["n"], head["hash"])]
    assert house.rows("SELECT count(*) FROM events WHERE run = ?", run) == [(0,)]
    verified = house.run("journal", "verify")
    assert verified.code == 0, verified.text
    assert head["hash"] in house.run("status", run).err
