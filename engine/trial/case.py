"""A case: what is given, what is there to be seen, what goes wrong, and what the playbook should make of it.

    case: Two live tokens are cut
    given: {integration: drift}            # an input each; an integration by name, or declared right here
    seen:                                  # what each look shows, and what each find lists
      practice_idp.client: [{client: drift-prod, enabled: true}]
      practice_idp.tokens: [{token: t1, active: true}]
    faults: [{at: tokens, answers: "503", times: 2}]
    approve: given                         # declined; nobody: it is not answered
    expect: {word: contained, sent: [client: 'PUT /clients/drift-prod/enabled {"enabled":false}']}

Whether its names exist is checked against the playbook and the connectors in `engine.trial.names`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue

from inventory.integrations.model import Integration, Integrations
from inventory.model import Id, Part
from inventory.read import BadInventory, parse
from language.errors import BadPlaybook, Place, Report
from language.files import text_of
from language.source import Node, load, place_in

INTEGRATIONS = "integrations.yaml"
"""In a folder of cases: integrations that its cases may name."""
_STATUS = re.compile(r"(false )?([1-5][0-9]{2})(?: with ([0-9]{1,4}) s)?")
_WORDS = {"no answer", "no answer, but done", "no connection", "not allowed"}


class BadCase(Exception):  # what: a sentence a line, each with its place
    """A case that cannot be tried as it is written."""


def _as_answer(value: str) -> str:
    found = _STATUS.fullmatch(value)
    if value in _WORDS or (found and (found[1] is None or (found[2][0] == "2" and found[3] is None))):
        return value
    known = '"503", "429 with 2 s", "false 200", ' + ", ".join(f'"{word}"' for word in sorted(_WORDS))
    raise ValueError(f"a fault answers one of {known}")


class Fault(Part):
    """Something that goes wrong.

    Attributes:
        at: a step, an action, find or look, or a whole connection.
        answers: what comes back in place of the right answer; `false 200` says yes and does nothing.
        times: how often; without it, each time.
        target: only where it is about this target.
    """

    at: str
    answers: Annotated[str, AfterValidator(_as_answer)]
    times: int | None = Field(default=None, ge=1, le=10_000)
    target: str | None = Field(default=None, min_length=1)

    @property
    def does(self) -> bool:
        """Whether a write has its effect all the same."""
        return self.answers == "no answer, but done"

    @property
    def status(self) -> int | None:
        """The status that comes back; None where nothing does."""
        if self.answers == "not allowed":
            return 403
        found = _STATUS.fullmatch(self.answers)
        return int(found[2]) if found else None

    @property
    def wait_s(self) -> int | None:
        """How long it asks to wait."""
        found = _STATUS.fullmatch(self.answers)
        return int(found[3]) if found and found[3] else None

    @property
    def false(self) -> bool:
        """It says that it was done, and it was not."""
        return self.answers.startswith("false ")


class Planned(Part):
    """What the plan should say of one step. What is left out may be anything.

    Attributes:
        kind: whether it can be undone (hold) or not (cut); message, find, look, manual; a macro or a used playbook is
            a group of its parts.
        calls: the very calls, in any order, or how many.
        targets: what they are about, or how many.
        held: how many targets are closed already.
        later: a part of why it is known later only.
    """

    kind: Literal["hold", "cut", "message", "find", "look", "manual", "group"] | None = None
    calls: list[str] | int | None = None
    targets: list[str] | int | None = None
    held: int | None = None
    later: str | None = None


class Expect(Part):
    """What should come of it. What is left out may be anything.

    Attributes:
        plan: step -> what the plan says of it.
        sent: every call that leaves us, each once, in any order: `step: the call as plans show it`; a line that
            ends with ... means all that begin so.
        sends: step -> how many calls left for it, repeats included.
        order: steps whose first calls leave in this order.
        word: the run's last word; `why` a part of its reason.
        footholds: foothold -> its state at the end.
        steps: step -> how it stands at the end.
        later: the steps of which the plan can say nothing yet.
        refused: a part of why it is refused before anything is looked at.
        recovered: the last word of the recovery, where the case has one.
        given_back: every call that leaves us in the recovery.
    """

    plan: dict[str, Planned] = Field(default_factory=dict)
    sent: list[dict[str, str]] | None = None
    sends: dict[str, int] = Field(default_factory=dict)
    order: list[str] = Field(default_factory=list)
    word: str | None = None
    why: str | None = None
    footholds: dict[str, str] = Field(default_factory=dict)
    steps: dict[str, Literal["closed", "open", "unknown", "skipped", "waiting"]] = Field(default_factory=dict)
    later: list[str] | None = None
    refused: str | None = None
    recovered: str | None = None
    given_back: list[dict[str, str]] | None = None


Answer = Literal["given", "declined", "nobody"]
Answers = Answer | dict[str, Answer]
"""What people say at a wall; where the walls of a phase want different roles, by role."""


class Case(Part):
    """A whole file.

    Attributes:
        connections: name -> system, or {system, and its settings}; without it, one to each system, named after it.
        seen: look or find -> the things that it shows: the fields that name each, and those that are seen of it.
        after: action or step -> the fields that change when its calls are carried out, or `gone`. Needed only where
            the action's own goal does not tell.
        hands: manual step -> `done`, `nobody`, or what then is to be seen, as in `seen`. Without it nobody does it.
        approve: what comes of the question at the wall; `recover`: of the one above a recovery, which is then tried.
    """

    title: str = Field(alias="case")
    given: dict[Id, JsonValue] = Field(default_factory=dict)
    connections: dict[Id, str | dict[str, JsonValue]] = Field(default_factory=dict)
    seen: dict[str, list[dict[str, JsonValue]]] = Field(default_factory=dict)
    faults: list[Fault] = Field(default_factory=list)
    after: dict[str, dict[str, JsonValue] | Literal["gone"]] = Field(default_factory=dict)
    hands: dict[str, Literal["done", "nobody"] | dict[str, list[dict[str, JsonValue]]]] = Field(default_factory=dict)
    approve: Answers = "given"
    recover: Answers | None = None
    expect: Expect


@dataclass(frozen=True)
class Told:
    """A case as it was read, with where everything stands in its file."""

    file: Path
    case: Case
    tree: Node
    integrations: dict[str, Integration]

    def place(self, *path: str | int) -> Place:
        """Say where a part stands; where it is missing, its nearest surroundings."""
        return place_in(self.tree, path)

    def at(self, *path: str | int) -> str:
        """Say it as `FILE:LINE:COLUMN`."""
        return f"{self.file}:{self.place(*path)}"


def read_case(file: Path) -> Told:
    """Read one case. Raises BadCase with all that is wrong with its shape."""
    try:
        text = text_of(file)
        case = parse(text, str(file), Case)
        beside = file.with_name(INTEGRATIONS)
        known = parse(text_of(beside), str(beside), Integrations).integrations if beside.is_file() else {}
    except (BadInventory, BadPlaybook) as error:
        raise BadCase(str(error)) from None
    tree = load(text, Report(str(file)))
    assert tree is not None
    return Told(file, case, tree, dict(known))


def cases_of(playbook: Path) -> list[Path]:
    """Give the cases beside a playbook: in `cases/NAME/`, and in `NAME.cases/`."""
    folders = (playbook.parent / "cases" / playbook.stem, playbook.parent / f"{playbook.stem}.cases")
    found = [file for folder in folders for ending in ("*.yaml", "*.yml") for file in folder.glob(ending)]
    return sorted(file for file in found if file.name != INTEGRATIONS)


def playbook_of(file: Path) -> Path | None:
    """Give the playbook that a file is a case of, by where it lies; None for what is none."""
    folder = file.parent
    if folder.parent.name == "cases":
        book = folder.parent.parent / folder.name
    elif folder.suffix == ".cases":
        book = folder.parent / folder.stem
    else:
        return None
    beside = [book.with_name(book.name + ending) for ending in (".yaml", ".yml")]
    return next((one for one in beside if one.is_file()), beside[0])


def texts(value: Any) -> list[str]:
    """Give an input of a case as a list of texts."""
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
