"""Exit codes, and a sentence instead of a traceback for whatever comes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from triggers.cli import main as command
from triggers.cli import place
from triggers.cli.place import CHECKOUT as ROOT


def test_the_front_page_names_every_command(ringfence):
    for words in ((), ("--help",), ("-h",), ("help",)):
        said = ringfence(*words)
        assert said.code == 0
        for _, commands in command.COMMANDS:
            for name, _, line in commands:
                assert any(row.split(maxsplit=1)[:1] == [name] and row.endswith(line) for row in said.out.splitlines())


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["sandbx"], "did you mean sandbox"),
        (["sandbox", "upp"], 'Did you mean "up"'),
        (["--tokens", "4"], "stands where a command belongs"),
        (["sandbox", "up", "--attacker", "bad"], '"plain", "admin", "none"'),
        (["sandbox", "up", "--tokens", "many"], "--tokens"),
        (["sandbox", "up", "--nope"], "--nope"),
        (["sandbox", "by-hand", "client", "perhaps"], '"on", "off"'),
        (["sandbox", "log", "--since", "yesterday"], "--since"),
        (["playbook", "show"], "requires an argument"),
        (["journal", "verify", "--limit", "3"], "--limit"),
        (["\x1b[2J"], "There is no command"),
        (["x" * 5000], "There is no command"),
    ],
    ids=lambda value: "_".join(value)[:20] if isinstance(value, list) else "",
)
def test_wrong_usage_is_1_and_says_what_would_be_right(ringfence, words, hint):
    said = ringfence(*words)
    assert said.code == 1
    assert hint in said.err
    assert not said.out
    assert "\x1b" not in said.err
    assert len(said.err) < 700


@pytest.mark.parametrize(
    "words",
    [
        ["sandbox", "log"],
        ["sandbox", "by-hand", "client", "off"],
        ["journal", "show"],
        ["journal", "verify"],
        ["playbook", "lint"],
        ["playbook", "show", "nofile.yaml"],
        ["playbook", "lint", "--config", "missing.yaml", "stolen_oauth_tokens"],
        ["connectors", "show", "practise_idp"],
        ["connectors", "show", "practice_idp.revoke"],
        ["integrations", "lint"],
        ["integrations", "show"],
        ["integrations", "show", "drif", "--sandbox"],
    ],
    ids="_".join,
)
def test_what_cannot_be_done_is_1_with_a_sentence_and_makes_nothing(ringfence, home, words):
    said = ringfence(*words)
    assert said.code == 1
    assert said.out + said.err
    assert not home.exists()


def test_a_state_folder_that_cannot_be_made_is_told(ringfence, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RINGFENCE_HOME", str(tmp_path / "file"))
    said = ringfence("sandbox", "up")
    assert said.code == 1
    assert "RINGFENCE_HOME" in said.err


def test_the_state_folder_is_its_owners_alone(home):
    assert place.state_folder() == home
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def _raise(error: BaseException):
    def carry_out(_words):
        raise error

    return carry_out


def test_a_fault_of_ours_is_one_sentence_and_a_log_without_values(ringfence, home, monkeypatch):
    def inner():
        hidden = "canary-7f3a"
        try:
            raise KeyError(hidden)
        except KeyError as error:
            raise ValueError(f"token {hidden}") from error

    monkeypatch.setattr(command, "_carry_out", lambda _words: inner())
    said = ringfence("anything")
    assert said.code == 2
    (log,) = (home / "faults").iterdir()
    assert str(log) in said.err
    assert "fault of ours" in said.err
    assert said.err.count("\n") == 1
    text = log.read_text()
    assert "ValueError" in text
    assert "KeyError" in text
    assert "inner" in text
    assert "canary" not in text + said.err
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_fault_where_nothing_can_be_written_is_still_one_sentence(ringfence, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RINGFENCE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(command, "_carry_out", _raise(ValueError("x")))
    said = ringfence("anything")
    assert (said.code, said.err.count("\n")) == (2, 1)


def test_known_errors_in_a_group_are_sentences(ringfence, monkeypatch):
    from journal import JournalFailed

    both = ExceptionGroup("two", [place.Refused("First."), ExceptionGroup("one", [JournalFailed("Second.")])])
    monkeypatch.setattr(command, "_carry_out", _raise(both))
    said = ringfence("anything")
    assert (said.code, said.err) == (1, "First.\nSecond.\n")


def test_every_known_error_exists(home):
    from importlib import import_module

    for known in command.KNOWN:
        module, _, name = known.partition(":")
        assert issubclass(getattr(import_module(module), name), Exception)


def test_interrupted_is_130(ringfence, monkeypatch):
    monkeypatch.setattr(command, "_carry_out", _raise(KeyboardInterrupt()))
    assert ringfence("anything").code == 130


def test_output_that_nobody_reads_is_no_fault(home):
    child = subprocess.Popen(
        [sys.executable, "-m", "triggers.cli.main", "playbook", "show", "stolen_oauth_tokens"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    child.stdout.close()
    said = child.stderr.read().decode()
    assert child.wait(30) == 141
    assert not said


def test_every_command_says_what_it_does(ringfence, home):
    for _, commands in command.COMMANDS:
        for name, where, _ in commands:
            said = ringfence(name, "--help")
            assert said.code == 0
            assert said.out.startswith(f"Usage: ringfence {name}")
            if where.endswith(":app"):
                for sub in command.app[name]:
                    if sub.startswith("-"):
                        continue
                    assert ringfence(name, sub, "--help").out.startswith(f"Usage: ringfence {name} {sub}")
    assert not home.exists()
