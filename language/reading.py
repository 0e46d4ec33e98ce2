"""From the text of a file to a playbook that may run: each stage says all it finds, and the next builds on it."""

from language.catalogue import Catalogue
from language.checked import Checked
from language.errors import Report, nearest, short
from language.inputs import inputs_type
from language.order import Arranger
from language.programs import Compiler
from language.shape import Shaped, shape
from language.source import load


def read(text: str, file: str, catalogue: Catalogue) -> Checked:
    """Check a playbook. Raises BadPlaybook with every problem of the first stage that finds any."""
    report = Report(file)
    root = load(text, report)
    assert root is not None
    shaped = shape(root, report)
    inputs = inputs_type(shaped, catalogue, report)
    compiler = Compiler(shaped, catalogue, inputs, report)
    compiler.run()
    order = Arranger(compiler, catalogue, report).run()
    unchecked = _names(shaped, catalogue, report)
    report.settle()
    return Checked(text, compiler, order, inputs, unchecked)


def _names(shaped: Shaped, catalogue: Catalogue, report: Report) -> tuple[str, ...]:
    """Check the names that only an inventory knows, or say which were not checked."""
    unchecked: dict[str, None] = {}
    for step in shaped.playbook.steps:
        for what, key, name in (("role", "approve", step.approve), ("connection", "at", step.at)):
            if not name:
                continue
            known = (catalogue.names or {}).get(f"{what}s")
            if known is None:
                unchecked[f"{what} {name}"] = None
            elif name not in known:
                place = shaped.steps[step.id].at(key)
                report.add(f"unknown_{what}", place, f"no {what} '{short(name)}'{nearest(name, known)}")
    return tuple(unchecked)
