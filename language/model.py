"""A playbook as the rest of the house sees it. Whether its names and expressions hold is for the checks.

Each key's description is also what an editor shows of it, by way of `ringfence playbook schema`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from language.spelling import Defence, Duration, Id, Share, Technique, Text, seconds

Phase = Literal["contain", "eradicate", "recover"]
PHASES: tuple[Phase, ...] = ("contain", "eradicate", "recover")
Kind = Literal["uses", "manual", "approve", "watch", "undo"]
KINDS: tuple[Kind, ...] = ("uses", "manual", "approve", "watch", "undo")
Layer = Literal["identity", "application", "network", "data"]

Family = Literal["blocks-reissue", "closes-path", "ends-sessions", "kills-refresh", "kills-access", "rotates"]
"""What closing does to a foothold, as connectors declare it of their actions (`does`)."""

_TASK = frozenset({"id", "needs", "if", "within", "expect", "stays"})
STEP_KEYS: dict[Kind, frozenset[str]] = {
    "uses": _TASK.union(("uses", "with", "for_each", "where", "at", "may_be_empty", "accept_reissue", "given_is_all")),
    "manual": _TASK.union(("manual", "undo_by", "layer", "closes")),
    "approve": frozenset({"approve", "within", "people"}),
    "watch": frozenset({"watch"}),
    "undo": _TASK.union(("undo", "share")),
}
"""Which keys a step of each kind takes."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


class Input(_Frozen):
    """What a responder gives before a run starts."""

    type: Text = Field(
        description="time, text, secret, integration, an id type of a connector, or `list of` one of these"
    )
    has: tuple[Text, ...] = Field(
        (), description="For an integration: systems of which it has exactly one foothold; the menu offers only those."
    )
    default: JsonValue = Field(None, description="Taken when nothing is given. Not for secrets and integrations.")


class Guardrails(_Frozen):
    """Bounds over the whole incident; to pass one, a run asks."""

    max_people: int | None = Field(None, ge=0, description="At most so many people are cut off.")
    max_services: int | None = Field(None, ge=0, description="At most so many services are cut off.")
    protected: tuple[Text, ...] = Field((), description="Groups of the inventory that are never cut off unasked.")


class Trigger(_Frozen):
    """An alert that proposes a run, or starts what of it can be undone."""

    alert: Text = Field(description="The alert source.")
    when: Text = Field(description="An expression over `alert`, without ${}: start when it is true.")
    mode: Literal["propose", "auto"] = Field(
        "propose", description="propose: a person starts it. auto: what stands above the wall starts by itself."
    )
    with_: dict[str, JsonValue] = Field(
        default_factory=dict, alias="with", description="The inputs, from the alert: ${alert.app}."
    )


class Step(_Frozen):
    """One line of a phase. Of its kinds exactly one is not empty."""

    kind: Kind
    id: Id = Field(description="By what other steps refer to this one.")
    named: bool = Field(description="whether the id was written, and so may be referred to")
    uses: str = Field("", description="The action, find, look, message or macro that runs, or playbook.ID.")
    manual: Text | None = Field(None, description="What a person does, exactly; ${…} is filled in.")
    approve: str = Field("", description="The wall: what stands below waits until somebody of this role approves.")
    watch: Duration | None = Field(
        None, description="Last in contain: looks on so long, and closes again what is switched on again."
    )
    undo: str = Field("", description="In recover: gives back what a phase or a step changed and nobody else did.")
    needs: tuple[Text, ...] = Field(
        (), description="Steps that come before this one. Order only: they may have failed."
    )
    if_: Text | None = Field(
        None,
        alias="if",
        description="An expression, without ${}: the step runs when it is true. A doubt counts as true.",
    )
    within: Duration | None = Field(
        None, description="After so long the step counts as open; an approval as unanswered, an `expect` as not met."
    )
    expect: Text | None = Field(
        None,
        description="An expression, without ${}: closed when true. The finds and looks that it names run again until then.",
    )
    stays: Duration | None = Field(None, description="`expect` must then hold so long; false once is a failure.")
    with_: dict[str, JsonValue] = Field(
        default_factory=dict, alias="with", description="The parameters; ${…} holds an expression."
    )
    for_each: Text | None = Field(
        None,
        description="A plain path to a list, without ${}: the step runs for each `item`. It is listed again until empty.",
    )
    where: Text | None = Field(None, description="An expression over `item`, without ${}: which of for_each are meant.")
    at: Text | None = Field(None, description="The connection, where there are two to the system.")
    may_be_empty: Text | None = Field(None, description="Why finding nothing is no alarm here.")
    accept_reissue: Text | None = Field(
        None, description="Why tokens are killed though nothing stops new ones from being given out."
    )
    given_is_all: Text | None = Field(
        None, description="Why the list that was given as an input is known to be complete."
    )
    layer: Layer | None = Field(None, description="The layer that a manual step closes.")
    closes: tuple[Family, ...] = Field(
        (), description="What a manual step does to its foothold. Without it: what steps of its layer commonly do."
    )
    undo_by: Text | None = Field(
        None, description="How a person undoes the manual step. Without it the step cannot be undone."
    )
    people: Annotated[int, Field(ge=1, le=20)] = Field(1, description="So many people must approve.")
    share: Share | None = Field(None, description="Only so much of it, as in 1%.")

    @property
    def within_s(self) -> float | None:
        """After so many seconds the step counts as open; an approval as unanswered."""
        return seconds(self.within) if self.within else None

    @property
    def stays_s(self) -> float:
        """For so many seconds `expect` must hold."""
        return seconds(self.stays) if self.stays else 0.0

    @property
    def watch_s(self) -> float | None:
        """For so many seconds a watch looks on."""
        return seconds(self.watch) if self.watch else None

    @property
    def fraction(self) -> float:
        """The part of the whole that an undo gives back: 0.01 for `share: 1%`."""
        return int(self.share.removesuffix("%")) / 100 if self.share else 1.0


class Playbook(_Frozen):
    """A whole file."""

    id: Id = Field(alias="playbook", description="Its id, by which other playbooks use it; its file is named alike.")
    title: Text = Field(description="What happened, as a responder would say it.")
    attack: tuple[Technique, ...] = Field((), description="Techniques of ATT&CK, as T1528 or T1550.001.")
    defend: tuple[Defence, ...] = Field((), description="Techniques of D3FEND, as D3-CR.")
    breaks: Text = Field(description="What stops working for us while it is in force.")
    does_not: Text = Field(description="What it leaves undone, so that nobody takes it for done.")
    wakes: Text | None = Field(None, description="Who is woken by it.")
    inputs: dict[Id, Input] = Field(default_factory=dict, description="What a responder gives before it starts.")
    guardrails: Guardrails = Field(default_factory=Guardrails, description="Bounds over the whole incident.")
    triggers: tuple[Trigger, ...] = Field((), description="Alerts that propose it.")
    expires: Duration | None = Field(
        None, description="After so long people are paged and asked whether its holds stay. It lifts nothing."
    )
    contain: tuple[Step, ...] = Field(description="Closes the ways in: holds above the approve line, cuts below it.")
    eradicate: tuple[Step, ...] = Field((), description="Removes what the attacker left behind. Started by people.")
    recover: tuple[Step, ...] = Field((), description="Gives back what was clean. Started by people.")

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in the order of the phases."""
        return self.contain + self.eradicate + self.recover

    def phase(self, name: Phase) -> tuple[Step, ...]:
        """Return the steps of one phase."""
        return {"contain": self.contain, "eradicate": self.eradicate, "recover": self.recover}[name]
