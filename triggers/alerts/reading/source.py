"""A source of alerts as its YAML file says it: what its payloads look like, and how they become alerts. Data, no code."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from engine.alert import CredentialKind, PrincipalKind, Severity, Status
from inventory.part import Part
from inventory.trusting import Trust
from triggers.alerts.reading.envelopes import LAYERS
from triggers.alerts.reading.paths import path_of

NAME = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"


def _as_path(value: str) -> str:
    path_of(value)
    return value


def _as_envelope(value: str) -> str:
    if value not in LAYERS:
        raise ValueError(f"no envelope is called that; there are {', '.join(sorted(LAYERS))}")
    return value


PathText = Annotated[str, AfterValidator(_as_path)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Paths = Annotated[list[PathText], BeforeValidator(_as_list)]
"""One path, or several in the order in which they are tried."""
Test = Annotated[str, Field(min_length=1)]
"""`path` (something is there), `path=text|text` (in any case) or `path~text` (holds it)."""


class Fact(Part):
    """A value to be found: the first of some paths that leads to one of its kind. Exactly one kind is named.

    Attributes:
        pattern: a text must match it whole or in part; its first group is taken where it has one.
        digest: of what stands at all its paths together: an id for what has none.
        first: where a path leads to several different values, the first will do; else there is none.
    """

    text: Paths | None = None
    texts: Paths | None = None
    number: Paths | None = None
    whole: Paths | None = None
    flag: Paths | None = None
    time: Paths | None = None
    address: Paths | None = None
    digest: Paths | None = None
    pattern: str | None = None
    first: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> Fact:
        named = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(named) != 1:
            raise ValueError(f"a fact has exactly one of {', '.join(KINDS)}")
        return self

    @property
    def kind(self) -> str:
        """Which of the kinds it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def paths(self) -> list[str]:
        """Where it is looked for, in this order."""
        found: list[str] = getattr(self, self.kind)
        return found


KINDS = ("text", "texts", "number", "whole", "flag", "time", "address", "digest")


def _as_text_fact(value: object) -> object:
    """A path, or several, is where a text is."""
    return {"text": value} if isinstance(value, str | list) else value


class Take(Part):
    """What is taken where a condition holds; then nothing after it is tried."""

    when: Annotated[str, Field(alias="if")]
    take: str | list[str] = Field(default_factory=list)


Choice = str | list[str | Take]
"""An expression, or several: the first that has an answer."""


class Said(Part):
    """A condition, and a sentence for people."""

    when: Annotated[str, Field(alias="if")]
    why: str


class Rated(Part):
    """A condition, and the severity that it means."""

    when: Annotated[str, Field(alias="if")]
    rate: Annotated[int, Field(alias="is", ge=0, le=100)]


class Become(Part):
    """A condition, and the status that it means."""

    when: Annotated[str, Field(alias="if")]
    status: Annotated[Status, Field(alias="is")]


class Severities(Part):
    """How bad it is: the first rule that holds, else the source's word by its table, else its number.

    Attributes:
        words: the source's own words, in any case; those that mean the same everywhere need no line.
        number, times: a number, and what it is multiplied with to lie between 0 and 100.
    """

    raw: Choice | None = None
    rules: list[Rated] = Field(default_factory=list)
    word: Choice | None = None
    words: dict[str, Severity] = Field(default_factory=dict)
    number: Choice | None = None
    times: float | int = 1


class Named(Part):
    """Things that a finding names: `each` leads to them, and the other paths lead on from there."""

    each: PathText | None = None
    id: Paths
    name: Paths | None = None


class PrincipalPart(Named):
    """Who."""

    kind: PrincipalKind
    email: Paths | None = None
    provider: str | None = None


class CredentialPart(Named):
    """What was used; never the secret itself."""

    kind: CredentialKind
    client_id: Paths | None = None
    hint: Paths | None = None
    scopes: Paths | None = None
    provider: str | None = None


class ResourcePart(Named):
    """What is affected."""

    kind: str
    kind_at: Paths | None = None
    account: Paths | None = None
    region: Paths | None = None


class AddressPart(Part):
    """An address, and what part it plays."""

    at: Paths
    each: PathText | None = None
    role: Literal["actor", "target", "proxy_chain"] = "actor"
    asn: Paths | None = None
    country: Paths | None = None


class AlertPart(Part):
    """The alert's fields, each an expression over the facts.

    What is left out of app, principal, token, resource and ip is the only one that was listed, where there is just one.
    """

    id: Choice
    key: list[Choice] | None = None
    key_of: Choice | None = None
    type: Choice
    title: Choice
    revision: list[Choice] = Field(default_factory=list)
    status: list[Become] = Field(default_factory=list)
    app: Choice | None = None
    principal: Choice | None = None
    token: Choice | None = None
    resource: Choice | None = None
    ip: Choice | None = None
    time: Choice | None = None
    first_seen: Choice | None = None
    last_seen: Choice | None = None
    detected_at: Choice | None = None
    links: list[Choice] = Field(default_factory=list)
    sample: list[str] = Field(default_factory=list)
    test: list[str] = Field(default_factory=list)


class Source(Part):
    """One source.

    Attributes:
        source: its name: how the door, the configuration and playbooks call it.
        a: how a sentence names one alert of it, with its article.
        trust: how a delivery is proven; read by whoever verifies.
        envelopes: what a finding may come in. items: where several lie inside one object.
        recognise: what a finding has, in alternatives; all tests of one must hold. hint: the same in words.
        rank: between two sources that recognise it by equally many tests, the higher one has it. One below zero has it
            only where none of the others does: a form that says nothing of who sends it.
        delivery: where the sender's id of the delivery is.
        facts: what is found in a finding, by name; expressions see them as `fact.NAME`. derived: texts that are
            worked out from them, in this order; expressions after them see them in the same way.
        drop: what is no alert at all (a ping). ignore: what is one that never acts.
        types: all types that there are, where the source has a closed list; playbooks are checked against it.
        largest: bytes that a payload may have.
    """

    source: Annotated[str, Field(pattern=f"^{NAME}$")]
    title: str
    a: str
    trust: Trust = Trust()
    envelopes: list[Annotated[str, AfterValidator(_as_envelope)]] = Field(default_factory=list)
    items: list[PathText] = Field(default_factory=list)
    recognise: list[list[Test]] = Field(default_factory=list)
    hint: str
    rank: int = 0
    delivery: list[PathText] = Field(default_factory=list)
    facts: dict[str, Annotated[Fact, BeforeValidator(_as_text_fact)]]
    derived: dict[str, Choice] = Field(default_factory=dict)
    alert: AlertPart
    severity: Severities = Severities()
    principals: list[PrincipalPart] = Field(default_factory=list)
    credentials: list[CredentialPart] = Field(default_factory=list)
    resources: list[ResourcePart] = Field(default_factory=list)
    ips: list[AddressPart] = Field(default_factory=list)
    drop: list[Said] = Field(default_factory=list)
    ignore: list[Said] = Field(default_factory=list)
    types: list[str] = Field(default_factory=list)
    largest: Annotated[int, Field(ge=1_024, le=32 << 20)] = 1 << 20
