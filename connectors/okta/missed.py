"""The log's events of which an event hook tells: a hook is tried twice at most, and told of no loss.

Source: developer.okta.com/docs/concepts/event-hooks (at most one retry, none after a 4xx; reconcile by the System Log).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from connectors.core import Reader
from connectors.core.missed import Missed
from connectors.okta.federation import Hook, event_hook
from connectors.okta.log import any_of, events

PERMISSION = "okta.logs.read okta.eventHooks.read"
TYPES = (
    "app.oauth2.token.detect_reuse", "app.oauth2.as.token.detect_reuse", "user.session.context.change", "user.risk.detect",
    "user.account.report_suspicious_activity_by_enduser", "user.session.impersonation.initiate", "system.idp.lifecycle.create",
    "security.threat.detected", "system.api_token.create", "app.oauth2.client.lifecycle.create", "policy.entity_risk.evaluate",
    "user.account.privilege.grant", "user.mfa.factor.reset_all", "application.lifecycle.create", "zone.update",
)  # fmt: skip
"""Asked for where no hook is named that says which."""
AT_ONCE = 20
"""Types in one filter."""


async def missed(read: Reader, hook: str, since: str) -> AsyncIterator[Missed]:
    """The events from a time on that a hook (its id; "" for none) tells of; in order for each twenty types."""
    read = read.allowed((), PERMISSION)
    types = (await event_hook(read, Hook(hook=hook))).events if hook else TYPES
    for first in range(0, len(types), AT_ONCE):
        async for item in events(read, any_of("eventType", tuple(types[first : first + AT_ONCE])), since=since):
            yield Missed(id=str(item["uuid"]), at=str(item["published"]), payload=item)
