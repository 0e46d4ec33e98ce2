"""One practice company for all tests about alerts; a house of its own for each."""

from __future__ import annotations

import pytest

from tests.triggers.alerts.alert_house import opened
from triggers.cli import company


@pytest.fixture(scope="session")
def handshake(tmp_path_factory):
    state = tmp_path_factory.mktemp("alerts") / "state"
    state.mkdir()
    yield company.ensure(state, tokens=5, attacker="none")
    company.end(state)


@pytest.fixture
def house(tmp_path, handshake, monkeypatch):
    """Opens a house over this test's folder: `async with house(...) as it`."""
    monkeypatch.setenv("RINGFENCE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("RINGFENCE_PREFECT", "off")
    monkeypatch.setenv("ALERT_SECRET", "a secret of these tests")
    (tmp_path / "state").mkdir(mode=0o700)

    def made(**config):
        return opened(tmp_path, handshake, **config)

    return made
