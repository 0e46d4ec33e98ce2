"""Reads `ringfence.yaml` and the integrations. Every mistake is told at once, with file, line and column, before anything
is done.
"""  # noqa: D205

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from inventory.discovered import Snapshot
from inventory.explain import explain
from inventory.integrations.checks import alone, forbidden, together
from inventory.integrations.files import Gathered, gather
from inventory.integrations.model import Integration, Integrations, OwnEntry
from inventory.integrations.source import Source, text_in, where
from inventory.model import Config
from language.errors import BadPlaybook, Place, Problem, Report, nearest
from language.files import text_of
from language.source import load, plain

WHAT = "configuration"
MAKE_IT = ". Name the configuration with --config FILE, or make it"
M = TypeVar("M", bound=BaseModel)


class BadInventory(Exception):  # what: a sentence a line, each with its place
    """A file of ours that cannot be used as it is."""


@dataclass(frozen=True)
class Inventory:
    """What is ours, as configured.

    Attributes:
        path: the `ringfence.yaml` that it came from; references and files are relative to its folder.
        resolve: reads a secret reference; raises BadInventory with a sentence.
        base: turns a configured URL into the real one (the sandbox's is known only once it runs).
        ours: what discovery lists and is no third party's.
    """

    path: Path
    config: Config
    integrations: Mapping[str, Integration]
    resolve: Callable[[str], str]
    base: Callable[[str], str]
    ours: tuple[OwnEntry, ...] = ()
    discovered: str = ""
    """What is known of footholds that nobody declared: the snapshot that they come from, or why there is none."""

    snapshot: Snapshot | None = None

    sources: tuple[Source, ...] = ()
    """The files of the integrations, with the place of every part."""
    home: Path | None = None
    """The file or folder in which integrations are written; None where they come from no file."""

    def where(self, integration: str, *path: str | int) -> str:
        """FILE:LINE:COLUMN of an integration, or of a part of it: `"footholds", 2, "user"`. "" where it stands in none."""
        return where(self.sources, integration, *path)

    def integration(self, name: str) -> Integration:
        """One integration; LookupError with the nearest names where there is none."""
        try:
            return self.integrations[name]
        except KeyError:
            raise LookupError(f"no integration '{name}'{nearest(name, self.integrations)}") from None

    def connection_of(self, system: str, at: str | None = None) -> str:
        """The name of the connection to a system: the one named, or the only one there is."""
        fitting = [name for name, entry in self.config.connections.items() if entry.system == system]
        if at is not None:
            if at in fitting:
                return at
            raise LookupError(f"no connection '{at}' to {system}{nearest(at, fitting)}")
        if len(fitting) == 1:
            return fitting[0]
        found = f"there are {', '.join(fitting)}: say which with `at:`" if fitting else "none is configured"
        raise LookupError(f"a connection to {system} is needed; {found}")


def read_inventory(
    path: Path,
    *,
    integrations: Path | None = None,
    sandbox: Mapping[str, str] | None = None,
    may_be_empty: bool = False,
) -> Inventory:
    """Read `ringfence.yaml` and its integrations. Raises BadInventory with every mistake of all files.

    `integrations` overrides the configured file or folder. `sandbox` holds the running sandbox's `url` and secrets by
    name; without it, `sandbox:` references are refused. `may_be_empty`: there need be no integration yet.
    """
    found = examine(path, integrations=integrations, may_be_empty=may_be_empty)
    if found.problems or found.config is None:
        raise BadInventory("\n".join(map(str, found.problems)))
    listed, path = found.listed, path.resolve()
    return Inventory(
        path, found.config, listed.integrations, _resolver(path.parent, sandbox), _base(sandbox), tuple(listed.ours),
        sources=tuple(listed.sources), home=found.home,
    )  # fmt: skip


@dataclass
class Examined:
    """Both files as they stand, whatever is wrong with them.

    Attributes:
        source: the configuration's tree; None where it is no YAML. config: None where something is wrong with it.
        home: the file or folder of the integrations. problems: every mistake of all files.
    """

    source: Source | None
    config: Config | None
    home: Path
    listed: Gathered
    problems: list[Problem]


def examine(path: Path, *, integrations: Path | None = None, may_be_empty: bool = False) -> Examined:
    """Read what `read_inventory` does and raise nothing: to check it."""
    path = path.resolve()
    report = Report(str(path))
    source, config = None, None
    try:
        tree = load(text_of(path, WHAT), report, WHAT)
        assert tree is not None
        source = Source(str(path), tree)
        config = _modelled(source, Config, report)
    except BadPlaybook as bad:
        problems = [replace(p, message=p.message + MAKE_IT) if p.code == "file" else p for p in bad.problems]
    else:
        problems = []
    # Where the configuration is wrong, its integrations are read all the same: all mistakes are told at once.
    named = config.integrations if config is not None else text_in(source.root, "integrations") if source else ""
    home = integrations or path.parent / (named or Config.model_fields["integrations"].default)
    nothing = source is None and not home.exists()
    listed = gather(home, may_be_empty=may_be_empty) if not nothing else Gathered()
    return Examined(source, config, home, listed, problems + listed.problems)


def parse(text: str, file: str, model: type[M]) -> M:
    """One file's text as its model. Raises BadInventory with all that is wrong."""
    report = Report(file)
    try:
        tree = load(text, report, WHAT)
        assert tree is not None
        return _modelled(Source(file, tree), model, report)
    except BadPlaybook as bad:
        raise BadInventory(str(bad)) from None


def _modelled(source: Source, model: type[M], report: Report) -> M:
    checks = [*alone(source), *together([source])] if model is Integrations else [*forbidden(source)]
    for problem in checks:
        report.add(problem.code, Place(problem.line, problem.column), problem.message)
    found = None
    try:
        found = model.model_validate(plain(source.root))
    except ValidationError as error:
        explain(source.root, error, model, report)
    report.settle()
    assert found is not None
    return found


def _base(sandbox: Mapping[str, str] | None) -> Callable[[str], str]:
    def base(url: str) -> str:
        if not url.startswith("sandbox:"):
            return url
        if sandbox is None:
            raise BadInventory(f"{url}: leads to the sandbox, which is not running; start the command with --sandbox")
        return sandbox["url"] + url.removeprefix("sandbox:")

    return base


def _resolver(folder: Path, sandbox: Mapping[str, str] | None) -> Callable[[str], str]:
    def resolve(reference: str) -> str:
        import os

        kind, _, name = reference.partition(":")
        if kind == "env":
            value = os.environ.get(name, "")
            why = f"the environment has no {name}, or it is empty"
        elif kind == "file":
            file = (folder / name).expanduser()
            try:
                value, why = file.read_text(encoding="utf-8").strip(), f"{file} is empty"
            except (OSError, UnicodeDecodeError) as error:
                value, why = "", f"{file}: {getattr(error, 'strerror', None) or 'is not UTF-8'}"
        else:
            value = "" if sandbox is None else sandbox.get(name, "")
            why = "no sandbox runs that knows it; start the command with --sandbox"
        if not value:
            raise BadInventory(f"secret {reference}: {why}")
        return value

    return resolve
