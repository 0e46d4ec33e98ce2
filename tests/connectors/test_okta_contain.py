"""A whole night at a small Okta: every kind of foothold is closed by the macros, and given back only when all is dead."""

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

from journal import Keys
from tests.connectors.okta_fake import with_drift
from tests.connectors.provider import provider

ROOT = Path(__file__).resolve().parents[2]
OURS = "our-own-api-token"
PLAYBOOK = """\
playbook: okta_vendor
title: A vendor that Okta lets in, by every way that it has
breaks: Nobody has the integration until it is switched on again.
does_not: End the sessions of apps that Okta only signed people in to.
inputs:
  integration: {type: integration, has: [okta]}
contain:
  - id: hold_identity
    uses: isolate.identity
    may_be_empty: An app may have no token out
  - id: hold_application
    uses: isolate.application
  - approve: approver
  - id: cut_identity
    uses: isolate.identity
    may_be_empty: An app may have no token out
recover:
  - approve: commander
  - {undo: contain}
"""
QUICK = """
from connectors.core import Rate
from connectors.okta import okta
okta.rate = Rate(2000, per_s=1, in_flight=10)
for action in okta.actions.values():
    action.settles_within_s = 1
from triggers.cli.main import run
run()
"""
"""Our command with less patience: it waits half a minute for Okta to show what was done, and to go on showing it."""


@pytest.fixture
def there():
    """The fake, served by a thread of its own while our command runs."""
    made = with_drift()
    stop, up = threading.Event(), threading.Event()

    async def serve():
        async with provider(made.answer) as server:
            made.url = server.url
            up.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert up.wait(10)
    yield made
    stop.set()
    thread.join()


class House:
    """The responder's folder and terminal."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.said = folder, ""
        connection = {"system": "okta", "url": url, "secret": "file:token"}
        footholds = [
            {"id": "client", "kind": "client", "at": "okta", "app": "0oa1"},
            {"id": "user", "kind": "user", "at": "okta", "user": "00u1"},
            {"id": "token", "kind": "token", "at": "okta", "token_id": "00T1"},
            {"id": "hook", "kind": "webhook", "at": "okta", "hook": "who1"},
            {"id": "support", "kind": "sso", "at": "okta", "idp": "0oa2"},
        ]
        vendor = {"title": "Drift", "owner": "sales-ops", "footholds": footholds}
        files = {
            "ringfence.yaml": yaml.safe_dump({"connections": {"okta": connection}, "seal": "file:key"}),
            # as JSON, which YAML reads too: an id like 0oa1 reads as a number unless it is quoted
            "integrations.yaml": json.dumps({"integrations": {"drift": vendor}}),
            "playbook.yaml": PLAYBOOK,
            "token": OURS,
        }
        for name, text in files.items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(text)
        Keys.make_file(folder / "key")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "RINGFENCE_"))}
        state = {"RINGFENCE_HOME": str(folder / "state"), "RINGFENCE_PREFECT": "off", "PYTHONPATH": str(ROOT)}
        self.environ = kept | state

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
        assert said.splitlines(), said
        return code, json.loads(said.splitlines()[-1])


@pytest.mark.slow
def test_every_way_in_is_closed_and_given_back_when_nothing_of_it_lives(there, tmp_path):
    house = House(tmp_path, there.url)
    code, told = house.contain()
    assert (code, told["word"]) == (0, "closing"), house.said
    assert {name: way["state"] for name, way in told["ways"].items()} == {
        "client": "residual", "user": "residual", "token": "closed", "hook": "closed", "support": "residual",
    }  # fmt: skip
    assert [there.things[kind][one]["status"] for kind, one in (("apps", "0oa1"), ("users", "00u1"), ("eventHooks", "who1"), ("idps", "0oa2"))] == [
        "INACTIVE", "SUSPENDED", "INACTIVE", "INACTIVE"
    ]  # fmt: skip
    assert there.things["tokens"] == {}
    assert there.things["api-tokens"] == {}
    assert {one["target"][0]["id"] for one in there.log if one["eventType"] == "user.session.clear"} == {"00u1", "00u2"}

    there.happened("user.session.start", actor="00u2")
    code, said = house.run("recover", told["run"], "--yes")
    assert code != 0
    assert "revive" in said
    assert there.things["idps"]["0oa2"]["status"] == "INACTIVE"

    there.happened("user.session.clear", actor="us", target="00u2")
    code, said = house.run("recover", told["run"], "--yes")
    assert code == 0, said
    assert there.things["users"]["00u1"]["status"] == there.things["apps"]["0oa1"]["status"] == "ACTIVE"
    assert there.things["idps"]["0oa2"]["status"] == there.things["eventHooks"]["who1"]["status"] == "ACTIVE"
    kept = house.said + "".join(
        f.read_bytes().decode("latin-1") for f in (tmp_path / "state").rglob("*") if f.is_file()
    )
    assert OURS not in kept
    assert "hook-secret" not in kept
