"""Each file of `invalid/` holds a mistake, and its neighbour what `ringfence integrations lint` says about it, word for word."""

import json
import re
from pathlib import Path

import pytest

from triggers.cli.main import main

HERE = Path(__file__).parent
FILES = sorted((HERE / "invalid").glob("*.yaml"))
CONFIG = HERE / "ringfence.yaml"


def lint(capsys, file, *more):
    code = main(["integrations", "lint", "--config", str(CONFIG), "--integrations", str(file), *more])
    return code, capsys.readouterr().out


def test_there_are_mistakes_to_try():
    assert len(FILES) >= 60


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_a_mistake_is_told_in_these_words_at_its_place(file, capsys):
    code, out = lint(capsys, file)
    assert code == 1
    assert out.replace(f"{file}:", "") == file.with_suffix(".txt").read_text()


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_mistake_has_a_place_that_is_there_and_no_secret(file, capsys):
    _, out = lint(capsys, file, "--json")
    said = json.loads(out)
    lines = file.read_text().split("\n")
    assert said["problems"]
    for text, place in zip(said["problems"], said["places"], strict=True):
        assert text == f"{place['file']}:{place['line']}:{place['column']}: {place['message']}"
        assert place["file"] == str(file)
        assert 1 <= place["column"] <= len(lines[place["line"] - 1]) + 1
    assert not re.search(r"hunter2|ghp_|AKIA|pydantic|Traceback|Input should", out)


def test_the_files_beside_them_are_all_there():
    assert {one.stem for one in FILES} == {one.stem for one in (HERE / "invalid").glob("*.txt")}
