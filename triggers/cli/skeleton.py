"""`ringfence playbook new`: a first text that checks clean, from what the chosen systems can really do, and a first case."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.say import line

if TYPE_CHECKING:
    from connectors.core import Action, Connector, Find
    from inventory.read import Inventory

NAMED = "example"
"""What names a thing in the case, in front of the field's own name."""


@dataclass
class Draft:
    """What the text is made of."""

    holds: list[str] = field(default_factory=list)
    finds: list[str] = field(default_factory=list)
    cuts: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    cut_ids: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)

    def id_for(self, wanted: str, system: str) -> str:
        """A step's id that is free."""
        name = wanted if wanted not in self.ids else f"{wanted}_{system}"
        while name in self.ids:
            name += "_2"
        self.ids.add(name)
        return name


def new(
    name: str,
    /,
    *,
    integration_has: str = "",
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    config: Path | None = None,
) -> int:
    """Write a playbook to begin with, and a case that passes: change both to what you need.

    Parameters
    ----------
    name
        Its id: lower-case letters, digits and _.
    integration_has
        The systems that it is about, with commas between; without it, those of the configuration.
    out
        The file to write; else playbooks/NAME.yaml.
    config
        Take the systems of this configuration.
    """
    from language.errors import BadPlaybook

    inventory = place.described(config) if place.has_configuration(config) else None
    systems = _systems(integration_has, inventory)
    file = out or Path("playbooks") / f"{name}.yaml"
    if file.stem != name:
        raise place.Refused(f"A playbook's file is named after it: write it to {file.with_name(name + '.yaml')}.")
    case = file.parent / "cases" / name / "first.yaml"
    for one in (file, case):
        if one.exists():
            raise place.Refused(f"{one} is there already: nothing was written over it.")
    draft = _draft(systems)
    text = _text(name, systems, draft)
    try:
        place.checked_text(text, str(file), None)
    except BadPlaybook as bad:
        raise place.Refused("\n".join(dict.fromkeys(p.message for p in bad.problems))) from None
    from triggers.cli.first_case import NoCase, first_case

    try:
        first = first_case(name, text, systems, file, case)
    except NoCase as why:
        first = ""
        said = f"{case}: not written, since none could be made: {why}. Write one yourself: docs/cases.md."
    _write(file, text)
    line(f"{file}: written. What is marked FILL IN is yours to say; then `ringfence playbook lint {file}`.")
    if not first:
        line(said)
        return 0
    _write(case, first)
    line(f"{case}: its first case. `ringfence playbook test {file}` carries it out.")
    return 0


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as written:
            written.write(text)
    except OSError as error:
        raise place.Refused(f"{file} cannot be written: {error.strerror}.") from None


def _systems(has: str, inventory: Inventory | None) -> list[Connector]:
    from engine.registry import registry
    from language.errors import nearest, short

    there = {name: system for name, system in registry().systems.items() if system.footholds}
    names = [name.strip() for name in has.split(",") if name.strip()]
    if not names and inventory is not None:
        names = sorted({entry.system for entry in inventory.config.connections.values()} & there.keys())
    if not names:
        raise place.Refused(f"Say which systems it is about: --integration-has {','.join(sorted(there))}")
    for name in names:
        if name not in there:
            raise place.Refused(f"There is no system '{short(name)}' with a foothold{nearest(name, there)}")
    return [there[name] for name in dict.fromkeys(names)]


def _draft(systems: list[Connector]) -> Draft:
    draft = Draft()
    for system in systems:
        blocks = [a for a in system.actions.values() if a.back is not None]
        held: list[Action[Any, Any]] = []
        for action in blocks:
            if lacks := _lacks(system, action):
                draft.left_out.append(_also(action, f"it wants {lacks}, which this foothold does not say"))
                continue
            if any(action.identifies == other.identifies for other in held):
                draft.left_out.append(_also(action, "it holds the same thing as a step above"))
                continue
            held.append(action)
            draft.holds += _step(draft, system, action, below=False)
            if "blocks-reissue" in action.does:
                draft.blocked.add(system.name)
        for action in system.actions.values():
            if not action.cuts or action in blocks:
                continue
            if lacks := _lacks(system, action):
                draft.left_out.append(_also(action, f"it wants {lacks}, which this foothold does not say"))
                continue
            if any(action.does and action.does <= block.does for block in blocks):
                draft.left_out.append(_also(action, "the same, and cannot be undone"))
                continue
            draft.cuts += _step(draft, system, action, below=True)
    return draft


def _also(action: Action[Any, Any], why: str) -> str:
    return f"  # Also there: {action.name} ({_first(action.doc)}) {why}."


def _lacks(system: Connector, action: Action[Any, Any]) -> str:
    """What an action asks for and neither a foothold, a listing, nor a secret that is given says; "" where nothing."""
    told = {*_foothold(system), "addresses", _secret_of(action)}
    find = next((f for f in system.finds.values() if f.of is action.sees), None)
    if find is not None and action.sees is not None and told >= set(find.params.model_fields):
        told |= set(action.sees.identifies)
    fields = action.params.model_fields
    wanted = [n for n, f in fields.items() if n not in told and f.is_required() and f.annotation not in {bool, int}]
    return ", ".join(wanted)


def _step(draft: Draft, system: Connector, action: Action[Any, Any], *, below: bool) -> list[str]:
    """One step's lines: what it asks for comes from the foothold, from what a find lists, or from an input."""
    foothold = _foothold(system)
    short = action.name.partition(".")[2]
    find = next((f for f in system.finds.values() if f.of is action.sees), None)
    known = {*_foothold(system), "addresses"}
    asked = [n for n, f in action.params.model_fields.items() if f.is_required() or n in known]
    each = find is not None and not set(asked) <= foothold.keys() | {"addresses"}
    if find is not None and each:
        listed = _find(draft, system, find)
        loop, item = [f"    for_each: steps.{listed}.items"], {name: f'"${{item.{name}}}"' for name in asked}
    elif (token := _secret_of(action)) and token not in foothold:
        given = f"{token}s"
        draft.inputs[given] = "list of secret"
        vouched = "    given_is_all: FILL IN who vouches that the list is complete"
        loop, item = [f"    for_each: inputs.{given}", vouched], {token: '"${item}"'}
    else:
        loop, item = [], {}
    step = draft.id_for(short, system.name)
    lines = [f"  # {_first(action.doc)}", f"  - id: {step}", f"    uses: {action.name}", *loop, "    with:"]
    if below:
        draft.cut_ids.append(step)
    if "kills-access" in action.does and system.name not in draft.blocked:
        lines.insert(-1, "    accept_reissue: FILL IN why it matters not that a new one may be given out")
    lines += [f"      {name}: {item.get(name) or _value(name, system, action)}" for name in asked]
    return [*lines, ""]


def _find(draft: Draft, system: Connector, find: Find[Any, Any]) -> str:
    """The step that lists what a cut works through."""
    name = draft.id_for("found_" + find.name.partition(".")[2], system.name)
    asked = [f"      {key}: {_value(key, system, None)}" for key in find.params.model_fields]
    draft.finds += [f"  # {_first(find.doc)}", f"  - id: {name}", f"    uses: {find.name}", "    with:", *asked, ""]
    return name


def _value(name: str, system: Connector, action: Action[Any, Any] | None) -> str:
    if name in _foothold(system):
        return f'"${{inputs.integration.{system.name}.{name}}}"'
    if name == "addresses":
        return '"${inputs.integration.addresses}"'
    kind = action.params.model_fields[name].annotation if action is not None else str
    return {bool: "false  # FILL IN", int: "0  # FILL IN"}.get(kind, "FILL IN")


def _foothold(system: Connector) -> dict[str, Any]:
    return dict(next(iter(system.footholds.values())).model_fields)


def _secret_of(action: Action[Any, Any]) -> str:
    from connectors.core import Secret

    return next(
        (n for n, f in action.params.model_fields.items() if f.annotation is Secret and n in action.identifies), ""
    )


def _text(name: str, systems: list[Connector], draft: Draft) -> str:
    has = ", ".join(system.name for system in systems)
    lines = [
        "# FILL IN what happened, in a line: whoever is woken at 02:40 reads this first.",
        f"playbook: {name}",
        "title: FILL IN what happened to whom",
        "# The techniques of ATT&CK that this is about: T1528 steals application access tokens.",
        "attack: [T1199]",
        "breaks: FILL IN what stops working, and for whom.",
        "does_not: FILL IN what this leaves undone, so that nobody believes it done.",
        "",
        "inputs:",
        f"  integration: {{type: integration, has: [{has}]}}",
        *(f"  {key}: {{type: {kind}}}" for key, kind in draft.inputs.items()),
        "",
        "contain:",
    ]
    if draft.holds:
        lines += ["  # HOLD: starts at once, and every line of it can be undone.", *draft.holds]
    if draft.finds:
        lines += ["  # LOOK: what is still open.", *draft.finds]
    lines += draft.left_out + ([""] if draft.left_out else [])
    if draft.cuts:
        lines += [
            "  # THE WALL: below it nothing can be undone. Who opens it?",
            "  - approve: approver",
            "    within: 10m",
            "",
        ]
        lines += ["  # CUT: looked at again until nothing is left.", *draft.cuts]
    lines += _told(draft)
    lines += ["  # What is switched on again for so long is closed again.", "  - watch: 1h"]
    if draft.holds:
        lines += ["", "# Started by people, never by itself: it gives back what was on before.", "recover:"]
        lines += ["  - approve: commander", "  - undo: contain"]
    return "\n".join(lines) + "\n"


def _told(draft: Draft) -> list[str]:
    needs = [f"    needs: [{', '.join(draft.cut_ids)}]"] if draft.cut_ids else []
    return [
        "  # Whom to tell, once the word is known.",
        f"  - id: {draft.id_for('told', 'people')}",
        "    uses: notify.message",
        *needs,
        "    with:",
        "      to: ${inputs.integration.owner}",
        '      text: "${inputs.integration.id} is ${run.word}. Run ${run.id}."',
        "",
    ]


def _first(doc: str) -> str:
    return doc.partition("\n")[0]
