"""`ringfence connectors new`: a connector to begin with, its tests and its plan cases, that keep every rule there is.

What is still to say about the real system is marked TODO.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.say import line

SKELETONS = Path(__file__).with_name("skeletons")
LEFT = "TODO"
_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
_TESTS = "tests/connectors/test_{name}.py"


def new(name: str, /, *, out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None) -> int:
    """Write a connector to begin with: what is still to say about the real system is marked TODO.

    Parameters
    ----------
    name
        What the system is called: lower-case letters, digits and _.
    out
        The checkout to write into; else this one.
    """
    from engine.registry import registry

    if _NAME.fullmatch(name) is None:
        raise place.Refused(f"{name[:80]!a} is no name of a system: lower-case letters, digits and _, a letter first.")
    if name in registry().systems:
        raise place.Refused(f"There is a connector '{name}' already: `ringfence connectors show {name}` shows it.")
    if name in _taken():
        raise place.Refused(f"'{name}' cannot be a connector's name: Python, or a file that is there, has it.")
    folder = (out or place.CHECKOUT).expanduser()
    files = {folder / path: text for path, text in texts(name)}
    for file in files:
        if file.exists():
            raise place.Refused(f"{file} is there already: nothing was written over it.")
    for file, text in files.items():
        _write(file, text)
    main = files[folder / f"connectors/{name}.py"]
    line(f"{folder / 'connectors' / f'{name}.py'}: written, with {main.count(LEFT)} places marked {LEFT}.")
    line(
        f"{folder / _TESTS.format(name=name)}: its tests, and {len(files) - 3} plan cases below {folder / 'tests/plans'}."
    )
    line("Then: uv run pytest tests/connectors; uv run python docs/connectors.py writes it into docs/connectors.md.")
    return 0


def texts(name: str) -> Iterator[tuple[str, str]]:
    """Every file of a new connector: its path in the checkout, and its text."""
    skeleton = {part: (SKELETONS / f"{part}.txt").read_text(encoding="utf-8") for part in ("connector", "test")}
    tests = _TESTS.format(name=name)
    yield f"connectors/{name}.py", _named(skeleton["connector"], name)
    yield tests, _named(skeleton["test"], name)
    yield f"tests/tested/{name}.json", _json({
        f"{name}.disable_client": [f"{tests}::test_a_client_is_switched_off_and_given_back"],
        f"{name}.revoke_token": [f"{tests}::test_every_token_of_a_client_is_listed_and_ended"],
    })  # fmt: skip
    irreversible = re.search(r'irreversible="([^"]+)"', skeleton["connector"])
    assert irreversible is not None
    for case, content in _cases(irreversible[1]).items():
        yield f"tests/plans/{name}.{case}.json", _json(content)


def _cases(irreversible: str) -> dict[str, dict[str, Any]]:
    """What each action yields for what is seen: a change, nothing to do, the way back or why there is none."""
    client, token = {"client": "c1"}, {"token": "t1"}
    on, off = {"enabled": True}, {"enabled": False}

    def put(enabled: bool) -> list[dict[str, Any]]:
        return [{"request": "PUT /clients/c1/enabled", "json": {"enabled": enabled}}]

    return {
        "disable_client/on": {"params": client, "seen": on, "calls": put(False), "after": off},
        "disable_client/off_already": {"params": client, "seen": off, "calls": [], "why": "it gets no token"},
        "disable_client/given_back": {"params": client, "seen": off, "before": on, "calls": put(True), "after": on},
        "disable_client/was_off_before": {
            "params": client, "seen": off, "before": off, "calls": [], "why": "it was off before we came"
        },
        "revoke_token/live": {
            "params": token, "seen": {"active": True}, "calls": [{"request": "POST /tokens/t1/revoke"}],
            "after": {"active": False},
        },
        "revoke_token/dead_already": {"params": token, "seen": {"active": False}, "calls": [], "why": "it opens nothing"},
        "revoke_token/no_way_back": {"params": token, "seen": {"active": False}, "refused": irreversible},
    }  # fmt: skip


def _named(text: str, name: str) -> str:
    return re.sub(r"\bNAME\b", name, text)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _taken() -> frozenset[str]:
    """Names that a module of that room cannot have."""
    import keyword

    return frozenset({"core", *keyword.kwlist, *(file.stem for file in (place.CHECKOUT / "connectors").iterdir())})


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as written:
            written.write(text)
    except OSError as error:
        raise place.Refused(f"{file} cannot be written: {error.strerror}.") from None
