"""Each file of tests/playbooks/invalid holds one mistake, and its neighbour the very words that are said about it."""

from pathlib import Path

import pytest
from language_house import HOUSE

from language import BadPlaybook, read

FILES = sorted((Path(__file__).parents[1] / "language" / "mistakes").glob("*.yaml"))


def test_there_are_mistakes_to_try():
    assert len(FILES) >= 5


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_a_mistake_is_told_in_these_words(file):
    with pytest.raises(BadPlaybook) as caught:
        read(file.read_text(), "p.yaml", HOUSE)
    said = "".join(f"{p.code} {p.line}:{p.column}: {p.message}\n" for p in caught.value.problems)
    assert said == file.with_suffix(".txt").read_text()


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_no_message_speaks_in_the_words_of_our_tools(file):
    for word in ("STRING", "TIMESTAMP", "LIST<", "rf.", "overload", "pydantic", "_+_", "INVALID_ARGUMENT", "Traceback"):
        assert word not in file.with_suffix(".txt").read_text().replace("rf.Secret{", "")
