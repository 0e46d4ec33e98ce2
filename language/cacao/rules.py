"""What must hold beside the workflow's shape: it may be carried out at all, and all that it names is there."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator

from language.cacao import addresses
from language.cacao.faults import Faults, pointer
from language.cacao.model import IDENTIFIER, STEP_TYPES, VARIABLE, CacaoPlaybook, Step, time
from language.errors import short

USED = re.compile(r"(?<!_)(__[a-zA-Z_][a-zA-Z0-9_-]{0,199}?__):value")
"""A variable where its value is wanted. Without `:value` the standard sees none."""


MOST_SECRETS = 500


def judge(book: CacaoPlaybook, now: dt.datetime, faults: Faults) -> None:
    """Note every reason that stands outside the workflow's graph."""
    _may_run(book, now, faults)
    if sum(1 for _ in _texts(book.authentication_info_definitions.items(), ())) > MOST_SECRETS:
        faults.add("too_many", "/authentication_info_definitions", f"more than {MOST_SECRETS} texts: no playbook")
    for name in book.playbook_variables:
        _named(name, "playbook_variables", faults)
    for step_id, step in book.workflow.items():
        _step(book, step_id, step, faults)
    scopes = [book.playbook_variables, *(step.step_variables for step in book.workflow.values())]
    for group, parties in (
        ("agent_definitions", book.agent_definitions),
        ("target_definitions", book.target_definitions),
    ):
        for party_id, party in parties.items():
            where = pointer(group, party_id)
            if not IDENTIFIER.fullmatch(party_id):
                faults.add("identifier", where, "its key is no identifier of CACAO: type--UUID")
            for place, said in (
                *addresses.wrong(party.address, where),
                *addresses.wrong_contact(party.contact, where),
            ):
                faults.add("address", place, said)
            known = book.authentication_info_definitions
            if party.authentication_info and party.authentication_info not in known:
                place = where + "/authentication_info"
                faults.add("dangling", place, f"{party.authentication_info} is not in authentication_info_definitions")
            for place, text in _texts(party.model_dump().items(), ()):
                for name in USED.findall(text):
                    if not any(name in known for known in scopes):
                        faults.add("dangling", where + place, f"no variable '{short(name)}' is defined")


def _may_run(book: CacaoPlaybook, now: dt.datetime, faults: Faults) -> None:
    for number, kind in enumerate(book.playbook_types):
        if kind.strip().lower() == "attack":
            said = "a playbook of type attack is an adversary's: it is not carried out here"
            faults.add("attack", pointer("playbook_types", number), said)
    if book.revoked:
        faults.add("revoked", "/revoked", "its author has revoked it")
        return  # the standard: then the times below mean nothing
    if book.valid_until and time(book.valid_until) <= now:
        faults.add("expired", "/valid_until", f"it was valid until {book.valid_until}")
    if book.valid_from and time(book.valid_from) > now:
        faults.add("expired", "/valid_from", f"it is valid from {book.valid_from} on: nothing here would wait for that")
    if book.valid_from and book.valid_until and time(book.valid_until) <= time(book.valid_from):
        faults.add("expired", "/valid_until", "it ends before it begins")


def _step(book: CacaoPlaybook, step_id: str, step: Step, faults: Faults) -> None:
    where = pointer("workflow", step_id)
    found = IDENTIFIER.fullmatch(step_id)
    if not found:
        faults.add("identifier", where, "its key is no identifier of CACAO: type--UUID")
    if step.type not in STEP_TYPES:
        faults.add("step_type", where + "/type", f"'{short(step.type)}' is no type of step: {', '.join(STEP_TYPES)}")
    elif found and found[1] != step.type:
        faults.add("step_type", where, f"its key says {found[1]}, but its type is {step.type}")
    if step.type == "action":
        if not step.commands:
            faults.add("missing", where + "/commands", "an action without a command does nothing")
        if step.agent is None:
            faults.add("missing", where + "/agent", "nobody is named who carries it out")
    if step.type == "playbook-action" and step.playbook_id is None:
        faults.add("missing", where + "/playbook_id", "is missing")
    if step.type == "playbook-action" and step.playbook_id == book.id:
        faults.add("loop", where + "/playbook_id", "an endless loop: the playbook carries itself out again")
    if step.agent and step.agent not in book.agent_definitions:
        faults.add("dangling", where + "/agent", f"{step.agent} is not in agent_definitions")
    for number, target in enumerate(step.targets):
        if target not in book.target_definitions and target not in book.agent_definitions:
            faults.add("dangling", where + pointer("targets", number), f"{target} is not in target_definitions")
    for name in step.step_variables:
        _named(name, where[1:] + "/step_variables", faults)
    known = {*book.playbook_variables, *step.step_variables}
    for place, name in _variables(step):
        if name not in known:
            faults.add(
                "dangling", where + place, f"no variable '{short(name)}' is defined for this step or the playbook"
            )


def _named(name: str, group: str, faults: Faults) -> None:
    if not VARIABLE.fullmatch(name):
        faults.add("identifier", "/" + group + pointer(name), "a variable is called __name__")


def _variables(step: Step) -> Iterator[tuple[str, str]]:
    """Go through the variables that a step names, with the place inside the step."""
    for key, args in (("in_args", step.in_args), ("out_args", step.out_args)):
        for number, arg in enumerate(args):
            yield pointer(key, number), arg.removesuffix(":value")
    for key, text in (("name", step.name), ("description", step.description), ("condition", step.condition)):
        yield from ((pointer(key), name) for name in USED.findall(text))
    if step.type == "switch-condition" and step.switch:
        yield "/switch", step.switch.removesuffix(":value")
    for number, command in enumerate(step.commands):
        for key, text in _texts(command.model_dump().items(), ("commands", number)):
            yield from ((key, name) for name in USED.findall(text))


def _texts(pairs: Iterable[tuple[str | int, object]], path: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    for key, value in pairs:
        if isinstance(value, str):
            yield pointer(*path, key), value
        elif isinstance(value, dict):
            yield from _texts(value.items(), (*path, key))
        elif isinstance(value, list):
            yield from _texts(enumerate(value), (*path, key))
