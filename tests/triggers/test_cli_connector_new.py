"""`ringfence connectors new`: what it writes keeps every rule of the registry, and is tried by its own tests, as it stands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from triggers.cli.place import CHECKOUT

ROOMS = ("connectors", "engine", "inventory", "language", "journal", "reports", "triggers", "flows")
WALK = (
    "tests/connectors/test_connectors_registry.py",
    "tests/connectors/test_connectors_plans.py",
    "tests/connectors/test_connectors_rights.py",
    "tests/connectors/test_acme_desk.py",
    "tests/tested/test_tested.py",
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of what the walk needs, so that nothing is written into the real one."""
    folder = tmp_path_factory.mktemp("checkout")
    for room in (*ROOMS, "tests/connectors", "tests/plans", "tests/tested", "tests/peers"):
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(CHECKOUT / room, folder / room, ignore=ignored)
    shutil.copy(CHECKOUT / "pyproject.toml", folder)
    return folder


def python(folder, *words):
    environ = os.environ | {"PYTHONPATH": str(folder), "RINGFENCE_HOME": str(folder / "state")}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


@pytest.mark.long
def test_a_new_connector_passes_the_walk_with_only_its_todos_left(checkout):
    said = python(checkout, "triggers.cli.main", "connectors", "new", "acme_desk")
    assert said.returncode == 0, said.stderr
    written = checkout / "connectors" / "acme_desk.py"
    text = written.read_text()
    assert f"with {text.count('TODO')} places marked TODO" in said.stdout
    assert 8 <= text.count("TODO") <= 20
    assert len(text.splitlines()) <= 300
    assert "NAME" not in text.replace("NAMEs", "")
    quick = ("-n", "0", "-q", "-k", "acme_desk or test_tested and (tried or there)")
    done = python(checkout, "pytest", "-p", "no:cacheprovider", *quick, *WALK)
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.count(".") > 30, "the rules of each action, look, find and survey, its cases, and its tests"
    shown = python(checkout, "triggers.cli.main", "connectors", "show", "acme_desk")
    assert "acme_desk.disable_client (hold, application)" in shown.stdout


def test_it_is_as_clean_as_the_rest(checkout):
    python(checkout, "triggers.cli.main", "connectors", "new", "acme_rota")
    files = ("connectors/acme_rota.py", "tests/connectors/test_acme_rota.py")
    assert all((checkout / file).is_file() for file in files)
    done = python(checkout, "ruff", "check", *files)
    assert done.returncode == 0, done.stdout
    known = {file.name for file in (checkout / "tests" / "plans").glob("acme_rota.*")}
    assert known == {"acme_rota.disable_client", "acme_rota.revoke_token"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("okta", "There is a connector 'okta' already"),
        ("github_app", "There is a connector 'github_app' already"),
        ("core", "cannot be a connector's name"),
        ("class", "cannot be a connector's name"),
        ("Acme", "is no name of a system"),
        ("../x", "is no name of a system"),
        ("a-b", "is no name of a system"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(ringfence, tmp_path, name, said):
    told = ringfence("connectors", "new", name, "--out", str(tmp_path / "there"))
    assert told.code == 1
    assert said in told.err
    assert not (tmp_path / "there").exists()


def test_nothing_is_written_over(ringfence, tmp_path):
    assert ringfence("connectors", "new", "acme_desk", "--out", str(tmp_path)).code == 0
    mine = tmp_path / "tests" / "connectors" / "test_acme_desk.py"
    (tmp_path / "connectors" / "acme_desk.py").unlink()
    mine.write_text("mine")
    again = ringfence("connectors", "new", "acme_desk", "--out", str(tmp_path))
    assert again.code == 1
    assert "nothing was written over it" in again.err
    assert mine.read_text() == "mine"
    assert not (tmp_path / "connectors" / "acme_desk.py").exists()
