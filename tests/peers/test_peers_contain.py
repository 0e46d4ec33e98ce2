"""A list of stolen tokens at a server that others wrote: killed on the way, taken up again, every token dead, none shown."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.registry import catalogue, registry
from inventory.read import read_inventory
from language import read
from tests.peers.oidc.world import PLAYBOOK, make_world

pytestmark = [pytest.mark.peers, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "triggers.cli.main")
TOKENS = 200


class House:
    """The responder's terminal: his folder, a state folder, and every word that was said on either."""

    def __init__(self, world):
        self.world = world
        self.home = world.folder / "state"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "RINGFENCE_"))}
        self.environ = kept | {
            "RINGFENCE_HOME": str(self.home), "RINGFENCE_PREFECT": "off", "PYTHONPATH": str(ROOT), "COLUMNS": "200",
        }  # fmt: skip
        self.said = ""
        self.seen_in_ps = ""

    def run(self, *words, **environ):
        process = subprocess.Popen(
            [*COMMAND, *map(str, words)], cwd=self.world.folder, env=self.environ | environ,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        while True:
            for name in ("cmdline", "environ"):
                self.seen_in_ps += read_quietly(Path(f"/proc/{process.pid}/{name}"))
            try:
                out, err = process.communicate(timeout=0.3)
                break
            except subprocess.TimeoutExpired:
                continue
        self.said += out + err
        assert "Traceback" not in out + err, out + err
        assert "fault of ours" not in out + err, out + err
        return process.returncode, out, err

    def contain(self, *more, **environ):
        """Looked at first: a live `--yes` without a terminal names the scope that it approves."""
        words = (self.world.playbook, "--config", self.world.config, "-i", "integration=vendor_sync",
                 "-i", f"tokens=@{self.world.listed}")  # fmt: skip
        code, out, err = self.run("plan", *words, "--json")
        assert code == 0, out + err
        scope = json.loads(out.splitlines()[-1])["scope_hash"]
        return self.run("contain", *words, "--yes", "--scope-hash", scope, "--json", *more, **environ)

    def assert_no_secret_shown(self, *, shown_once=()):
        files = [file for file in self.home.rglob("*") if file.is_file()]
        assert files
        kept = self.said + self.seen_in_ps + "".join(file.read_bytes().decode("latin-1") for file in files)
        for secret in (*self.world.secrets, *shown_once):
            assert secret not in kept
        assert "tokens.txt" in self.seen_in_ps, "ps was read at all"


def read_quietly(file):
    try:
        return file.read_bytes().decode("latin-1")
    except OSError:
        return ""


@pytest.fixture
def house(peer, tmp_path):
    return House(make_world(tmp_path / "responder", peer, tokens=TOKENS))


def word_of(out):
    return json.loads(out.splitlines()[-1])["word"]


def test_the_playbook_and_the_files_are_in_order(peer, tmp_path):
    world = make_world(tmp_path / "responder", peer, tokens=2)
    checked = read(PLAYBOOK, "given_tokens.yaml", catalogue(registry()))
    assert checked.playbook.inputs["tokens"].type == "list of secret"
    inventory = read_inventory(world.config)
    assert inventory.connection_of("oauth") == "idp"
    assert inventory.resolve("file:client_secret") == world.client.secret
    assert [file.name for file in world.folder.iterdir() if file.stat().st_mode & 0o077 == 0 and file.is_file()]
    for name in ("client_secret", "registration_token", "tokens.txt", "master_key"):
        assert (world.folder / name).stat().st_mode & 0o777 == 0o600
    assert all(peer.active(token, world.client) for token in world.tokens)


def test_the_readmes_playbook_is_this_one():
    """What the README shows works: it differs by the watch alone."""
    readme = (ROOT / "README.md").read_text()
    shown = [part.partition("```")[0] for part in readme.split("```yaml\n")[1:]]
    (theirs,) = [part for part in shown if part.startswith("playbook: given_tokens")]
    assert theirs == PLAYBOOK.replace("  - watch: 1s\n", "")


def test_a_dry_run_leaves_every_token_alive(house, peer):
    code, out, err = house.contain("--dry-run")
    assert code == 0, out + err
    assert word_of(out) == "dry-run"
    assert all(peer.active(token, house.world.client) for token in house.world.tokens)
    assert peer.ask_for_token(house.world.client).status_code == 200
    house.assert_no_secret_shown()


@pytest.mark.crash
@pytest.mark.parametrize("kill_at", [60, -260])
def test_killed_on_the_way_and_resumed_every_token_is_dead(house, peer, kill_at):
    world = house.world
    code, out, err = house.contain(RINGFENCE_KILL_AT=str(kill_at))
    assert code == -signal.SIGKILL, out + err
    other = peer.register()  # restricting a client does not take its word from another that asks
    alive = sum(peer.active(token, other) for token in world.tokens)
    assert 0 < alive < TOKENS, "it was killed in the midst of the cut"
    code, out, err = house.run("resume", "--last", "--yes", "--json")
    assert (code, word_of(out)) == (0, "contained"), out + err
    assert [token for token in world.tokens if peer.active(token, other)] == []
    assert peer.ask_for_token(world.client).status_code == 400, "and it gets no other"
    assert house.run("journal", "verify")[0] == 0
    house.assert_no_secret_shown()


def test_contained_then_recovered_the_client_mints_again_and_the_old_tokens_stay_dead(house, peer):
    began = time.monotonic()
    code, out, err = house.contain()
    assert (code, word_of(out)) == (0, "contained"), out + err
    assert time.monotonic() - began < 60
    other = peer.register()
    assert not any(peer.active(token, other) for token in house.world.tokens)
    code, out, err = house.run("recover", "--last", "--yes", "--json")
    assert (code, word_of(out)) == (0, "recovered"), out + err
    (fresh,) = peer.mint(house.world.client)
    assert peer.active(fresh, other)
    assert not any(peer.active(token, other) for token in house.world.tokens)
    house.assert_no_secret_shown(shown_once=(fresh,))


def test_a_registration_token_that_is_wrong_holds_nothing_up_but_is_not_contained(house, peer):
    """Fail toward containment: the block fails, the tokens die all the same, and the word says that it is not whole."""
    (house.world.folder / "registration_token").write_text("not-the-token\n")
    code, out, err = house.contain()
    assert code == 2, out + err
    assert word_of(out) == "partially-contained", out + err
    assert not any(peer.active(token, house.world.client) for token in house.world.tokens)
    house.assert_no_secret_shown()


@pytest.mark.crash
def test_killed_before_a_rotated_credential_was_kept_says_who_must_fetch_it(house, peer):
    """The update was answered, and its answer died with us: all tokens die, and the word does not claim the client."""
    code, out, err = house.contain(RINGFENCE_KILL_AT="-4")
    assert code == -signal.SIGKILL, out + err
    assert peer.ask_for_token(house.world.client).status_code == 400, "the update had reached the server"
    code, out, err = house.run("resume", "--last", "--yes")
    assert code == 2, out + err
    assert "PARTIALLY-CONTAINED" in out
    assert "the provider rotated this credential, and the answer with the new one never came" in out
    assert "administrator issue a new registration token" in out
    other = peer.register()
    assert not any(peer.active(token, other) for token in house.world.tokens)
    house.assert_no_secret_shown()


@pytest.mark.crash
def test_killed_before_the_update_was_sent_it_is_sent_by_the_next(house, peer):
    code, out, err = house.contain(RINGFENCE_KILL_AT="3")
    assert code == -signal.SIGKILL, out + err
    assert peer.ask_for_token(house.world.client).status_code == 200, "nothing had reached the server"
    code, out, err = house.run("resume", "--last", "--yes", "--json")
    assert (code, word_of(out)) == (0, "contained"), out + err
    assert peer.ask_for_token(house.world.client).status_code == 400


def test_a_list_without_one_live_token_is_nothing_found(house, peer):
    """Inactive may mean dead, or hidden from our credential: without one that was alive, neither is proven."""
    house.world.listed.write_text("\n".join(f"stranger-{n}-{'x' * 24}" for n in range(3)))
    code, out, err = house.contain()
    assert (code, word_of(out)) == (2, "nothing-found"), out + err
