"""How many people of which authority a wall wants, and when one responder may cut alone: by cost, guardrails and what is seen."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.approvals import Cost, needed, needed_beyond_guardrail
from engine.approvals.question import HOT_S
from engine.plan.first_line import is_vendors, uses
from engine.state import Live
from inventory.people import ApprovalsEntry
from journal.clock import now
from language import Step


def needs_of_holds(live: Live) -> Mapping[str, Any] | None:
    """What is wanted before what can be undone begins. None: it begins on one responder's word."""
    approvals = _approvals(live)
    critical = live.integration is not None and live.integration.critical and live.run.opened["mode"] == "live"
    beyond = _guardrails(live).get("asks_before_holds", [])
    if not critical and not beyond:
        return None
    wants = needed_beyond_guardrail(_cost(live), approvals) if beyond else needed(_cost(live), approvals)
    return wants.body(approvals) | {"why": "; ".join(beyond) or "a critical integration"}


def needs_of_wall(live: Live, wall: Step) -> Mapping[str, Any]:
    """The part of an `asked` event that says what is wanted: by whom, how many, and by which ladder."""
    approvals, beyond = _approvals(live), _guardrails(live).get("asks", [])
    if beyond:
        people = max(wall.people, int(_guardrails(live)["approvals"]))
        wants = needed_beyond_guardrail(_cost(live), approvals, people=people)
    else:
        wants = needed(_cost(live), approvals, role=wall.approve, people=wall.people)
    return wants.body(approvals, within_s=wall.within_s) | ({"why": "; ".join(beyond)} if beyond else {})


def _approvals(live: Live) -> ApprovalsEntry:
    return live.config.approvals if live.config is not None else ApprovalsEntry()


def _cost(live: Live) -> Cost:
    return Cost(int(_guardrails(live).get("people_planned", 0)), Decimal(_approvals(live).restore_h))


def _guardrails(live: Live) -> Mapping[str, Any]:
    """How the plan stands to the playbook's guardrails: `asks`, a sentence for each that it passes."""
    found: Mapping[str, Any] = live.run.planned.get("guardrails") or {}
    return found


def hot(live: Live) -> str:
    """What shows that the attacker is reading now, in words; "" where nothing does, or the hot rule does not hold."""
    integration = live.integration
    if (
        integration is None
        or integration.critical
        or not integration.addresses
        or live.run.opened.get("trigger") == "alert"
    ):
        return ""
    items = [
        item for view in live.views.values() for item in (*view.value.items, view.value.output) if item is not None
    ]
    strange = [
        use for use in uses(items) if use.at and use.address and not is_vendors(use.address, integration.addresses)
    ]
    last = max(strange, key=lambda use: use.at or now(), default=None)
    if last is None or last.at is None or not 0 <= (now() - last.at).total_seconds() <= HOT_S:
        return ""
    return f"used at {last.at:%H:%M:%S} UTC from {last.address}, not an address of the vendor"
