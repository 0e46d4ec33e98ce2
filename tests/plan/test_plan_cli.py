"""`ringfence plan` as people call it: equal hashes, a file of its owner alone, and `contain --plan` that keeps to it."""

import json
import os
import stat

import pytest

from tests.endtoend.conftest import House
from triggers.cli import company


@pytest.fixture
def house(tmp_path):
    one = House(tmp_path)
    yield one
    one.end()


def keep(house, *more, playbook=None):
    said = house.run("plan", playbook or house.quick(), "--sandbox", "--out", "plan.json", "--json", *more)
    assert said.code == 0, said.text
    return said.json


def test_two_plans_of_a_company_have_equal_hashes_and_a_thief_awake_keeps_the_scope(house):
    one, two = (house.run("plan", "stolen_oauth_tokens", "--sandbox", "--json").json for _ in range(2))
    assert one["plan_hash"] == two["plan_hash"]
    assert one["scope_hash"] == two["scope_hash"]
    assert one["plan"]["steps"] == two["plan"]["steps"]
    assert house.log("attacker") == [], "he sleeps while only plans look"
    house.run("sandbox", "up")
    house.until(lambda: house.state()["attacker"]["minted"] > 3)
    three = house.run("plan", "stolen_oauth_tokens", "--sandbox", "--json").json
    assert three["scope_hash"] == one["scope_hash"]
    assert three["plan_hash"] != one["plan_hash"]
    assert house.log(write=True) == []


def test_exactly_the_file_is_carried_out_and_what_was_minted_since_is_left_and_said(house):
    told = keep(house)
    file = house.place / "plan.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not any(secret.encode() in file.read_bytes() for secret in house.secrets.values())
    listed = {token["id"] for token in house.live_tokens()}
    said = house.run("contain", "--plan", "plan.json", "--sandbox", "--yes", "--json")
    revoked = {one["path"].split("/")[3] for one in house.log(write=True) if one["path"].endswith("/revoke")}
    assert revoked == listed, "all of the file's tokens, and no other"
    left = house.live_tokens()
    assert left, "he minted between his waking and the hold"
    assert said.code == 2, said.text
    assert said.json["word"] == "partially-contained"
    assert "not in the plan file:" in said.out
    assert said.json["scope_hash"] == told["scope_hash"]
    opened = house.events("opened")[-1][2]
    assert opened["plan_file"]["plan_hash"] == told["plan_hash"]


def test_a_company_without_a_thief_is_contained_by_its_file_and_what_is_gone_is_held_already(house):
    house.up("--attacker", "none", "--tokens", "6")
    keep(house)
    gone = house.live_tokens()[0]["id"]
    house.run("sandbox", "by-hand", "client", "off")  # so that the vendor refreshes nothing meanwhile
    company.ask(house.handshake, "POST", f"/idp/tokens/{gone}/revoke", None, "person_key")
    said = house.run("contain", "--plan", "plan.json", "--sandbox", "--yes", "--json")
    assert said.json["effects"]["held_already"] >= 2, said.text
    assert f"{gone}/revoke" not in "".join(one["path"] for one in house.log(write=True))


def test_what_differs_is_refused_before_anything_is_looked_at(house):
    playbook = house.quick()
    keep(house, playbook=playbook)
    looks = len(house.log())
    playbook.write_text(playbook.read_text() + "\n# altered\n")
    said = house.run("contain", "--plan", "plan.json", "--sandbox", "--yes")
    assert said.code == 1, said.text
    assert "its text differs" in said.err
    data = json.loads((house.place / "plan.json").read_text())
    data["plan"]["integration"] = "calendar"
    (house.place / "altered.json").write_text(json.dumps(data))
    said = house.run("contain", "--plan", "altered.json", "--sandbox", "--yes")
    assert said.code == 1
    assert "altered since it was signed" in said.err
    for words in (["--plan", "nowhere.json"], ["stolen_oauth_tokens", "--plan", "plan.json"], []):
        assert house.run("contain", *words, "--sandbox").code == 1, words
    said = house.run("contain", "--plan", "plan.json", "--sandbox", "-i", "integration=calendar")
    assert said.code == 1
    assert "another value than in the plan file" in said.err
    assert len(house.log()) == looks
    assert house.log(write=True) == []


def test_a_plan_is_never_written_over_another_and_shows_each_target_on_demand(house):
    keep(house)
    again = house.run("plan", "stolen_oauth_tokens", "--sandbox", "--out", "plan.json")
    assert again.code == 1
    assert "never written over" in again.err
    short = house.run("plan", "stolen_oauth_tokens", "--sandbox")
    assert "and 37 more like these" in short.out
    every = house.run("plan", "stolen_oauth_tokens", "--sandbox", "--all")
    assert every.out.count("/revoke") == 40
    assert "more like these" not in every.out


def test_secrets_are_given_again_and_must_be_the_same(house):
    house.up("--attacker", "none", "--tokens", "4")
    secrets = house.place / "tokens.txt"
    secrets.write_text(house.secrets["canary"] + "\n")
    playbook = house.place / "given.yaml"
    playbook.write_text(
        "playbook: given\ntitle: Tokens in hand\nbreaks: The vendor signs in again.\ndoes_not: Find others.\n"
        "inputs:\n  tokens: {type: list of secret}\ncontain:\n  - approve: approver\n"
        '  - id: cut\n    uses: oauth.revoke_token\n    for_each: inputs.tokens\n    with: {token: "${item}"}\n'
        "    accept_reissue: a drill\n    given_is_all: a drill\n"
    )
    config = house.live_config()
    import yaml

    listed = yaml.safe_load(config.read_text())
    (house.place / "client.secret").write_text(house.secrets["client_secret"])
    os.chmod(house.place / "client.secret", 0o600)  # noqa: PTH101
    listed["connections"]["idp"] = {
        "system": "oauth", "url": house.url + "/idp", "secret": "file:client.secret", "client_id": "drift-prod",
    }  # fmt: skip
    config.write_text(yaml.safe_dump(listed))
    words = ["--config", config, "--json"]
    made = house.run("plan", playbook, "-i", f"tokens=@{secrets}", "--out", "plan.json", *words)
    assert made.code == 0, made.text
    assert house.secrets["canary"] not in (house.place / "plan.json").read_text()
    lacking = house.run("contain", "--plan", "plan.json", *words)
    assert lacking.code == 1
    assert "holds no secret, so give it again" in lacking.err
    other = house.place / "other.txt"
    other.write_text("another-secret-of-some-length\n")
    wrong = house.run("contain", "--plan", "plan.json", "-i", f"tokens=@{other}", *words)
    assert wrong.code == 1
    assert "another secret than in the plan file" in wrong.err
    assert "another-secret-of-some-length" not in wrong.text
    assert house.log(write=True) == []
