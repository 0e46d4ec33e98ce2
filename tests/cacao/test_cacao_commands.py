"""`ringfence playbook import` and `export` as a person types them: files, exit codes, and what is said."""

import json

import pytest
from cacao_house import SHARED, action, book, chain, ident

from triggers.cli.main import main


@pytest.fixture
def ringfence(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("RINGFENCE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("RINGFENCE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)

    def call(*words):
        capfd.readouterr()
        code = main([str(word) for word in words])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return call


@pytest.fixture
def file(tmp_path):
    def write(made, name="theirs.json"):
        (tmp_path / name).write_text(json.dumps(made))
        return name

    return write


def test_an_imported_playbook_lints_and_shows(ringfence, file):
    code, out, _ = ringfence("playbook", "import", file(book(severity=3)), "-o", "test_of_a_playbook.yaml")
    assert code == 0
    assert "test_of_a_playbook written to test_of_a_playbook.yaml: 1 manual step below an approval" in out
    assert "Not carried over, or not exactly (" in out
    assert "/severity (number): a playbook of ours has no such field" in out
    assert ringfence("playbook", "lint", "test_of_a_playbook.yaml")[0] == 0
    code, shown, _ = ringfence("playbook", "show", "test_of_a_playbook.yaml")
    assert code == 0
    assert "block_it" in shown


def test_an_import_as_data(ringfence, file):
    code, out, _ = ringfence("playbook", "import", file(book()), "-o", "x.yaml", "--json")
    assert code == 0
    done = json.loads(out)
    assert done["ok"]
    assert done["playbook"] == "test_of_a_playbook"
    assert {"pointer": "/created", "kind": "text", "why": "a playbook of ours has no such field"} in done["lost"]
    assert done["steps"][1] == {"id": "block_it", "kind": "manual"}


def test_a_refused_import_writes_nothing_and_gives_every_reason(ringfence, file, tmp_path):
    flow = chain("one")
    flow[ident("action", "one")]["on_completion"] = ident("action", "one")
    name = file(book(flow, revoked=True))
    code, out, _ = ringfence("playbook", "import", name, "-o", "x.yaml")
    assert code == 1
    assert not (tmp_path / "x.yaml").exists()
    assert f"{name}: /revoked: its author has revoked it" in out
    assert "an endless loop: one -> one" in out
    assert "Not imported, for 3 reasons: nothing was written." in out
    code, out, _ = ringfence("playbook", "import", name, "-o", "x.yaml", "--json")
    assert code == 1
    assert [reason["code"] for reason in json.loads(out)["reasons"]] == ["revoked", "loop", "unreachable"]


def test_a_hostile_size_is_not_even_read(ringfence, tmp_path):
    with (tmp_path / "big.json").open("wb") as big:
        big.truncate(10**12)  # sparse: to read it all would take minutes and a terabyte
    code, out, _ = ringfence("playbook", "import", "big.json", "-o", "x.yaml")
    assert code == 1
    assert "more than 1,000,000 bytes" in out


def test_a_file_that_is_there_is_left_alone(ringfence, file, tmp_path):
    (tmp_path / "x.yaml").write_text("mine")
    name = file(book())
    code, _, err = ringfence("playbook", "import", name, "-o", "x.yaml")
    assert code == 1
    assert "x.yaml exists: nothing was written" in err
    assert (tmp_path / "x.yaml").read_text() == "mine"
    assert ringfence("playbook", "import", name, "-o", "x.yaml", "--force")[0] == 0
    assert ringfence("playbook", "lint", "x.yaml")[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "gone.json", "-o", "x.yaml"), "gone.json cannot be read"),
        (("import", ".", "-o", "x.yaml"), "cannot be read"),
        (("import", "theirs.json", "-o", "."), "is a folder"),
        (("import", "theirs.json", "-o", "no/where/x.yaml"), "cannot be written"),
        (("import", "theirs.json"), "-o"),
        (("export", "stolen_oauth_tokens"), "--cacao"),
        (("export", "stolen_oauth_token", "--cacao"), "did you mean 'stolen_oauth_tokens'?"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_refused_with_a_sentence(ringfence, file, words, said):
    file(book())
    code, out, err = ringfence("playbook", *words)
    assert code == 1
    assert said in err or said in err.replace("--output", "-o")
    assert not out


def test_an_export_comes_back(ringfence, tmp_path):
    code, out, _ = ringfence("playbook", "export", "stolen_oauth_tokens", "--cacao", "-o", "out.json")
    assert code == 0
    assert "stolen_oauth_tokens written to out.json as CACAO 2.0" in out
    assert "/contain/0/uses" in out
    code, out, _ = ringfence("playbook", "import", "out.json", "-o", "stolen_oauth_tokens.yaml")
    assert code == 0
    assert "out.json is an export of Ringfence, unchanged" in out
    assert "Nothing was lost." in out
    assert ringfence("playbook", "lint", "stolen_oauth_tokens.yaml")[0] == 0


def test_triggers_that_come_in_with_an_export_are_told(ringfence, tmp_path):
    (tmp_path / "wide.yaml").write_text(
        """
playbook: wide
title: Wide
breaks: Something
does_not: Much
inputs: {app: {type: text}}
triggers:
  - {alert: okta, when: "has(alert.app)", with: {app: "${alert.app}"}}
contain:
  - approve: approver
  - {id: block, manual: "Block ${inputs.app}", layer: network}
"""
    )
    assert ringfence("playbook", "export", "wide.yaml", "--cacao", "-o", "wide.json")[0] == 0
    code, out, _ = ringfence("playbook", "import", "wide.json", "-o", "back.yaml")
    assert code == 0
    assert "It has triggers (1)" in out


def test_without_a_file_the_export_is_printed_alone(ringfence):
    code, out, err = ringfence("playbook", "export", "stolen_oauth_tokens", "--cacao")
    assert code == 0
    assert json.loads(out)["type"] == "playbook"
    assert "/contain/0/uses" in err
    code, out, _ = ringfence("playbook", "export", "stolen_oauth_tokens", "--cacao", "--json")
    assert code == 0
    assert json.loads(out)["cacao"]["type"] == "playbook"


def test_marks_that_move_the_cursor_are_not_obeyed(ringfence, file):
    flow = chain("one")
    flow[ident("action", "one")] = action("\x1b[2Jgone\r", ident("action", "one"))
    code, out, _ = ringfence("playbook", "import", file(book(flow)), "-o", "x.yaml")
    assert code == 1
    assert "\x1b" not in out
    assert "\r" not in out


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/cacao is not here")
def test_no_output_shows_the_published_files_password(ringfence, tmp_path):
    for published in sorted(SHARED.glob("*.json")):
        for json_too in ((), ("--json",)):
            _, out, err = ringfence("playbook", "import", published, "-o", "x.yaml", "--force", *json_too)
            made = tmp_path / "x.yaml"
            written = made.read_text() if made.exists() else ""
            assert "super-secure-password" not in out + err + written
