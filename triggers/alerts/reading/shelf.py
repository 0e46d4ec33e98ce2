"""The sources there are: a YAML file each, read when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from inventory.explain import explain
from language.errors import BadPlaybook, Report
from language.files import text_of
from language.source import load, place_in, plain
from triggers.alerts.names import FOLDER
from triggers.alerts.reading.compiled import BadSource, Compiled, Unsound, compiled
from triggers.alerts.reading.source import Source

_WHAT = "alert source"


def ready_in(file: Path) -> Compiled:
    """Read one source's file and make it ready. Raises BadSource with every mistake, each with its place."""
    report = Report(str(file))
    try:
        tree = load(text_of(file, _WHAT), report, _WHAT)
        assert tree is not None
        try:
            source = Source.model_validate(plain(tree))
            if source.source != file.stem:
                said = f"it says that it is {source.source}: name the file {source.source}.yaml"
                report.add("name", place_in(tree, ["source"]), said)
            ready = compiled(source)
        except ValidationError as error:
            explain(tree, error, Source, report)
        except Unsound as unsound:
            for key, said in unsound.wrong:
                report.add("unsound", place_in(tree, key.split(".")), f"{key}: {said}")
        report.settle()
    except BadPlaybook as bad:
        raise BadSource(str(bad)) from None
    return ready


class Shelf(Mapping[str, Source]):
    """Sources by name. A file is read, and its expressions are checked, when somebody asks for it."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {file.stem: file for file in sorted(folder.glob("*.yaml"))}
        self._ready: dict[str, Compiled] = {}

    def __getitem__(self, name: str) -> Source:
        return self.ready(name).source

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def ready(self, name: str) -> Compiled:
        """Give a source that can read. Raises KeyError for one that there is not, BadSource for a file with mistakes."""
        if name not in self._ready:
            self._ready[name] = ready_in(self._files[name])
        return self._ready[name]


SOURCES = Shelf()
