"""How many people of which authority a wall wants, and when one responder may cut alone: by cost, guardrails and what is seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.approvals import Cost, needed, needed_beyond_guardrail
from engine.state import Live
from inventory.people import ApprovalsEntry
from journal.clock import now

HOT_S = 15 * 60
"""So fresh a use from a strange address means that he is reading now."""


def needs_of_wall(live: Live, what: str, wall: Any = None) -> Mapping[str, Any] | None:
    """The part of an `asked` event that says what is wanted. None: holds begin on one responder's word."""
    approvals = live.config.approvals if live.config is not None else ApprovalsEntry()
    planned = live.run.planned
    people = int(planned.get("people") or 0)
    cost = Cost(people, Decimal(approvals.restore_h))
    beyond = [str(one) for one in planned.get("guardrails", {}).get("asks", ())]
    if what == "hold":
        critical = live.integration is not None and live.integration.critical and live.run.opened["mode"] == "live"
        if not critical and not any("hold" in one for one in beyond):
            return None
        wants = needed_beyond_guardrail(cost, approvals) if beyond else needed(cost, approvals)
        return wants.body(approvals) | {"why": "; ".join(beyond) or "a critical integration"}
    if beyond:
        wants = needed_beyond_guardrail(cost, approvals, people=wall.people)
    else:
        wants = needed(cost, approvals, role=wall.approve, people=wall.people)
    return wants.body(approvals, within_s=wall.within_s) | ({"why": "; ".join(beyond)} if beyond else {})


def hot(live: Live) -> str:
    """What shows that the attacker is reading now, in words; "" where nothing does, or the hot rule does not hold."""
    integration = live.integration
    if integration is None or integration.critical or not integration.addresses or live.run.opened.get("trigger") == "alert":
        return ""
    uses = [
        (str(getattr(item, "used_at", "")), str(getattr(item, "used_from", "")))
        for view in live.views.values() for item in view.value.items
    ]  # fmt: skip
    strange = [use for use in uses if all(use) and use[1] not in integration.addresses]
    if not strange:
        return ""
    at, address = max(strange)
    try:
        age_s = (now() - datetime.fromisoformat(at)).total_seconds()
    except (ValueError, TypeError):
        return ""
    return f"used at {at[11:19]} UTC from {address}, not an address of the vendor" if 0 <= age_s <= HOT_S else ""


def review_by(live: Live, evidence: str) -> dict[str, str]:
    """What is added to an approval that one responder gave alone: why, and until when another person looks at it."""
    assert live.config is not None
    until = now() + timedelta(seconds=live.config.approvals.review_s)
    return {"hot": evidence, "review_by": until.isoformat(timespec="seconds").replace("+00:00", "Z")}
