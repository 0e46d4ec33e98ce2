"""An alert as playbooks see it, whichever source it came from: one record for each thing that can be acted on.

Reading and verifying a source's own form is for its trigger. Every text in it came from outside; an alert proposes
targets, and the inventory confirms them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NewType

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, create_model

AppId = NewType("AppId", str)
PrincipalId = NewType("PrincipalId", str)
CredentialId = NewType("CredentialId", str)
ResourceId = NewType("ResourceId", str)
Address = NewType("Address", str)

Status = Literal["open", "updated", "resolved", "test"]
Severity = Literal["informational", "low", "medium", "high", "critical", "unknown"]
PrincipalKind = Literal["user", "service_account", "role", "oauth_app", "api_client", "anonymous"]
CredentialKind = Literal[
    "access_key", "oauth_grant", "oauth_client", "refresh_token", "pat", "session", "api_key", "deploy_key"
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Principal(_Part):
    """Who is said to have done it, or to be its victim."""

    kind: PrincipalKind
    id: PrincipalId
    name: str | None = None
    email: str | None = None
    provider: str | None = None


class Credential(_Part):
    """What was used: its id and a hint, never the secret itself."""

    kind: CredentialKind
    id: CredentialId
    client_id: AppId | None = None
    hint: str | None = None
    scopes: tuple[str, ...] = ()
    provider: str | None = None


class Resource(_Part):
    """What is affected."""

    kind: str
    id: ResourceId
    name: str | None = None
    account: str | None = None
    region: str | None = None


class Seen(_Part):
    """An address, and what part it played."""

    ip: Address
    role: Literal["actor", "target", "proxy_chain"]
    asn: str | None = None
    country: str | None = None


class Provenance(_Part):
    """How we know that the source sent it. One that was not verified may propose, and never starts anything."""

    verified: bool
    scheme: str
    key_id: str | None = None
    received_at: AwareDatetime
    remote_ip: Address | None = None


class Alert(_Part):
    """One finding.

    Attributes:
        source_alert_id: the provider's stable id of the finding, not of the delivery.
        dedupe_key: equal for what is the same finding; `revision` changes when that is updated.
        stable_id: the provider gave the id. Where it is a digest of what the alert says, it proposes and never acts.
        severity: 0 to 100; 0 when unknown. `severity_raw` is the provider's word for it.
        app: with principal, token, resource, ip and time the single best candidate; absent when there are two equally
            good ones, so that a person picks.
        is_sample: the provider made it up, as `is_test` one of ours: neither ever acts.
        raw_sha256: digest of the raw body after redaction; it is stored under `raw_ref`.
        parse_notes: what could not be read of it.
    """

    source: str
    source_alert_id: str
    delivery_id: str | None = None
    dedupe_key: str
    stable_id: bool = True
    revision: str = ""
    status: Status = "open"
    severity: Annotated[int, Field(ge=0, le=100)] = 0
    severity_label: Severity = "unknown"
    severity_raw: str = ""
    type: str
    title: str
    app: AppId | None = None
    principal: PrincipalId | None = None
    token: CredentialId | None = None
    resource: ResourceId | None = None
    ip: Address | None = None
    time: AwareDatetime | None = None
    principals: tuple[Principal, ...] = ()
    credentials: tuple[Credential, ...] = ()
    resources: tuple[Resource, ...] = ()
    ips: tuple[Seen, ...] = ()
    occurred_at: AwareDatetime | None = None
    first_seen: AwareDatetime | None = None
    last_seen: AwareDatetime | None = None
    detected_at: AwareDatetime | None = None
    is_sample: bool = False
    is_test: bool = False
    links: tuple[str, ...] = ()
    raw_sha256: str | None = None
    raw_ref: str | None = None
    provenance: Provenance
    parse_notes: tuple[str, ...] = ()


def narrowed(source: str, types: tuple[str, ...]) -> type[Alert]:
    """The alert of a source whose finding types are known: a slip in one is then found when a playbook is checked."""
    kind: Any = Literal[types]
    return create_model(f"Alert_{source.replace('.', '_')}", __base__=Alert, type=(kind, ...))
