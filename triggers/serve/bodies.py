"""What requests say and what they are answered, in OpenAPI. Unknown keys, other types and other lengths are refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

MOST_INPUTS, MOST_VALUES = 40, 1000


def _printable(text: str) -> str:
    """Refuse what moves a cursor or is no text: it would stand in a record that people read on a terminal."""
    if any(not (letter.isprintable() or letter in "\n\t") for letter in text):
        raise ValueError("holds a character that cannot be printed")
    return text


Text = Annotated[str, Field(max_length=2000), AfterValidator(_printable)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,119}$")]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Value = Annotated[str, Field(max_length=4000), AfterValidator(_printable)]
Scope64 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ScopeStart = Annotated[
    str, Field(pattern=r"^[0-9a-f]{8,64}$", description="The scope, or its first letters, at least 8.")
]
Digest = Annotated[
    str, Field(pattern=r"^([0-9a-f]{64})?$", description="`digest` of the question that you were shown.")
]


class Body(BaseModel):
    """Any body."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Plan(Body):
    """What is to be looked at."""

    playbook: Id = Field(examples=["stolen_oauth_tokens"])
    inputs: dict[Id, Value | Annotated[list[Value], Field(max_length=MOST_VALUES)]] = Field(
        default_factory=dict, max_length=MOST_INPUTS, examples=[{"integration": "drift"}],
        description="No secrets: those are given at the command line alone.",
    )  # fmt: skip
    reason: Text = ""


class Start(Plan):
    """A run: what can be undone begins at once, what cannot waits for an approval."""

    incident: Name | None = Field(None, description="The incident that it is widened to; without it, one of its own.")
    hold_only: bool = Field(default=False, description="Only what can be undone.")
    since: Annotated[AwareDatetime, Field(strict=False)] | None = Field(
        None, description="When the attacker was first seen, with its zone; without it, from now on."
    )
    scope_hash: Scope64 | None = Field(
        None, description="Of the plan that you were shown: another scope is refused. Without it, it begins at once."
    )


class Approve(Body):
    """A yes to just this scope."""

    scope_hash: ScopeStart
    wall: Name | None = None
    shown: Digest = ""
    reason: Text = ""
    code: Annotated[str, Field(max_length=100)] = Field("", description="A sealed code, as it stands on the paper.")
    break_glass: bool = Field(default=False, description="Open it alone, with a reason; somebody else reviews it.")
    hot: bool = Field(
        default=False, description="Open it alone, as the attacker is at it now; somebody else reviews it."
    )


class Object(Body):
    """A no to just this scope."""

    scope_hash: ScopeStart
    reason: Annotated[Text, Field(min_length=1)]
    wall: Name | None = None
    shown: Digest = ""


class Review(Body):
    """That you looked at a wall which somebody opened alone, and what you found."""

    reason: Annotated[Text, Field(min_length=1)]
    wall: Name | None = None


class About(Body):
    """A person's word about a step, or an effect as STEP/TARGET."""

    about: Annotated[str, Field(min_length=1, max_length=400), AfterValidator(_printable)]
    reason: Annotated[Text, Field(min_length=1)]


class Note(Body):
    """A remark. No secrets, and nothing of customers."""

    text: Annotated[Text, Field(min_length=1)]


class Stop(Body):
    """Why, for the record."""

    reason: Text = ""


class Recover(Body):
    """What is left as it is, by step."""

    leave: Annotated[list[Name], Field(max_length=100)] = Field(default_factory=list)


class Started(BaseModel):
    """A run that is under way."""

    run: str
    incident: str
    mode: Literal["live", "drill"]


class Planned(BaseModel):
    """What would be done, as it was seen just now."""

    run: str = Field(description="The run that looked; it sent nothing.")
    first_line: str
    scope_hash: str
    plan_hash: str
    text: str
    digest: str


class Became(BaseModel):
    """What became of what you said."""

    run: str
    what: str
    counts: bool
    opened: bool = Field(description="Whether the wall is open with it.")
    n: int = Field(description="Its place in the record; 0 where it is no event of its own.")
    question: dict[str, Any] = Field(default_factory=dict, description="How the question stands now.")


class Question(BaseModel):
    """What a run asks people."""

    wall: str
    scope_hash: str
    role: str
    people: int
    open: bool
    text: str = Field(description="What a person is shown before they decide.")
    digest: str = Field(description="SHA-256 of the text: give it back as `shown`.")
    stands: dict[str, Any]


class Row(BaseModel):
    """A run in a list."""

    run: str
    incident: str
    word: str
    mode: str
    integration: str
    playbook: str
    opened: str
    last: str
    alive: bool
    locked: bool
    waits: bool = Field(description="It asks people something.")


class Rows(BaseModel):
    """Runs, newest first."""

    runs: list[Row]
