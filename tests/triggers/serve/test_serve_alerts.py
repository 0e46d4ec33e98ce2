"""Alerts at a service that runs: the README's example as it stands there, and what strangers leave behind in it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from engine.released import Release, file_of, released
from tests.endtoend.conftest import ROOT
from tests.triggers.serve.conftest import COMPANY, SECRETLY
from triggers.cli import place as places

PLAYBOOK = COMPANY / "playbooks" / "alerted_client.yaml"


def example():
    """The lines of the README's example from the service's address to the answer of the curl."""
    (block,) = re.findall(
        r"```sh\n(uv run ringfence serve --sandbox &\n.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    lines = block[block.index("url=") :]
    return lines[: lines.index("\nsleep 2;")]


def test_what_the_practice_companys_monitoring_may_start_was_released():
    config = places.described(COMPANY / "ringfence.yaml").config
    found = released(places.checked_playbook(PLAYBOOK, None), file_of(PLAYBOOK), config.releases.public)
    assert isinstance(found, Release), f"{found.why}: the playbook itself says how it is released anew"


@pytest.mark.long
@pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl", "jq", "openssl"))), reason="the README's own tools")
def test_the_readmes_signed_example_holds_an_integration(place):
    place.up("--tokens", "5")
    service = place.serve()
    told = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", example().replace(".ringfence/", f"{place.home}/")],
        cwd=place.place, env=place.environ, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert " 200 " in told.stdout.splitlines()[0]
    rows = place.until(lambda: service.ask("GET", "/runs", who="ana").body["runs"], 60)
    run = next(row["run"] for row in rows if row["integration"] == "drift")
    service.until_word(run, "held", "waiting")
    (opened,) = [body for _, kind, body in place.events("opened", run=run) if kind == "opened"]
    assert (opened["playbook"], opened["mode"]) == ("alerted_client", "drill")
    assert 'ringfence_alerts_accepted_total{source="practice"} 1.0' in service.ask("GET", "/metrics").body


@pytest.mark.long
def test_what_strangers_post_starts_nothing_and_is_written_nowhere(place):
    place.up("--tokens", "5")
    service = place.serve()
    body = json.dumps(
        {"name": SECRETLY, "id": "f-1", "type": "token.reuse", "severity": "high", "app": "drift-prod"}
    ).encode()
    for raw, headers in (
        (body, {}), (body, {"X-Practice-Signature": "sha256=" + "0" * 64}), (body, {"X-Practice-Signature": SECRETLY}),
        (body[:-9], {"X-Practice-Signature": "sha256=" + "0" * 64}), (b"[" * 200_000 + body, {}), (b"\xff" + body, {}),
        (SECRETLY.encode() * 100_000, {}), (body, {"Content-Encoding": "gzip"}), (body, {"Authorization": f"Bearer {SECRETLY}"}),
    ):  # fmt: skip
        for name in ("practice", "nobody", "okta"):
            try:
                answer = service.ask("POST", f"/alerts/{name}", raw=raw, **headers)
            except OSError:  # it was answered, and the rest of the body not waited for
                assert len(raw) > 100_000
                continue
            assert answer.status in {401, 413, 415}
            assert SECRETLY not in str(answer.body)
    assert service.ask("GET", "/runs", who="ana").body["runs"] == []
    metrics = service.ask("GET", "/metrics").body
    assert 'ringfence_alerts_refused_total{source="practice",why="forged"} 2.0' in metrics
    service.end()
    place.nowhere(SECRETLY)
