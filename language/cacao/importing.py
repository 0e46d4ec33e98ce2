"""Makes a playbook of ours of one of CACAO 2.0, or says every reason why not.

Nothing of a foreign playbook is carried out by itself: each of its actions becomes a manual step below an approval.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from language.cacao import graph, returning, rules, source
from language.cacao.faults import CannotImport, Fault, Faults, Loss, pointer
from language.cacao.instructions import Instructions
from language.cacao.ledger import Ledger
from language.cacao.model import CacaoPlaybook, Step, parse
from language.cacao.order import Placed, arrange
from language.cacao.references import defences, techniques
from language.cacao.words import Words, slug, unique
from language.cacao.writing import comment, entry
from language.catalogue import Catalogue
from language.checked import Checked
from language.errors import BadPlaybook
from language.reading import read
from language.source import LARGEST_FILE
from language.subs import Library

LONGEST_TEXT = 5000
LONGEST_TITLE = 200
BREAKS = "Not said by its source: read every step before you approve it."
DOES_NOT = "Anything by itself: it was imported, and a person carries out each of its steps."
_NETWORK = frozenset({"firewall", "router", "switch", "ids", "ips", "wireless", "content-gateway"})
_WALL = (
    "No way back is known of any of these steps: all of them wait for an approval. CACAO knows no layers: each `layer` is "
    "network where the agent or a target is network gear, else application."
)


@dataclass(frozen=True)
class Imported:
    """A playbook of ours that passes every check, made of one of CACAO's, and what of that is not in it."""

    text: str
    checked: Checked
    losses: list[Loss]
    restored: bool
    """Whether the file was an export of ours, and this the playbook that was exported."""


def import_playbook(
    data: bytes, catalogue: Catalogue, now: dt.datetime, file: str = "imported", library: Library | None = None
) -> Imported:
    """Read, judge and translate. Raises CannotImport with every reason; nothing is half imported.

    `library` is needed where an export of ours comes back that uses other playbooks.
    """
    raw = source.load(data)
    faults = Faults()
    book = parse(raw, faults)
    rules.judge(book, now, faults)
    graph.judge(book, faults)
    faults.settle()
    ledger = Ledger(raw)
    restored = returning.restored(book, raw, catalogue, ledger, library)
    text = restored if restored is not None else _translated(book, ledger, faults)
    if len(text) > LARGEST_FILE:
        raise CannotImport([Fault("too_large", "", f"would make a playbook of more than {LARGEST_FILE:,} characters")])
    try:
        checked = read(text, file, catalogue, library)
    except BadPlaybook as bad:
        raise CannotImport(
            [_not_ours(problem.code, problem.message, restored is not None) for problem in bad.problems]
        ) from None
    return Imported(text, checked, ledger.losses(), restored is not None)


def _not_ours(code: str, message: str, restored: bool) -> Fault:
    if code == "credential":
        return Fault("credential", "", "holds a text that looks like a credential: take it out of the file")
    where = "/playbook_extensions" if restored else ""
    return Fault("lint", where, f"the playbook made of it would not pass `ringfence playbook lint`: {message}")


def _translated(book: CacaoPlaybook, ledger: Ledger, faults: Faults) -> str:
    placed = arrange(book, faults)
    words = Words(book, ledger)
    instructions = Instructions(book, words, ledger)
    ids: dict[str, str] = {}
    taken: dict[str, object] = {}
    for one in placed:
        ids[one.step_id] = unique(slug(words.say(book.workflow[one.step_id].name, ()), "step"), taken)
        taken[ids[one.step_id]] = one
    steps: list[str] = []
    for one in placed:
        text = instructions.of(one)
        if len(text) > LONGEST_TEXT:
            said = f"would make an instruction of {len(text):,} characters: a step has at most {LONGEST_TEXT:,}"
            faults.add("too_long", pointer("workflow", one.step_id), said)
        steps += [*_step(book, one, ids, text, ledger), ""]
    faults.settle()
    _flow(book, ledger)
    head = list(_head(book, words, ledger))
    while steps and not steps[-1]:
        steps.pop()
    wall = ["contain:", *comment(_WALL, 2), "  - approve: approver", ""]
    lines = [*head, *_inputs(words, ledger), *wall, *steps]
    losses = len(ledger.losses())
    first = [*comment(f"Imported from {book.id}, in its version of {book.modified}."), *_count(losses)]
    return "\n".join([*first, *lines]) + "\n"


def _count(losses: int) -> Iterator[str]:
    said = "1 field was" if losses == 1 else f"{losses} fields were"
    yield from comment(f"{said} not carried over, or not exactly: the loss report of the import names them.")


def _head(book: CacaoPlaybook, words: Words, ledger: Ledger) -> Iterator[str]:
    for key in ("type", "spec_version", "id", "modified", "name", "workflow_start"):
        ledger.carry(key)
    for marking_id, marking in book.data_marking_definitions.items():
        level = marking.get("tlpv2_level") or marking.get("tlp_level")
        if isinstance(level, str):
            ledger.lose(
                "stands as a comment only: nothing here enforces a marking", "data_marking_definitions", marking_id
            )
            yield from comment(f"Marked {words.plain(level)}: share it as that says.")
    if book.description:
        ledger.carry("description")
        yield "#"
        yield from comment(words.plain(book.description, ("description",)))
    title = " ".join(words.plain(book.name, ("name",)).split()) or book.id
    if len(title) > LONGEST_TITLE:
        title = title[: LONGEST_TITLE - 1].rstrip() + "…"
        ledger.lose(f"was cut after {LONGEST_TITLE} characters", "name")
    yield from entry("playbook", slug(title, "playbook"))
    yield from entry("title", title)
    for key, found in (
        ("attack", techniques(book.external_references, ledger)),
        ("defend", defences(book.external_references, ledger)),
    ):
        if found:
            yield from entry(key, found)
    yield from entry("breaks", BREAKS)
    yield from entry("does_not", DOES_NOT)
    yield ""


def _inputs(words: Words, ledger: Ledger) -> Iterator[str]:
    if not words.inputs:
        return
    yield "inputs:"
    for name, variable in words.inputs.items():
        if variable.description:
            yield from comment(words.plain(variable.description), 2)
            words.described(name)
        given: dict[str, object] = {"type": "text"}
        where = ("playbook_variables", words.source(name), "value")
        default = words.plain(variable.value or "", where)
        if 0 < len(default) <= LONGEST_TEXT:
            given["default"] = default
        elif variable.value:
            ledger.lose("can be no default: it is blank or too long", *where)
        yield from entry(name, given, 2)
    yield ""


def _step(book: CacaoPlaybook, placed: Placed, ids: dict[str, str], text: str, ledger: Ledger) -> Iterator[str]:
    step, where = book.workflow[placed.step_id], ("workflow", placed.step_id)
    yield from comment(placed.step_id, 2)
    written: dict[str, object] = {"id": ids[placed.step_id], "manual": text, "layer": _layer(book, step, ledger)}
    if placed.needs:
        written["needs"] = [ids[needed] for needed in placed.needs]
    if step.timeout:
        written["within"], exact = _duration(step.timeout)
        ledger.carry(*where, "timeout")
        if not exact:
            ledger.lose(f"became {written['within']}", *where, "timeout")
    lines = [line for key, value in written.items() for line in entry(key, value, 4)]
    yield f"  - {lines[0][4:]}"
    yield from lines[1:]


def _layer(book: CacaoPlaybook, step: Step, ledger: Ledger) -> str:
    groups = (("agent_definitions", book.agent_definitions), ("target_definitions", book.target_definitions))
    kinds: set[str] = set()
    for party_id in (step.agent, *step.targets):
        for group, parties in groups:
            if party_id in parties:
                kinds |= set(parties[party_id].category)
                if parties[party_id].category:
                    ledger.lose("decides the layer, and is not kept beside it", group, party_id, "category")
    return "network" if kinds & _NETWORK else "application"


def _duration(milliseconds: int) -> tuple[str, bool]:
    """Turn milliseconds into a time span of ours, rounded up; and whether it is exact."""
    for unit, size in (("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)):
        count = -(-milliseconds // size)
        if count < 1_000_000:
            return f"{count}{unit}", count * size == milliseconds
    return "999999d", False


def _flow(book: CacaoPlaybook, ledger: Ledger) -> None:
    """Note that the ways between steps are in `needs`."""
    for step_id, step in book.workflow.items():
        where = ("workflow", step_id)
        for key in ("type", "on_completion", "on_success", "on_failure", "next_steps", "on_true", "on_false", "cases"):
            ledger.carry(*where, key)
        if step.type not in {"action", "playbook-action"}:
            for key in ("name", "description"):
                if getattr(step, key):
                    ledger.lose(
                        f"a step of type {step.type} is no step here: only the order that it makes is", *where, key
                    )
