"""From the text of a file to a playbook that may run: each stage says all it finds, and the next builds on it."""

from language.catalogue import Catalogue
from language.checked import Checked
from language.errors import Place, Report, nearest, short
from language.inputs import inputs_type
from language.order import Arranger
from language.programs import Compiler
from language.shape import Shaped, shape
from language.source import Items, Keys, load
from language.subs import Library, Shelf, subs_of
from language.triggers import triggers_of, unknown_sources


def read(text: str, file: str, catalogue: Catalogue, library: Library | None = None) -> Checked:
    """Check a playbook. Raises BadPlaybook with every problem of the first stage that finds any.

    `library` gives the text and the file of the playbooks that it uses, by their ids; they are checked as well.
    """

    def reader(text: str, file: str, shelf: Shelf) -> Checked:
        return _read(text, file, catalogue, shelf)

    return reader(text, file, Shelf(library, reader))


def _read(text: str, file: str, catalogue: Catalogue, shelf: Shelf) -> Checked:
    report = Report(file)
    root = load(text, report)
    assert root is not None
    shaped = shape(root, report)
    inputs = inputs_type(shaped, catalogue, report)
    subs = subs_of(shaped, shelf, report)
    compiler = Compiler(shaped, catalogue, inputs, subs, report)
    compiler.run()
    triggers = triggers_of(shaped, catalogue, inputs, report)
    order = Arranger(compiler, catalogue, report).run()
    unchecked = _names(shaped, catalogue, report)
    for sub in subs.values():
        unchecked |= dict.fromkeys(sub.checked.unchecked)
    report.settle()
    return Checked(text, compiler, order, inputs, triggers, tuple(unchecked), report.warnings)


def _names(shaped: Shaped, catalogue: Catalogue, report: Report) -> dict[str, None]:
    """Check the names that only an inventory knows, or say which were not checked."""
    asked: list[tuple[str, str, Place]] = []
    for step in shaped.playbook.steps:
        keys = shaped.steps[step.id]
        asked += [("role", step.approve, keys.at("approve"))] if step.approve else []
        asked += [("connection", step.at, keys.at("at"))] if step.at else []
    rails = shaped.root.nodes.get("guardrails")
    listed = rails.nodes.get("protected") if isinstance(rails, Keys) else None
    for node, name in zip(
        listed.nodes if isinstance(listed, Items) else (), shaped.playbook.guardrails.protected, strict=True
    ):
        asked.append(("protected", name, node.place))
    unchecked: dict[str, None] = {}
    for what, name, place in asked:
        known = (catalogue.names or {}).get(what if what == "protected" else f"{what}s")
        group = "protected group" if what == "protected" else what
        if known is None:
            unchecked[f"{group} {name}"] = None
        elif name not in known:
            report.add(f"unknown_{what}", place, f"no {group} '{short(name)}'{nearest(name, known)}")
    return unchecked | {f"alert source {name}": None for name in unknown_sources(shaped, catalogue, report)}
