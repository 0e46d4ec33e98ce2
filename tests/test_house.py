"""The house holds: import directions, sizes, packages from the checkout, no machine's paths or registries' hosts."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("language", "inventory", "connectors", "engine", "flows", "journal", "reports", "triggers", "sandbox")
FILES = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]


@pytest.mark.parametrize("room", ROOMS)
def test_every_package_comes_from_the_checkout(room):
    assert Path(importlib.import_module(room).__file__).is_relative_to(ROOT)


def test_imports_go_one_way():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_only_flows_import_prefect_and_only_core_imports_a_client():
    clients = {"httpx", "aiohttp", "httpx_aiohttp", "socket", "requests", "boto3", "urllib3"}
    for file in FILES:
        room = file.relative_to(ROOT).parts[0]
        imported = {name.partition(".")[0] for name in _imports(file)}
        assert room == "flows" or "prefect" not in imported, file
        if room == "connectors" and "core" not in file.relative_to(ROOT).parts:
            assert not imported & clients, file
            known = (
                "connectors.core",
                f"connectors.{file.relative_to(ROOT / 'connectors').parts[0].removesuffix('.py')}",
            )
            foreign = [n for n in _imports(file) if n.startswith("connectors.") and not n.startswith(known)]
            assert not foreign, f"{file} knows another system: {foreign}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_and_functions_stay_small(file):
    text = file.read_text()
    assert len(text.splitlines()) <= 330, "is there a second thing in it?"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < 70, f"{node.name} has over 70 lines"


def test_nothing_tracked_names_a_registry_or_a_path_of_a_machine():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not listed:
        pytest.skip("not a git checkout")
    hosts = re.compile(
        r"://[a-z.-]*(" + "|".join(("py" + "pi", "python" + "hosted", "npm" + "js", "deb" + "ian")) + r")[a-z.-]*"
    )
    for name in listed:
        file = ROOT / name
        if file.suffix in {".png", ".svg", ".db"} or not file.is_file():
            continue
        found = hosts.search(file.read_text(errors="replace"))
        assert found is None, f"{name}: {found and found[0]}"
    assert "uv.lock" not in listed


def _imports(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
