"""What we read of CACAO 2.0, and of what type it must be. Other fields may stand there; the ledger says what became of them.

It states no rule over several fields: that is for `rules` and `graph`.
"""

import datetime as dt
import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
    ValidationError,
)

from language.cacao.faults import Faults, pointer

IDENTIFIER = re.compile(
    r"([a-z][a-z0-9-]+[a-z0-9])--[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
)
VARIABLE = re.compile(r"__[a-zA-Z_][a-zA-Z0-9_-]{0,199}__")
STEP_TYPES = (
    "start",
    "end",
    "action",
    "playbook-action",
    "parallel",
    "if-condition",
    "while-condition",
    "switch-condition",
)


def _identifier(text: str) -> str:
    if not IDENTIFIER.fullmatch(text):
        raise ValueError("must be an identifier of CACAO: type--UUID")
    return text


def _utc(text: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z", text):
        raise ValueError("must be a time in UTC, as 2026-03-01T02:40:00.000Z")
    time(text)
    return text


def time(text: str) -> dt.datetime:
    """Read a time of CACAO. Raises ValueError where no calendar has it. A leap second is the second before it."""
    whole = text.partition(".")[0].removesuffix("Z").replace(":60", ":59")
    return dt.datetime.fromisoformat(whole).replace(tzinfo=dt.UTC)


Identifier = Annotated[StrictStr, AfterValidator(_identifier)]
Timestamp = Annotated[StrictStr, AfterValidator(_utc)]
Some = Annotated[StrictStr, StringConstraints(min_length=1)]
Milliseconds = Annotated[StrictInt, Field(ge=0, le=10**12)]


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class Variable(_Read):
    """A value with a name: given from outside, constant, or found on the way."""

    type: StrictStr
    value: StrictStr | None = None
    description: StrictStr = ""
    constant: StrictBool = False
    external: StrictBool = False


class Reference(_Read):
    """Something outside that is pointed to."""

    name: StrictStr
    source: StrictStr = ""
    url: StrictStr = ""
    external_id: StrictStr = ""


class Command(_Read):
    """What an agent is to do. All further fields are kept as text, whatever the type is."""

    type: Some
    description: StrictStr = ""


class Step(_Read):
    """One step of a workflow, of any type."""

    type: StrictStr
    name: StrictStr = ""
    description: StrictStr = ""
    delay: Milliseconds = 0
    timeout: Milliseconds = 0
    step_variables: dict[str, Variable] = {}
    on_completion: Identifier | None = None
    on_success: Identifier | None = None
    on_failure: Identifier | None = None
    commands: list[Command] = []
    agent: Identifier | None = None
    targets: list[Identifier] = []
    in_args: list[StrictStr] = []
    out_args: list[StrictStr] = []
    playbook_id: Identifier | None = None
    playbook_version: Timestamp | None = None
    next_steps: list[Identifier] = []
    condition: StrictStr = ""
    on_true: Identifier | None = None
    on_false: Identifier | None = None
    switch: StrictStr = ""
    cases: dict[str, Identifier] = {}
    external_references: list[Reference] = []
    step_extensions: dict[str, Any] = {}


class Party(_Read):
    """An agent or a target."""

    type: Some
    name: StrictStr = ""
    description: StrictStr = ""
    category: list[StrictStr] = []
    address: dict[str, list[Any]] = {}
    contact: dict[str, Any] = {}
    port: StrictStr = ""
    authentication_info: Identifier | None = None


class CacaoPlaybook(_Read):
    """A whole playbook of CACAO 2.0."""

    type: StrictStr
    spec_version: StrictStr
    id: Identifier
    name: Some
    created_by: Identifier
    created: Timestamp
    modified: Timestamp
    description: StrictStr = ""
    playbook_types: list[StrictStr] = []
    revoked: StrictBool = False
    valid_from: Timestamp | None = None
    valid_until: Timestamp | None = None
    external_references: list[Reference] = []
    markings: list[StrictStr] = []
    playbook_variables: dict[str, Variable] = {}
    workflow_start: Identifier
    workflow_exception: Identifier | None = None
    workflow: dict[str, Step]
    agent_definitions: dict[str, Party] = {}
    target_definitions: dict[str, Party] = {}
    authentication_info_definitions: dict[str, dict[str, Any]] = {}
    data_marking_definitions: dict[str, dict[str, Any]] = {}
    playbook_extensions: dict[str, Any] = {}


def parse(raw: dict[str, Any], faults: Faults) -> CacaoPlaybook:
    """Read the fields we know. Raises CannotImport with every field of a wrong type."""
    if raw.get("type") != "playbook" or raw.get("spec_version") != "cacao-2.0":
        faults.add("version", "/spec_version", 'is no playbook of CACAO 2.0 (`"type": "playbook"`, `"cacao-2.0"`)')
        faults.settle()
    try:
        return CacaoPlaybook.model_validate(raw)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False, include_context=False):
            said = detail["msg"].removeprefix("Value error, ")
            path = [part for part in detail["loc"] if part != "[key]"]
            missing = detail["type"] == "missing"
            faults.add("missing" if missing else "type", pointer(*path), "is missing" if missing else said)
        faults.settle()
        raise AssertionError from None  # settle() has raised
