"""A whole night at a small Google Workspace: a vendor's account and client are closed, and given back only when all is dead."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from tests.connectors.google_fake.fake import ADMIN, KEY_FILE, PEM, Google
from tests.connectors.provider import provider

ROOT = Path(__file__).resolve().parents[2]
DRIFT = "1234-drift.apps.googleusercontent.com"
BOT = "drift-bot@practice.example"
PLAYBOOK = """\
playbook: google_client
title: A third-party client at Google, and the account that its vendor works as
breaks: Nobody has the integration in Google until it is consented to again.
does_not: Block the client in the console, which no API does.
inputs:
  integration: {type: integration, has: [google_workspace]}
contain:
  - id: suspended
    uses: google_workspace.suspend_user
    with: {user: drift-bot@practice.example}
  - id: consents
    uses: google_workspace.grants
    with: {client: "${inputs.integration.google_workspace.client}"}
  - id: app_passwords
    uses: google_workspace.app_passwords
    with: {user: drift-bot@practice.example}
  - approve: approver
  - id: grants
    uses: google_workspace.revoke_grant
    for_each: steps.consents.items
    with: {user: "${item.user}", client: "${item.client}"}
  - id: passwords
    uses: google_workspace.delete_app_password
    for_each: steps.app_passwords.items
    with: {owner: "${item.owner}", code: "${item.code}"}
    may_be_empty: Few accounts have app passwords
recover:
  - approve: commander
  - {undo: contain}
"""
QUICK = """
from connectors.core import Rate
from connectors.google_workspace import google_workspace
google_workspace.rate = Rate(2000, per_s=1, in_flight=10)
from triggers.cli.main import run
run()
"""


@pytest.fixture
def there():
    """The fake, served by a thread of its own while our command runs."""
    made = Google()
    made.person(ADMIN)
    for name in ("ann", "bob", "drift-bot"):
        made.consent(name, DRIFT, "drive")
    made.consent("ann", "other", "calendar")
    stop, up = threading.Event(), threading.Event()

    async def serve():
        async with provider(made) as server:
            made.url = server.url
            up.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert up.wait(10)
    yield made
    stop.set()
    thread.join()
    assert not made.mistakes


class House:
    """The responder's folder and terminal."""

    def __init__(self, folder: Path, made: Google) -> None:
        from journal import Keys

        self.folder, self.said = folder, ""
        connection = {
            "system": "google_workspace", "url": made.url, "secret": "file:robot.json", "admin": ADMIN,
            "token_url": f"{made.url}/token",
        }  # fmt: skip
        footholds = [
            {"id": "client", "kind": "client", "at": "google", "client": DRIFT},
            {"id": "bot", "kind": "user", "at": "google", "user": BOT},
        ]
        vendor = {"title": "Drift", "owner": "sales-ops", "footholds": footholds}
        files = {
            "ringfence.yaml": yaml.safe_dump({"connections": {"google": connection}, "seal": "file:key"}),
            "integrations.yaml": yaml.safe_dump({"integrations": {"drift": vendor}}),
            "playbook.yaml": PLAYBOOK,
            "robot.json": KEY_FILE,
        }
        for name, text in files.items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(text)
        Keys.make_file(folder / "key")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "RINGFENCE_"))}
        self.environ = kept | {
            "RINGFENCE_HOME": str(folder / "state"),
            "RINGFENCE_PREFECT": "off",
            "PYTHONPATH": str(ROOT),
        }

    def run(self, *words: str) -> tuple[int, str]:
        ended = subprocess.run(
            [sys.executable, "-c", QUICK, *words, "--config", "ringfence.yaml"], cwd=self.folder, env=self.environ,
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, check=False,
        )  # fmt: skip
        said = ended.stdout + ended.stderr
        self.said += said
        assert "Traceback" not in said, said
        return ended.returncode, said

    def contain(self) -> tuple[int, dict]:
        words = ("playbook.yaml", "-i", "integration=drift", "--json")
        code, said = self.run("plan", *words)
        assert code == 0, said
        scope = json.loads(said.splitlines()[-1])["scope_hash"]
        code, said = self.run("contain", *words, "--yes", "--scope-hash", scope)
        return code, json.loads(said.splitlines()[-1])


@pytest.mark.slow
def test_a_vendor_is_closed_and_not_given_back_while_a_grant_of_it_lives(there, tmp_path):
    there.lag = 1
    house = House(tmp_path, there)
    code, told = house.contain()
    assert there.person("drift-bot").seen["suspended"] is True
    assert [client for person in there.people.values() for client in person.tokens] == ["other"]
    assert told["ways"]["bot"]["state"] in {"closed", "residual"}
    assert told["ways"]["client"]["state"] == "not-in-playbook", "nothing of Google's stops a new consent: it is said"
    assert (code, told["word"]) == (2, "partially-contained")

    there.consent("bob", DRIFT, "drive")
    code, said = house.run("recover", told["run"], "--yes")
    assert code != 0
    assert "revive" in said
    assert there.person("drift-bot").seen["suspended"] is True

    there.person("bob").tokens.clear()
    code, said = house.run("recover", told["run"], "--yes")
    assert code == 0, said
    assert there.person("drift-bot").seen["suspended"] is False
    kept = house.said + "".join(
        f.read_bytes().decode("latin-1") for f in (tmp_path / "state").rglob("*") if f.is_file()
    )
    assert not [token for token in there.minted if token in kept]
    assert PEM[60:100] not in kept
