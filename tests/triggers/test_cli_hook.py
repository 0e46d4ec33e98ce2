"""The hook for teams' own playbook repositories does what it says: its entry is run as it is written."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from triggers.cli import place

(HOOK,) = yaml.safe_load((place.CHECKOUT / ".pre-commit-hooks.yaml").read_text())


@pytest.fixture
def repository(tmp_path):
    """A repository of playbooks, far from any checkout of ours, with one good and one other YAML file."""
    folder = tmp_path / "team" / "playbooks" / "cloud"
    folder.mkdir(parents=True)
    shutil.copy(place.CHECKOUT / "playbooks" / "stolen_oauth_tokens.yaml", folder / "ours.yaml")
    (tmp_path / "team" / "ci.yaml").write_text("on: push\n")
    return tmp_path / "team"


def run(repository: Path) -> subprocess.CompletedProcess:
    """As pre-commit does: the entry's words, then the files that match, from the repository's root."""
    files = sorted(str(f.relative_to(repository)) for f in repository.rglob("*") if f.is_file())
    matched = [file for file in files if re.search(HOOK["files"], file)]
    bin_folder = Path(sys.executable).parent
    env = {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(repository)}
    return subprocess.run(
        [*shlex.split(HOOK["entry"]), *matched], cwd=repository, env=env, capture_output=True, text=True, check=False
    )


def test_it_passes_what_is_right_and_looks_at_playbooks_only(repository):
    done = run(repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("playbooks/cloud/ours.yaml: ok\n")
    assert "ci.yaml" not in done.stdout


def test_it_stops_a_commit_with_a_mistake_and_says_where(repository):
    file = repository / "playbooks" / "cloud" / "ours.yaml"
    file.write_text(file.read_text().replace("practice_idp.tokens", "practice_idp.tokns"))
    done = run(repository)
    assert done.returncode == 1
    number = 1 + file.read_text().splitlines().index("    uses: practice_idp.tokns")
    said = f"playbooks/cloud/ours.yaml:{number}:5: no action 'practice_idp.tokns', did you mean 'practice_idp.tokens'?"
    assert said in done.stdout.splitlines()


def test_it_is_described_as_pre_commit_wants_it():
    assert HOOK["id"] == "ringfence-playbook-lint"
    assert HOOK["language"] == "python"
    script = re.search(r'^ringfence = "(.+)"$', (place.CHECKOUT / "pyproject.toml").read_text(), re.MULTILINE)
    assert script is not None
    assert HOOK["entry"].split()[0] == "ringfence"
