"""What an expression sees while a run goes on. It asks nothing itself: the engine fills it in."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from pydantic import AwareDatetime, BaseModel, ConfigDict

from language.catalogue import Nothing


class Incident(BaseModel):
    """What runs belong to. What nobody has said yet is absent, and an expression that uses it is in doubt."""

    model_config = ConfigDict(frozen=True)

    id: str
    since: AwareDatetime
    severity: str | None = None
    reason: str | None = None
    commander: str | None = None


class RunInfo(BaseModel):
    """The run itself. `now` is fixed by the engine, so that one plan has one time."""

    model_config = ConfigDict(frozen=True)

    id: str
    now: AwareDatetime
    word: str
    url: str | None = None


@dataclass
class StepValue:
    """A step as others see it. `open` means *not proven closed*, so it is true until somebody proves it.

    `ended` is when it was done or given up, with its zone; absent while it goes on.
    """

    open: bool = True
    failed: bool = False
    skipped: bool = False
    effective: int = 0
    ended: dt.datetime | None = None
    output: BaseModel | None = None
    items: Sequence[BaseModel] = ()


@dataclass
class Values:
    """One state of a run. `secrets` leads from a fingerprint to the secret, which no expression ever holds."""

    inputs: BaseModel
    incident: Incident
    run: RunInfo
    steps: Mapping[str, StepValue] = field(default_factory=dict)
    org: BaseModel = field(default_factory=Nothing)
    secrets: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Heard:
    """What a trigger sees: the alert alone, which holds no secret."""

    alert: BaseModel
    secrets: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """What the mapping of an alert source sees: the facts that were found in one payload, by name."""

    fact: Mapping[str, object]
    secrets: Mapping[str, object] = field(default_factory=dict)


Sees = Values | Heard | Told


@dataclass(frozen=True)
class Doubt:
    """No answer, and why. It is neither true nor false, so it refuses to be taken for either."""

    why: str

    def __bool__(self) -> NoReturn:
        raise TypeError(f"a doubt is neither true nor false: {self.why}")
