"""A playbook as the rest of the house sees it. Whether its names and expressions hold is for the checks."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, StringConstraints

Phase = Literal["contain", "recover"]
PHASES: tuple[Phase, ...] = ("contain", "recover")
Kind = Literal["uses", "approve", "watch", "undo"]
KINDS: tuple[Kind, ...] = ("uses", "approve", "watch", "undo")

STEP_KEYS: dict[Kind, frozenset[str]] = {
    "uses": frozenset(
        [
            "uses",
            "id",
            "needs",
            "if",
            "within",
            "expect",
            "with",
            "for_each",
            "where",
            "at",
            "may_be_empty",
            "accept_reissue",
            "given_is_all",
        ]
    ),
    "approve": frozenset({"approve", "within"}),
    "watch": frozenset({"watch"}),
    "undo": frozenset(["undo", "id", "needs", "if", "within", "expect"]),
}
"""Which keys a step of each kind takes."""

# CEL keeps these for itself, and two of ours are names of phases, which `undo:` takes.
RESERVED = frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "false",
        "for",
        "function",
        "if",
        "import",
        "in",
        "let",
        "loop",
        "package",
        "namespace",
        "null",
        "return",
        "true",
        "var",
        "void",
        "while",
        "contain",
        "recover",
    ]
)
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DURATION = re.compile(r"[1-9][0-9]{0,5}[smhd]")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _id(value: object) -> object:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        hyphen = " (a hyphen is a minus in expressions)" if "-" in str(value) else ""
        raise ValueError(f"an id is a lower-case letter, then up to 39 letters, digits and _{hyphen}, not '{value}'")
    if value in RESERVED:
        raise ValueError(f"'{value}' means something else already: take another id")
    return value


def _duration(value: object) -> object:
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise ValueError(f"a time span is a number and s, m, h or d, as in 90s or 24h, not '{value}'")
    return value


def seconds(duration: str) -> float:
    """Turn `90s` into 90.0."""
    return float(duration[:-1]) * _SECONDS[duration[-1]]


Id = Annotated[str, BeforeValidator(_id)]
Duration = Annotated[str, BeforeValidator(_duration)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=5000)]
Technique = Annotated[str, StringConstraints(pattern=r"^T[0-9]{4}(\.[0-9]{3})?$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


class Input(_Frozen):
    """What a responder gives before a run starts."""

    type: Text
    has: tuple[Text, ...] = ()
    default: JsonValue = None


class Step(_Frozen):
    """One line of a phase. Of `uses`, `approve`, `watch` and `undo` exactly one is not empty: its kind."""

    kind: Kind
    id: Id
    named: bool = Field(description="whether the id was written, and so may be referred to")
    uses: str = ""
    approve: str = ""
    watch: Duration | None = None
    undo: str = ""
    needs: tuple[Text, ...] = ()
    if_: Text | None = Field(None, alias="if")
    within: Duration | None = None
    expect: Text | None = None
    with_: dict[str, JsonValue] = Field(default_factory=dict, alias="with")
    for_each: Text | None = None
    where: Text | None = None
    at: Text | None = None
    may_be_empty: Text | None = None
    accept_reissue: Text | None = None
    given_is_all: Text | None = None

    @property
    def within_s(self) -> float | None:
        """After so many seconds the step counts as open; an approval as unanswered."""
        return seconds(self.within) if self.within else None

    @property
    def watch_s(self) -> float | None:
        """For so many seconds a watch looks on."""
        return seconds(self.watch) if self.watch else None


class Playbook(_Frozen):
    """A whole file."""

    id: Id = Field(alias="playbook")
    title: Text
    attack: tuple[Technique, ...] = ()
    breaks: Text
    does_not: Text
    inputs: dict[Id, Input] = Field(default_factory=dict)
    contain: tuple[Step, ...]
    recover: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in the order of the file's phases."""
        return self.contain + self.recover

    def phase(self, name: Phase) -> tuple[Step, ...]:
        """Return the steps of one phase."""
        return self.contain if name == "contain" else self.recover
