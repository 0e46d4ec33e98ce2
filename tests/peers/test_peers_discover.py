"""`ringfence integrations discover` at an OAuth server that others wrote: all that is planted there, and what nobody declared."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from tests.peers.oidc.peer import Peer, missing

pytestmark = pytest.mark.peers

ROOT = Path(__file__).resolve().parents[2]
CODE = {
    "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "scope": "openid offline_access",
    "redirect_uris": ["https://vendor.example/cb"],
}  # fmt: skip


@pytest.fixture
def fresh():
    if why := missing():
        pytest.skip(why)
    with Peer() as running:
        yield running


class House:
    """A company whose inventory names one of three clients there, and says of another that it is its own."""

    def __init__(self, place, peer):
        self.place, self.peer = place, peer
        names = ("declared", "portal", "stranger")
        self.clients = {name: peer.register(**CODE, client_name=f"The {name}") for name in names}
        for name, people in (("declared", 5), ("stranger", 3)):
            for number in range(people):
                peer.consent(self.clients[name], f"person{number}")
        told = peer.told["operator"]
        self.write("operator_secret", told["secret"])
        self.write("registration_token", self.clients["declared"].registration_token)
        (place / "ringfence.yaml").write_text(yaml.safe_dump({"connections": {"idp": {
            "system": "oauth", "url": peer.issuer, "secret": "file:operator_secret", "client_id": told["client"],
            "clients_at": "/admin/clients", "grants_at": "/admin/grants",
        }}}))  # fmt: skip
        foothold = {
            "id": "client", "kind": "client", "at": "idp", "client": self.clients["declared"].client,
            "registration": self.clients["declared"].registration, "registration_token": "file:registration_token",
        }  # fmt: skip
        (place / "integrations.yaml").write_text(yaml.safe_dump({
            "integrations": {"vendor_sync": {"title": "Vendor sync", "owner": "sales-ops", "footholds": [foothold]}},
            "ours": [{"kind": "client", "at": "idp", "client": self.clients["portal"].client, "why": "our portal"}],
        }))  # fmt: skip
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "RINGFENCE_"))}
        self.environ = kept | {
            "RINGFENCE_HOME": str(place / "state"),
            "RINGFENCE_PREFECT": "off",
            "PYTHONPATH": str(ROOT),
        }

    def write(self, name, text):
        file = self.place / name
        file.touch(mode=0o600)
        file.write_text(text)

    def run(self, *words):
        command = [sys.executable, "-m", "triggers.cli.main", *map(str, words)]
        done = subprocess.run(command, cwd=self.place, env=self.environ, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return done

    def discover(self, *more):
        done = self.run("integrations", "discover", "--json", *more)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def kept(self):
        query = "SELECT kind, CASE part_of WHEN '' THEN key ELSE part_of || '/' || person END FROM things WHERE until_n IS NULL"
        with closing(sqlite3.connect(self.place / "state" / "journal.db")) as journal:
            return set(journal.execute(query).fetchall())


def test_all_that_is_planted_is_found_and_sorted_by_whose_it_is(fresh, tmp_path, capsys):
    house = House(tmp_path, fresh)
    told, clients = house.discover(), house.clients
    planted = {("client", one.client) for one in clients.values()}
    for name, people in (("declared", 5), ("stranger", 3)):
        planted |= {("grant", f"{clients[name].client}/person{number}") for number in range(people)}
    found = house.kept()
    recall, precision = len(found & planted) / len(planted), len(found & planted) / len(found)
    with capsys.disabled():
        print(f"\noidc-provider: {len(planted)} planted, recall {recall:.0%}, precision {precision:.0%}")  # noqa: T201
    assert (recall, precision) == (1, 1), found ^ planted
    assert [one["place"] for one in told["known"]] == [f"idp/client/{clients['declared'].client}"]
    assert [one["place"] for one in told["ours"]] == [f"idp/client/{clients['portal'].client}"]
    (unknown,) = told["unknown"]
    assert (unknown["key"], unknown["title"], unknown["parts"]) == (clients["stranger"].client, "The stranger", 3)


def test_what_changed_there_is_told_the_next_time(fresh, tmp_path):
    house = House(tmp_path, fresh)
    house.discover()
    late = fresh.register(**CODE, client_name="The late one")
    fresh.unregister(house.clients["stranger"])
    fresh.consent(house.clients["declared"], "someone-new")
    told = house.discover()
    assert told["new"] == [f"idp/client/{late.client}"]
    assert told["vanished"] == [f"idp/client/{house.clients['stranger'].client}"]
    declared = {"of": f"idp/{house.clients['declared'].client}", "new": 1, "changed": 0, "gone": 0}
    assert declared in told["parts"]


def test_a_listing_that_fails_is_said_and_takes_nothing_for_gone(fresh, tmp_path):
    house = House(tmp_path, fresh)
    before = house.discover()
    house.write("operator_secret", "not-the-secret")
    done = house.run("integrations", "discover", "--json")
    told = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 2
    assert "401" in " ".join(told["not_listed"]["idp"])
    assert told["vanished"] == []
    assert told["snapshot"]["digest"] == before["snapshot"]["digest"]
    plan = house.run("integrations", "discover")
    assert "NOT LISTED" in plan.stdout
    assert "not-the-secret" not in plan.stdout + plan.stderr + done.stdout + done.stderr
