"""What checking a playbook costs: `python -m benchmarks.language [--json]`. Ratios, so that a slow or busy machine slows both sides.

Playbooks of 100, 1,000 and 3,000 steps, each step with a condition on the one before and a text with an expression; beside
it the same text read by PyYAML alone; and what a hostile file costs until it is refused.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import yaml

from engine.registry import catalogue, registry
from language import BadPlaybook, read

ROUNDS = 5
SIZES = (100, 1_000, 3_000)
HEAD = "playbook: long\ntitle: t\nbreaks: b\ndoes_not: d\ninputs:\n  integration: {type: integration}\ncontain:\n"
BARS = (
    ("lint_1000_s", "1,000 steps, processor seconds", 2.0, "{:.2f}"),
    ("steps_3000_vs_1000", "3,000 steps : 1,000 steps (linear: 3)", 3.6, "{:.2f}"),
    ("lint_vs_yaml", "1,000 steps checked : its YAML read by PyYAML", 12.0, "{:.1f}"),
    ("hostile_vs_lint", "the dearest hostile file : 1,000 steps checked", 4.0, "{:.2f}"),
    ("hostile_s", "the dearest hostile file, processor seconds", 1.0, "{:.2f}"),
)
"""What is measured, and at most how much it may be."""


def steps(count: int) -> str:
    """A playbook of so many steps."""
    rows = ["  - {id: s0, uses: preserve.usage}\n"]
    rows += [
        f"  - {{id: s{n}, uses: notify.message, if: steps.s{n - 1}.open, "
        f'with: {{to: a, text: "n ${{steps.s{n - 1}.effective}}"}}}}\n'
        for n in range(1, count)
    ]
    return HEAD + "".join(rows)


def hostile() -> dict[str, str]:
    """Files that were written to cost us time."""
    circle = "".join(f"  - {{id: s{n}, uses: preserve.usage, needs: [s{(n + 1) % 3_000}]}}\n" for n in range(3_000))
    unknown = "".join(f"  - {{id: s{n}, uses: preserve.usage, needs: [t{n}x]}}\n" for n in range(3_000))
    bomb = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(10_000))
    return {
        "alias bomb": bomb,
        "50 MB": "a" * 50_000_000,
        "20,000 lists in lists": "[" * 20_000,
        "60,000 unknown keys": "".join(f"u{n}: 1\n" for n in range(60_000)),
        "45,000 unknown keys": "".join(f"unknown_{n}: 1\n" for n in range(45_000)),
        "a circle of 3,000 steps": HEAD + circle,
        "3,000 unknown steps": HEAD + unknown,
    }


def least_s(do: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The least processor time of some rounds, in seconds."""
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        do()
        spent.append(time.process_time() - start)
    return min(spent)


def refused(text: str) -> None:
    """Check what must be refused."""
    try:
        read(text, "hostile.yaml", catalogue(registry()))
    except BadPlaybook:
        return
    raise SystemExit("a hostile file was not refused")


def measure() -> dict[str, Any]:
    """All numbers by name."""
    names = catalogue(registry())
    texts = {count: steps(count) for count in SIZES}
    lint = {count: least_s(lambda t=text: read(t, "p.yaml", names)) for count, text in texts.items()}  # type: ignore[misc]
    plain = least_s(lambda: yaml.load(texts[1_000], yaml.CSafeLoader))
    costs = {name: least_s(lambda t=text: refused(t), 2) for name, text in hostile().items()}  # type: ignore[misc]
    return {
        "lint_s": {str(count): round(spent, 4) for count, spent in lint.items()},
        "hostile_each_s": {name: round(spent, 4) for name, spent in costs.items()},
        "lint_1000_s": lint[1_000],
        "steps_3000_vs_1000": lint[3_000] / lint[1_000],
        "lint_vs_yaml": lint[1_000] / plain,
        "hostile_vs_lint": max(costs.values()) / lint[1_000],
        "hostile_s": max(costs.values()),
    }


def main() -> int:
    """Measure, and say it; exit code 1 when a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.language", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one object as the last line")
    given = parser.parse_args()
    found = measure()
    for count, spent in found["lint_s"].items():
        print(f"{int(count):>6,} steps: {spent:.3f} s")
    for name, spent in found["hostile_each_s"].items():
        print(f"  {name}: refused after {spent:.3f} s")
    for key, what, bar, form in BARS:
        word = "yes" if found[key] <= bar else "NO"
        print(f"{what:<50} {form.format(found[key]):>8}  at most {form.format(bar)}: {word}")
    if given.json:
        print(json.dumps(found))
    return 0 if all(found[key] <= bar for key, _, bar, _ in BARS) else 1


if __name__ == "__main__":
    raise SystemExit(main())
