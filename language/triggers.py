"""Triggers: what an alert must be like to propose a playbook, and the inputs that it gives. They see the alert alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from language.catalogue import Catalogue
from language.compiling import Compiling
from language.errors import Report, nearest, short
from language.expression import Expression, Language
from language.messages import Messages
from language.parameters import Parameters, Want
from language.shape import Shaped
from language.source import Items, Keys, Scalar
from language.template import Template, filled
from language.values import Doubt, Heard


@dataclass(frozen=True)
class Listening:
    """One trigger, ready to be asked."""

    language: Language
    when: Expression
    gives: Mapping[str, Template]

    def matches(self, alert: BaseModel) -> bool | Doubt:
        """Whether an alert is meant. A doubt proposes, and never starts anything by itself."""
        answer = self.language.answer(self.when, Heard(alert))
        if isinstance(answer, bool | Doubt):
            return answer
        return Doubt(f"`{self.when.text}` is neither true nor false")

    def inputs(self, alert: BaseModel) -> Mapping[str, Any] | Doubt:
        """Work out the inputs that an alert gives; an integration as the id of one of its footholds."""
        found: Mapping[str, Any] | Doubt = filled(self.gives, self.language, Heard(alert), None)
        return found


def triggers_of(
    shaped: Shaped, catalogue: Catalogue, inputs: type[BaseModel], report: Report
) -> tuple[Listening | None, ...]:
    """Compile every trigger; what is wrong is reported, and None stands in its place."""
    node = shaped.root.nodes.get("triggers")
    nodes = node.nodes if isinstance(node, Items) else []
    languages: dict[type[BaseModel], tuple[Language, Parameters]] = {}
    found = []
    for number, trigger in enumerate(shaped.playbook.triggers):
        keys = nodes[number]
        assert isinstance(keys, Keys)
        model = catalogue.alerts.get(trigger.alert, catalogue.alert)
        if model not in languages:
            messages = Messages()
            language = Language(messages, {"alert": messages.model(model)})
            languages[model] = (language, Parameters(Compiling(language, report), language, report))
        language, parameters = languages[model]
        scalar = keys.nodes["when"]
        assert isinstance(scalar, Scalar)
        when = parameters.compiled.truth(scalar, None, keys.at("when"))
        given = keys.nodes.get("with")
        wants = _wants(shaped, inputs, parameters, auto=trigger.mode == "auto")
        place = given.place if given is not None else keys.place
        gives = parameters.of(given, wants, "the playbook", None, place)
        found.append(Listening(language, when, gives) if when is not None else None)
        if trigger.mode == "auto":
            _alone(shaped, keys, report)
    return tuple(found)


def _alone(shaped: Shaped, keys: Keys, report: Report) -> None:
    """What starts by itself has nobody to give it a secret, and does only what stands above the wall."""
    place = keys.at("mode")
    for name, given in shaped.playbook.inputs.items():
        if given.type.endswith("secret"):
            report.add("auto", place, f"mode auto: nobody is there to give the secret '{name}'")
    if shaped.playbook.contain[:1] and shaped.playbook.contain[0].kind in {"approve", "watch"}:
        report.add("auto", place, "mode auto carries out what stands above the approve line: there is nothing")


def _wants(shaped: Shaped, inputs: type[BaseModel], parameters: Parameters, *, auto: bool) -> dict[str, Want]:
    wants = {}
    for name, given in shaped.playbook.inputs.items():
        if name not in inputs.model_fields:
            continue
        integration = given.type == "integration"
        wants[name] = Want(
            name,
            inputs.model_fields[name].rebuild_annotation(),
            # What an alert does not give is asked of the responder; nobody is there to ask when it starts by itself.
            required=auto and given.default is None and not given.type.endswith("secret"),
            owner=inputs,
            special=parameters.text if integration else None,
        )
    return wants


def unknown_sources(shaped: Shaped, catalogue: Catalogue, report: Report) -> list[str]:
    """Check the names of alert sources; give those that only an inventory could tell."""
    known = (catalogue.names or {}).get("sources")
    shipped = (catalogue.names or {}).get("shipped_sources", frozenset())
    unchecked = []
    node = shaped.root.nodes.get("triggers")
    for number, trigger in enumerate(shaped.playbook.triggers):
        if known is None:
            unchecked += [trigger.alert] if trigger.alert not in shipped else []
        elif trigger.alert not in known:
            assert isinstance(node, Items)
            keys = node.nodes[number]
            place = keys.at("alert") if isinstance(keys, Keys) else keys.place
            said = f"no alert source '{short(trigger.alert)}'{nearest(trigger.alert, known)}"
            report.add("unknown_source", place, said)
    return unchecked
