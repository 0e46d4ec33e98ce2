"""Writes docs/connectors.md out of the connectors and of what their tests showed. `uv run python docs/connectors.py`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from connectors.core import Action, Connector  # noqa: E402
from engine.registry import registry  # noqa: E402
from tests.tested.table import against, table  # noqa: E402
from triggers.cli.connectors import told_of  # noqa: E402

FILE = ROOT / "docs" / "connectors.md"
HEAD = """\
# Connectors

Generated: `uv run python docs/connectors.py` writes this page, and a test says when it is not current. The same, and more, is
printed by `ringfence connectors list` and `ringfence connectors show NAME`.

- `ringfence connectors permissions PLAYBOOK` prints the least that a playbook needs, in each provider's own format, ready to
  paste. With a configuration it is what your integrations make of `isolate.*`, and no more.
- `ringfence connectors check` looks, and sends nothing: does each credential reach what the playbooks need, and may it more?
  Exit code 2 where one does not, or may. What a provider does not tell stays *unproven*, and is named.
- `ringfence connectors new NAME` writes a connector to begin with, its tests and plan cases: what is left to say is marked TODO.
- A connection is shown its own secret and no other; a foothold that names another connection's credential is refused.

## What the columns say

**Layer and family**: what the action does to which kind of way in. **Stops**: new access only, or live access as well.
**Undo**: whether it can be undone; what cannot stands below the wall. **Residual**: what lives on after it.

**Tested against** is what tests really did, recorded from a run of them (`uv run python -m tests.tested`):
*emulate*, *oidc-provider* and *aiosmtpd* are servers that others wrote, which CI runs; a vendor's *OpenAPI description* judges every call
of every plan case; a *fake of ours* is a small server in tests that keeps state and names where each of its answers is from, by itself
no proof of what the vendor does; the *practice company* is our own sandbox. No test here has spoken to a vendor's real service.
Each action has plan cases beside (`tests/plans/`): a change, nothing to do, the way back or why there is none.
"""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(part for system in _systems() for part in _section(system))


def _systems() -> list[Connector]:
    return sorted(registry().systems.values(), key=lambda system: (system.name.startswith("practice_"), system.name))


def _section(system: Connector) -> Iterator[str]:
    yield f"\n## {system.name}\n\n{told_of(system)}\n\n"
    if system.rights is not None:
        yield f"Permissions are {_cell(system.rights.called)}, granted at: {_cell(system.rights.where)}.\n\n"
    kinds = ", ".join(system.footholds) or "none"
    yield f"Footholds: {kinds}. Looks: {len(system.looks)}, finds: {len(system.finds)}, surveys: {len(system.surveys)}.\n\n"
    yield "| action | layer | family | stops | undo | residual | permission | tested against |\n|---|---|---|---|---|---|---|---|\n"
    for action in sorted(system.actions.values(), key=lambda action: action.name):
        yield "| " + " | ".join(_row(action)) + " |\n"


def _row(action: Action) -> list[str]:  # type: ignore[type-arg]
    undo = "yes" if action.back is not None else f"no: {action.irreversible}"
    proof = f" *No look proves it: {action.because}.*" if action.because else ""
    tests = table().get(action.name, [])
    shown = sorted({against(test.partition("::")[0]) for test in tests}, key=lambda said: ("fake" in said, said))
    return [
        f"`{action.name.partition('.')[2]}`",
        action.layer,
        ", ".join(sorted(action.does)) or "message",
        action.stops,
        _cell(undo),
        _cell(action.residual) + _cell(proof),
        _cell(action.permission),
        _cell("; ".join(shown) or "plan cases alone"),
    ]


def _cell(text: str) -> str:
    """Text in a cell of a table: one line, with no bar of its own."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
