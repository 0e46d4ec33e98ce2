"""Accounts for every field of a CACAO file: carried over, or lost with a reason. What nobody spoke for is a loss too."""

from collections.abc import Iterator
from typing import Any

from language.cacao.faults import Loss, kind_of, pointer

Path = tuple[str | int, ...]
_NO_FIELD = "a playbook of ours has no such field"
_WHY = {
    "authentication_info_definitions": "may hold secrets, so nothing of it is copied; credentials belong in the configuration",
    "authentication_info": "points to credentials, of which nothing is copied",
    "signatures": "was not checked, and would not hold for what was made of the file",
    "extension_definitions": "another tool's extension: what it means is not known here",
    "playbook_extensions": "another tool's extension: what it means is not known here",
    "step_extensions": "another tool's extension: what it means is not known here",
    "agent_target_extensions": "another tool's extension: what it means is not known here",
    "data_marking_definitions": "nothing here enforces a marking; a TLP would stand as a comment",
    "markings": "nothing here enforces a marking: share the file as its marking says",
    "playbook_processing_summary": "follows from the steps",
    "playbook_variables": "no step uses it",
    "step_variables": "no text of the step uses it",
    "agent_definitions": "no step uses it",
    "target_definitions": "no step uses it",
    "workflow_exception": "leads to an end: a run here ends with a word that says what is open",
    "valid_from": "was checked today; nothing asks again before a run",
    "valid_until": "was checked today; nothing asks again before a run",
    "revoked": "was checked today; nothing asks again before a run",
    "type": "says only what it is",
    "spec_version": "says only what it is",
}


class Ledger:
    """What became of each field of one file."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self._raw = raw
        self._carried: set[Path] = set()
        self._said: dict[Path, str] = {}

    def carry(self, *path: str | int) -> None:
        """Note that a field, with all below it, stands in the playbook."""
        self._carried.add(path)

    def lose(self, why: str, *path: str | int) -> None:
        """Note why a field is not, or not exactly, in the playbook."""
        self._said.setdefault(path, why)

    def losses(self) -> list[Loss]:
        """Give every field that was not carried over, in the order of the file; of a whole that was left out, the whole."""
        above = {path[:length] for path in (*self._carried, *self._said) for length in range(len(path))}
        return list(self._walk((), self._raw, above))

    def _at(self, path: Path) -> Any:
        value: Any = self._raw
        for part in path:
            value = value[part]
        return value

    def _walk(self, path: Path, value: Any, above: set[Path]) -> Iterator[Loss]:
        if path in self._said:
            yield Loss(pointer(*path), kind_of(value), self._said[path])
            return
        if path in self._carried:
            below = (said for said in self._said if len(said) > len(path) and said[: len(path)] == path)
            yield from (Loss(pointer(*said), kind_of(self._at(said)), self._said[said]) for said in below)
            return
        if isinstance(value, dict) and (path in above or not path or _holds_objects(path)):
            for key, each in value.items():
                yield from self._walk((*path, key), each, above)
        elif isinstance(value, list) and path in above:
            for number, each in enumerate(value):
                yield from self._walk((*path, number), each, above)
        else:
            yield Loss(pointer(*path), kind_of(value), _why(path))


def _holds_objects(path: Path) -> bool:
    return len(path) == 1 and str(path[0]).endswith(("_definitions", "_variables", "workflow"))


def _why(path: Path) -> str:
    names = [part for part in path if isinstance(part, str)]
    # The whole of a definition that nobody uses, or one field: of the credentials, every field.
    group = names[0] if len(path) <= 2 or names[0] == "authentication_info_definitions" else ""
    kinds = [part for part in names[:-1] if part.endswith("_variables")]
    return next((_WHY[name] for name in (names[-1], *kinds[:1], group) if name in _WHY), _NO_FIELD)
