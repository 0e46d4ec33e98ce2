"""What a plan leaves open: each foothold that no step of the playbook covers, and what nobody has looked for."""

from __future__ import annotations

from typing import Any

from engine.found import told
from engine.plan.first_line import shown_names
from engine.state import Live
from journal.clock import now


def rows(live: Live) -> list[dict[str, Any]]:
    """The footholds that no step covers, declared or found: what each is, where, and why it is taken for this integration's."""
    covered = {view.foothold for view in live.views.values()} - set(live.aside)
    footholds = live.run.opened.get("footholds", {})
    return [_row(live, name, footholds[name]) for name in live.needs if name not in covered]


def _row(live: Live, name: str, foothold: Any) -> dict[str, Any]:
    _, why = live.aside.get(name, ("", ""))
    return {
        "id": name, "kind": foothold["kind"], "name": " ".join(shown_names(foothold)) or name, "at": foothold["at"],
        "found": foothold.get("found", ""), "sure": foothold.get("sure", True), "why": why,
    }  # fmt: skip


def discovered(live: Live) -> dict[str, Any]:
    """Which discovery the plan stands on, and what must be said of it; empty where the playbook is about no integration."""
    if live.integration is None:
        return {}
    recorded = live.run.opened.get("discovered") or {}
    source = str(recorded.get("source", "")) if recorded.get("snapshot") else ""
    return {"source": source, "said": told(recorded, now())}
