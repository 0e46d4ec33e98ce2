"""A GitHub that others wrote checks our App's JWT, gives it an installation token, and keeps webhooks and secrets.

It has no list of an organisation's repositories, no suspension, tokens, deploy keys, blocks or Actions switch (tests/connectors/github_fake.py has), nor a public key
for secrets.
"""

from __future__ import annotations

import pytest

from connectors.core import Came, NotAllowed, Reader, Secret, Sender
from connectors.github import github, github_app
from tests.connectors.provider import wired
from tests.peers.github.peer import TOKEN, Peer, missing

AGAINST = "emulate's GitHub"

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def there():
    if why := missing():
        pytest.skip(why)
    with Peer() as running:
        yield running


async def until_done(read, sender, action, p, before=None):
    for _ in range(3):
        seen = await action.sees(read, action.sees.params(**p.model_dump()))
        calls = action.missing(p, seen, "me") if before is None else action.missing_back(p, seen, before)
        for call in calls:
            assert (await sender.send(call, {})).came is Came.OK
        if not calls:
            return seen
    raise AssertionError(action.name)


async def test_our_jwt_is_taken_and_a_strangers_is_not(there):
    look, find = github_app.looks["github_app.app"], github_app.finds["github_app.everywhere"]
    async with wired(there.url, connector=github_app, secret=Secret(there.key), app="12345") as wire:
        read = Reader(wire)
        assert (await look(read, look.params(app="ours"))).slug == "ours"
        assert [(p.installation, seen.suspended) async for p, seen in find(read, find.params(app="ours"))] == [
            ("100", False)
        ]
    async with wired(there.url, connector=github_app, secret=Secret(there.key), app="54321") as wire:
        with pytest.raises(NotAllowed):
            await look(Reader(wire), look.params(app="ours"))


async def test_an_installation_token_is_minted_and_reads_a_repository(there):
    settings = {"org": "acme", "app": "12345", "installation": "100"}
    async with wired(there.url, connector=github, secret=Secret(there.key), **settings) as wire:
        assert (await Reader(wire).get("/repos/acme/site"))["full_name"] == "acme/site"
        held = await github.held(Reader(wire))
        assert held.by == "the answer with the installation's token"
        assert "contents: read" in held.names
        assert github.rights.missing({"members: write"}, held.names) == ("members: write",)
    async with wired(there.url, connector=github, secret=Secret(there.key), **{**settings, "app": "54321"}) as wire:
        with pytest.raises(NotAllowed):
            await Reader(wire).get("/repos/acme/site")


async def test_a_webhook_is_switched_off_and_on_again(there):
    config = {"url": "https://hooks.drift.example/x", "content_type": "json", "secret": "s3cret"}
    made = {}
    for place, at in (("acme", "/orgs/acme/hooks"), ("acme/site", "/repos/acme/site/hooks")):
        said = there.http.post(at, json={"name": "web", "config": config, "events": ["push"]})
        assert said.status_code == 201, said.text
        made[place] = (at, str(said.json()["id"]))
    async with wired(there.url, connector=github, secret=Secret(TOKEN), org="acme") as wire:
        read, sender = Reader(wire), Sender(wire)
        action = github.actions["github.disable_webhook"]
        for place, (at, number) in made.items():
            p = action.params(hook_of=place, hook=number)
            before = await action.sees(read, action.sees.params(**p.model_dump()))
            assert (before.active, before.host, before.events) == (True, "hooks.drift.example", ("push",))
            assert not (await until_done(read, sender, action, p)).active
            assert there.http.get(f"{at}/{number}").json()["active"] is False
            assert (await until_done(read, sender, action, p, before=before)) == before
            assert there.http.get(f"{at}/{number}").json()["config"]["url"] == config["url"], "left as it is"


async def test_a_repositorys_secret_is_deleted(there):
    sealed = {"encrypted_value": "c2VhbGVk", "key_id": "1"}
    assert there.http.put("/repos/acme/site/actions/secrets/DRIFT_TOKEN", json=sealed).status_code == 201
    action = github.actions["github.delete_repo_secret"]
    p = action.params(secret_in="acme/site", secret_name="DRIFT_TOKEN")
    async with wired(there.url, connector=github, secret=Secret(TOKEN), org="acme") as wire:
        assert not (await until_done(Reader(wire), Sender(wire), action, p)).exists
    assert there.http.get("/repos/acme/site/actions/secrets/DRIFT_TOKEN").status_code == 404
