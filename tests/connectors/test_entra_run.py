"""A whole run at Microsoft Entra by its macros alone: a vendor's app held, then cut; what people see of it; and recovery.

The Graph here is the small one of graph.py, in a thread; the run is the responder's own command, in a process.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from journal import Keys
from tests.connectors.graph import SECRET, TOKEN, VENDOR, Graph, assignment, password
from tests.connectors.provider import provider

AGAINST = "a fake of ours, after Microsoft's pages"

ROOT = Path(__file__).resolve().parents[2]
QUICKLY = """\
from connectors.entra import entra
from triggers.cli.main import run
for action in entra.actions.values():
    action.settles_within_s = 1.0  # the small Graph has no replicas to wait five minutes for
run()
"""
PLAYBOOK = """\
playbook: vendor_app
title: A vendor's app in our tenant was taken over
breaks: What the vendor does for us stops; its people consent again after recovery.
does_not: Change the secret that the vendor holds in its own tenant.
inputs:
  integration: {type: integration, has: [entra]}
contain:
  - {id: app, uses: isolate.application}
  - {id: roles, uses: isolate.identity}
  - approve: approver
  - {id: cut, uses: isolate.identity, may_be_empty: All of it could be held}
  - watch: 1s
recover:
  - approve: commander
  - {undo: contain}
"""


@pytest.fixture
def there():
    """A Graph on a port of its own, for as long as the test runs."""
    graph, loop, up = Graph(), asyncio.new_event_loop(), threading.Event()
    end: asyncio.Event = asyncio.Event()
    url: list[str] = []

    async def serve() -> None:
        async with provider(graph.answer) as made:
            url.append(made.url)
            up.set()
            await end.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    up.wait(10)
    yield graph, url[0]
    loop.call_soon_threadsafe(end.set)
    thread.join(10)
    loop.close()


def responder(folder: Path, url: str, foothold: dict[str, str] | None = None, playbook: str = PLAYBOOK) -> None:
    connection = {
        "system": "entra", "url": f"{url}/v1.0", "secret": "file:client_secret", "client_id": "our-client",
        "token_url": f"{url}/t-ours/oauth2/v2.0/token",
    }  # fmt: skip
    files = {"connections": {"entra": connection}, "integrations": "integrations.yaml", "seal": "file:master_key"}
    (folder / "ringfence.yaml").write_text(yaml.safe_dump(files, sort_keys=False))
    foothold = foothold or {"id": "app", "kind": "client", "at": "entra", "principal": VENDOR}
    vendor = {"title": "Vendor", "owner": "sales-ops", "footholds": [foothold]}
    (folder / "integrations.yaml").write_text(yaml.safe_dump({"integrations": {"vendor": vendor}}, sort_keys=False))
    (folder / "vendor_app.yaml").write_text(playbook)
    secret = folder / "client_secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET + "\n")
    Keys.make_file(folder / "master_key")


def run(folder: Path, *words: str) -> tuple[int, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "RINGFENCE_"))}
    environ = kept | {
        "RINGFENCE_HOME": str(folder / "state"), "RINGFENCE_PREFECT": "off", "PYTHONPATH": str(ROOT), "COLUMNS": "200",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", QUICKLY, *words],
        cwd=folder, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    return done.returncode, said


def test_a_vendors_app_is_held_and_cut_and_only_what_is_clean_comes_back(there, tmp_path):
    graph, url = there
    graph.tenant["principals"][VENDOR]["passwordCredentials"] = [password("pw-planted")]
    responder(tmp_path, url)
    code, said = run(tmp_path, "integrations", "discover", "--config", "ringfence.yaml")
    assert code == 0, said
    assert f"by entra's word it was made for client {VENDOR}" in said, "a secret that nobody declared"
    asked = ("vendor_app.yaml", "--config", "ringfence.yaml", "-i", "integration=vendor")
    code, said = run(tmp_path, "plan", *asked, "--json")
    assert code == 0, said
    assert graph.writes == []
    assert "AppRoleAssignment.ReadWrite.All" in said
    plan = json.loads([line for line in said.splitlines() if line.startswith("{")][-1])
    code, said = run(tmp_path, "contain", *asked, "--yes", "--scope-hash", plan["scope_hash"], "--json")
    told = json.loads([line for line in said.splitlines() if line.startswith("{")][-1])
    tenant = graph.tenant
    assert (code, told["word"]) == (0, "closing"), said
    assert tenant["principals"][VENDOR]["accountEnabled"] is False
    assert sorted(tenant["assignments"]) == ["a-3"]
    assert sorted(tenant["grants"]) == ["g-all"]
    assert tenant["principals"][VENDOR]["passwordCredentials"] == []
    assert len(set(graph.writes)) == 6, graph.writes
    kept = "".join(file.read_bytes().decode("latin-1") for file in (tmp_path / "state").rglob("*") if file.is_file())
    assert SECRET not in kept + said
    assert TOKEN not in kept + said
    tenant["assignments"]["a-by-hand"] = assignment("a-by-hand", VENDOR, "Files.Read.All")
    code, said = run(tmp_path, "recover", "--last", "--yes", "--json")
    assert code == 2, said
    assert "Drifted" in said, "somebody gave the role back meanwhile"
    assert tenant["principals"][VENDOR]["accountEnabled"] is False
    del tenant["assignments"]["a-by-hand"]
    code, said = run(tmp_path, "recover", "--last", "--yes", "--json")
    assert code == 0, said
    assert tenant["principals"][VENDOR]["accountEnabled"] is True
    assert {a["appRoleId"] for a in tenant["assignments"].values() if a["principalId"] == VENDOR} == {
        "Mail.ReadWrite.All",
        "Files.Read.All",
    }
    assert sorted(tenant["grants"]) == ["g-all"], "people consent again"


PEOPLE = """\
playbook: vendor_app
title: A vendor had the session of one of our people
breaks: That person cannot sign in until given back.
does_not: End the sessions that other apps keep by themselves.
inputs:
  integration: {type: integration}
contain:
  - {id: people, uses: isolate.identity}
  - approve: approver
  - {id: cut, uses: isolate.identity, may_be_empty: All of it could be held}
  - watch: 1s
recover:
  - approve: commander
  - {undo: contain}
"""
ANN = {"id": "ann", "kind": "user", "at": "entra", "user": "u-ann"}


def contained(folder: Path) -> dict[str, object]:
    asked = ("vendor_app.yaml", "--config", "ringfence.yaml", "-i", "integration=vendor")
    code, said = run(folder, "plan", *asked, "--json")
    assert code == 0, said
    plan = json.loads([line for line in said.splitlines() if line.startswith("{")][-1])
    code, said = run(folder, "contain", *asked, "--yes", "--scope-hash", plan["scope_hash"], "--json")
    told = json.loads([line for line in said.splitlines() if line.startswith("{")][-1])
    assert told["word"] in {"closing", "contained"}, said
    return told


def test_a_person_whose_sessions_were_ended_comes_back(there, tmp_path):
    graph, url = there
    graph.now = f"{datetime.now(UTC) + timedelta(minutes=10):%Y-%m-%dT%H:%M:%SZ}"
    responder(tmp_path, url, ANN, PEOPLE)
    contained(tmp_path)
    ann = graph.tenant["users"]["u-ann"]
    assert (ann["accountEnabled"], ann["signInSessionsValidFromDateTime"]) == (False, graph.now)
    assert graph.writes == ["PATCH /users/u-ann", "POST /users/u-ann/revokeSignInSessions"], "first shut, then ended"
    code, said = run(tmp_path, "recover", "--last", "--yes", "--json")
    assert (code, ann["accountEnabled"]) == (0, True), said


def test_a_person_whose_sessions_live_stays_off_until_somebody_ends_them(there, tmp_path):
    graph, url = there
    responder(
        tmp_path,
        url,
        ANN,
        PEOPLE.replace("  - {id: cut, uses: isolate.identity, may_be_empty: All of it could be held}\n", ""),
    )
    contained(tmp_path)
    ann = graph.tenant["users"]["u-ann"]
    assert graph.writes == ["PATCH /users/u-ann"], "no line of it ends sessions"
    for ended in ("2025-01-01T00:00:00Z", f"{datetime.now(UTC) - timedelta(minutes=10):%Y-%m-%dT%H:%M:%SZ}", ""):
        ann["signInSessionsValidFromDateTime"] = ended
        code, said = run(tmp_path, "recover", "--last", "--yes", "--json")
        assert (code, ann["accountEnabled"]) == (2, False), said
        assert "giving it back would revive 1 that entra.end_sessions has not ended" in said
        assert "have it done at the provider now" in said
    ann["signInSessionsValidFromDateTime"] = f"{datetime.now(UTC) + timedelta(minutes=10):%Y-%m-%dT%H:%M:%SZ}"
    code, said = run(tmp_path, "recover", "--last", "--yes", "--json")
    assert (code, ann["accountEnabled"]) == (0, True), said
