"""A small house to check playbooks against: one system, its actions, and a secret that shows when it is opened."""

import datetime as dt
from typing import Literal, NewType

from pydantic import AwareDatetime, BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from language import Catalogue, Checked, Cut, Entry, Incident, Nothing, RunInfo, Values, read

AppId = NewType("AppId", str)
UserId = NewType("UserId", str)


class Secret:
    __ringfence_secret__ = True

    def __init__(self, value: str, fingerprint: str):
        self._value = value
        self.fingerprint = fingerprint

    def __repr__(self):
        return f"Secret({self.fingerprint})"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.is_instance_schema(cls)


class CrmFoothold(BaseModel):
    app: AppId
    client: str


class NoParams(BaseModel):
    pass


class AppParams(BaseModel):
    app: AppId


class UserParams(BaseModel):
    user: UserId
    hard: bool = False


class TokenParams(BaseModel):
    token: Secret


class Grant(BaseModel):
    id: str
    app: AppId
    user: UserId
    owner: str | None = None
    used: AwareDatetime | None = None
    level: Literal["low", "high"] = "low"
    live: bool = True
    scopes: list[str] = []


class FindParams(BaseModel):
    app: AppId
    since: AwareDatetime | None = None


class ProbeOut(BaseModel):
    dead: bool
    tried_at: AwareDatetime | None = None
    tries: int = 1


class MessageParams(BaseModel):
    to: str
    text: str
    tags: list[str] = []
    level: Literal["info", "alarm"] = "info"


class NetParams(BaseModel):
    addresses: list[str]
    minutes: int = 5


class Org(BaseModel):
    addresses: list[str]
    name: str = "Example"


class CutOut(BaseModel):
    principals: list[str]


ENTRIES = [
    Entry("crm.block_app", "action", AppParams, families=frozenset({"blocks-reissue"}), system="crm", layer="app"),
    Entry("crm.allow_only", "action", NetParams, families=frozenset({"closes-path"}), system="crm"),
    Entry("crm.suspend", "action", UserParams, output=CutOut, system="crm"),
    Entry(
        "crm.revoke",
        "action",
        TokenParams,
        undoable=False,
        families=frozenset({"kills-refresh", "kills-access"}),
        system="crm",
    ),
    Entry("crm.find_grants", "find", FindParams, item=Grant, system="crm"),
    Entry("crm.probe", "look", AppParams, output=ProbeOut, system="crm"),
    Entry("crm.purge", "action", AppParams, undoable=False, system="crm"),
    Entry("notify.message", "message", MessageParams),
    Entry("isolate.identity", "macro", Nothing, output=Cut, layer="identity", needs_integration=True),
    Entry("crm.note", "action", MessageParams),
    Entry("crm.snapshot", "action", NoParams),
]
HOUSE = Catalogue(
    entries={e.name: e for e in ENTRIES},
    footholds={"crm": CrmFoothold},
    input_types={"crm.user": UserId},
    org=Org,
)
NOW = dt.datetime(2026, 3, 1, 4, 0, tzinfo=dt.UTC)

HEAD = """\
playbook: vendor_breached
title: A vendor was breached
attack: [T1199, T1550.001]
breaks: What the vendor does for us stops.
does_not: Tell what was read.
"""
INPUTS = """\
inputs:
  integration: {type: integration, has: [crm]}
  tokens: {type: list of secret}
  token: {type: secret}
  note: {type: text, default: none yet}
  since: {type: time}
  user: {type: crm.user}
  people: {type: list of text}
"""


def book(contain: str, recover: str = "", inputs: str = INPUTS) -> str:
    tail = f"recover:\n{recover}" if recover else ""
    return f"{HEAD}{inputs}contain:\n{contain}{tail}"


def check(contain: str, recover: str = "", inputs: str = INPUTS, catalogue: Catalogue = HOUSE) -> Checked:
    return read(book(contain, recover, inputs), "p.yaml", catalogue)


TOKENS = [Secret(f"sesame-{n}", f"fp{n}") for n in range(3)]
INTEGRATION = {
    "id": "acme",
    "title": "Acme",
    "owner": "ann@example.org",
    "vendor": "Acme Ltd",
    "addresses": ["192.0.2.7"],
    "crm": {"app": "app-1", "client": "c-1"},
}
GIVEN = {
    "integration": "acme",
    "tokens": TOKENS[:2],
    "token": TOKENS[2],
    "since": "2026-03-01T02:40:00Z",
    "user": "u-7",
    "people": ["ann", "bob"],
}


def integration(name: str):
    if name != "acme":
        raise LookupError(f"no integration '{name}'")
    return INTEGRATION


def values(checked: Checked, **steps) -> Values:
    given = {k: v for k, v in GIVEN.items() if k in checked.playbook.inputs}
    return Values(
        inputs=checked.parse_inputs(given, integration),
        incident=Incident(id="INC-1", since=NOW - dt.timedelta(hours=2), reason="told by the vendor"),
        run=RunInfo(id="run-1", now=NOW, word="running"),
        steps=steps,
        org=Org(addresses=["198.51.100.1"]),
        secrets={t.fingerprint: t for t in TOKENS},
    )
