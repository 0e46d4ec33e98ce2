"""What `playbook new` writes checks clean and passes, for whatever systems there are, and is never written over another."""

from __future__ import annotations

import pytest

from engine.registry import registry
from language.errors import Report
from language.source import load, plain

SYSTEMS = sorted(name for name, system in registry().systems.items() if system.footholds)
PRACTICE = {*(name for name in SYSTEMS if name.startswith("practice_")), "oauth"}
SETS = [*((one,) for one in SYSTEMS), *zip(SYSTEMS, SYSTEMS[1:], strict=False), tuple(SYSTEMS)]


@pytest.mark.parametrize("systems", SETS, ids="+".join)
def test_a_new_playbook_checks_clean_and_its_case_passes(ringfence, tmp_path, systems):
    made = ringfence("playbook", "new", "ours", "--integration-has", ",".join(systems), "-o", "books/ours.yaml")
    assert made.code == 0, made.err
    text = (tmp_path / "books" / "ours.yaml").read_text()
    lint = ringfence("playbook", "lint", "books/ours.yaml", "--sandbox")
    assert lint.code == 0, lint.out
    assert "FILL IN" in text
    book = plain(load(text, Report("ours.yaml")))
    used = {step["uses"].partition(".")[0] for step in book["contain"] if "uses" in step}
    assert used <= {*systems, "notify"}
    if not (tmp_path / "books" / "cases" / "ours" / "first.yaml").exists():
        # Nobody can make up what a real provider takes for an id of its own; the command says what was not taken.
        assert "not written, since none could be made: " in made.out
        assert not set(systems) <= PRACTICE
        return
    assert used == {*systems, "notify"}
    tested = ringfence("playbook", "test", "books/ours.yaml", "--require-cases", "--json")
    assert tested.code == 0, tested.out
    (case,) = tested.json["cases"]
    assert case["word"] in {"contained", "partially-contained"}


def test_the_case_of_a_new_playbook_can_fail(ringfence, tmp_path):
    ringfence("playbook", "new", "ours", "--integration-has", "practice_idp")
    file = tmp_path / "playbooks" / "ours.yaml"
    file.write_text(file.read_text().replace("    for_each: steps.found_tokens.items\n", ""))
    assert ringfence("playbook", "test", "ours").code == 1
    file.write_text(file.read_text().replace("practice_idp.disable_client", "practice_idp.client"))
    assert ringfence("playbook", "test", "ours").code == 1


def test_nothing_is_written_over_and_wrong_names_are_refused(ringfence, tmp_path):
    assert ringfence("playbook", "new", "ours", "--integration-has", "practice_idp").code == 0
    before = (tmp_path / "playbooks" / "ours.yaml").read_text()
    again = ringfence("playbook", "new", "ours", "--integration-has", "practice_crm")
    assert again.code == 1
    assert "nothing was written over it" in again.err
    assert (tmp_path / "playbooks" / "ours.yaml").read_text() == before
    for words, wanted in (
        (["other", "--integration-has", "practice_id"], "did you mean 'practice_idp'?"),
        (["other"], "--integration-has"),
        (["Other-One", "--integration-has", "practice_idp"], "an id is a lower-case letter"),
        (["other", "--integration-has", "practice_idp", "-o", "x/another.yaml"], "named after it"),
    ):
        said = ringfence("playbook", "new", *words)
        assert said.code == 1
        assert wanted in said.err
    assert sorted(file.name for file in (tmp_path / "playbooks").glob("*.yaml")) == ["ours.yaml"]
