"""Reads the two files. Every mistake is told at once, with file, line and column, before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from inventory.discovered import Snapshot
from inventory.integrations.model import Integration, Integrations, OwnEntry
from inventory.model import Config
from language.errors import BadPlaybook, Place, Report, nearest
from language.source import Items, Keys, Node, load, plain

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
    path: Path, *, integrations: Path | None = None, sandbox: Mapping[str, str] | None = None
) -> Inventory:
    """Read `ringfence.yaml` and its integrations.

    `integrations` overrides the configured file. `sandbox` holds the running sandbox's `url` and secrets by name;
    without it, `sandbox:` references are refused.
    """
    path = path.resolve()
    config = _read(path, Config)
    listed = _read(integrations or path.parent / config.integrations, Integrations)
    return Inventory(path, config, listed.integrations, _resolver(path.parent, sandbox), _base(sandbox), listed.ours)


def _read(path: Path, model: type[M]) -> M:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise BadInventory(f"{path}: {why}. Name the configuration with --config FILE, or make it") from None
    return parse(text, str(path), model)


def parse(text: str, file: str, model: type[M]) -> M:
    """One file's text as its model."""
    report = Report(file)
    try:
        tree = load(text, report)
        assert tree is not None
        try:
            return model.model_validate(plain(tree))
        except ValidationError as error:
            for mistake in error.errors(include_url=False, include_input=False):
                report.add(mistake["type"], *_explain(tree, mistake, model))
            report.settle()
            raise
    except BadPlaybook as bad:
        raise BadInventory(str(bad)) from None


def _explain(tree: Node, mistake: Any, model: type[BaseModel]) -> tuple[Place, str]:
    place, node = tree.place, tree
    last = ""
    for part in mistake["loc"]:
        if isinstance(node, Keys) and part in node.nodes:
            place, node, last = node.keys[str(part)], node.nodes[str(part)], str(part)
        elif isinstance(node, Items) and isinstance(part, int) and part < len(node.nodes):
            node = node.nodes[part]
            place = node.place
        else:
            last = str(part)
    match mistake["type"]:
        case "extra_forbidden":
            return place, f"unknown key '{last}'{nearest(last, _names(model))}"
        case "missing":
            return place, f"'{last}' is missing here"
        case _:
            return place, f"{last}: {str(mistake['msg']).removeprefix('Value error, ')}"


def _names(model: type[BaseModel]) -> set[str]:
    """Every key that the file may have anywhere: good enough for the nearest name."""
    seen: set[str] = set()
    todo: list[Any] = [model]
    while todo:
        kind = todo.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fresh = set(kind.model_fields) - seen
            seen |= fresh
            todo += [kind.model_fields[name].annotation for name in fresh]
        else:
            todo += list(getattr(kind, "__args__", ()))
    return seen


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
