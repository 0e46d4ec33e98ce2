"""The engine and its journal, as a trigger runs them: prepare, begin, contain, finish. The journal is a real file."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bare import SECRET
from engine.contain import contain
from engine.opening import Order, prepare
from engine.registry import catalogue, registry
from engine.state import Answered, Step
from inventory.model import Config
from inventory.read import Inventory
from journal import Draft, Journal, Keys
from journal.replay import Run
from language import Checked, read

EACH = """
playbook: bench_each
title: A given list, each looked at
breaks: Nothing.
does_not: Anything else.
inputs:
  tokens: {type: list of text}
contain:
  - approve: approver
  - id: tokens
    uses: bench.revoke_token
    for_each: inputs.tokens
    with: {token: "${item}"}
    accept_reissue: nobody mints here
"""
LISTED = """
playbook: bench_listed
title: What a listing holds
breaks: Nothing.
does_not: Anything else.
inputs: {}
contain:
  - {id: found, uses: bench.tokens}
  - approve: approver
  - id: tokens
    uses: bench.revoke_token
    for_each: steps.found.items
    with: {token: "${item.token}"}
    accept_reissue: nobody mints here
"""
PLAYBOOKS = {"each": EACH, "listed": LISTED}


class Desk:
    """Says yes at once."""

    attended = False

    async def ask(self, wall: str, role: str, shown: str) -> tuple[Answered, str, str]:
        """Yes."""
        assert shown
        return "yes", f"{role} of {wall}", "benchmark"

    def changed(self, run: Run) -> None:
        """Draw nothing."""

    def say(self, line: str) -> None:
        """Whatever is worth a line went wrong here."""
        print(line)


def inventory(url: str) -> Inventory:
    """One connection, to the benchmark's server."""
    entry = {"system": "bench", "url": url, "secret": "env:BENCH"}
    return Inventory(Path("bench.yaml"), Config(connections={"bench": entry}), {}, lambda _: SECRET, str)  # type: ignore[dict-item]


def checked(way: str, found: Inventory) -> Checked:
    """The playbook of one way: `each` or `listed`."""
    names = {"connections": frozenset(found.config.connections), "roles": frozenset({"approver"})}
    return read(PLAYBOOKS[way], f"{way}.yaml", catalogue(registry(), names))


@dataclass(frozen=True)
class Ran:
    """One containment: how long from `prepare` to the last durable event, and its run."""

    seconds: float
    run: str
    events: int
    word: str
    batches: int


async def run(way: str, url: str, file: Path, tokens: int) -> Ran:
    """Contain so many tokens."""
    found = inventory(url)
    order = Order(
        checked(way, found), f"{way}.yaml", _given(tokens) if way == "each" else {}, "live", "benchmark", yes=True
    )
    journal = Journal.open(f"sqlite:///{file}", keys=Keys.none(), names=(Keys(bytes(32)),), ttl_s=30, renew_s=5)
    began = time.perf_counter()
    live = await prepare(found, order).begin(journal, Desk())
    word = await contain(live, _straight)
    await live.finish(Draft("ended", {"word": word}), unlock=True)
    took = time.perf_counter() - began
    batches = journal._writer.batches  # noqa: SLF001
    await live.hang_up()
    await journal.aclose()
    return Ran(took, live.run.id, live.run.n, word, batches)


def _given(tokens: int) -> dict[str, Any]:
    return {"tokens": [f"t{number:06}" for number in range(tokens)]}


async def _straight(_name: str, step: Step) -> None:
    await step()
