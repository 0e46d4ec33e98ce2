"""One practice company for all tests about alerts; a house of its own for each."""

from __future__ import annotations

import json
import time
import urllib.request

import pytest

from tests.triggers.alerts.alert_house import opened
from triggers.cli import company


@pytest.fixture(scope="session")
def handshake(tmp_path_factory):
    state = tmp_path_factory.mktemp("alerts") / "state"
    state.mkdir(mode=0o700)
    yield company.ensure(state, tokens=5, attacker="none") | {"home": str(state)}
    company.end(state)


def switch_on(handshake, client):
    """What a test before this one switched off at the company works again, and is seen to: the company shows a change late."""
    where, opener = (
        f"{handshake['url']}/idp/clients/{client}",
        urllib.request.build_opener(urllib.request.ProxyHandler({})),
    )
    headers = {"Authorization": f"Bearer {handshake['secrets']['idp_key']}", "Content-Type": "application/json"}
    for _ in range(200):
        change = urllib.request.Request(f"{where}/enabled", b'{"enabled": true}', method="PUT", headers=headers)
        with opener.open(change) as answer:
            assert answer.status < 300
        time.sleep(0.05)
        with opener.open(urllib.request.Request(where, headers=headers)) as answer:
            if json.load(answer)["enabled"]:
                return
    raise AssertionError(f"{client} does not come back on")


@pytest.fixture
def place(tmp_path, handshake, monkeypatch):
    """A folder of this test's own; the state folder is that of the company, which is looked for there."""
    monkeypatch.setenv("RINGFENCE_HOME", handshake["home"])
    monkeypatch.setenv("RINGFENCE_PREFECT", "off")
    monkeypatch.setenv("ALERT_SECRET", "a secret of these tests")
    for client in ("drift-prod", "calendar-sync"):
        switch_on(handshake, client)
    return tmp_path


@pytest.fixture
def house(place, handshake):
    """Opens a house over this test's folder: `async with house(...) as it`."""

    def made(**config):
        return opened(place, handshake, **config)

    return made
