"""The audit log: who did what in the organisation, from where and with which kind of credential. Evidence, nothing else.

Enterprise Cloud has it by API (1,750 requests an hour); Git events (clones, pushes) stay there for seven days, the others for
180. Times are milliseconds since 1970. Source: docs.github.com/enterprise-cloud/rest/orgs/orgs (get the audit log for an
organization); GitHub's public description does not have it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from connectors.core import Params, Person, Reader, Shown, State, UsedAt, UsedFrom, Volatile
from connectors.github.base import Login, absent, github, pages
from connectors.github.installations import Organisation, organisation

EventName = Annotated[str, Field(pattern=r"^[a-z_]{1,60}(\.[a-z_]{1,60})?$")]
"""An action as the log names it (`git.clone`), or a whole kind of them (`hook`)."""


Actor = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?$")]
"""Who acted: an account, or an App (`drift[bot]`)."""


class AuditEvent(Params):
    """One event, by its id in the log, and the second of it: the log is searched by time."""

    org: Login
    event: str
    at: AwareDatetime


class AuditEventSeen(State):
    """What was done, to which repository, by whom, when, from where and with what kind of credential."""

    action: str
    repository: Shown = ""
    credential: Shown = ""
    actor: Volatile[Person[str]] = ""
    at: Volatile[UsedAt[str]] = ""
    address: Volatile[UsedFrom[str]] = ""


class AuditOf(Params):
    """What of the log: by whom, and, where it is given, of what kind and since when."""

    org: Login
    user: Actor
    action: EventName | None = None
    since: AwareDatetime | None = None


def _when(item: Any) -> datetime:
    return datetime.fromtimestamp(item["@timestamp"] / 1000, UTC)


def _event(item: Any) -> AuditEventSeen:
    return AuditEventSeen(
        action=str(item["action"]),
        repository=str(item.get("repo") or ""),
        credential=str(item.get("programmatic_access_type") or ""),
        actor=str(item.get("actor") or ""),
        at=_when(item).isoformat(),
        address=str(item.get("actor_ip") or ""),
    )


def _log(read: Reader, org: str, phrase: str) -> AsyncIterator[Any]:
    return pages(read, "/orgs/{org}/audit-log", Organisation(org=org), phrase=phrase, include="all", order="desc")


@github.look(permission="organization_administration: read", identifies=("org", "event"))
async def audit_event(read: Reader, p: AuditEvent) -> AuditEventSeen:
    """One event of the audit log."""
    second = p.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    async for item in _log(read, p.org, f"created:{second}"):
        if item["_document_id"] == p.event:
            return _event(item)
    raise absent(f"event {p.event} in the audit log of {p.org}")


@github.find(of=audit_event, permission="organization_administration: read", control=organisation)
async def audit_events(read: Reader, p: AuditOf) -> AsyncIterator[tuple[AuditEvent, AuditEventSeen]]:
    """What the audit log has of an account, newest first, Git events among it."""
    asked = [f"actor:{p.user}", *([f"action:{p.action}"] if p.action else [])]
    if p.since is not None:
        asked.append(f"created:>={p.since.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%S+00:00')}")
    async for item in _log(read, p.org, " ".join(asked)):
        yield AuditEvent(org=p.org, event=item["_document_id"], at=_when(item)), _event(item)
