"""What may start though nobody asks for it: holds of declared footholds of one integration that is not critical, and nothing else.

Judged on what is about to be opened, whatever was judged of the alert before: its way in is not the only guard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.opening import Prepared


def why_not(prepared: Prepared) -> str:
    """Why a person must start this; "" where it may start by itself."""
    order, integration = prepared.order, prepared.integration
    if not (order.hold_only and order.declared_only):
        return "An alert starts nothing but what can be undone, at footholds that people declared."
    if integration is None:
        return f"{order.checked.playbook.id} is about no integration, or several: a person starts it."
    if integration.critical:
        return f"{prepared.name} is critical: a second person is asked, so a person starts it."
    holds = [
        bound
        for bound in prepared.bound.values()
        if bound.kind == "hold" and not bound.below and bound.phase == "contain"
    ]
    if not holds:
        return f"{order.checked.playbook.id} holds nothing here: there is nothing that may start by itself."
    if listed := [bound.id for bound in holds if bound.many]:
        return (
            f"{', '.join(listed)}: holds whatever is listed there, and an alert starts nothing but holds of footholds that"
            " were declared by name: a person starts it."
        )
    return ""
