"""Where integrations are written: one file, or a folder of them. Gathers what they say, and all that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from inventory.explain import explain
from inventory.integrations.checks import alone, together
from inventory.integrations.model import Integration, Integrations, OwnEntry
from inventory.integrations.source import Source
from language.errors import BadPlaybook, Place, Problem, Report
from language.files import text_of
from language.source import load, plain

WHAT = "list of integrations"
MOST_FILES = 1000
_ENDINGS = (".yaml", ".yml")


@dataclass
class Gathered:
    """What stands in the files.

    Attributes:
        sources: the trees of those that are YAML, also where something else is wrong with them.
        problems: all that is wrong, of all files. Where there is none, `integrations` and `ours` are complete.
    """

    sources: list[Source] = field(default_factory=list)
    integrations: dict[str, Integration] = field(default_factory=dict)
    ours: list[OwnEntry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def files_in(path: Path) -> list[Path]:
    """The files of a folder of integrations, in the order of their names; of a file, itself. Raises OSError."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix in _ENDINGS and not file.name.startswith("."))


def home_of(path: Path, integration: str) -> Path:
    """The file into which a new integration is written: its own in a folder. What is not there yet is named as it will be."""
    folder = path.is_dir() or (not path.exists() and path.suffix not in _ENDINGS)
    return path / f"{integration}.yaml" if folder else path


def gather(path: Path, *, may_be_empty: bool = False) -> Gathered:
    """Read a file or a folder. `may_be_empty`: there need be no integration yet, nor a file."""
    found = Gathered()
    files, why = _files(path)
    if why and not (may_be_empty and not path.exists()):
        found.problems.append(Problem("file", str(path), 1, 1, why))
    for file in files:
        if not may_be_empty or file.exists():
            take(found, str(file), partial(text_of, file, WHAT))
    if may_be_empty:
        found.problems = [problem for problem in found.problems if problem.code != "empty"]
    found.problems += together(found.sources, all_read=len(found.sources) == len(files))
    if not found.problems and not found.integrations and not may_be_empty:
        said = "there is no integration here: `ringfence integrations new ID` writes one"
        found.problems.append(Problem("empty", str(path), 1, 1, said))
    found.problems.sort(key=lambda problem: (problem.file, problem.line, problem.column))
    return found


def take(into: Gathered, file: str, read: Callable[[], str]) -> None:
    """Add what one file says."""
    report = Report(file)
    try:
        tree = load(read(), report, WHAT)
        assert tree is not None
        source = Source(file, tree)
        into.sources.append(source)
        for problem in alone(source):
            report.add(problem.code, Place(problem.line, problem.column), problem.message)
        try:
            listed = Integrations.model_validate(plain(tree))
            into.integrations |= listed.integrations
            into.ours += listed.ours
        except ValidationError as error:
            explain(tree, error, Integrations, report)
        report.settle()
    except BadPlaybook as bad:
        into.problems += bad.problems


def _files(path: Path) -> tuple[list[Path], str]:
    try:
        files = files_in(path)
    except OSError as error:
        return [], f"cannot be read: {error.strerror}"
    if not files:
        return [], "no file of this folder ends in .yaml"
    if len(files) > MOST_FILES:
        return (
            [],
            f"there are {len(files):,} files in this folder, at most {MOST_FILES:,} are read: is it the right one?",
        )
    return files, ""
