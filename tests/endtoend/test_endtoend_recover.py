"""Giving back what was clean: all of it or, at the first doubt, nothing; killed and taken up again, nothing twice."""

from __future__ import annotations

import signal

import pytest


@pytest.fixture
def contained(house):
    """(house, run) after a containment by a thief who has none of his ways left."""
    house.up("--attacker", "none")
    said = house.contain(playbook=house.quick())
    assert said.code == 0, said.text
    return house, said.json["run"]


def _as_before(house):
    now = house.state()
    assert now["clients"]["drift-prod"]["enabled"]
    assert not now["users"]["svc-drift"]["frozen"]
    assert now["paths"]["crm-api"] == {"mode": "any", "addresses": []}


def _given_back(house):
    """The writes that undo, in order."""
    approved = house.events("approved")[-1][0]
    return [one["path"] for one in house.log(write=True, after=approved) if one["method"] == "PUT"]


def test_client_user_and_allow_list_are_as_before_and_tokens_are_said_to_be_gone(contained):
    house, run = contained
    dead = {token["id"] for token in house.state()["tokens"] if not token["active"]}
    said = house.run("recover", run, "--yes")
    assert said.code == 0, said.text
    assert house.words()[-1] == "recovered"
    _as_before(house)
    assert sorted(_given_back(house)) == [
        "/crm/users/svc-drift/frozen", "/firewall/paths/crm-api", "/idp/clients/drift-prod/enabled",
    ]  # fmt: skip
    assert "cannot be undone" in said.text.lower()
    assert "consents again" in said.text
    assert dead <= {token["id"] for token in house.state()["tokens"] if not token["active"]}, "no token came back"
    assert house.run("journal", "verify").code == 0


def test_without_a_person_to_approve_nothing_is_given_back(contained):
    house, run = contained
    said = house.run("recover", run)
    assert said.code == 3, said.text
    assert house.closed() == (True, True, True)
    assert house.run("recover", run, "--yes").code == 0
    _as_before(house)


@pytest.mark.long
def test_what_a_person_changed_meanwhile_is_left_alone_and_nothing_is_given_back_until_told(contained):
    house, run = contained
    assert house.run("sandbox", "by-hand", "allow-list", "203.0.113.10", "192.0.2.7").code == 0
    by_hand = house.until(lambda: "192.0.2.7" in (p := house.state()["paths"]["crm-api"])["addresses"] and p)
    said = house.run("recover", run, "--yes")
    assert said.code == 2, said.text
    assert "drifted" in said.text.lower()
    assert house.words()[-1] == "partially-recovered"
    assert _given_back(house) == []
    assert house.state()["paths"]["crm-api"] == by_hand
    assert house.closed() == (True, True, True)

    rest = house.run("recover", run, "--leave", "path", "--yes")
    assert rest.code == 2, rest.text
    assert house.words()[-1] == "partially-recovered"
    assert house.state()["paths"]["crm-api"] == by_hand, "the change by hand is untouched"
    assert house.closed() == (False, False, True)
    assert "/firewall/paths/crm-api" not in _given_back(house)


@pytest.mark.crash
@pytest.mark.parametrize(("event", "how"), [(1, "resume"), (7, "recover")])
@pytest.mark.long
def test_killed_while_giving_back_it_goes_on_and_no_undo_is_doubled_blind(contained, event, how):
    house, run = contained
    killed = house.run("recover", run, "--yes", RINGFENCE_KILL_AT=str(event))
    assert killed.code == -signal.SIGKILL, killed.text
    assert ("recovering" in house.words()) == (abs(event) > 2)
    again = () if how == "resume" else ("--yes",)  # a resume keeps to the --yes that the recovery was ordered with
    done = house.run(how, run, *again, "--json")
    assert (done.code, done.json["word"]) == (0, "recovered"), done.text
    _as_before(house)
    house.assert_nothing_sent_blind()
    assert house.run("journal", "verify").code == 0


@pytest.mark.crash
def test_killed_before_it_was_on_record_recover_is_asked_for_again(contained):
    house, run = contained
    killed = house.run("recover", run, "--yes", RINGFENCE_KILL_AT="-2")
    assert killed.code == -signal.SIGKILL, killed.text
    assert house.closed() == (True, True, True)
    done = house.run("recover", run, "--yes", "--json")
    assert (done.code, done.json["word"]) == (0, "recovered"), done.text
    _as_before(house)
    house.assert_nothing_sent_blind()
