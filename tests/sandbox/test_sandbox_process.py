"""The process: handshake, ends, command line."""

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx


def test_the_handshake_is_for_its_owner_alone_and_says_how_to_reach_it(start):
    practice = start("--tokens", "3", "--seed", "11")
    assert stat.S_IMODE(practice.handshake.stat().st_mode) == 0o600
    assert practice.told["pid"] == practice.process.pid
    assert practice.told["url"].startswith("http://127.0.0.1:")
    assert practice.told["options"]["seed"] == 11
    assert {"idp_key", "crm_key", "firewall_key", "chat_hook", "person_key", "client_secret"} <= set(practice.secrets)
    assert [each.name for each in practice.handshake.parent.iterdir()] == ["handshake.json"]


def test_two_sandboxes_share_no_secret(start):
    one, other = start("--tokens", "3"), start("--tokens", "3")
    assert not set(one.secrets.values()) & set(other.secrets.values())


def test_a_signal_is_a_clean_end(start):
    practice = start()
    assert practice.end() == 0
    assert not practice.handshake.exists()


def test_stop_is_a_clean_end(start):
    practice = start()
    assert practice.http.post("/_sandbox/stop").json() == {"ok": True}
    assert practice.process.wait(5) == 0
    assert not practice.handshake.exists()


def test_it_ends_when_only_its_own_people_ask(start):
    practice = start("--idle-minutes", "0.012")
    for _ in range(5):
        time.sleep(0.18)
        practice.get("/idp/clients/drift-prod")
        practice.state()
    assert practice.process.wait(5) == 0
    assert not practice.handshake.exists()


def test_the_handshake_of_another_is_left_alone(start):
    practice = start()
    practice.handshake.write_text(json.dumps(practice.told | {"pid": os.getpid()}))
    assert practice.end() == 0
    assert practice.handshake.exists()


def test_it_listens_on_loopback_alone(start):
    practice = start()
    port = httpx.URL(practice.told["url"]).port
    sockets = [Path(f"/proc/{practice.process.pid}/net/{each}").read_text() for each in ("tcp", "tcp6")]
    listening = [line.split()[1] for text in sockets for line in text.splitlines()[1:] if line.split()[3] == "0A"]
    assert [each for each in listening if each.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


def test_a_taken_port_is_said_in_words(start, tmp_path):
    port = str(httpx.URL(start().told["url"]).port)
    command = [sys.executable, "-m", "sandbox", "--handshake", str(tmp_path / "other"), "--port", port]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, "python -m sandbox: cannot start: Address already in use\n")
    assert not (tmp_path / "other").exists()


def test_wrong_options_are_refused_in_words():
    command = [sys.executable, "-m", "sandbox", "--handshake", "x", "--tokens"]
    wrong = subprocess.run([*command, "-3"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "number from 0" in wrong.stderr
    nowhere = subprocess.run([*command[:4], "/nowhere/x"], capture_output=True, text=True, check=False)
    assert (nowhere.returncode, "there is no folder /nowhere" in nowhere.stderr) == (2, True)
    text = subprocess.run([*command[:3], "--help"], capture_output=True, text=True, check=True).stdout
    assert "switches things back on" in text
    assert "0600" in text
