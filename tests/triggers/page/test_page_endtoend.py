"""One night on the practice company: the service, a run that asks, a link, a passkey on a phone, and the cut."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from journal.proof.verify import verify_url
from triggers.cli import company

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.timeout(240), pytest.mark.long]


class House:
    """The commands as people start them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environ = os.environ | {"PYTHONPATH": str(ROOT), "RINGFENCE_HOME": str(home), "RINGFENCE_PREFECT": "off"}
        self.environ.pop("RINGFENCE_CONFIG", None)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "triggers.cli.main", *words], env=self.environ, cwd=self.home.parent,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    async def call(self, *words: str) -> tuple[int, str]:
        child = self.start(*words)
        said, _ = await asyncio.to_thread(child.communicate, timeout=120)
        assert "Traceback" not in said
        return child.returncode, said


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    found = House(tmp_path / "state")
    monkeypatch.setenv("RINGFENCE_HOME", str(found.home))
    company.ensure(found.home, attacker="none", tokens=30)
    serving = found.start("serve", "--sandbox")
    assert serving.stdout is not None
    said = ""
    while "Serving at" not in said:
        said = serving.stdout.readline()
        assert said, "the service ended at its start"
    yield found
    serving.terminate()
    serving.communicate(timeout=30)
    company.end(found.home)


async def test_somebody_approves_on_a_phone_and_the_cut_is_proven(house, phone):
    await phone.with_authenticator()
    code, said = await house.call("person", "passkey", "ben", "--sandbox", "--json")
    assert code == 0, said
    await phone.go(json.loads(said.splitlines()[-1])["url"])
    await phone.click("form button")
    await phone.click("form[data-make] button")
    await phone.until("document.body.innerText.includes('compare these letters')")
    letters = await phone.js("document.querySelector('.big').innerText")
    code, said = await house.call("person", "passkey", "ben", "--sandbox", "--confirm", letters)
    assert code == 0, said

    code, said = await house.call("contain", "stolen_oauth_tokens", "--sandbox", "--as", "ana", "--json")
    assert code == 3, said
    run = json.loads(said.splitlines()[-1])["run"]
    code, said = await house.call("page", run, "--as", "ben")
    assert code == 0, said
    await phone.go(said.splitlines()[0])
    assert "DRILL" in await phone.text()
    await phone.click("form button")
    await phone.until("document.querySelector('form.answer button.yes')")
    before = await phone.text()
    assert re.search(r"Still in by .*live tokens", before), before
    assert "Approve the cut" in before
    await phone.click("form.answer button.yes")
    await phone.until("document.body.innerText.includes('the wall is open')")
    await phone.until("document.querySelector('.word').innerText === 'CONTAINED'", within_s=90)
    await phone.until("document.body.innerText.includes('Nothing moves here any more: the run has ended.')")
    assert "3 of 3 footholds closed" in await phone.text()
    assert verify_url(f"sqlite:///{house.home}/journal.db") == []
    code, said = await house.call("journal", "show", run, "--json")
    decided = [event["body"] for event in json.loads(said.splitlines()[-1])["events"] if event["type"] == "decided"]
    assert [(one["by"], one["how"]) for one in decided] == [("person:ben", "passkey")]
