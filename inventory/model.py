"""What `ringfence.yaml` may say, and nothing beside it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from inventory.alerting import AlertsEntry
from inventory.part import Id, Part, Reference, Url, Way, is_reference
from inventory.people import ApprovalsEntry, Key, PersonEntry, TellEntry, in_hex, one_account_one_person
from inventory.ways import PageEntry, ServeEntry, SlackEntry
from language.errors import nearest

__all__ = ["Id", "Part", "Reference"]


class ConnectionEntry(Part):
    """A way to one system: what it is, where, with whose credential. Further keys are the connector's own settings.

    Attributes:
        environment: what people call it: production, test. tenant: whose part of a shared system it is. A plan says
            both in its first line: of two connections that look alike, one is the wrong one.
        identity: what the system calls our credential there, beyond what the settings say (a login, a key's id): an
            alert that names it is about us.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    system: Id
    url: Way
    secret: Reference | None = None
    environment: str = ""
    tenant: str = ""
    identity: tuple[str, ...] = Field(default=(), strict=False)

    @property
    def settings(self) -> dict[str, Any]:
        """The connector's own settings, unread so far."""
        return dict(self.model_extra or {})


SPEAK = ("notify", "slack", "email", "apprise")
"""The systems whose connections say something to people: each has an action `message`."""


class AnchorEntry(Part):
    """A place outside to which signed heads of the journal are carried: one of `file`, `webhook`, `timestamp`.

    Attributes:
        file: a file that is only added to, a JSON object a line; relative to this file's folder.
        webhook: reference of a URL that takes a POST of the same JSON object.
        timestamp: URL of an RFC 3161 time stamp authority; always independent of us.
        trust: file of the authority's root certificates (PEM): without it, its stamps would prove nothing.
        independent: why whoever holds our machine cannot change what lies there; "" where they can.
    """

    file: str | None = None
    webhook: Reference | None = None
    timestamp: Url | None = None
    trust: str | None = None
    independent: str = ""

    @model_validator(mode="after")
    def _one_place(self) -> AnchorEntry:
        if sum(place is not None for place in (self.file, self.webhook, self.timestamp)) != 1:
            raise ValueError("an anchor is one of file, webhook, timestamp")
        if (self.timestamp is None) != (self.trust is None):
            raise ValueError(
                "a timestamp needs trust, the file of its authority's root certificates; nothing else has it"
            )
        if self.timestamp is not None and self.independent:
            raise ValueError("a timestamp is always independent: leave `independent` out")
        return self


class JournalEntry(Part):
    """Where the journal is and how it is signed.

    Attributes:
        url: sqlite:///PATH, or a reference to a URL with a password in it (PostgreSQL); without it, the state folder's.
        sign: reference of the Ed25519 key that signs heads; without it, one of the state folder's own.
    """

    url: str | None = None
    sign: Reference | None = None
    anchors: tuple[AnchorEntry, ...] = Field(default=(), strict=False)


class Org(Part):
    """What playbooks may know of the company itself.

    Attributes:
        addresses: the networks from which our own people and machines come.
    """

    addresses: tuple[str, ...] = Field(default=(), strict=False)


class ReleasesEntry(Part):
    """Whose releases of playbooks count: only what they signed may start by itself.

    Attributes:
        keys: public keys (ed25519:...), as `ringfence person key` prints them.
    """

    keys: tuple[Key, ...] = Field(default=(), strict=False)

    @property
    def public(self) -> frozenset[str]:
        """The keys in hex."""
        return frozenset(map(in_hex, self.keys))


class Config(Part):
    """`ringfence.yaml`.

    Attributes:
        integrations: file of the integrations, from this file's folder.
        playbooks: further folders of playbooks, from this file's folder.
        seal: reference of the master key that seals what resume and recovery need of secrets.
        journal: where the record lies, who signs its heads, and to which places they are carried.
        people: who may say what, by id.
        approvals: how many of them a wall wants, and who is asked when nobody answers.
        releases: whose releases of playbooks count.
        tell: who hears of what without looking.
        serve: the service: names it is asked under, how many runs side by side.
        slack: the workspace where responders are.
        page: where phones reach the page on which people decide; without it there is none.
        alerts: who may send alerts, and how far one may go by itself.
        org: what playbooks may know of the company, as `org`.
        protected: lists of accounts (`okta:glass@acme.example`) that a playbook's guardrails name: no run touches one
            of them on one person's word.
    """

    connections: dict[Id, ConnectionEntry] = Field(min_length=1)
    integrations: str = "integrations.yaml"
    playbooks: tuple[str, ...] = Field(default=(), strict=False)
    seal: Reference | None = None
    journal: JournalEntry = JournalEntry()
    people: dict[Id, PersonEntry] = Field(default_factory=dict)
    approvals: ApprovalsEntry = ApprovalsEntry()
    releases: ReleasesEntry = ReleasesEntry()
    tell: tuple[TellEntry, ...] = Field(default=(), strict=False)
    serve: ServeEntry = ServeEntry()
    slack: SlackEntry | None = None
    page: PageEntry | None = None
    alerts: AlertsEntry = AlertsEntry()

    _one_person = field_validator("people")(one_account_one_person)

    @field_validator("tell")
    @classmethod
    def _known_channels(cls, tell: tuple[TellEntry, ...], info: ValidationInfo) -> tuple[TellEntry, ...]:
        connections = info.data.get("connections") or {}
        ways = [name for name, entry in connections.items() if entry.system in SPEAK]
        for entry in tell:
            if not is_reference(entry.to) and connections and entry.to not in ways:
                known = f"those are {', '.join(ways)}" if ways else "there is none"
                raise ValueError(f"'{entry.to}' is no connection to {', '.join(SPEAK[:-1])} or {SPEAK[-1]}; {known}")
        people = info.data.get("people") or {}
        for entry in tell:
            if entry.person is not None and entry.person not in people:
                raise ValueError(f"'{entry.person}' is nobody of `people:`, so this channel can be nobody's own")
        return tell

    @field_validator("alerts")
    @classmethod
    def _asked_where_there_is_a_way(cls, alerts: AlertsEntry, info: ValidationInfo) -> AlertsEntry:
        connections = info.data.get("connections") or {}
        for name, entry in alerts.sources.items():
            if entry.poll is not None and connections and entry.poll not in connections:
                raise ValueError(f"{name}: `poll` names no connection '{entry.poll}'{nearest(entry.poll, connections)}")
        return alerts

    org: Org = Org()
    protected: dict[Id, Annotated[tuple[str, ...], Field(strict=False)]] = Field(default_factory=dict)


Mode = Literal["live", "dry-run", "drill"]
