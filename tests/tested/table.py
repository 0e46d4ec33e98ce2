"""The table of what each action was tested against: tests/tested/SYSTEM.json, action -> the tests that asked it for calls.

Nobody writes it by hand: `uv run python -m tests.tested` runs those tests and keeps what they really asked
(recorder.py). What such a test runs against is said by the `AGAINST` of its own file.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
ROOMS = ("tests/connectors", "tests/peers")


def table() -> dict[str, list[str]]:
    """Action -> FILE::FUNCTION of each test that tried it."""
    found: dict[str, list[str]] = {}
    for file in sorted(HERE.glob("*.json")):
        found |= json.loads(file.read_text(encoding="utf-8"))
    return found


def write(asked: Mapping[str, Sequence[str]]) -> None:
    """Keep what was recorded: test -> actions. Only tests whose file says against what count."""
    by_action: dict[str, list[str]] = {}
    for test, actions in asked.items():
        if against(test.partition("::")[0]):
            for action in actions:
                by_action.setdefault(action, []).append(test)
    systems = sorted({action.partition(".")[0] for action in by_action})
    for file in HERE.glob("*.json"):
        file.unlink()
    for system in systems:
        rows = {name: sorted(tests) for name, tests in sorted(by_action.items()) if name.partition(".")[0] == system}
        (HERE / f"{system}.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def evidence_files() -> Iterator[str]:
    """Every test file that says what it runs against."""
    for room in ROOMS:
        for file in sorted((ROOT / room).glob("test_*.py")):
            if against(path := str(file.relative_to(ROOT))):
                yield path


@cache
def against(path: str) -> str:
    """What a test file's tests run against, by its own word; "" where it does not say, or is not there."""
    for node in _tree(path).body:
        if isinstance(node, ast.Assign) and [getattr(name, "id", "") for name in node.targets] == ["AGAINST"]:
            return str(ast.literal_eval(node.value))
    return ""


def is_there(test: str) -> bool:
    """Whether FILE::FUNCTION exists."""
    path, _, name = test.partition("::")
    return any(getattr(node, "name", "") == name for node in _tree(path).body)


@cache
def _tree(path: str) -> ast.Module:
    file = ROOT / path
    return ast.parse(file.read_text(encoding="utf-8") if file.is_file() else "")
