"""A Google that others wrote answers 200 to a revocation, and the token goes on working: no run of ours says effective."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from connectors import google_workspace
from connectors.core import Came, Reader, Secret, Sender
from connectors.google_workspace import held
from journal import Keys
from tests.connectors.provider import provider, says, wired
from tests.peers.google_oauth.peer import Peer, missing

AGAINST = "emulate's Google, which answers 200 and revokes nothing"

pytestmark = pytest.mark.peers

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = """\
playbook: leaked_google_token
title: An access token of Google's that leaked
breaks: Its user consents again.
does_not: Find tokens that nobody declared.
inputs:
  integration: {type: integration, has: [google_oauth]}
contain:
  - approve: approver
  - id: token
    uses: google_oauth.revoke_token
    with: {token: "${inputs.integration.google_oauth.token}"}
    within: 10s
    accept_reissue: The client is blocked in the console by hand
recover:
  - {undo: contain}
"""
QUICK = """
from connectors.google_workspace.held import revoke_token
revoke_token.settles_within_s = 1
from triggers.cli.main import run
run()
"""
"""Our command with less patience: it waits two minutes for Google, three times."""


@pytest.fixture(scope="module")
def google():
    if why := missing():
        pytest.skip(why)
    with Peer() as running:
        yield running


def contain(folder: Path, url: str, token: str) -> tuple[int, dict, str]:
    """Run the command on one leaked token; its exit code, its last line of JSON, and all that it said."""
    (folder / "leaked.yaml").write_text(PLAYBOOK)
    connection = {"system": "google_oauth", "url": url}
    (folder / "ringfence.yaml").write_text(yaml.safe_dump({"connections": {"google": connection}, "seal": "file:key"}))
    foothold = {"id": "leaked", "kind": "token", "at": "google", "token": "file:token"}
    vendor = {"title": "Vendor", "owner": "sales-ops", "footholds": [foothold]}
    (folder / "integrations.yaml").write_text(yaml.safe_dump({"integrations": {"vendor": vendor}}))
    (folder / "token").touch(mode=0o600)
    (folder / "token").write_text(token + "\n")
    Keys.make_file(folder / "key")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "RINGFENCE_"))}
    environ = kept | {"RINGFENCE_HOME": str(folder / "state"), "RINGFENCE_PREFECT": "off", "PYTHONPATH": str(ROOT)}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        asked = ["--config", "ringfence.yaml", "-i", "integration=vendor", "--json"]
        return subprocess.run(
            [sys.executable, "-c", QUICK, *words, *asked], cwd=folder, env=environ, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=120, check=False,
        )  # fmt: skip

    planned = run("plan", "leaked.yaml")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    scope = json.loads(planned.stdout.splitlines()[-1])["scope_hash"]
    ended = run("contain", "leaked.yaml", "--yes", "--scope-hash", scope)
    said = planned.stdout + planned.stderr + ended.stdout + ended.stderr
    return ended.returncode, json.loads(ended.stdout.splitlines()[-1]), said


def test_it_still_lies(google):
    """Guards the test below: should the peer be mended, this one says so."""
    token = google.sign_in()["access_token"]
    assert google.opens(token)
    assert google.http.post("/oauth2/revoke", data={"token": token}).status_code == 200
    assert google.opens(token), "it revokes now: take another liar for the test below"


async def test_the_look_tries_the_token_and_is_not_taken_in(google):
    token = google.sign_in()["access_token"]
    p = held.Token(token=Secret(token))
    async with wired(google.url, connector=google_workspace.google_oauth) as wire:
        seen = await held.token(Reader(wire), p)
        assert (seen.active, seen.user) == (True, "ann@practice.example")
        (call,) = held.revoke_token.missing(p, seen, "me")
        assert (await Sender(wire).send(call, {})).came is Came.OK, "a 200"
        assert held.revoke_token.missing(p, await held.token(Reader(wire), p), "me") == (call,), "and not done"


def test_a_run_does_not_say_effective_where_the_token_goes_on_working(google, tmp_path):
    token = google.sign_in()["access_token"]
    code, told, said = contain(tmp_path, google.url, token)
    assert google.opens(token)
    assert code == 2, said
    assert told["word"] == "failed", told
    assert told["effects"]["effective"] == told["effects"]["residual"] == 0
    assert told["proof"]["said"] == 1, "Google said so, and that is all"
    assert token not in said


def test_the_same_run_says_effective_where_the_token_dies(tmp_path):
    """The same command at a server that keeps its word, told from the liar by nothing but the try."""
    import asyncio
    import threading

    token, dead = "ya29.leaked-and-then-dead-0123456789", []

    def answers(got):
        if got.target == "/revoke":
            dead.append(got.body)
            return says(200, {})
        return (
            says(400, {"error": "invalid_token"})
            if dead
            else says(200, {"aud": "1234", "email": "ann@practice.example"})
        )

    async def serve(ready, stop):
        async with provider(answers) as there:
            ready.append(there.url)
            await asyncio.to_thread(stop.wait)

    ready, stop = [], threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(serve(ready, stop)))
    thread.start()
    try:
        while not ready:
            thread.join(0.01)
        code, told, said = contain(tmp_path, ready[0], token)
    finally:
        stop.set()
        thread.join()
    assert (code, told["word"]) == (0, "contained"), said
    assert len(dead) == 1
    assert token not in said
