"""The blast radius in a plan: counts from the plan's own looks, what stops with it, and no say in any hash."""

import json
from dataclasses import replace

from inventory.integrations.model import Integration
from tests.plan.at_home import changed, company, live, planned
from tests.simulation import ours


def inventory_with(**more):
    inventory = ours.inventory()
    drift = inventory.integrations["drift"].model_copy(update=more)
    other = Integration.model_validate({
        "title": "Reports", "owner": "finance", "serves": ["the board's numbers"], "without": "last month's",
        "needed_by": ["last"], "footholds": [{"id": "a", "kind": "token", "held": "there"}],
    })  # fmt: skip
    return replace(inventory, integrations={"drift": drift, "reports": other})


def test_credentials_are_those_that_the_plan_saw_and_people_those_it_cuts_off():
    body = planned(live(), company(7))
    radius = body["radius"]
    assert (radius["footholds"], radius["credentials"]) == (3, 8)
    assert sorted(map(tuple, radius["given_out"])) == [("client", "token", 7), ("run_as", "session", 1)]
    assert radius["people"] == body["guardrails"]["people_planned"] > 0
    assert radius["states"] == {"client": "cut", "run_as": "cut", "api_path": "hold"}
    assert [way for way, _, _ in radius["order"]] == ["hold", "hold", "hold", "cut", "cut"]


def test_what_stops_with_it_is_as_the_files_said_when_the_run_was_opened():
    house = live(inventory=inventory_with(needed_by=("reports",), data=("contacts",), security="mailto:s@v.example"))
    radius = planned(house, company(1))["radius"]
    assert [(each["id"], each["by"], each["without"]) for each in radius["downstream"]] == [
        ("reports", ("drift",), "last month's"), ("last", ("reports",), ""),
    ]  # fmt: skip
    assert (radius["downstream_count"], radius["data"], radius["security"]) == (2, ["contacts"], "mailto:s@v.example")


def test_no_hash_depends_on_it():
    plain = planned(live(inventory=inventory_with()), company(3))
    other = planned(live(inventory=inventory_with(without="Walk.", data=("x",), needed_by=("reports",))), company(3))
    assert plain["radius"] != other["radius"]
    for name in ("plan_hash", "scope_hash"):
        assert plain[name] == other[name]


def test_nobody_is_named_in_it():
    house = live()
    found = changed(company(2), "tokens", 0, user="somebody@example.com")
    assert "somebody" not in json.dumps(planned(house, found)["radius"])
