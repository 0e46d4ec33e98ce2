from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers.oidc.peer import Peer, Registered, missing


@pytest.fixture(scope="session")
def peer() -> Iterator[Peer]:
    """One OAuth server for all tests of a process; each registers clients of its own."""
    if why := missing():
        pytest.skip(why)
    with Peer() as running:
        yield running


@pytest.fixture
def vendor(peer: Peer) -> Registered:
    """A fresh client that mints by its own credential."""
    return peer.register()
